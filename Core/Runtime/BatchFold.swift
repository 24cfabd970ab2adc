public import Contract
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
  /// How many of them were decided.
  private var decided = 0
  /// By cursor, how far it came in this batch; one partition's events often follow each other.
  private var steps: [CursorStep]
  /// Taken events that are not yet in their gauge: those that came one after the other from one source.
  private var streak = (cursor: -1, source: "", count: Int64(0))
  private var counts: [(outcome: StaticString, count: Int)] = []

  private(set) var changes: [W.Change] = []
  private(set) var emissions: [TracedEmission] = []
  private(set) var deadLetters: [DeadLetters.Letter] = []
  /// Identities that were entered for events which have had no effect after all.
  private(set) var released: [Fingerprint] = []
  private var gauges: [IntakeKey: GarbageGauge]
  private var deadLetterReasons: [String: Int] = [:]
  private var stops: [(cursor: Int, rule: StopRule, detail: String)] = []
  /// Which rule of ours a decision broke: then nothing of the batch may be kept.
  private(set) var broken: String?

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
    self.gauges = gauges.mapValues { $0.kept() }
    steps = cursors.map { CursorStep(relayed: $0.relayed, accept: $0.accept) }
  }

  /// Tells apart what is new, what is a repeat and what is refused; answers the new ones.
  mutating func sort(_ entries: ArraySlice<BatchEntry<W.Reading>>) -> [Delivery<W.Reading>] {
    var fresh: [Delivery<W.Reading>] = []
    fresh.reserveCapacity(entries.count)
    sorted.reserveCapacity(entries.count)
    changes.reserveCapacity(entries.count)
    emissions.reserveCapacity(entries.count)
    var inBatch: [Fingerprint: Int64] = [:]
    inBatch.reserveCapacity(entries.count)
    var marks = cursors.map { $0.relayed }
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
        if case .lost = entry.outcome { sorted.append(.ignored("lost")) }
        continue
      }
      if case .outside(let identity, let data) = identity {
        if let known = seen[identity] ?? inBatch[identity], !Sabotage.applyTwice.isOn {
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

  /// Decides the next entries, in order.
  mutating func decide(_ entries: ArraySlice<BatchEntry<W.Reading>>, _ state: inout W.State, _ now: Timestamp) {
    for entry in entries {
      let place = decided
      decided += 1
      guard !steps[entry.cursor].isStopped else {
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
        decide(delivery, entry, &state, now)
      }
      if !steps[entry.cursor].isStopped { steps[entry.cursor].pass(entry.offset, entry.time, entry.relayed) }
    }
  }

  private mutating func decide(
    _ delivery: Delivery<W.Reading>, _ entry: BatchEntry<W.Reading>, _ state: inout W.State, _ now: Timestamp
  ) {
    FailPoint.pass(.deciding, event: delivery.id)
    switch W.decide(delivery, &state, now) {
    case .apply(let change, let emit, let outcome):
      changes.append(change)
      for emission in emit {
        guard emission.payload.count <= emission.topic.largestValue else {
          broken = "\(worker) emits \(emission.payload.count) bytes to \(emission.topic.name), which takes less"
          continue
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
    take(entry)
  }

  private mutating func release(_ entry: BatchEntry<W.Reading>) {
    if case .event(_, .outside(let identity, data: _)) = entry.outcome { released.append(identity) }
  }

  private mutating func count(_ outcome: StaticString) {
    for place in counts.indices where counts[place].outcome.utf8Start == outcome.utf8Start {
      counts[place].count += 1
      return
    }
    counts.append((outcome, 1))
  }

  private mutating func bury(_ entry: BatchEntry<W.Reading>, _ refusal: Refusal) {
    deadLetters.append(DeadLetters.Letter(entry: entry.record, cursor: entry.cursor, entry.source, entry.id, refusal))
    deadLetterReasons[refusal.reason, default: 0] += 1
  }

  // MARK: Garbage

  private mutating func take(_ entry: BatchEntry<W.Reading>) {
    let source = entry.source ?? "-"
    if streak.cursor != entry.cursor || streak.source != source {
      endStreak()
      streak = (entry.cursor, source, 0)
    }
    streak.count += 1
  }

  private mutating func endStreak() {
    guard streak.count > 0 else { return }
    let key = intakeKey(cursors[streak.cursor].partition, streak.source)
    gauges[key, default: GarbageGauge()].take(streak.count)
    streak.count = 0
  }

  /// Whoever writes something new into every `source` must not make the gauges grow without end.
  private func intakeKey(_ partition: TopicPartition, _ source: String) -> IntakeKey {
    let key = IntakeKey(partition, source)
    return gauges[key] != nil || gauges.count < 1_000 ? key : IntakeKey(partition, "others")
  }

  /// Counts a refused event. True where it is one too many: then it and what follows in its partition stay unread.
  private mutating func isTooMuch(_ entry: BatchEntry<W.Reading>) -> Bool {
    endStreak()
    let partition = cursors[entry.cursor].partition
    let key = intakeKey(partition, entry.source ?? "-")
    guard gauges[key, default: GarbageGauge()].refuse(share: garbageShare) else { return false }
    if steps[entry.cursor].accept > 0 {
      steps[entry.cursor].accept -= 1
      return false
    }
    steps[entry.cursor].isStopped = true
    let place = "\(partition.topic)/\(partition.partition)"
    let sentence =
      "more than \(garbageShare) % of what \(key.source) sends to \(place) is refused; to let 1000 more such events "
      + "pass to the dead letters: millrace lanes resume \(worker) \(place) --accept 1000"
    stops.append((entry.cursor, .garbage, sentence))
    return true
  }

  // MARK: What it came to

  /// What the lane takes over once the transaction is committed.
  func committed() -> BatchTransaction<W>.Committed {
    var fold = self
    fold.endStreak()
    var committed = BatchTransaction<W>.Committed()
    for (place, step) in steps.enumerated() {
      guard let last = step.last else { continue }
      committed.advances[place] = PositionTable.Advance(
        partition: cursors[place].partition, next: last.offset + 1,
        last: LastRecord(offset: last.offset, time: last.time, checksum: 0), relayed: step.relayed,
        accept: step.accept)
    }
    committed.gauges = fold.gauges
    committed.outcomes = Dictionary(counts.map { ($0.outcome.description, $0.count) }, uniquingKeysWith: +)
    committed.deadLetters = deadLetterReasons
    committed.stopped = stops
    return committed
  }

  private static var crashed: Refusal {
    Refusal("crashed", "the process ended three times while this event was being applied")
  }

  private static var reused: Refusal {
    Refusal("identity-reused", at: "id", "another event of this source had the same id and other data")
  }
}

private struct CursorStep {
  var relayed: RelayMark
  var accept: Int64
  var last: (offset: Int64, time: Int64)?
  /// The garbage rule has struck: what follows in this partition stays unread.
  var isStopped = false

  init(relayed: RelayMark, accept: Int64) {
    self.relayed = relayed
    self.accept = accept
  }

  mutating func pass(_ offset: Int64, _ time: Int64, _ mark: RelayMark?) {
    last = (offset, time)
    if let mark { relayed = max(relayed, mark) }
  }
}

public struct TracedEmission {
  public let emission: Emission
  public let trace: String?

  public init(emission: Emission, trace: String?) {
    self.emission = emission
    self.trace = trace
  }
}
