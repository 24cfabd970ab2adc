import TestKit

@testable import Tables

/// A table read from bytes as they would stand in a file.
struct TableReading {
  let rows: [TableRow]
  let header: [String]
  let encoding: TextEncoding
  let separator: Separator
  let blankLines: Int
  let headerLine: Int

  init(_ bytes: [UInt8], encoding: TextEncoding? = nil) throws {
    self = try temporaryFile(bytes) { path in
      let reader = try TableReader(try TextFile(path), encoding: encoding)
      var rows: [TableRow] = []
      while let row = try reader.next() { rows.append(row) }
      return TableReading(rows, reader)
    }
  }

  init(_ text: String, encoding: TextEncoding? = nil) throws { try self.init(Array(text.utf8), encoding: encoding) }

  private init(_ rows: [TableRow], _ reader: TableReader) {
    self.rows = rows
    header = reader.header
    encoding = reader.encoding
    separator = reader.separator
    blankLines = reader.blankLines
    headerLine = reader.headerLine
  }

  var cells: [[String]] { rows.map(\.cells) }
  /// `3: wrong-byte`
  var damages: [String] { rows.compactMap { row in row.damage.map { "\(row.line): \($0.path): \($0.reason)" } } }
}
