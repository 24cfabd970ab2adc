internal import Values

/// Who is meant, in a language of its own:
///
///     level in (gold, platinum) and assets >= 500000 CNY
///     age between 30 and 55 and region under CN-JS and not (tag = "vip" or changed > 30 days ago)
///
/// `and` binds closer than `or`, `not` closest. Of what is not known of somebody nothing is true but `is unknown`: whoever has no level
/// is neither `level = gold` nor `level != gold`, and is `not level = gold`.
public struct Filter: Sendable {
  /// Characters of a filter.
  public static let longest = 10_000
  /// Parentheses and `not` within each other.
  public static let deepest = 50
  public static let mostValues = 1_000

  /// As it was written.
  public let text: String
  public let kind: CampaignDefinition.Kind
  let condition: FilterCondition
  let names: [FilterName]

  public init(_ text: String, of kind: CampaignDefinition.Kind) throws(FilterError) {
    guard text.unicodeScalars.count <= Filter.longest else {
      throw FilterError(line: 1, column: 1, "a filter has at most \(Filter.longest) characters")
    }
    var parser = try FilterParser(text, kind)
    condition = try parser.parse()
    names = parser.names
    self.text = text
    self.kind = kind
  }

  /// Whether it asks for a field anywhere.
  func asks(_ field: FilterField) -> Bool { condition.asks(field) }
}

indirect enum FilterCondition: Hashable, Sendable {
  case all([FilterCondition])
  case any([FilterCondition])
  case not(FilterCondition)
  case test(FilterField, FilterTest)

  func asks(_ field: FilterField) -> Bool {
    switch self {
    case .all(let conditions), .any(let conditions): conditions.contains { $0.asks(field) }
    case .not(let condition): condition.asks(field)
    case .test(let asked, _): asked == field
    }
  }
}

enum FilterTest: Hashable, Sendable {
  case compare(FilterComparison, FilterValue)
  /// `= A` and `in (A, B)`.
  case among([FilterValue])
  /// Both ends are in it.
  case between(FilterValue, FilterValue)
  case under(String)
  case known
  case unknown
}

enum FilterComparison: String, Hashable, Sendable, CaseIterable {
  case notEqual = "!="
  case less = "<"
  case atMost = "<="
  case more = ">"
  case atLeast = ">="
}

/// As the field's type demands it.
enum FilterValue: Hashable, Sendable {
  case text(String)
  /// Years, a rating's rank, or month and day as one number (1231).
  case number(Int32)
  case money(Money)
  /// `2027-01-31`, by the clock of the campaign's branch.
  case day(String)
  /// So long back from now.
  case ago(months: Int32, seconds: Int64)
  /// So many days after the day that it is by that clock, or that an occasion is of.
  case today(Int32)
}

/// What is wrong with a filter, and where.
public struct FilterError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Both counted from 1, in characters of Unicode.
  public let line: Int
  public let column: Int
  public let problem: String

  init(line: Int, column: Int, _ problem: String) {
    (self.line, self.column, self.problem) = (line, column, problem)
  }

  public var description: String { "line \(line), column \(column): \(problem)" }
}
