/// Finds one row in UTF-8 text. RFC 4180, and what is written in its place: any separator, any line break (CRLF, LF,
/// CR), blanks around quotes, quotes in the middle of a cell that does not begin with one.
struct RowScanner {
  enum Result: Equatable {
    /// Ends with its line break.
    case row(end: Int)
    /// The text ends before the row does.
    case unfinished
    /// The quote of this cell is not closed, or something stands behind its end.
    case broken(Break, cell: Int)
  }

  enum Break { case unclosedQuote, textAfterQuote }

  struct Cell {
    var range: Range<Int>
    /// Has doubled quotes.
    var isDoubled = false
  }

  let separator: Separator
  private(set) var cells: [Cell] = []
  /// Whether a cell stands in quotes, so that the row may take several lines.
  private(set) var hasQuotes = false

  init(_ separator: Separator) { self.separator = separator }

  /// - Parameter isLast: nothing follows the text.
  mutating func scan(_ text: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool) -> Result {
    cells.removeAll(keepingCapacity: true)
    hasQuotes = false
    var at = start
    while true {
      let begin = skipBlanks(text, at)
      let isQuoted = begin < text.count && text[begin] == UInt8(ascii: "\"")
      if isQuoted {
        hasQuotes = true
        guard let close = closingQuote(text, begin + 1, isLast) else {
          return isLast ? .broken(.unclosedQuote, cell: cells.count) : .unfinished
        }
        cells.append(Cell(range: begin + 1..<close.at, isDoubled: close.isDoubled))
        at = skipBlanks(text, close.at + 1)
      } else {
        let end = endOfBareCell(text, at)
        cells.append(Cell(range: at..<end))
        at = end
      }
      if at == text.count { return isLast ? .row(end: at) : .unfinished }
      if let end = lineBreak(text, at, isLast) { return end == 0 ? .unfinished : .row(end: end) }
      if isSeparator(text, at) {
        at += separator.bytes.count
        continue
      }
      // The full-width comma may be cut.
      if !isLast, at + separator.bytes.count > text.count { return .unfinished }
      return .broken(.textAfterQuote, cell: cells.count - 1)
    }
  }

  /// The row's first line alone, its quotes taken as they stand there: for showing what cannot be read.
  mutating func split(_ line: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    cells.removeAll(keepingCapacity: true)
    var begin = range.lowerBound
    var at = begin
    while at < range.upperBound {
      if isSeparator(line, at) {
        cells.append(Cell(range: begin..<at))
        at += separator.bytes.count
        begin = at
      } else {
        at += 1
      }
    }
    cells.append(Cell(range: begin..<range.upperBound))
  }

  /// One past the line break at `at`: zero if it may be half of one, nil if it is none.
  func lineBreak(_ text: UnsafeBufferPointer<UInt8>, _ at: Int, _ isLast: Bool) -> Int? {
    if text[at] == 0x0A { return at + 1 }
    guard text[at] == 0x0D else { return nil }
    if at + 1 == text.count { return isLast ? at + 1 : 0 }
    return text[at + 1] == 0x0A ? at + 2 : at + 1
  }

  private func isSeparator(_ text: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
    guard text[at] == separator.bytes[0] else { return false }
    return separator.bytes.count == 1
      || at + separator.bytes.count <= text.count
        && separator.bytes.indices.allSatisfy { text[at + $0] == separator.bytes[$0] }
  }

  private func skipBlanks(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var at = start
    while at < text.count, text[at] == 0x20 || (text[at] == 0x09 && separator != .tab) { at += 1 }
    return at
  }

  private func endOfBareCell(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    let first = separator.bytes[0]
    var at = start
    while at < text.count {
      let byte = text[at]
      if byte == 0x0A || byte == 0x0D || (byte == first && isSeparator(text, at)) { break }
      at += 1
    }
    return at
  }

  private func closingQuote(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ isLast: Bool
  ) -> (at: Int, isDoubled: Bool)? {
    var at = start
    var isDoubled = false
    while at < text.count {
      guard text[at] == UInt8(ascii: "\"") else {
        at += 1
        continue
      }
      guard at + 1 < text.count else { return isLast ? (at, isDoubled) : nil }
      guard text[at + 1] == UInt8(ascii: "\"") else { return (at, isDoubled) }
      isDoubled = true
      at += 2
    }
    return nil
  }
}
