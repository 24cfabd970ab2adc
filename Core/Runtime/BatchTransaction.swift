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

  /// What the commit changed, for the lane to take over.
  struct Committed {
    var advances: [Int: PositionTable.Advance] = [:]
    var gauges: [IntakeKey: GarbageGauge] = [:]
    var outcomes: [String: Int] = [:]
    var deadLetters: [String: Int] = [:]
    var stopped: [(cursor: Int, rule: StopRule, detail: String)] = []
    var emitted = 0
  }

  /// - Parameters:
  ///   - applied: by place in `cursors`, the next offset as the database has it.
  ///   - log: told how far the write-ahead log was inserted and flushed when the transaction began.
  ///   - meanwhile: run while PostgreSQL writes.
  func run(
    cursors: [PartitionCursor], applied: [Int64], gauges: [IntakeKey: GarbageGauge], cache: inout W.Cache,
    log: (_ inserted: Int64, _ flushed: Int64) -> Void, meanwhile: (() -> Bool)?
  ) throws(LaneFailure) -> Committed {
    let entries = batch.entries[range]
    var expected: [TopicPartition: Int64] = [:]
    for entry in entries { expected[cursors[entry.cursor].partition] = applied[entry.cursor] }
    let seen = try begin(expected, identities(entries), log)

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
    try fold.decide(entries, &state, now)
    FailPoint.pass(.decided)
    try write(fold, state, cursors, meanwhile)
    try LaneFailure.postgres { () throws(PostgresError) in _ = try connection.rows("commit") }
    FailPoint.pass(.committed)
    return fold.committed
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

  /// Everything that is written goes in one round trip; its row counts are read before the commit is sent.
  private func write(
    _ fold: BatchFold<W>, _ state: W.State, _ cursors: [PartitionCursor], _ meanwhile: (() -> Bool)?
  ) throws(LaneFailure) {
    let advances = fold.committed.advances.values.sorted { $0.partition < $1.partition }
    let counts = try LaneFailure.postgres { () throws(PostgresError) -> [RowCount] in
      var counts: [RowCount] = []
      var arguments = Arguments()
      try connection.enterPipeline()
      for write in W.writes {
        arguments.removeAll()
        let rows = write.bind(state, fold.changes, &arguments)
        guard rows > 0 else { continue }
        try connection.send(write.statement, arguments)
        counts.append(RowCount(expected: write.touchesEach ? rows : nil))
      }
      if !fold.released.isEmpty {
        arguments.removeAll()
        arguments.fingerprints(fold.released) { $0 }
        try connection.send(SeenEvents.release, arguments)
        counts.append(RowCount(expected: fold.released.count))
      }
      for row in OutboxRow.rows(fold.emissions, source: positions.worker) {
        arguments.removeAll()
        row.bind(&arguments)
        try connection.send(OutboxRow.insert, arguments)
        counts.append(RowCount(expected: 1))
      }
      let scheduled = fold.emissions.filter { $0.emission.schedule != nil }
      if !scheduled.isEmpty {
        arguments.removeAll()
        ScheduledEvents.bind(&arguments, scheduled, source: positions.worker)
        try connection.send(ScheduledEvents.insert, arguments)
        counts.append(RowCount(expected: nil))
      }
      if !fold.deadLetters.isEmpty, !Sabotage.skipRefused.isOn {
        arguments.removeAll()
        DeadLetters.bind(&arguments, positions.worker, fold.deadLetters, batch, cursors)
        try connection.send(DeadLetters.insert, arguments)
        counts.append(RowCount(expected: nil))
      }
      let gauges = fold.committed.gauges.filter { $0.value.isChanged }
      if !gauges.isEmpty {
        arguments.removeAll()
        Intake.bind(&arguments, positions.worker, gauges)
        try connection.send(Intake.upsert, arguments)
        counts.append(RowCount(expected: nil))
      }
      arguments.removeAll()
      positions.bind(&arguments, advances.map { withChecksum($0) })
      try connection.send(PositionTable.advance, arguments)
      counts.append(RowCount(expected: advances.count))
      try connection.finishSending(meanwhile: meanwhile)
      FailPoint.pass(.written)
      for index in counts.indices { counts[index].found = try connection.receive().affected }
      try connection.leavePipeline()
      return counts
    }
    FailPoint.pass(.advanced)
    guard counts.allSatisfy(\.isRight) else { throw .postgres(.changedMeanwhile) }
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

private struct RowCount {
  /// nil where any number is right.
  let expected: Int?
  var found = 0

  var isRight: Bool { expected.map { $0 == found } ?? true }
}
