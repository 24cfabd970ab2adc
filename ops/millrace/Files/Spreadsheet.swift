/// Values separated by commas (RFC 4180), for spreadsheets as well as for programs: with a mark of the byte order, without which Excel
/// takes UTF-8 for something else.
///
/// A spreadsheet takes a cell for a formula that begins with `=`, `+`, `-`, `@`, a tab or a carriage return, in full width too, and a
/// formula may fetch or start what its author likes. Such a text gets an apostrophe in front; a number stays one. Source: OWASP, CSV
/// Injection.
struct Spreadsheet {
  private(set) var text = "\u{FEFF}"

  enum Cell {
    case text(String)
    /// Written as it is: digits, a sign, a point.
    case number(String)
    case empty
  }

  mutating func add(_ cells: [Cell]) {
    text += cells.map(Self.written).joined(separator: ",") + "\r\n"
  }

  static func written(_ cell: Cell) -> String {
    switch cell {
    case .empty: ""
    case .number(let digits): digits
    case .text(let text): quoted(text)
    }
  }

  private static func quoted(_ text: String) -> String {
    // By scalars, because a carriage return and a line feed are one character.
    let isFormula = text.unicodeScalars.first.map { "=+-@\t\r\n＝＋－＠".unicodeScalars.contains($0) } ?? false
    let safe = (isFormula && !isNumber(text) ? "'" : "") + text
    guard safe.unicodeScalars.contains(where: { "\",;\t\r\n".unicodeScalars.contains($0) }) else { return safe }
    return "\"" + safe.unicodeScalars.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
  }

  /// `-12.5`: digits with a sign before them and a point between them.
  private static func isNumber(_ text: String) -> Bool {
    let digits = text.utf8.dropFirst(text.hasPrefix("-") || text.hasPrefix("+") ? 1 : 0)
    let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy { (48...57).contains($0) } }
  }
}
