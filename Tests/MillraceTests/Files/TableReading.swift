import Glibc

@testable import millrace

/// A table read from bytes as they would stand in a file.
struct TableReading {
  let rows: [TableRow]
  let header: [String]
  let encoding: TextEncoding
  let separator: Separator
  let blankLines: Int
  let headerLine: Int

  init(_ bytes: [UInt8], encoding: TextEncoding? = nil) throws {
    var found: TableReading?
    try temporaryFile(bytes) { path in
      let reader = try TableReader(try TextFile(path), encoding: encoding)
      var rows: [TableRow] = []
      while let row = try reader.next() { rows.append(row) }
      found = TableReading(rows, reader)
    }
    self = found!
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

func temporaryFile(_ bytes: [UInt8], _ body: (_ path: String) throws -> Void) throws {
  var path = Array("/tmp/millrace-XXXXXX".utf8CString)
  let descriptor = mkstemp(&path)
  guard descriptor >= 0 else { throw NoFile() }
  let name = path.withUnsafeBufferPointer {
    String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
  defer { unlink(name) }
  let isWritten = bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
  close(descriptor)
  guard isWritten else { throw NoFile() }
  try body(name)
}
