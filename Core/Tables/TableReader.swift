internal import Values

/// Tables that people and spreadsheets wrote: read row by row, in little memory. Encoding and separator are found, the first
/// row names the columns.
///
/// Invariants of this room:
/// - No byte of the file ends it early. What cannot be read is a row with its damage, and reading goes on with the next line:
///   a quote that is never closed costs one line.
/// - Every line of the file belongs to the heading, to one row, or is blank.
/// - What is undone in a cell loses nothing and is counted; where something was lost already the cell is refused.
/// - What is written for people to mend comes back cell by cell, and no spreadsheet takes a cell of it for a formula.
/// - Not shared between threads.
package final class TableReader {
  /// Longer rows are damaged: no row of ours comes near.
  static let longestRow = 1 << 20
  private static let mostColumns = 1000
  /// Shown of a row that is too long.
  private static let shownOfLongRow = 1000

  package let file: TextFile
  package let encoding: TextEncoding
  package private(set) var separator = Separator.comma
  /// The names of the columns, and the line on which they stand.
  package private(set) var header: [String] = []
  package private(set) var headerLine = 1
  package private(set) var blankLines = 0
  /// How much of the file has been read, in bytes: for progress.
  package private(set) var offset = 0

  private let decoder: TextDecoder
  private let piece: UnsafeMutableRawBufferPointer
  private var scanner = RowScanner(.comma)
  /// Decoded text; the next row begins at `start`.
  private var text: [UInt8] = []
  private var start = 0
  private var line = 1
  private var isAtEnd = false

  /// - Parameter encoding: nil to find it.
  package init(_ file: TextFile, encoding: TextEncoding? = nil) throws(TableError) {
    self.file = file
    if let encoding { self.encoding = encoding } else { self.encoding = try TextEncoding(of: file) }
    decoder = try TextDecoder(self.encoding)
    piece = .allocate(byteCount: TextFile.pieceSize, alignment: 16)
    try fill()
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
    separator = sniff()
    scanner = RowScanner(separator)
    try readHeader()
  }

  deinit { piece.deallocate() }

  /// The next row that is not blank; nil at the end.
  package func next() throws(TableError) -> TableRow? {
    while let row = try read() {
      if row.damage != nil || !row.isBlank { return row }
      blankLines += row.lines
    }
    return nil
  }

  // MARK: Heading

  private func readHeader() throws(TableError) {
    guard let row = try next() else { throw .file("\(shown(file.name)) has no lines.") }
    if let damage = row.damage { throw .file("\(shown(file.name)), line \(row.line): \(damage)") }
    guard row.cells.count <= Self.mostColumns else {
      throw .file("\(shown(file.name)) has \(row.cells.count) columns; at most \(Self.mostColumns) are taken.")
    }
    header = row.cells.map(Cell.trimmed)
    headerLine = row.line
  }

  /// What `sep=;` on the first line says (a directive of Excel's), else what stands most often in the first line that
  /// is not blank, outside quotes; the comma among equals.
  private func sniff() -> Separator {
    var directive: Separator?
    let counted: [(separator: Separator, count: Int)] = text.withUnsafeBufferPointer { text in
      var end = start
      while end < text.count, text[end] == 0x0A || text[end] == 0x0D || text[end] == 0x20 { end += 1 }
      let begin = end
      while end < text.count, text[end] != 0x0A, text[end] != 0x0D { end += 1 }
      let line = String(decoding: text[begin..<end], as: UTF8.self)
      if line.lowercased().hasPrefix("sep=") {
        directive = Separator.all.first { Array(line.utf8.dropFirst(4)) == $0.bytes }
        if directive != nil {
          while end < text.count, text[end] == 0x0A || text[end] == 0x0D {
            if text[end] == 0x0A || end + 1 == text.count || text[end + 1] != 0x0A { self.line += 1 }
            end += 1
          }
          start = end
        }
      }
      var parts: [Substring] = []
      for (index, part) in line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
      where index.isMultiple(of: 2) { parts.append(part) }
      let bare = Array(parts.joined().utf8)
      return Separator.all.map { ($0, occurrences(of: $0.bytes, in: bare)) }
    }
    if let directive { return directive }
    let most = counted.map(\.count).max() ?? 0
    return counted.first { $0.count == most }?.separator ?? .comma
  }

  private func occurrences(of word: [UInt8], in text: [UInt8]) -> Int {
    guard text.count >= word.count else { return 0 }
    return (0...text.count - word.count).count { at in word.indices.allSatisfy { text[at + $0] == word[$0] } }
  }

  // MARK: Rows

  private func read() throws(TableError) -> TableRow? {
    while true {
      if start == text.count, isAtEnd { return nil }
      let result = text.withUnsafeBufferPointer { scanner.scan($0, from: start, isLast: isAtEnd) }
      switch result {
      case .row(let end): return take(end)
      case .unfinished where text.count - start <= Self.longestRow: try fill()
      case .unfinished: return endOfLine == nil ? try longRow() : brokenRow(.unclosedQuote, scanner.cells.count)
      case .broken(let what, let cell):
        if isAtEnd || endOfLine != nil { return brokenRow(what, cell) }
        if text.count - start > Self.longestRow { return try longRow() }
        try fill()
      }
    }
  }

  private func fill() throws(TableError) {
    if start > 0 {
      text.removeFirst(start)
      start = 0
    }
    let count = try file.read(at: offset, into: piece)
    offset += count
    isAtEnd = count == 0
    decoder.decode(UnsafeRawBufferPointer(rebasing: piece[..<count]), isLast: isAtEnd, into: &text)
  }

  private func take(_ end: Int) -> TableRow {
    var row = TableRow(line: line)
    if scanner.hasQuotes { row.lines = lines(upTo: end) }
    fillCells(&row)
    if row.damage == nil, !header.isEmpty,
      let extra = row.cells.dropFirst(header.count).firstIndex(where: { !$0.isEmpty })
    {
      row.damage = Refusal(
        "too-many-cells", at: column(extra),
        "the heading has \(header.count) columns: an unquoted separator stands in a cell")
    }
    line += row.lines
    start = end
    return row
  }

  /// In quotes, too, every line break is one to an editor.
  private func lines(upTo end: Int) -> Int {
    text.withUnsafeBufferPointer { text in
      var lines = 0
      for at in start..<end where text[at] == 0x0A || (text[at] == 0x0D && (at + 1 == end || text[at + 1] != 0x0A)) {
        lines += 1
      }
      return text[end - 1] == 0x0A || text[end - 1] == 0x0D ? lines : lines + 1
    }
  }

  private func fillCells(_ row: inout TableRow) {
    row.cells.reserveCapacity(scanner.cells.count)
    text.withUnsafeBufferPointer { text in
      for (index, cell) in scanner.cells.enumerated() {
        let bytes = UnsafeBufferPointer(rebasing: text[cell.range])
        var value = String(validating: bytes, as: UTF8.self)
        if value == nil {
          value = String(decoding: bytes, as: UTF8.self)
          row.damage =
            row.damage ?? Refusal("wrong-byte", at: column(index), "a byte is no character of \(encoding.rawValue)")
        }
        var read = value ?? ""
        if cell.isDoubled { read = read.replacingDoubledQuotes }
        if row.damage == nil, bytes.contains(0) {
          row.damage = Refusal("nul-character", at: column(index), "U+0000 stands in the cell")
        }
        row.cells.append(read)
      }
    }
  }

  /// What a cell is called in messages.
  package func column(_ index: Int) -> String {
    index < header.count && !header[index].isEmpty ? header[index] : "cell \(index + 1)"
  }

  /// Where the first line of the row ends, if the text holds all of it.
  private var endOfLine: Int? {
    guard let end = text[start...].firstIndex(where: { $0 == 0x0A || $0 == 0x0D }), end + 1 < text.count || isAtEnd
    else { return nil }
    return end
  }

  /// Gives up the row's first line alone, so that the lines behind it are read.
  private func brokenRow(_ what: RowScanner.Break, _ cell: Int) -> TableRow {
    let end = endOfLine ?? text.count
    text.withUnsafeBufferPointer { scanner.split($0, start..<end) }
    var row = TableRow(line: line)
    row.damage =
      switch what {
      case .unclosedQuote: Refusal("unclosed-quote", at: column(cell), "the cell's quote has no end")
      case .textAfterQuote:
        Refusal("text-after-quote", at: column(cell), "text follows the closing quote: quotes within are doubled")
      }
    fillCells(&row)
    line += 1
    start = end == text.count ? end : text.withUnsafeBufferPointer { scanner.lineBreak($0, end, true) ?? end }
    return row
  }

  /// Drops a line without end, up to its line break.
  private func longRow() throws(TableError) -> TableRow {
    var row = TableRow(line: line)
    row.cells = [String(decoding: text[start..<start + Self.shownOfLongRow], as: UTF8.self)]
    row.damage = Refusal("too-long", "the line has more than \(Self.longestRow) bytes")
    line += 1
    while true {
      if let end = endOfLine {
        start = text.withUnsafeBufferPointer { scanner.lineBreak($0, end, true) ?? end }
        return row
      }
      // The last byte may be half of a line break.
      start = isAtEnd ? text.count : text.count - 1
      if isAtEnd { return row }
      try fill()
    }
  }
}

extension String {
  fileprivate var replacingDoubledQuotes: String {
    var text = ""
    var isSecond = false
    for scalar in unicodeScalars {
      if scalar == "\"", !isSecond {
        isSecond = true
        text.unicodeScalars.append(scalar)
      } else {
        if scalar != "\"" { text.unicodeScalars.append(scalar) }
        isSecond = false
      }
    }
    return text
  }
}
