internal import Kafka

/// The record that was passed last, as it was.
struct LastRecord: Equatable {
  let offset: Int64
  /// Milliseconds since 1970, -1 where the broker keeps none.
  let time: Int64
  let checksum: Int64
}

/// Why a partition is not read on. The raw values stand in `position.stopped_rule`.
enum StopRule: String {
  case recreated
  case beyondEnd = "beyond-end"
  case deletedUnread = "deleted-unread"
  case restored
  case garbage
  case failed
}

/// Where a lane stands in one partition: which record may be taken next, and what must be proved before it is.
///
/// A state machine without clock or socket. Repeats are dropped; a gap is believed only when a re-seek shows it again,
/// because markers and compaction make honest gaps and libraries make false ones.
struct PartitionCursor {
  let partition: TopicPartition
  /// The first offset that was not taken.
  private(set) var next: Int64
  /// The record to be seen again before anything is taken.
  private(set) var unproved: LastRecord?
  private var gap = Gap.none
  /// The highest (run, index) of the relay that was taken.
  var relayed: RelayMark
  /// Below this offset events are applied one by one.
  var carefulUntil: Int64
  /// An event that ended the process too often.
  var crashed: Int64?
  /// The event that this process wrote down as being tried.
  var trying: Int64?
  /// Refused events that may still pass although the garbage rule has struck.
  var accept: Int64
  var isStopped = false
  /// For how long the broker has given an end before what was applied.
  var secondsBeyondEnd = 0

  private enum Gap {
    case none
    /// A jump was seen; what still comes before the seek is dropped.
    case seeking
    /// The seek is done: what comes now is the truth.
    case sought
  }

  enum Verdict: Equatable {
    case take
    case drop
    /// Compare this record with the one that was passed, then call `proved`.
    case prove(LastRecord)
    /// Seek to `next`, call `sought`, and look again.
    case seek
    /// The re-seek shows the gap again. If the log still starts at or before `next`, call `jump` and seek there.
    case confirmGap
  }

  init(
    _ partition: TopicPartition, next: Int64, last: LastRecord?, relayed: RelayMark = .none, carefulUntil: Int64 = 0,
    crashed: Int64? = nil, accept: Int64 = 0, isStopped: Bool = false
  ) {
    self.partition = partition
    self.next = next
    self.unproved = last
    self.relayed = relayed
    self.carefulUntil = carefulUntil
    self.crashed = crashed
    self.accept = accept
    self.isStopped = isStopped
  }

  /// Where to start reading: at the record that was passed last, so that it can be compared.
  var start: Int64 { Sabotage.applyTwice.isOn ? max(0, next - 10) : unproved?.offset ?? next }
  var isCareful: Bool { next < carefulUntil }

  mutating func admit(_ offset: Int64) -> Verdict {
    if isStopped || gap == .seeking { return .drop }
    if Sabotage.applyTwice.isOn, offset < next { return .take }
    if let last = unproved {
      if offset < last.offset { return .drop }
      if offset == last.offset { return .prove(last) }
      // It is no longer there: retention or compaction took it. What follows proves itself or is a gap.
      unproved = nil
    }
    if offset < next { return .drop }
    if offset == next {
      gap = .none
      next += 1
      return .take
    }
    let isShownAgain = gap == .sought
    gap = .seeking
    return isShownAgain ? .confirmGap : .seek
  }

  mutating func proved() { unproved = nil }

  /// The consumer was told to seek to `next`.
  mutating func sought() {
    unproved = nil
    gap = .sought
  }

  /// The gap before `offset` is honest: nothing that was written lies in it.
  mutating func jump(to offset: Int64) { next = offset }
}

/// Place of an event among all that our relay published: later runs, and within a run later indexes, are higher.
struct RelayMark: Comparable, Hashable {
  let run: Int64
  let index: Int32

  static let none = RelayMark(run: 0, index: -1)

  static func < (a: RelayMark, b: RelayMark) -> Bool { (a.run, a.index) < (b.run, b.index) }
}
