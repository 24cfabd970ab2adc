/// What a filter may ask of somebody.
enum FilterField: String, Hashable, Sendable, CaseIterable {
  case age, assets, birthday, branch, changed, contacted, language, level, list, manager, number, owner, product,
    region, registered
  case risk, source, state, status, tag, value

  /// How its values are written and compared.
  enum Values: Sendable {
    /// Any text, compared as it is.
    case text
    /// One of these.
    case word([String])
    case tag
    /// C1 to C5, in this order.
    case rating
    /// Whole years.
    case years
    /// Month and day, `12-31`; between two of which a new year may lie.
    case dayOfYear
    case money
    case moment
    /// The code of a branch; `under` takes those below it too.
    case branch
    /// The code of a person.
    case person
    /// The name of a list of people.
    case list
    /// `CN`, `CN-JS`, `CN-JS/Nanjing`; `under` takes what lies in it too.
    case region
  }

  var values: Values {
    switch self {
    case .age: .years
    case .assets, .value: .money
    case .birthday: .dayOfYear
    case .branch: .branch
    case .changed, .contacted, .registered: .moment
    case .language, .level, .number, .product, .source: .text
    case .list: .list
    case .manager, .owner: .person
    case .region: .region
    case .risk: .rating
    case .state: .word(["owned", "held", "waiting", "pooled", "converted"])
    case .status: .word(["active", "dormant", "closed"])
    case .tag: .tag
    }
  }

  static func of(_ kind: CampaignDefinition.Kind) -> [FilterField] {
    switch kind {
    case .customers:
      [
        .age, .assets, .birthday, .branch, .changed, .language, .level, .list, .manager, .number, .region, .risk,
        .status, .tag,
      ]
    case .leads:
      [
        .branch, .contacted, .language, .level, .list, .owner, .product, .region, .registered, .source, .state, .value,
      ]
    }
  }
}

extension FilterField.Values {
  /// Whether there is more and less of it.
  var isOrdered: Bool {
    switch self {
    case .rating, .years, .dayOfYear, .money, .moment: true
    case .text, .word, .tag, .branch, .person, .list, .region: false
    }
  }

  /// Whether somebody is on a list is known of everybody.
  var mayBeUnknown: Bool { if case .list = self { false } else { true } }

  var hasUnder: Bool {
    switch self {
    case .branch, .region: true
    default: false
    }
  }

  /// As an error says what was expected.
  var example: String {
    switch self {
    case .text: "a word, or a text in quotes"
    case .word(let words): "one of \(words.joined(separator: ", "))"
    case .tag: "a tag, as in tag = \"vip\""
    case .rating: "a rating from C1 to C5"
    case .years: "a number of years from 0 to 150"
    case .dayOfYear: "month and day as in 12-31, or as in today + 3 days"
    case .money: "an amount and its currency, as in 500000 CNY"
    case .moment: "a day as in 2027-01-31, or a time back from now as in 30 days ago"
    case .branch: "the code of a branch"
    case .person: "the code of a person"
    case .list: "the name of a list of people"
    case .region: "a region as in CN, CN-JS or \"CN-JS/Nanjing\""
    }
  }
}
