internal import Values

/// Who is meant, in a language of its own: `level in (gold, platinum) and assets >= 500000 CNY`.
public struct Filter: Sendable {
  /// Characters of a filter.
  public static let longest = 10_000

  /// As it was written.
  public let text: String
  public let kind: CampaignDefinition.Kind

  public init(_ text: String, of kind: CampaignDefinition.Kind) throws(FilterError) {
    guard text.unicodeScalars.count <= Filter.longest else {
      throw FilterError(line: 1, column: 1, "at most \(Filter.longest) characters are taken")
    }
    self.text = text
    self.kind = kind
  }
}

/// What is wrong with a filter, and where.
public struct FilterError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Both counted from 1, in characters.
  public let line: Int
  public let column: Int
  public let problem: String

  init(line: Int, column: Int, _ problem: String) {
    (self.line, self.column, self.problem) = (line, column, problem)
  }

  public var description: String { "line \(line), column \(column): \(problem)" }
}
