internal import Contract
internal import Kafka
internal import Values

/// Records that were polled together, each with what it was read as. The lane fills one while PostgreSQL works on the
/// other.
final class Batch<Reading: Sendable> {
  let records = RecordBatch()
  private(set) var entries: [BatchEntry<Reading>] = []
  /// Records of `records` that were looked at; the rest was only polled.
  var seen = 0
  /// Nothing of it is needed any more.
  var isApplied = false

  var isEmpty: Bool { entries.isEmpty }

  func append(_ entry: BatchEntry<Reading>) { entries.append(entry) }

  func bury(_ index: Int, _ refusal: Refusal) { entries[index].outcome = .refused(refusal) }

  func removeAll() {
    entries.removeAll(keepingCapacity: true)
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
