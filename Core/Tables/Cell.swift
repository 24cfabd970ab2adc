package import Values

/// What people and spreadsheets do to a value in a cell: undone where nothing is lost by it, refused by name where
/// something is.
package enum Cell {
  /// What was undone, for the summary.
  package enum Mending: String, CaseIterable, Hashable {
    /// Blanks around it: spaces of any width, no-break spaces, zero-width characters.
    case blanks
    /// `="0123"`, or an apostrophe before what a spreadsheet would calculate.
    case textMark = "text-mark"
    /// １３８, ＋ and the like.
    case fullWidth = "full-width"
    /// `13812345678.0`
    case trailingZero = "trailing-zero"
    /// `13,812,345,678`
    case thousands
  }

  /// Without the blanks around it.
  package static func trimmed(_ text: String) -> String {
    guard let first = text.utf8.first, let last = text.utf8.last else { return text }
    if (0x21...0x7E).contains(first), (0x21...0x7E).contains(last) { return text }
    let scalars = text.unicodeScalars
    guard let start = scalars.firstIndex(where: { !isBlank($0) }),
      let end = scalars.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(scalars[start...end])
  }

  /// A text as somebody wrote it; nil where there is none.
  package static func text(_ cell: String, _ mended: inout Set<Mending>) throws(Refusal) -> String? {
    var text = trimmed(cell)
    if text.utf8.count != cell.utf8.count { mended.insert(.blanks) }
    if text.hasPrefix("=\""), text.hasSuffix("\""), text.utf8.count > 2 {
      text = trimmed(String(text.dropFirst(2).dropLast()))
      mended.insert(.textMark)
    } else if text.first == "'", text.dropFirst().unicodeScalars.first.map(isFormulaMark) == true {
      text = trimmed(String(text.dropFirst()))
      mended.insert(.textMark)
    }
    if spreadsheetErrors.contains(text) || (text.utf8.count > 2 && text.utf8.allSatisfy { $0 == 0x23 }) {
      throw Refusal("spreadsheet-error", "the spreadsheet had an error in place of a value")
    }
    return text.isEmpty ? nil : text
  }

  /// A phone, a customer number, an ID number or the like: characters of ASCII that must all be there.
  package static func code(_ cell: String, _ mended: inout Set<Mending>) throws(Refusal) -> String? {
    guard var text = try text(cell, &mended) else { return nil }
    if text.first == "'" {
      text.removeFirst()
      mended.insert(.textMark)
    }
    let narrow = narrowed(text)
    if narrow != text { mended.insert(.fullWidth) }
    if isScientific(narrow) {
      throw Refusal(
        "rounded-by-spreadsheet",
        "a spreadsheet has made a rounded number of it: format the column as text before exporting")
    }
    text = narrow
    if let point = text.firstIndex(of: "."), text[..<point].utf8.count > 3, isDigits(text[..<point]),
      text[point...].dropFirst().utf8.allSatisfy({ $0 == 0x30 }), text[point...].utf8.count > 1
    {
      text = String(text[..<point])
      mended.insert(.trailingZero)
    }
    if let whole = withoutThousands(text), whole != text {
      text = whole
      mended.insert(.thousands)
    }
    return text
  }

  /// Full-width forms (U+FF01 to U+FF5E) and the ideographic space as ASCII.
  static func narrowed(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
    var narrow = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0xFF01...0xFF5E: narrow.append(Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar)
      case 0x3000, 0xA0: narrow.append(" ")
      case 0x200B...0x200F, 0x202A...0x202E, 0x2060, 0xFEFF: break
      default: narrow.append(scalar)
      }
    }
    return String(narrow)
  }

  /// What a spreadsheet takes for the beginning of a formula, in either width.
  static func isFormulaMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠": true
    default: false
    }
  }

  /// `12,345,678` without its commas; what is not grouped in threes stays.
  static func withoutThousands(_ text: String) -> String? {
    let groups = text.split(separator: ",", omittingEmptySubsequences: false)
    guard groups.count > 1 else { return text }
    guard (1...3).contains(groups[0].utf8.count), isDigits(groups[0]),
      groups.dropFirst().allSatisfy({ $0.utf8.count == 3 && isDigits($0) })
    else { return nil }
    return groups.joined()
  }

  private static let spreadsheetErrors: Set = [
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
  ]

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x20, 0x7F...0xA0, 0x1680, 0x180E, 0x2000...0x200F, 0x2028...0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF:
      true
    default: false
    }
  }

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// `1.38E+10`, as spreadsheets write what is longer than its column.
  private static func isScientific(_ text: String) -> Bool {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == "E" || $0 == "e" }
    guard parts.count == 2, let mantissa = parts[0].first, mantissa.isNumber else { return false }
    let exponent = parts[1].first == "+" ? parts[1].dropFirst() : parts[1]
    return isDigits(exponent) && exponent.utf8.count <= 3
      && parts[0].utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2C }
  }
}
