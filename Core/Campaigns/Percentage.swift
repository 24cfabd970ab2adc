/// A share, exact to a hundredth of a percent.
public struct Percentage: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// 5 % is 500.
  public let hundredths: Int

  public init(hundredths: Int) { self.hundredths = hundredths }

  public static let none = Percentage(hundredths: 0)
  public static let all = Percentage(hundredths: 10_000)

  /// Reads `12.5` and the like, as JSON writes numbers: at most three digits before the point and two after it. nil for anything else.
  init?(_ number: String) {
    let parts = number.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard (1...3).contains(parts[0].count), parts.count == 1 || (1...2).contains(parts[1].count) else { return nil }
    let fraction = parts.count == 2 ? Array(parts[1]) : []
    let digits = Array(parts[0]) + fraction + [UInt8](repeating: UInt8(ascii: "0"), count: 2 - fraction.count)
    guard digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    hundredths = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
  }

  /// So much of a whole, in its own unit.
  public func isPassed(by part: Int64, of whole: Int64) -> Bool {
    Double(part) * 10_000 > Double(whole) * Double(hundredths)
  }

  public static func < (a: Percentage, b: Percentage) -> Bool { a.hundredths < b.hundredths }

  /// `12.5 %`.
  public var description: String {
    let fraction = hundredths % 100
    let shown =
      fraction == 0 ? "" : fraction % 10 == 0 ? ".\(fraction / 10)" : fraction < 10 ? ".0\(fraction)" : ".\(fraction)"
    return "\(hundredths / 100)\(shown) %"
  }
}
