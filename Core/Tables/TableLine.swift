/// A line of a table for spreadsheets: commas, CRLF, and an apostrophe before every cell that a spreadsheet would calculate.
///
/// Source: RFC 4180; what begins a formula: `Cell.isFormulaMark`.
extension [UInt8] {
  package mutating func append(cells: [String]) {
    for (index, cell) in cells.enumerated() {
      if index > 0 { append(UInt8(ascii: ",")) }
      append(cell: cell)
    }
    self += [0x0D, 0x0A]
  }

  private mutating func append(cell: String) {
    let isFormula = cell.unicodeScalars.first.map(Cell.isFormulaMark) ?? false
    let needsQuotes = cell.utf8.contains {
      $0 == 0x22 || $0 == 0x2C || $0 == 0x3B || $0 == 0x0D || $0 == 0x0A || $0 == 0x09
    }
    if needsQuotes { append(0x22) }
    if isFormula { append(0x27) }
    for byte in cell.utf8 {
      if byte == 0x22 { append(0x22) }
      // A NUL ends the file for some programs.
      if byte == 0 { self += [0xEF, 0xBF, 0xBD] } else { append(byte) }
    }
    if needsQuotes { append(0x22) }
  }
}
