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
  let batch: Batch<W.Input>
  let range: Range<Int>
  let envelope: EnvelopeReader<W.Input>
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
  ///   - meanwhile: run while PostgreSQL writes.
  func run(
    cursors: [PartitionCursor], applied: [Int64], gauges: [IntakeKey: GarbageGauge], cache: inout W.Cache,
    log: (_ inserted: Int64, _ flushed: Int64) -> Void, meanwhile: (() -> Bool)?
  ) throws(LaneFailure) -> Committed {
    var clock = StepClock()
    let entries = batch.entries[range]
    var expected: [TopicPartition: Int64] = [:]
    for entry in entries { expected[cursors[entry.cursor].partition] = applied[entry.cursor] }
    let seen = try begin(expected, identities(entries), log)
    clock.ended(steps.begin)

    var fold = BatchFold<W>(positions.worker, cursors, garbageShare, gauges, seen: seen)
    let fresh = fold.sort(entries)
    FailPoint.pass(.locked)
    var state = try LaneFailure.postgres { () throws(PostgresError) in
      try W.load(fresh, &cache, Transaction(open: connection))
    }
    let now = try LaneFailure.postgres { () throws(PostgresError) in
      try connection.rows("select clock_timestamp()")[0].timestamp(0)
    }
    FailPoint.pass(.loaded)
    clock.ended(steps.load)
    let committed = try decideAndWrite(&fold, &state, now, cursors, meanwhile)
    clock.ended(steps.write)
    try LaneFailure.postgres { () throws(PostgresError) in _ = try connection.rows("commit") }
    FailPoint.pass(.committed)
    clock.ended(steps.commit)
    return committed
  }

  /// Opens the transaction, locks and compares the positions, and enters the identities. Answers those of them that
  /// were seen before, with the fingerprint of the data they came with.
  private func begin(
    _ expected: [TopicPartition: Int64], _ identities: [SeenEvents.Seen], _ log: (Int64, Int64) -> Void
  ) throws(LaneFailure) -> [Fingerprint: Int64] {
    let (moved, entered) = try LaneFailure.postgres { () throws(PostgresError) in
      var arguments = Arguments()
      positions.bind(&arguments, expected.keys.sorted())
      try connection.enterPipeline()
      try connection.send("begin")
      try connection.send(
        """
        select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
          pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint
        """)
      try connection.send(PositionTable.lock, arguments)
      if !identities.isEmpty {
        arguments.removeAll()
        SeenEvents.bind(&arguments, identities)
        try connection.send(SeenEvents.insert, arguments)
      }
      try connection.finishSending()
      _ = try connection.receive()
      let row = try connection.receive()[0]
      log(row.integer(0), row.integer(1))
      let rows = try connection.receive()
      let entered = identities.isEmpty ? 0 : try connection.receive().affected
      try connection.leavePipeline()
      return (positions.moved(expected, rows), entered)
    }
    FailPoint.pass(.begun)
    guard moved.isEmpty else { throw .moved(moved) }
    guard entered < identities.count else { return [:] }
    return try LaneFailure.postgres { () throws(PostgresError) in try SeenEvents.before(identities, connection) }
  }

  /// Each identity of the stretch once, with the data that came first, in the one order of locks.
  private func identities(_ entries: ArraySlice<BatchEntry<W.Input>>) -> [SeenEvents.Seen] {
    var first: [Fingerprint: Int64] = [:]
    first.reserveCapacity(entries.count)
    for entry in entries {
      guard case .event(_, .outside(let identity, let data)) = entry.outcome, first[identity] == nil else { continue }
      first[identity] = data
    }
    return first.map { SeenEvents.Seen(identity: $0.key, data: $0.value) }.sorted()
  }

  /// Entries that are decided before their rows are sent: PostgreSQL writes them while the next are decided.
  private static var chunk: Int { 500 }

  private func decideAndWrite(
    _ fold: inout BatchFold<W>, _ state: inout W.State, _ now: Timestamp, _ cursors: [PartitionCursor],
    _ meanwhile: (() -> Bool)?
  ) throws(LaneFailure) -> Committed {
    let entries = batch.entries[range]
    let committed: Committed
    do {
      var writing = try Writing(connection)
      var start = entries.startIndex
      while start < entries.endIndex {
        let end = min(start + BatchTransaction.chunk, entries.endIndex)
        let decided = fold.changes.count
        fold.decide(entries[start..<end], &state, now)
        try writing.send(W.writes, of: .changes, state, fold.changes[decided...])
        try writing.push()
        start = end
      }
      FailPoint.pass(.decided)
      try writing.send(W.writes, of: .state, state, fold.changes[...])
      try writing.send(fold.emissions, from: positions.worker)
      committed = fold.committed()
      try send(fold, committed, cursors, &writing)
      try writing.finish(meanwhile: meanwhile)
    } catch {
      throw .postgres(error)
    }
    if let broken = fold.broken { throw .broken(broken) }
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
