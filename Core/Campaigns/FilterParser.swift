internal import PhoneNumbers
internal import Values

/// Reads the tree of a filter, one token after the other, never back.
struct FilterParser {
  private let tokens: [FilterToken]
  private let fields: [FilterField]
  var at = 0
  private var depth = 0
  private var values = 0
  /// What the values name that somebody has to have, in their order.
  private(set) var names: [FilterName] = []

  private static let keywords: Set<String> = [
    "and", "or", "not", "in", "between", "is", "known", "unknown", "under", "ago",
  ]

  init(_ text: String, _ kind: CampaignDefinition.Kind) throws(FilterError) {
    tokens = try FilterTokens.read(text)
    fields = FilterField.of(kind)
  }

  mutating func parse() throws(FilterError) -> FilterCondition {
    let condition = try any()
    guard current.kind == .end else { throw expected("`and`, `or` or the end") }
    return condition
  }

  // MARK: Conditions

  private mutating func any() throws(FilterError) -> FilterCondition {
    var conditions = [try all()]
    while take("or") { conditions.append(try all()) }
    return conditions.count == 1 ? conditions[0] : .any(conditions)
  }

  private mutating func all() throws(FilterError) -> FilterCondition {
    var conditions = [try one()]
    while take("and") { conditions.append(try one()) }
    return conditions.count == 1 ? conditions[0] : .all(conditions)
  }

  private mutating func one() throws(FilterError) -> FilterCondition {
    let isNegated = take("not")
    guard isNegated || current.kind == .sign("(") else { return try test() }
    guard depth < Filter.deepest else {
      throw error("parentheses and `not` stand deeper than \(Filter.deepest) in each other")
    }
    depth += 1
    defer { depth -= 1 }
    if isNegated { return .not(try one()) }
    at += 1
    let inner = try any()
    guard take(sign: ")") else { throw expected("`and`, `or` or `)`") }
    return inner
  }

  private mutating func test() throws(FilterError) -> FilterCondition {
    guard case .word(let name) = current.kind, !FilterParser.keywords.contains(name.lowercased()) else {
      throw expected("a field, `not` or `(`")
    }
    guard let field = fields.first(where: { $0.rawValue == name }) else {
      let known = fields.map(\.rawValue)
      let hint = Misspelling.hint(name, known)
      let list = hint == "." ? "; these are: \(known.joined(separator: ", "))" : hint
      throw error("there is no field `\(Misspelling.shown(name))`\(list)")
    }
    at += 1
    return .test(field, try relation(field.values))
  }

  private mutating func relation(_ type: FilterField.Values) throws(FilterError) -> FilterTest {
    if type.mayBeUnknown, take("is") {
      if take("known") { return .known }
      if take("unknown") { return .unknown }
      throw expected("`known` or `unknown`")
    }
    if take("in") {
      guard take(sign: "(") else { throw expected("`(`") }
      var among = [try value(type)]
      while take(sign: ",") { among.append(try value(type)) }
      guard take(sign: ")") else { throw expected("`,` or `)`") }
      return .among(among)
    }
    if take(sign: "=") { return .among([try value(type)]) }
    if take(sign: "!=") { return .compare(.notEqual, try value(type)) }
    if type.hasUnder, take("under") {
      guard case .text(let text) = try value(type) else { throw expected(type.example) }
      return .under(text)
    }
    if type.isOrdered {
      if take("between") { return try between(type) }
      for comparison in FilterComparison.allCases where take(sign: comparison.rawValue) {
        return .compare(comparison, try value(type))
      }
    }
    let more = type.isOrdered ? ", `<`, `<=`, `>`, `>=`, `between`" : type.hasUnder ? ", `under`" : ""
    throw expected("`=`, `!=`, `in`\(type.mayBeUnknown ? ", `is`" : "")\(more)")
  }

  private mutating func between(_ type: FilterField.Values) throws(FilterError) -> FilterTest {
    let first = try value(type)
    guard take("and") else { throw expected("`and`") }
    let place = at
    let last = try value(type)
    if case (.money(let one), .money(let other)) = (first, last), one.currency != other.currency {
      at = place
      throw error("both amounts have one currency")
    }
    guard first.mayBegin(last, type) else {
      at = place
      throw error("the second is less than the first")
    }
    return .between(first, last)
  }

  // MARK: Values

  private mutating func value(_ type: FilterField.Values) throws(FilterError) -> FilterValue {
    guard values < Filter.mostValues else { throw error("a filter has at most \(Filter.mostValues) values") }
    values += 1
    let isQuoted = if case .quoted = current.kind { true } else { false }
    guard let text = current.text, isQuoted || !FilterParser.keywords.contains(text.lowercased()) else {
      throw expected(type.example)
    }
    if case .dayOfYear = type, let today = try today() { return today }
    let next = at + 1 < tokens.count ? tokens[at + 1].text : nil
    let unit = at + 2 < tokens.count ? tokens[at + 2].text : nil
    guard let (value, length) = type.value(text, next, unit) else {
      if case .region = type { throw unknownRegion(text) }
      throw expected(type.example)
    }
    if let kind = type.named {
      names.append(FilterName(kind: kind, text: text, place: (current.line, current.column)))
    }
    at += length
    return value
  }

  // MARK: Tokens

  var current: FilterToken { tokens[at] }

  private mutating func take(_ keyword: String) -> Bool {
    guard case .word(let word) = current.kind, word.lowercased() == keyword else { return false }
    at += 1
    return true
  }

  private mutating func take(sign: String) -> Bool {
    guard current.kind == .sign(sign) else { return false }
    at += 1
    return true
  }

  func expected(_ what: String) -> FilterError { error("\(what) was expected, \(current.shown) was found") }

  /// Regions are known without asking anybody.
  private func unknownRegion(_ text: String) -> FilterError {
    let all = RegionPath.all
    let hint =
      all.first { $0.name == text }.map { "; did you mean `\($0)`?" } ?? Misspelling.hint(text, all.map(\.description))
    let example = FilterField.Values.region.example
    return error("there is no region `\(Misspelling.shown(text))`\(hint == "." ? ": \(example) was expected" : hint)")
  }

  private func error(_ problem: String) -> FilterError {
    FilterError(line: current.line, column: current.column, problem)
  }
}

extension FilterValue {
  /// Whether anything lies between the two. Days of the year go round.
  fileprivate func mayBegin(_ last: FilterValue, _ type: FilterField.Values) -> Bool {
    switch (self, last) {
    case (.number(let first), .number(let last)): if case .dayOfYear = type { true } else { first <= last }
    case (.money(let first), .money(let last)): first.tenThousandths <= last.tenThousandths
    case (.day(let first), .day(let last)): first <= last
    default: true
    }
  }
}

extension FilterToken {
  /// Of a word or a text in quotes.
  fileprivate var text: String? {
    switch kind {
    case .word(let text), .quoted(let text): text
    case .sign, .end: nil
    }
  }
}
