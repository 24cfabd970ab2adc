/// What is sent to PostgreSQL in several goes, so that it works on one while the next is made ready: a few at first, because
/// it has nothing to do until they come.
struct Stretches: Sequence, IteratorProtocol {
  private var left: Range<Int>
  private var size: Int
  private let following: Int

  init(of range: Range<Int>, first: Int = 125, then following: Int = 500) {
    left = range
    size = first
    self.following = following
  }

  mutating func next() -> Range<Int>? {
    guard !left.isEmpty else { return nil }
    let stretch = left.prefix(size)
    left.removeFirst(stretch.count)
    size = following
    return stretch
  }
}
