internal import Digest
internal import Kafka
internal import Observe
internal import Postgres
internal import Runtime

/// The relay's one thread: stands by, takes over, publishes run after run, and steps down at the first doubt.
///
/// Whatever goes wrong (the session, the producer, the lease), everything is dropped and begun anew with a new epoch:
/// the run that was under way is in the database and goes out again with the same pairs.
final class RelayLane: Lane {
  private let options: RelayOptions
  private let kafka: KafkaProperties
  private let connect: () throws(PostgresError) -> Connection
  /// Why a session is of no use, in a sentence.
  private let check: (Connection) throws(PostgresError) -> String?
  private let status: LaneStatus
  private let stopping: Stopping
  private let log: Log
  private let metrics: RelayMetrics
  /// This relay, unlike every other one that ever was.
  private let holder = Fingerprint(high: UInt64.random(in: 1 ... .max), low: UInt64.random(in: 1 ... .max))

  private var connection: Connection?
  private var active: Active?
  private var backoff = Backoff()
  private var pace = Pace()
  private var pruning: Pruning
  private var wasStandingBy = false

  /// Everything that being the active relay takes.
  private struct Active {
    let leadership: Leadership
    let producer: Producer
    let runs: OutboxRuns
    let due: DueEvents
    let publisher: RunPublisher
    /// Whether `outbox_run` may hold what an earlier relay left.
    var mayBeLeft = true
    var nextDue: Duration = .zero
    var nextLook: Duration = .zero
  }

  init(
    _ options: RelayOptions, kafka: KafkaProperties, connect: @escaping () throws(PostgresError) -> Connection,
    check: @escaping (Connection) throws(PostgresError) -> String?, _ status: LaneStatus, _ stopping: Stopping,
    _ log: Log, _ metrics: RelayMetrics
  ) {
    self.options = options
    self.kafka = kafka
    self.connect = connect
    self.check = check
    self.status = status
    self.stopping = stopping
    self.log = log
    self.metrics = metrics
    pruning = Pruning(options)
  }

  func run() {
    while !stopping.isRequested {
      status.beat()
      do throws(RelayFailure) {
        _ = stopping.wait(try turn())
        backoff.succeeded()
      } catch {
        recover(from: error)
      }
    }
    stepDown()
    connection = nil
  }

  /// Answers how long to rest.
  func turn() throws(RelayFailure) -> Duration {
    let connection = try opened()
    if active == nil {
      guard let leadership = try Leadership(connection, holder: holder, lease: options.lease) else {
        return try standBy(connection)
      }
      active = try elected(leadership)
    }
    try chores()
    guard let active, var run = try next(active) else { return pace.foundNothing() }
    while true {
      let began = BootClock.now
      try active.publisher.publish(run)
      var clock = StepClock()
      let following = try active.runs.end(run)
      clock.ended(metrics.steps.end)
      metrics.published(run, in: BootClock.now - began)
      warnOfRefused(run)
      guard let following else { return pace.foundSome() }
      run = following
      try chores()
    }
  }

  /// What an earlier relay left under way comes first, as it was.
  private func next(_ active: Active) throws(RelayFailure) -> Run? {
    if active.mayBeLeft {
      if let left = try active.runs.leftByCrash() {
        log.info("sends a run again", ["run": .integer(left.number), "events": .integer(left.count)])
        return left
      }
      self.active?.mayBeLeft = false
    }
    var clock = StepClock()
    let run = try active.runs.begin()
    if run != nil { clock.ended(metrics.steps.begin) }
    return run
  }

  private func opened() throws(RelayFailure) -> Connection {
    if let connection { return connection }
    let (opened, obstacle) = try RelayFailure.postgres { () throws(PostgresError) in
      let opened = try connect()
      // The outbox is empty at one moment and full at the next: a plan that was made for an empty table must not scan
      // it.
      try opened.run(script: "set enable_seqscan = off; set synchronous_commit = on")
      return (opened, try check(opened))
    }
    if let obstacle { throw .unfit(obstacle) }
    connection = opened
    return opened
  }

  // MARK: Who is the active one

  private func standBy(_ connection: Connection) throws(RelayFailure) -> Duration {
    if !wasStandingBy { log.info("stands by: another relay is the active one") }
    wasStandingBy = true
    metrics.leader.set(0)
    isReady()
    return LeaseClock.rest(whileOthersHaveIt: try Leadership.remaining(connection))
  }

  /// From here on no older relay gets anything into Kafka or out of the tables.
  private func elected(_ leadership: Leadership) throws(RelayFailure) -> Active {
    FailPoint.pass(.relayElected)
    do throws(RelayFailure) {
      try compareWithKafka(leadership.connection)
      let producer = try producer(leadership.connection)
      let publisher = RunPublisher(producer, leadership, options, status, stopping, log, metrics)
      try publisher.takeOver()
      log.info("is the active relay", ["epoch": .integer(leadership.epoch)])
      metrics.leader.set(1)
      metrics.epoch.set(leadership.epoch)
      wasStandingBy = false
      isReady()
      return Active(
        leadership: leadership, producer: producer, runs: OutboxRuns(leadership: leadership, options: options),
        due: DueEvents(leadership: leadership, most: options.dueEvents), publisher: publisher)
    } catch {
      giveUp(leadership)
      throw error
    }
  }

  /// A database that looks like itself may still be an older one: then Kafka's groups know more than it does, and what
  /// this relay would publish bears numbers that were published before.
  private func compareWithKafka(_ connection: Connection) throws(RelayFailure) {
    let known = try RelayFailure.postgres { () throws(PostgresError) in try RestoredDatabase.known(connection) }
    guard !known.isEmpty else { return }
    let admin: Admin
    do throws(KafkaError) { admin = try Admin(properties: kafka) } catch { throw .kafka(error) }
    defer { admin.close(within: .seconds(1)) }
    for (worker, positions) in Dictionary(grouping: known, by: \.worker).sorted(by: { $0.key < $1.key }) {
      status.beat()
      let told: [TopicPartition: Int64]
      do throws(KafkaError) {
        told = try admin.committed(by: worker, positions.map(\.partition), within: .seconds(3))
      } catch {
        // Some libraries cannot read some brokers' answers: that alone is passed over.
        guard !error.isTransient else { throw .kafka(error) }
        log.warning("a group's positions could not be read", ["cause": .text(error.description)])
        continue
      }
      // Read again: a worker may have gone on, and told Kafka, since they were read.
      let now = try RelayFailure.postgres { () throws(PostgresError) in try RestoredDatabase.known(connection) }
      guard let older = now.first(where: { $0.worker == worker && told[$0.partition] ?? 0 > $0.highest }) else {
        continue
      }
      let position = told[older.partition] ?? 0
      let finding = RestoredDatabase.finding(worker, older.partition, told: position, highest: older.highest)
      let obstacle = try RelayFailure.postgres { () throws(PostgresError) in
        try RestoredDatabase.suspect(finding, worker, older.partition, told: position, connection)
        return try RestoredDatabase.obstacle(connection)
      }
      throw .unfit(obstacle ?? finding)
    }
  }

  private func isReady() {
    for cause in ["start", "failure", "kafka", "topic"] { status.obstacle(cause, nil) }
  }

  /// All relays of one database, and no others, share the transactional id.
  private func producer(_ connection: Connection) throws(RelayFailure) -> Producer {
    let id = try RelayFailure.postgres { () throws(PostgresError) in
      try connection.rows(
        """
        select format('millrace-relay.%s.%s.%s', current_schema(), system_identifier, oid)
        from pg_control_system(), pg_database where datname = current_database()
        """)[0].text(0)
    }
    do throws(KafkaError) {
      var properties = kafka
      // A topic that the broker makes by itself has the wrong partitions. One that is missing is known as such sooner.
      try properties.setDefault("allow.auto.create.topics", to: "false")
      try properties.setDefault("topic.metadata.propagation.max.ms", to: "3000")
      // An open transaction holds up those who read committed events: with every relay gone, for so long.
      try properties.setDefault("transaction.timeout.ms", to: "15000")
      // Each record with its headers takes a good kilobyte while it waits.
      try properties.setDefault("queue.buffering.max.messages", to: "5000")
      try properties.setDefault("queue.buffering.max.kbytes", to: "8192")
      return try Producer(properties: properties, transactionalID: id) { [log] level, facility, text in
        let fields: KeyValuePairs<String, LogValue> = ["facility": .text(facility), "text": .text(text)]
        if level <= 4 { log.warning("librdkafka", fields) } else { log.debug("librdkafka", fields) }
      }
    } catch {
      throw .kafka(error)
    }
  }

  private func giveUp(_ leadership: Leadership) {
    guard leadership.connection.isOpen else { return }
    do throws(RelayFailure) { try leadership.giveUp() } catch {
      log.info("the lease was not given back; it runs out by itself", ["cause": .text(error.description)])
    }
  }

  private func stepDown() {
    guard let active else { return }
    self.active = nil
    metrics.leader.set(0)
    metrics.forgetOutbox()
    giveUp(active.leadership)
    if !active.producer.close(within: .seconds(2)) { log.info("the producer did not close in time") }
  }

  private func recover(from failure: RelayFailure) {
    if case .stopping = failure { return }
    if case .deposed = failure {
      log.warning("is no longer the active relay")
    } else {
      log.warning(
        active == nil ? "cannot be the active relay; trying again" : "steps down; it or another relay goes on",
        ["cause": .text(failure.description)])
    }
    status.obstacle("start", nil)
    status.obstacle("failure", failure.isPassing ? "waits: \(failure)" : "stopped: \(failure)")
    stepDown()
    connection = nil
    _ = stopping.wait(failure.isPassing ? backoff.failed() : .seconds(5))
  }

  // MARK: Chores

  private func chores() throws(RelayFailure) {
    status.beat()
    guard let active else { return }
    try active.leadership.keep()
    let now = BootClock.now
    if now >= active.nextDue {
      let moved = try active.due.move()
      metrics.scheduled.add(moved)
      self.active?.nextDue = moved == options.dueEvents ? now : now + .milliseconds(200)
    }
    if now >= active.nextLook {
      metrics.outbox(try look(active.leadership.connection))
      // A large backlog takes long to count: a twentieth of the time at most goes into it.
      self.active?.nextLook = now + max(.seconds(2), (BootClock.now - now) * 20)
    }
    try pruning.step(now, active.leadership, metrics)
  }

  private func look(_ connection: Connection) throws(RelayFailure) -> OutboxState {
    let row = try RelayFailure.postgres { () throws(PostgresError) in
      try connection.rows(
        """
        select rows, events, bytes, age_seconds,
          (select count(*) from (select from scheduled_event where due_at <= clock_timestamp() limit 100000) due)
        from outbox_state
        """)[0]
    }
    return OutboxState(
      rows: row.integer(0), events: row.integer(1), bytes: row.integer(2), ageSeconds: row.double(3),
      overdue: row.integer(4))
  }

  private func warnOfRefused(_ run: Run) {
    for (index, reason) in run.refused.sorted(by: { $0.key < $1.key }).prefix(10) {
      log.error(
        "the broker refuses an event for good; to settle it: millrace outbox refused list",
        [
          "topic": .text(run.row(of: index)?.topic ?? ""), "run": .integer(run.number), "index": .integer(index),
          "cause": .text(reason),
        ])
    }
  }
}
