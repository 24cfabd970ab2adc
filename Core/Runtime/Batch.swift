internal import Contract
internal import Digest
internal import Kafka
internal import Values

/// Records that were polled together, each with what it was read as. The lane fills one while PostgreSQL works on the
/// other.
final class Batch<Reading: Sendable> {
  let records = RecordBatch()
  private(set) var entries: [BatchEntry<Reading>] = []
  /// Identities that are to be entered, each with the entry that brings it, in the order of entries.
  private var identities: [(entry: Int, seen: SeenEvents.Seen)] = []
  /// Records of `records` that were looked at; the rest was only polled.
  var seen = 0
  /// Nothing of it is needed any more.
  var isApplied = false

  var isEmpty: Bool { entries.isEmpty }

  func append(_ entry: BatchEntry<Reading>) {
    if case .event(_, .outside(let identity, let data)) = entry.outcome {
      identities.append((entries.count, SeenEvents.Seen(identity: identity, data: data)))
    }
    entries.append(entry)
  }

  func bury(_ index: Int, _ refusal: Refusal) {
    entries[index].outcome = .refused(refusal)
    identities.removeAll { $0.entry == index }
  }

  /// Each identity of these entries once, with the data that came first, in the one order of locks.
  func identities(of range: Range<Int>) -> [SeenEvents.Seen] {
    let brought = identities.filter { range.contains($0.entry) }.sorted { a, b in
      a.seen.identity == b.seen.identity ? a.entry < b.entry : a.seen < b.seen
    }
    var seen: [SeenEvents.Seen] = []
    seen.reserveCapacity(brought.count)
    for (_, next) in brought where next.identity != seen.last?.identity { seen.append(next) }
    return seen
  }

  /// The cursors of these entries.
  func cursors(of range: Range<Int>) -> Set<Int> {
    var cursors: Set<Int> = []
    for index in range where index == range.lowerBound || entries[index].cursor != entries[index - 1].cursor {
      cursors.insert(entries[index].cursor)
    }
    return cursors
  }

  func removeAll() {
    entries.removeAll(keepingCapacity: true)
    identities.removeAll(keepingCapacity: true)
    records.removeAll()
    seen = 0
    isApplied = false
  }
}

struct BatchEntry<Reading: Sendable> {
  /// Place of its record in the batch.
  let record: Int
  /// Place of its partition in the lane's list.
  let cursor: Int
  let offset: Int64
  let time: Int64
  let source: String?
  let id: String?
  let relayed: RelayMark?
  var outcome: ReadOutcome<Reading>
}
