internal import Values

/// A decimal number as it is written, exact: a sign and digits.
struct Decimal: Equatable {
  private(set) var isNegative = false
  /// At least one digit, no needless zeros in front.
  private(set) var whole: String
  private(set) var fraction: String

  /// Reads `-1234.50`: at most 30 digits before the point and 30 after it; no exponent, plus, blanks or grouping.
  init?(_ text: String) {
    var rest = text.utf8[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest = rest.dropFirst() }
    let parts = rest.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    for part in parts {
      guard (1...30).contains(part.count), part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    }
    let digits = String(decoding: parts[0].drop { $0 == UInt8(ascii: "0") }, as: UTF8.self)
    whole = digits.isEmpty ? "0" : digits
    fraction = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : ""
    self.isNegative = isNegative && !isZero
  }

  private var isZero: Bool { (whole + fraction).utf8.allSatisfy { $0 == UInt8(ascii: "0") } }

  /// With so many digits behind the point, rounded half away from zero, as amounts are in trade.
  func rounded(to places: Int) -> Decimal {
    var result = self
    guard fraction.utf8.count > places else {
      result.fraction += String(repeating: "0", count: places - fraction.utf8.count)
      return result
    }
    let kept = Array((whole + fraction).utf8.prefix(whole.utf8.count + places))
    var digits = kept
    if Array(fraction.utf8)[places] >= UInt8(ascii: "5") {
      var place = digits.count - 1
      while place >= 0, digits[place] == UInt8(ascii: "9") {
        digits[place] = UInt8(ascii: "0")
        place -= 1
      }
      if place < 0 { digits.insert(UInt8(ascii: "1"), at: 0) } else { digits[place] += 1 }
    }
    result.whole = String(decoding: digits.dropLast(places), as: UTF8.self)
    result.fraction = String(decoding: digits.suffix(places), as: UTF8.self)
    if result.isZero { result.isNegative = false }
    return result
  }

  /// Without its sign.
  func grouped(in locale: TemplateLocale) -> String {
    var text = ""
    for (place, digit) in whole.enumerated() {
      if place > 0, (whole.count - place) % 3 == 0 { text += locale.group }
      text.append(digit)
    }
    return fraction.isEmpty ? text : text + locale.decimal + fraction
  }

  func written(in locale: TemplateLocale) -> String { (isNegative ? "-" : "") + grouped(in: locale) }
}

/// Digits behind the point that a currency has. Source: ISO 4217, table A.1; two where nothing else is said.
func minorDigits(of currency: String) -> Int {
  switch currency {
  case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF":
    0
  case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
  default: 2
  }
}
