internal import Contract
internal import Digest
internal import Kafka
internal import Observe
internal import Postgres
internal import Values

/// A lane of a worker of the shape *decide*: one thread, one consumer, one database session.
///
/// Who is authoritative: the position row in PostgreSQL, for what has taken effect and who may say so. Kafka's group
/// only proposes who should read which partition. What the lane holds in memory is a guess at the row, compared with
/// it under lock in every transaction and read again after every failure.
final class DecideLane<W: Worker>: Lane {
  let settings: WorkerSettings
  let status: LaneStatus
  let stopping: Stopping
  let log: Log
  let metrics: WorkerMetrics
  let positions: PositionTable
  let envelope: EnvelopeReader<W.Input, W.Reading>

  var consumer: Consumer?
  var connection: Connection?
  /// Partitions in hand, by the places that batches refer to.
  var cursors: [PartitionCursor] = []
  var places: [TopicPartition: Int] = [:]
  /// Whether Kafka's positions are still to be compared with the database's.
  var mustCheckRestored = false
  /// What the group gave this lane, whether or not the database says so too.
  var granted: [TopicPartition] = []
  /// So many, an empty one too. Told with each, so that no line about one is held back as a repetition.
  var assignments = 0
  /// When to take what the group gave and another lane's name stands on.
  var takeAgainAt: Duration?
  /// By place, the next offset as the database has it.
  var applied: [Int64] = []
  var gauges: [IntakeKey: GarbageGauge] = [:]
  var lostRuns = LostRuns()
  var flushed = FlushedPositions()
  /// What admission found and cannot settle in the middle of a batch.
  var unsettled: [Unsettled] = []
  /// Set after every failure: what the lane remembers is worth nothing, the rows are read again.
  var needsResync = false
  /// Places whose partition was read to its end since the rows were read.
  var ended: Set<Int> = []

  private var current = Batch<W.Reading>()
  private var upcoming = Batch<W.Reading>()
  var cache: W.Cache
  var backoff = Backoff()
  let number: Int
  var rebuilding = ConsumerRebuilding()
  var nextChores = Monotonic.now

  init(
    _ number: Int, _ settings: WorkerSettings, _ status: LaneStatus, _ stopping: Stopping, _ log: Log,
    _ metrics: WorkerMetrics
  ) {
    self.number = number
    self.settings = settings
    cache = W.Cache(settings.settings)
    self.status = status
    self.stopping = stopping
    self.log = log.lane(number)
    self.metrics = metrics
    let owner = Fingerprint(high: UInt64.random(in: 1 ... .max), low: UInt64.random(in: 1 ... .max))
    positions = PositionTable(worker: W.name, owner: owner)
    envelope = EnvelopeReader(
      worker: W.name, secret: W.secret.map { settings.settings[$0] }, reading: W.reader(settings.settings))
  }

  func run() {
    while !stopping.isRequested {
      status.beat()
      do throws(LaneFailure) { try turn() } catch { recover(from: error) }
    }
    leave()
  }

  private func turn() throws(LaneFailure) {
    let consumer = try opened()
    if connection == nil { connection = try connected() }
    if consumer.rebalance != nil {
      forgetBatches()
      try answerRebalance(consumer)
      needsResync = false
      return
    }
    if needsResync { try resync(consumer) }
    if current.isEmpty {
      // It may hold records of which none was taken; full of them it could not be polled into.
      current.removeAll()
      upcoming.removeAll()
      fill(current, consumer, wait: .milliseconds(100))
    } else {
      // Polling beside PostgreSQL ended when PostgreSQL had answered: take what has come since.
      fill(current, consumer, wait: .zero)
    }
    if let error = rebuilding.takeFatal() { throw .kafka(error) }
    FailPoint.pass(.polled)
    try settle(consumer)
    try chores(consumer)
    guard !current.isEmpty, consumer.rebalance == nil else { return }
    try apply(current, consumer)
    current.isApplied = true
    swap(&current, &upcoming)
  }

  // MARK: Applying

  private func apply(_ batch: Batch<W.Reading>, _ consumer: Consumer) throws(LaneFailure) {
    let isCareful = batch.entries.contains { cursors[$0.cursor].carefulUntil > $0.offset }
    var splitting = Splitting(batch.entries.count, oneByOne: isCareful)
    while let range = splitting.next {
      status.beat()
      do throws(LaneFailure) {
        if isCareful { try noteTrying(batch.entries[range.lowerBound]) }
        try apply(batch, range, consumer)
        splitting.applied()
      } catch {
        guard case .postgres(let failure) = error else { throw error }
        try rollBack()
        cache = W.Cache(settings.settings)
        switch splitting.failed(failure.kind) {
        case .again: metrics.retries.add()
        case .halved: metrics.splits.add()
        case .bury(let index):
          log.warning("an event was refused by the database", ["reason": .text(failure.description)])
          batch.bury(index, Refusal("not-storable", "the database refused it: \(failure.sqlState)"))
        case .giveUp: throw error
        }
      }
    }
  }

  private func apply(_ batch: Batch<W.Reading>, _ range: Range<Int>, _ consumer: Consumer) throws(LaneFailure) {
    guard let connection else { return }
    let began = Monotonic.now
    let transaction = BatchTransaction<W>(
      positions: positions, connection: connection, batch: batch, range: range, envelope: envelope,
      garbageShare: settings.settings[.garbageShare], steps: metrics.steps)
    if let first = batch.entries[range].first, first.time >= 0 {
      metrics.waited.observe(.milliseconds(max(0, WallClock.milliseconds - first.time)))
    }
    let committed = try transaction.run(
      cursors: cursors, applied: applied, gauges: gauges, cache: &cache,
      log: { [self] in flushed.log(insertedTo: $0, flushedTo: $1) },
      // Of the batch before: freeing it takes milliseconds, for which PostgreSQL would wait.
      whenBusy: { [self] in if upcoming.isApplied { upcoming.removeAll() } },
      meanwhile: { [self] in
        guard consumer.rebalance == nil, unsettled.isEmpty else { return false }
        return fill(upcoming, consumer, wait: .zero, slice: 100)
      })
    for (place, advance) in committed.advances {
      applied[place] = advance.next
      cursors[place].relayed = advance.relayed
      cursors[place].accept = advance.accept
      flushed.committed(advance.partition, advance.next)
    }
    gauges = committed.gauges
    wentWell()
    metrics.count(committed.outcomes, committed.deadLetters, range.count, Monotonic.now - began)
    for stop in committed.stopped {
      try self.stop(stop.cursor, stop.rule, stop.detail, consumer)
      // What was polled beyond the stop is not applied.
      throw .moved([cursors[stop.cursor].partition])
    }
  }

  private func noteTrying(_ entry: BatchEntry<W.Reading>) throws(LaneFailure) {
    guard let connection else { return }
    let cursor = cursors[entry.cursor]
    try LaneFailure.postgres { () throws(PostgresError) in
      try positions.note(
        cursor.partition, trying: entry.offset, again: cursor.trying == entry.offset, connection)
    }
    cursors[entry.cursor].trying = entry.offset
  }

  // MARK: Filling

  /// Polls and reads records into `batch`. Answers whether more may be had without waiting.
  @discardableResult
  private func fill(_ batch: Batch<W.Reading>, _ consumer: Consumer, wait: Duration, slice: Int = .max) -> Bool {
    var limit = settings.limit
    if slice < limit.records { limit.records = min(limit.records, batch.records.count + slice) }
    let before = batch.records.count
    let notices = consumer.poll(into: batch.records, upTo: limit, wait: wait)
    while batch.seen < batch.records.count {
      admit(batch.records[batch.seen], at: batch.seen, into: batch, consumer)
      batch.seen += 1
    }
    if batch.records.count > before { status.obstacle("kafka", nil) }
    for notice in notices { heed(notice, consumer) }
    return batch.records.count > before && batch.records.count < settings.limit.records
      && batch.records.bytes < settings.limit.bytes
  }

  private func admit(_ record: Record, at index: Int, into batch: Batch<W.Reading>, _ consumer: Consumer) {
    guard let place = place(of: record) else { return }
    switch cursors[place].admit(record.offset) {
    case .drop: metrics.dropped.add()
    case .take:
      let read = envelope.read(record)
      let isLost = lostRuns.contains(read.relayed)
      batch.append(
        BatchEntry(
          record: index, cursor: place, offset: record.offset, time: record.timestampMilliseconds ?? -1,
          source: read.source, id: read.id, relayed: isLost ? nil : read.relayed,
          outcome: isLost ? .lost : read.outcome))
    case .prove(let last):
      let isSame = last.time == record.timestampMilliseconds ?? -1 && last.checksum == envelope.checksum(record)
      if isSame { cursors[place].proved() } else { unsettled.append(.changed(place)) }
      if !isSame { cursors[place].isStopped = true }
    case .seek: unsettled.append(.seek(place))
    case .confirmGap: unsettled.append(.gap(place, record.offset))
    }
  }

  private func place(of record: Record) -> Int? {
    let partition = record.partition
    for place in cursors.indices where cursors[place].partition.partition == partition { return place }
    return nil
  }

  func forgetBatches() {
    current.removeAll()
    upcoming.removeAll()
    unsettled.removeAll()
  }

  // MARK: Chores

  private func chores(_ consumer: Consumer) throws(LaneFailure) {
    guard Monotonic.now >= nextChores else { return }
    nextChores = Monotonic.now + .seconds(1)
    try leaveSilentGroup(consumer)
    if flushed.isWaiting, current.isEmpty { try readLog() }
    tell(consumer)
    try checkOutbox()
    for cursor in cursors {
      guard let high = consumer.cachedHighWatermark(cursor.partition), let place = places[cursor.partition] else {
        continue
      }
      metrics.lag(cursor.partition, max(0, high - applied[place]))
      // Some brokers say nothing about a position beyond the end. A new leader's end may lag for a moment.
      cursors[place].secondsBeyondEnd = high < applied[place] ? cursors[place].secondsBeyondEnd + 1 : 0
      if cursors[place].secondsBeyondEnd > 2, !cursor.isStopped { unsettled.append(.reachedEnd(place, high)) }
    }
    if cursors.contains(where: \.isStopped) { try resumeWhatMayGoOn(consumer) }
    try takeAgain(consumer)
  }

  /// What cannot be published must be seen, not hidden in a growing table: then no more is taken in.
  private func checkOutbox() throws(LaneFailure) {
    guard let connection, !cursors.isEmpty else { return }
    let sentence = try LaneFailure.postgres { () throws(PostgresError) in try settings.fullOutbox(connection) }
    guard let sentence else { return }
    // Asked again before the next batch, not a second later.
    nextChores = Monotonic.now
    throw .unready(sentence)
  }

  func readLog() throws(LaneFailure) {
    guard let connection else { return }
    let row = try LaneFailure.postgres { () throws(PostgresError) in
      try connection.rows(
        """
        select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
          pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint
        """)[0]
    }
    flushed.log(insertedTo: row.integer(0), flushedTo: row.integer(1))
  }

  func tell(_ consumer: Consumer) {
    do { try consumer.tell(flushed.takeReady()) } catch {
      log.debug("Kafka was not told the positions", ["cause": .text(error.description)])
    }
    FailPoint.pass(.told)
  }

  // MARK: The end

  func giveBack(_ connection: Connection) throws(PostgresError) {
    if try positions.giveBack(cursors, connection) { flushed.flushed() }
  }

  private func leave() {
    forgetBatches()
    if let connection, connection.isOpen {
      do { try giveBack(connection) } catch {
        log.info("positions were not given back", ["cause": .text(error.description)])
      }
    }
    if let consumer {
      tell(consumer)
      _ = consumer.close(within: .seconds(5))
    }
    connection = nil
  }
}

/// Something about a partition that needs Kafka or PostgreSQL to be asked.
enum Unsettled {
  case seek(Int)
  case gap(Int, Int64)
  case changed(Int)
  case reachedEnd(Int, Int64)
  case outOfRange(Int)
}
