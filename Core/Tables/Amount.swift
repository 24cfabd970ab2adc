package import Values

/// An amount of money as people write it in tables: `12,345.60`, `￥1000`, `50万`, `HKD 2.5亿`.
package enum Amount {
  private static let units: [(word: String, zeros: Int)] = [("元", 0), ("万亿", 12), ("亿", 8), ("万", 4), ("千", 3)]
  private static let marks = [
    ("HK$", "HKD"), ("US$", "USD"), ("港币", "HKD"), ("港元", "HKD"), ("美元", "USD"), ("人民币", "CNY"), ("RMB", "CNY"),
    ("¥", "CNY"), ("￥", "CNY"), ("€", "EUR"), ("£", "GBP"),
  ]

  /// - Parameter currency: that of the column, where the cell names none.
  package static func read(_ code: String, currency: String) throws(Refusal) -> Money {
    var text = code.filter { $0 != " " }
    var currency = currency
    if !isBare(text) { text = withoutCurrency(text, &currency) }
    var zeros = 0
    for unit in units where text.hasSuffix(unit.word) {
      text = String(text.dropLast(unit.word.count))
      zeros += unit.zeros
    }
    let isNegative = text.hasPrefix("-")
    let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first.flatMap({ Cell.withoutThousands(String($0)) }), let first = whole.first,
      first.isNumber
    else { throw fault }
    var fraction = parts.count == 2 ? String(parts[1]) : ""
    var digits = whole
    for _ in 0..<zeros { digits.append(fraction.isEmpty ? "0" : fraction.removeFirst()) }
    while digits.utf8.count > 1, digits.hasPrefix("0") { digits.removeFirst() }
    while fraction.hasSuffix("0") { fraction.removeLast() }
    let plain = (isNegative ? "-" : "") + digits + (fraction.isEmpty ? "" : "." + fraction)
    guard let money = Money(plain, currency) else { throw fault }
    return money
  }

  /// Whether nothing in it can name a currency: most amounts of a long table.
  private static func isBare(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "0"..."9", ",", ".", "-", "元", "千", "万", "亿": true
      default: false
      }
    }
  }

  private static func withoutCurrency(_ code: String, _ currency: inout String) -> String {
    var text = code
    for (mark, meaning) in marks where text.contains(mark) {
      text = removing(mark, from: text)
      currency = meaning
    }
    let letters = String(text.unicodeScalars.filter { $0.isASCII && $0.properties.isAlphabetic })
    if letters.utf8.count == 3, letters.utf8.allSatisfy({ (65...90).contains($0) }) {
      currency = letters
      text = removing(letters, from: text)
    }
    return text
  }

  private static var fault: Refusal {
    Refusal("not-an-amount", at: "value", "a decimal number was expected, as in 12,345.60 or 50万")
  }

  private static func removing(_ word: String, from text: String) -> String {
    guard let range = text.firstRange(of: word) else { return text }
    return text.replacingCharacters(in: range)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<Index>) -> String {
    String(self[..<range.lowerBound] + self[range.upperBound...])
  }
}
