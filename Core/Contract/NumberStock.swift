public import Postgres

/// Numbers for new rows, handed out by the database in blocks of 1000. Those that a failed batch took are lost: gaps
/// are harmless.
public struct NumberStock: Sendable {
  private var ranges: [Range<Int64>] = []

  public init() {}

  /// How many blocks are missing before so many numbers can be taken.
  public func blocks(missingFor count: Int) -> Int {
    max(0, count - ranges.reduce(0) { $0 + $1.count } + 999) / 1000
  }

  /// Asks for them.
  /// - Parameter blocks: answers `$1` numbers of blocks, a row each.
  public func missing(for count: Int, _ blocks: Statement) -> Question<[Int64]> {
    let missing = self.blocks(missingFor: count)
    guard missing > 0 else { return Question(known: []) }
    return Question(blocks) {
      $0.integer(Int64(missing))
    } reading: {
      $0.map { $0.integer(0) }
    }
  }

  public mutating func add(_ blocks: [Int64]) {
    ranges += blocks.map { $0 * 1000..<$0 * 1000 + 1000 }
  }

  /// Splits so many off, which have to be there.
  public mutating func take(_ count: Int) -> NumberStock {
    var taken = NumberStock()
    var left = Int64(count)
    while left > 0 {
      precondition(!ranges.isEmpty, "more numbers are taken than there are")
      let range = ranges.removeFirst()
      let cut = min(range.upperBound, range.lowerBound + left)
      taken.ranges.append(range.lowerBound..<cut)
      left -= cut - range.lowerBound
      if cut < range.upperBound { ranges.insert(cut..<range.upperBound, at: 0) }
    }
    return taken
  }

  public mutating func next() -> Int64 {
    precondition(!ranges.isEmpty, "more numbers are used than were taken")
    let number = ranges[0].lowerBound
    if ranges[0].count == 1 { ranges.removeFirst() } else { ranges[0] = number + 1..<ranges[0].upperBound }
    return number
  }
}
