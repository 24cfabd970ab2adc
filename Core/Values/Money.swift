/// An amount of money, exact: ten-thousandths of the currency's unit.
public struct Money: Hashable, Sendable, CustomStringConvertible {
  /// 12.5 is 125,000.
  public let tenThousandths: Int64
  /// ISO 4217, three capital letters.
  public let currency: String

  public init(tenThousandths: Int64, currency: String) {
    self.tenThousandths = tenThousandths
    self.currency = currency
  }

  /// Reads `-1234.5` and the like: at most fourteen digits before the point and four after it, no exponent, no plus, no
  /// blanks. nil for anything else, and for a currency that is not three capital letters.
  public init?(_ amount: String, _ currency: String) {
    guard currency.utf8.count == 3, currency.utf8.allSatisfy({ (65...90).contains($0) }) else { return nil }
    var bytes = amount.utf8[...]
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { bytes = bytes.dropFirst() }
    let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard (1...14).contains(parts[0].count), parts.count == 1 || (1...4).contains(parts[1].count) else { return nil }
    var value: Int64 = 0
    let fraction = parts.count == 2 ? Array(parts[1]) : []
    for byte in Array(parts[0]) + fraction + [UInt8](repeating: UInt8(ascii: "0"), count: 4 - fraction.count) {
      guard (48...57).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - 48)
    }
    self.init(tenThousandths: isNegative ? -value : value, currency: currency)
  }

  /// nil where that is more than can be counted.
  public func times(_ count: some BinaryInteger) -> Money? {
    guard let count = Int64(exactly: count) else { return nil }
    let (product, overflow) = tenThousandths.multipliedReportingOverflow(by: count)
    return overflow ? nil : Money(tenThousandths: product, currency: currency)
  }

  /// `1234.50`: at least two digits after the point, as many as are needed.
  public var amount: String {
    let size = tenThousandths.magnitude
    var fraction = String(size % 10_000)
    fraction = String(repeating: "0", count: 4 - fraction.utf8.count) + fraction
    while fraction.utf8.count > 2, fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(tenThousandths < 0 ? "-" : "")\(size / 10_000).\(fraction)"
  }

  public var description: String { "\(amount) \(currency)" }
}
