internal import Postgres

/// Finds the event that PostgreSQL refuses, by halves, while its neighbours are applied.
///
/// A state machine over ranges of a batch: asks for a range to be applied, is told how it went, answers with what to do.
struct Splitting {
  /// Ranges still to be applied, the next one last. Order within the batch is kept.
  private var ranges: [Range<Int>]
  private var attempts = 0
  /// The event that stands alone and was given up.
  private var buried: Int?
  /// A conflict is tried so often with a fresh load before it counts as bad data.
  static let freshLoads = 3

  enum Advice: Equatable {
    /// Apply the same range again, from a new load on.
    case again
    /// Apply what `next` gives now.
    case halved
    /// This one event cannot be applied: pass it to the dead letters.
    case bury(Int)
    /// Not a matter of this event's data, for even its dead letter fails: the lane must recover or stop.
    case giveUp
  }

  init(_ count: Int, oneByOne: Bool) {
    ranges = oneByOne ? (0..<count).reversed().map { $0..<$0 + 1 } : count > 0 ? [0..<count] : []
  }

  /// The range to apply now; nil when all is done.
  var next: Range<Int>? { ranges.last }

  mutating func applied() {
    ranges.removeLast()
    attempts = 0
    buried = nil
  }

  mutating func failed(_ kind: PostgresError.Kind) -> Advice {
    guard kind == .data || kind == .conflict, let range = ranges.last, buried == nil else { return .giveUp }
    if kind == .conflict {
      attempts += 1
      if attempts <= Splitting.freshLoads { return .again }
    }
    attempts = 0
    if range.count == 1 {
      buried = range.lowerBound
      return .bury(range.lowerBound)
    }
    ranges.removeLast()
    let middle = range.lowerBound + range.count / 2
    ranges.append(middle..<range.upperBound)
    ranges.append(range.lowerBound..<middle)
    return .halved
  }
}
