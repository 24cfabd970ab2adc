package import Values

/// A row of a table in a text file.
package struct TableRow {
  /// The first line of the file that it stands on, counted from 1, and how many it takes.
  package let line: Int
  var lines = 1
  /// As they stand there, without quotes; missing ones at the end are left out.
  package var cells: [String]
  /// Why it cannot be used. The cells then hold what could be read.
  package var damage: Refusal?

  package init(line: Int, cells: [String] = []) {
    self.line = line
    self.cells = cells
  }

  /// The cell of a column; empty where the row ends before it.
  package subscript(column: Int) -> String { column < cells.count ? cells[column] : "" }

  /// Nothing but blanks.
  var isBlank: Bool {
    cells.allSatisfy { cell in cell.unicodeScalars.allSatisfy { $0.properties.isWhitespace || $0.value == 0xFEFF } }
  }
}

/// What stands between two cells.
package struct Separator: Hashable {
  package let name: String
  let bytes: [UInt8]

  static let comma = Separator(name: "comma", bytes: [0x2C])
  static let semicolon = Separator(name: "semicolon", bytes: [0x3B])
  static let tab = Separator(name: "tab", bytes: [0x09])
  /// U+FF0C, as Chinese keyboards type it.
  static let wideComma = Separator(name: "full-width comma", bytes: [0xEF, 0xBC, 0x8C])

  static let all = [comma, semicolon, tab, wideComma]
}
