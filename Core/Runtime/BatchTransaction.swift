internal import Contract
internal import Digest
internal import Kafka
internal import Postgres
internal import Values

/// One stretch of a batch in one transaction: lock, load, decide, write, emit, advance, commit.
///
/// Nothing of the lane changes before the commit has been answered, so a failure at any step leaves nothing to undo
/// but the transaction.
struct BatchTransaction<W: Worker> {
  let positions: PositionTable
  let connection: Connection
  let batch: Batch<W.Reading>
  let range: Range<Int>
  let envelope: EnvelopeReader<W.Input, W.Reading>
  let garbageShare: Int
  let steps: WorkerMetrics.Steps

  /// What the commit changed, for the lane to take over.
  struct Committed {
    var advances: [Int: PositionTable.Advance] = [:]
    var gauges: [IntakeKey: GarbageGauge] = [:]
    var outcomes: [String: Int] = [:]
    var deadLetters: [String: Int] = [:]
    var stopped: [(cursor: Int, rule: StopRule, detail: String)] = []
  }

  /// - Parameters:
  ///   - applied: by place in `cursors`, the next offset as the database has it.
  ///   - log: told how far the write-ahead log was inserted and flushed when the transaction began.
  ///   - whenBusy: run once, when PostgreSQL has the first rows to write.
  ///   - meanwhile: run again and again while it writes.
  func run(
    cursors: [PartitionCursor], applied: [Int64], gauges: [IntakeKey: GarbageGauge], cache: inout W.Cache,
    log: @escaping (_ inserted: Int64, _ flushed: Int64) -> Void, whenBusy: @escaping () -> Void,
    meanwhile: (() -> Bool)?
  ) throws(LaneFailure) -> Committed {
    var clock = StepClock()
    let entries = batch.entries[range]
    let expected = Dictionary(
      uniqueKeysWithValues: batch.cursors(of: range).map { (cursors[$0].partition, applied[$0]) })
    let opening = BatchOpening(positions, connection, expected, batch.identities(of: range), told: log)
    try LaneFailure.postgres { () throws(PostgresError) in try opening.send() }
    clock.ended(steps.begin)

    // Whatever may be new is loaded for: that some of it came before is known only afterwards, and seldom so.
    var fold = BatchFold<W>(positions.worker, cursors, garbageShare, gauges, seen: [:])
    let (state, now) = try load(fold.sort(entries), &cache, opening)
    let seen = try LaneFailure.postgres { () throws(PostgresError) in try opening.repeats() }
    if !seen.isEmpty {
      fold = BatchFold<W>(positions.worker, cursors, garbageShare, gauges, seen: seen)
      _ = fold.sort(entries)
    }
    FailPoint.pass(.loaded)
    clock.ended(steps.load)
    let committed = try decideAndWrite(fold, state, now, cursors, whenBusy, meanwhile)
    clock.ended(steps.write)
    try LaneFailure.postgres { () throws(PostgresError) in _ = try connection.rows("commit") }
    FailPoint.pass(.committed)
    clock.ended(steps.commit)
    return committed
  }

  private func load(
    _ deliveries: [Delivery<W.Reading>], _ cache: inout W.Cache, _ opening: BatchOpening
  ) throws(LaneFailure) -> (W.State, Timestamp) {
    let transaction = Transaction(opening: connection, settle: opening.settle)
    do {
      let state = try W.load(deliveries, &cache, transaction)
      try transaction.settle()
      return (state, try transaction.moment())
    } catch {
      transaction.discard()
      guard opening.moved.isEmpty else { throw .moved(opening.moved) }
      throw .postgres(error)
    }
  }

  private func decideAndWrite(
    _ fold: consuming BatchFold<W>, _ state: consuming W.State, _ now: Timestamp, _ cursors: [PartitionCursor],
    _ whenBusy: @escaping () -> Void, _ meanwhile: (() -> Bool)?
  ) throws(LaneFailure) -> Committed {
    let committed: Committed
    let broken: String?
    do {
      var writing = try Writing(connection, whenBusy: whenBusy)
      // PostgreSQL writes what was decided while the next are decided.
      for stretch in Stretches(of: range) {
        let decided = fold.changes.count
        fold.decide(batch.entries[stretch], &state, now)
        try writing.send(W.writes, of: .changes, state, fold.changes[decided...])
        try writing.push()
      }
      FailPoint.pass(.decided)
      try writing.send(W.writes, of: .state, state, fold.changes[...])
      try writing.send(fold.emissions, from: positions.worker)
      committed = fold.committed()
      broken = fold.broken
      try send(fold, committed, cursors, &writing)
      try writing.push()
      // Freeing thousands of values takes milliseconds, and now PostgreSQL has work.
      _ = consume fold
      _ = consume state
      try writing.finish(meanwhile: meanwhile)
    } catch {
      throw .postgres(error)
    }
    if let broken { throw .broken(broken) }
    return committed
  }

  /// What the runtime itself writes, the positions last.
  private func send(
    _ fold: BatchFold<W>, _ committed: Committed, _ cursors: [PartitionCursor], _ writing: inout Writing
  ) throws(PostgresError) {
    if !fold.released.isEmpty {
      try writing.send(SeenEvents.release, touching: fold.released.count) { $0.fingerprints(fold.released) { $0 } }
    }
    if !fold.deadLetters.isEmpty, !Sabotage.skipRefused.isOn {
      try writing.send(DeadLetters.insert, touching: nil) {
        DeadLetters.bind(&$0, positions.worker, fold.deadLetters, batch, cursors)
      }
    }
    let gauges = committed.gauges.filter { $0.value.isChanged }
    if !gauges.isEmpty {
      try writing.send(Intake.upsert, touching: nil) { Intake.bind(&$0, positions.worker, gauges) }
    }
    let advances = committed.advances.values.sorted { $0.partition < $1.partition }
    try writing.send(PositionTable.advance, touching: advances.count) {
      positions.bind(&$0, advances.map { withChecksum($0) })
    }
  }

  /// Only the last record of a partition is ever compared, so only that one is digested.
  private func withChecksum(_ advance: PositionTable.Advance) -> PositionTable.Advance {
    guard
      let entry = batch.entries[range].last(where: {
        $0.offset == advance.last.offset && batch.records[$0.record].topicPartition == advance.partition
      })
    else { return advance }
    var advance = advance
    advance.last = LastRecord(
      offset: entry.offset, time: entry.time, checksum: envelope.checksum(batch.records[entry.record]))
    return advance
  }
}
