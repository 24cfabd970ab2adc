internal import Values

/// A stretch of the outbox that is published under one number.
///
/// Every event has its index in the run from the moment at which the run was begun: it depends on `outbox_run` alone,
/// not on what the broker refuses nor on how often the run is begun again.
final class Run {
  struct Row: Equatable {
    let id: Int64
    let topic: String
    let source: String
    let emitted: Timestamp
    /// Dead letters instead of events.
    let isLetters: Bool
    let count: Int
    /// As the database stores it; an estimate of what reading it takes.
    let bytes: Int
    /// Index in the run of its first event.
    let first: Int

    var indexes: Range<Int> { first..<first + count }
  }

  /// What is read from the database in one piece.
  enum Portion: Equatable {
    /// Whole rows of events, by place in `rows`.
    case rows(Range<Int>)
    /// A stretch of one row's events, counted within the row.
    case part(row: Int, Range<Int>)
    /// The same of a row of dead letters.
    case letters(row: Int, Range<Int>)
  }

  let number: Int64
  let rows: [Row]
  let count: Int
  /// What the broker will never take, by index, with why.
  private(set) var refused: [Int: String] = [:]
  /// Dead letters that are sent with less than they have, because the whole does not fit.
  private(set) var sizes: [Int: LetterSize] = [:]

  init(_ number: Int64, _ rows: [Row], count: Int) {
    self.number = number
    self.rows = rows
    self.count = count
  }

  func refuse(_ index: Int, _ reason: String) { refused[index] = reason }

  /// Answers whether there is a smaller form that was not tried.
  func shrink(_ index: Int) -> Bool {
    guard let smaller = (sizes[index] ?? .whole).smaller else { return false }
    sizes[index] = smaller
    return true
  }

  /// The row that an index belongs to; nil where it was removed by hand.
  func row(of index: Int) -> Row? { rows.first { $0.indexes.contains(index) } }

  /// How to read these indexes so that no piece exceeds the bounds by more than one event, as far as the average tells.
  func portions(of indexes: Range<Int>, bytes: Int, events: Int) -> [Portion] {
    var portions: [Portion] = []
    var whole = 0..<0
    var (wholeBytes, wholeEvents) = (0, 0)
    func flush() {
      if !whole.isEmpty { portions.append(.rows(whole)) }
      (whole, wholeBytes, wholeEvents) = (0..<0, 0, 0)
    }
    for (place, row) in rows.enumerated() {
      let part = row.indexes.clamped(to: indexes)
      guard !part.isEmpty else { continue }
      if row.isLetters {
        flush()
        portions.append(.letters(row: place, part.lowerBound - row.first..<part.upperBound - row.first))
      } else if part == row.indexes, row.bytes <= bytes, row.count <= events {
        if wholeBytes + row.bytes > bytes || wholeEvents + row.count > events || whole.upperBound != place { flush() }
        whole = (whole.isEmpty ? place : whole.lowerBound)..<place + 1
        wholeBytes += row.bytes
        wholeEvents += row.count
      } else {
        flush()
        let each = min(events, max(1, bytes / max(1, row.bytes / max(1, row.count))))
        for start in stride(from: part.lowerBound, to: part.upperBound, by: each) {
          let end = min(start + each, part.upperBound)
          portions.append(.part(row: place, start - row.first..<end - row.first))
        }
      }
    }
    flush()
    return portions
  }
}

/// How much of a dead letter is sent.
enum LetterSize {
  case whole
  /// Without the value; key and headers are there.
  case withoutValue
  /// Only what tells which dead letter it is.
  case bare

  var smaller: LetterSize? {
    switch self {
    case .whole: .withoutValue
    case .withoutValue: .bare
    case .bare: nil
    }
  }
}
