internal import Contract
internal import Digest
internal import Kafka
internal import Values

/// Folds a worker's decision over a stretch of a batch and gathers what is to be written. Touches nothing outside.
struct BatchFold<W: Worker> {
  private let worker: String
  private let cursors: [PartitionCursor]
  private let garbageShare: Int
  private let seen: [Fingerprint: Int64]
  /// For each entry, what it turned out to be before any decision.
  private var sorted: [Sorted] = []
  private var stoppedCursors: Set<Int> = []

  private(set) var changes: [W.Change] = []
  private(set) var emissions: [TracedEmission] = []
  private(set) var deadLetters: [DeadLetters.Letter] = []
  /// Identities that were entered for events which have had no effect after all.
  private(set) var released: [Fingerprint] = []
  private(set) var committed = BatchTransaction<W>.Committed()
  private(set) var now = Timestamp(microseconds: 0)

  private enum Sorted {
    case fresh
    /// Counted under this reason and left out.
    case ignored(StaticString)
    case refused(Refusal)
  }

  init(
    _ worker: String, _ cursors: [PartitionCursor], _ garbageShare: Int, _ gauges: [IntakeKey: GarbageGauge],
    seen: [Fingerprint: Int64]
  ) {
    self.worker = worker
    self.cursors = cursors
    self.garbageShare = garbageShare
    self.seen = seen
    committed.gauges = gauges
    for key in committed.gauges.keys { committed.gauges[key]?.kept() }
  }

  /// Tells apart what is new, what is a repeat and what is refused; answers the new ones.
  mutating func sort(_ entries: ArraySlice<BatchEntry<W.Input>>) -> [Delivery<W.Input>] {
    var fresh: [Delivery<W.Input>] = []
    fresh.reserveCapacity(entries.count)
    sorted.reserveCapacity(entries.count)
    var inBatch: [Fingerprint: Int64] = [:]
    inBatch.reserveCapacity(entries.count)
    var marks = cursors.map(\.relayed)
    for entry in entries {
      if let mark = entry.relayed {
        guard mark > marks[entry.cursor] else {
          sorted.append(.ignored("repeat"))
          continue
        }
        marks[entry.cursor] = mark
      }
      guard case .event(let delivery, let identity) = entry.outcome else {
        if case .refused(let refusal) = entry.outcome { sorted.append(.refused(refusal)) }
        continue
      }
      if case .outside(let identity, let data) = identity {
        if let known = seen[identity] ?? inBatch[identity] {
          sorted.append(known == data ? .ignored("repeat") : .refused(BatchFold.reused))
          continue
        }
        inBatch[identity] = data
      }
      guard cursors[entry.cursor].crashed != entry.offset else {
        release(entry)
        sorted.append(.refused(BatchFold.crashed))
        continue
      }
      sorted.append(.fresh)
      fresh.append(delivery)
    }
    return fresh
  }

  mutating func decide(
    _ entries: ArraySlice<BatchEntry<W.Input>>, _ state: inout W.State, _ now: Timestamp
  ) throws(LaneFailure) {
    self.now = now
    changes.reserveCapacity(entries.count)
    emissions.reserveCapacity(entries.count)
    for (place, entry) in entries.enumerated() {
      guard !stoppedCursors.contains(entry.cursor) else {
        if case .fresh = sorted[place] { release(entry) }
        continue
      }
      switch sorted[place] {
      case .ignored(let reason): count(reason)
      case .refused(let refusal):
        if isTooMuch(entry) { continue }
        bury(entry, refusal)
      case .fresh:
        guard case .event(let delivery, _) = entry.outcome else { continue }
        try decide(delivery, entry, &state)
      }
      advance(entry)
    }
  }

  private mutating func decide(
    _ delivery: Delivery<W.Input>, _ entry: BatchEntry<W.Input>, _ state: inout W.State
  ) throws(LaneFailure) {
    FailPoint.pass(.deciding, event: delivery.id)
    switch W.decide(delivery, &state, now) {
    case .apply(let change, let emit, let outcome):
      changes.append(change)
      for emission in emit {
        guard emission.payload.count <= emission.topic.largestValue else {
          throw .broken("\(worker) emits \(emission.payload.count) bytes to \(emission.topic.name), which takes less")
        }
        emissions.append(TracedEmission(emission: emission, trace: delivery.trace))
      }
      count(outcome)
    case .ignore(let reason): count(reason)
    case .reject(let refusal):
      release(entry)
      if isTooMuch(entry) { return }
      bury(entry, refusal)
      return
    }
    if let key = key(entry) { committed.gauges[key, default: GarbageGauge()].take() }
  }

  private mutating func release(_ entry: BatchEntry<W.Input>) {
    if case .event(_, .outside(let identity, data: _)) = entry.outcome { released.append(identity) }
  }

  private mutating func count(_ outcome: StaticString) {
    committed.outcomes[outcome.description, default: 0] += 1
  }

  private mutating func bury(_ entry: BatchEntry<W.Input>, _ refusal: Refusal) {
    deadLetters.append(DeadLetters.Letter(entry: entry.record, cursor: entry.cursor, entry.source, entry.id, refusal))
    committed.deadLetters[refusal.reason, default: 0] += 1
  }

  /// Counts a refused event. True where it is one too many: then it and what follows in its partition stay unread.
  private mutating func isTooMuch(_ entry: BatchEntry<W.Input>) -> Bool {
    guard let key = key(entry) else { return false }
    guard committed.gauges[key, default: GarbageGauge()].refuse(share: garbageShare) else { return false }
    let left = committed.advances[entry.cursor]?.accept ?? cursors[entry.cursor].accept
    guard left == 0 else {
      var advance = advanced(entry)
      advance.accept = left - 1
      committed.advances[entry.cursor] = advance
      return false
    }
    stoppedCursors.insert(entry.cursor)
    let partition = cursors[entry.cursor].partition
    let place = "\(partition.topic)/\(partition.partition)"
    committed.stopped.append(
      (
        entry.cursor, .garbage,
        "more than \(garbageShare) % of what \(key.source) sends to \(place) is refused; to let 1000 more such events "
          + "pass to the dead letters: millrace lanes resume \(worker) \(place) --accept 1000"
      ))
    return true
  }

  private func key(_ entry: BatchEntry<W.Input>) -> IntakeKey? {
    IntakeKey(cursors[entry.cursor].partition, entry.source ?? "-")
  }

  private mutating func advance(_ entry: BatchEntry<W.Input>) {
    guard !stoppedCursors.contains(entry.cursor) else { return }
    committed.advances[entry.cursor] = advanced(entry)
  }

  private func advanced(_ entry: BatchEntry<W.Input>) -> PositionTable.Advance {
    let cursor = cursors[entry.cursor]
    let before = committed.advances[entry.cursor]
    let mark = max(before?.relayed ?? cursor.relayed, entry.relayed ?? .none)
    return PositionTable.Advance(
      partition: cursor.partition, next: entry.offset + 1,
      last: LastRecord(offset: entry.offset, time: entry.time, checksum: 0), relayed: mark,
      accept: before?.accept ?? cursor.accept)
  }

  private static var crashed: Refusal {
    Refusal("crashed", "the process ended three times while this event was being applied")
  }

  private static var reused: Refusal {
    Refusal("identity-reused", at: "id", "another event of this source had the same id and other data")
  }
}

struct TracedEmission {
  let emission: Emission
  let trace: String?
}
