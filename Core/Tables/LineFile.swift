internal import Values

/// A text file's lines, each as a row of cells apart by one byte, with nothing quoted: what is no UTF-8 is damaged.
package final class LineFile {
  private static let longest = 1 << 16
  private let file: TextFile
  private let separator: UInt8
  private let piece: UnsafeMutableRawBufferPointer
  private var text: [UInt8] = []
  private var start = 0
  private var offset = 0
  private var line = 0
  private var isAtEnd = false

  package init(_ file: TextFile, separator: UInt8) {
    self.file = file
    self.separator = separator
    piece = .allocate(byteCount: TextFile.pieceSize, alignment: 16)
  }

  deinit { piece.deallocate() }

  /// The next line that is not blank; nil at the end.
  package func next() throws(TableError) -> TableRow? {
    while true {
      if let end = text[start...].firstIndex(of: 0x0A) {
        let row = row(start..<end)
        start = end + 1
        if let row { return row }
      } else if isAtEnd {
        guard start < text.count else { return nil }
        let row = row(start..<text.count)
        start = text.count
        return row
      } else {
        if text.count - start > LineFile.longest {
          // Its beginning is dropped, so that no line without end is held.
          text.removeSubrange(start..<text.count - 1)
        }
        text.removeFirst(start)
        start = 0
        let count = try file.read(at: offset, into: piece)
        offset += count
        isAtEnd = count == 0
        text.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<count]))
      }
    }
  }

  private func row(_ range: Range<Int>) -> TableRow? {
    line += 1
    var bytes = text[range]
    if bytes.last == 0x0D { bytes.removeLast() }
    guard bytes.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return nil }
    var row = TableRow(line: line)
    for part in bytes.split(separator: separator, omittingEmptySubsequences: false) {
      if let cell = String(validating: part, as: UTF8.self), !part.contains(0) {
        row.cells.append(cell)
      } else {
        row.cells.append(String(decoding: part, as: UTF8.self))
        row.damage = Refusal("wrong-byte", at: "cell \(row.cells.count)", "a byte is no character of UTF-8")
      }
    }
    return row
  }
}
