/// Numbers for new rows, handed out by the database in blocks of 1000. Those that a failed batch took are lost: gaps
/// are harmless.
public struct NumberStock: Sendable {
  private var ranges: [Range<Int64>] = []

  public init() {}

  /// Splits so many off, fetching blocks as needed.
  public mutating func take<Failure: Error>(
    _ count: Int, block: () throws(Failure) -> Int64
  ) throws(Failure) -> NumberStock {
    var taken = NumberStock()
    var left = Int64(count)
    while left > 0 {
      if ranges.isEmpty {
        let number = try block()
        ranges.append(number * 1000..<number * 1000 + 1000)
      }
      let range = ranges.removeFirst()
      let cut = min(range.upperBound, range.lowerBound + left)
      taken.ranges.append(range.lowerBound..<cut)
      left -= cut - range.lowerBound
      if cut < range.upperBound { ranges.append(cut..<range.upperBound) }
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
