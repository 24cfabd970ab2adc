internal import Postgres
public import Templates
internal import Values

/// Somebody of an audience, and what becomes of them.
public struct Candidate: Sendable {
  /// The number of the customer or the lead.
  public let subject: Int64
  public let customer: Int64?
  public let lead: Int64?
  /// The core system's id of a customer; nil of a lead.
  public let code: String?
  public let name: String?
  /// The one that messages would go to, the digits of E.164; nil where there is none.
  public let phone: Int64?
  /// In lower case.
  public let email: String?
  /// The language of the template that they get; where there is no channel, their own.
  public let language: String?
  /// `CN-GD/Shenzhen`; nil where it is not known.
  public let region: String?
  public let branch: Int64?
  /// Who has the customer or the lead.
  public let manager: Person?
  /// The channel that is theirs, counted from 0: the first of the definition's without an obstacle, also where something else keeps the
  /// message away. nil where none is left.
  public let place: Int?
  /// Counted from 0.
  public let variant: Int
  public let outcome: AudienceOutcome
  /// What is known of them, and what the definition says: all that their template can be told.
  public let variables: [String: TemplateValue]
  /// Those of them that a list has said of this person.
  public let listed: Set<String>

  /// Somebody of the firm.
  public struct Person: Sendable {
    public let id: Int64
    public let code: String
  }

  static let columns: StaticString = """
    select x.subject, x.code, x.name, x.phone, x.email, x.tongue, x.region, x.branch_id, x.place, x.variant, x.outcome, x.number,
      x.level, trunc(x.amount * 10000)::bigint, x.currency, x.product, x.source, b.name, m.name, x.told,
      m.id, m.code
    from (
    """

  /// - Parameters:
  ///   - constants: what the definition says to everybody of a variant.
  ///   - columns: of the list, by the names that templates have for them.
  init(
    _ row: Row, _ kind: CampaignDefinition.Kind, _ constants: [[String: TemplateValue]], _ columns: [String]
  ) {
    subject = row.integer(0)
    (customer, lead) = kind == .leads ? (nil, subject) : (subject, nil)
    code = row.optionalText(1)
    name = row.optionalText(2)
    phone = row.optionalInteger(3)
    email = row.optionalText(4)
    language = row.optionalText(5)
    region = row.optionalText(6)
    branch = row.optionalInteger(7)
    if let id = row.optionalInteger(20), let code = row.optionalText(21) {
      manager = Person(id: id, code: code)
    } else {
      manager = nil
    }
    place = row.optionalInteger(8).map { Int($0) }
    variant = row.small(9)
    outcome = AudienceOutcome(row.text(10))
    var variables = constants[variant]
    var listed: Set<String> = []
    for (name, text) in columns.isEmpty ? [] : Array(zip(columns, row.texts(19)))
    where variables[name] == nil && text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) {
      variables[name] = .text(text)
      listed.insert(name)
    }
    self.listed = listed
    func add(_ fact: PersonalFact, _ value: TemplateValue?) {
      if variables[fact.rawValue] == nil, let value { variables[fact.rawValue] = value }
    }
    add(.code, code.map { .text($0) })
    add(.name, name.map { .text($0) })
    add(.number, row.optionalText(11).map { .text($0) })
    add(.level, row.optionalText(12).map { .text($0) })
    if let amount = row.optionalInteger(13), let currency = row.optionalText(14) {
      add(.assets, .money(Money(tenThousandths: amount, currency: currency)))
    }
    add(.product, row.optionalText(15).map { .text($0) })
    add(.source, row.optionalText(16).map { .text($0) })
    add(.branch, row.optionalText(17).map { .text($0) })
    add(.manager, row.optionalText(18).map { .text($0) })
    self.variables = variables
  }
}

public enum AudienceOutcome: Hashable, Sendable {
  /// They get a message.
  case send
  /// They would get one, were they not in the control group.
  case heldOut
  /// `too-soon`; `unsuitable`; of their first channel `no-address`, `opted-out`, `bounced`, `complained`, `manual`, `consent-refused`,
  /// `no-consent`, `cap` or `no-manager`; `duplicate-address`, `unknown-language`, `missing-variable`.
  case skipped(String)
  /// Taken out by the definition's own words: counted, but in no audience and no candidate.
  case excluded

  init(_ word: String) {
    self =
      switch word {
      case "send": .send
      case "held-out": .heldOut
      case "excluded": .excluded
      default: .skipped(word)
      }
  }
}

/// How many people are alike in these respects.
public struct AudienceCount: Hashable, Sendable {
  public let outcome: AudienceOutcome
  public let variant: Int
  public let place: Int?
  public let branch: Int64?
  public let region: String?
  public let language: String?
  /// The variables of their template that they lack.
  public let missing: [String]
  public let people: Int64
  /// The lowest and the highest number among them.
  public let first: Int64
  public let last: Int64

  init(_ row: Row) {
    outcome = AudienceOutcome(row.text(0))
    variant = row.small(1)
    place = row.optionalInteger(2).map { Int($0) }
    branch = row.optionalInteger(3)
    region = row.optionalText(4)
    language = row.optionalText(5)
    missing = row.texts(6)
    people = row.integer(7)
    first = row.integer(8)
    last = row.integer(9)
  }
}

/// What a template of a campaign wants to know in one of the languages that it is there in.
public struct TemplateNeed: Hashable, Sendable {
  /// Counted from 0, as the definition lists them.
  public let variant: Int
  public let place: Int
  /// BCP 47.
  public let language: String
  /// Used without a default somewhere in the template; not those that every message has.
  public let variables: [String]

  public init(variant: Int, place: Int, language: String, variables: [String]) {
    (self.variant, self.place, self.language, self.variables) = (variant, place, language, variables)
  }
}
