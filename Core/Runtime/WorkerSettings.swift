public import Kafka
internal import Migrations
internal import Observe
public import Postgres
public import Settings

extension Setting<Int> {
  public static var lanes: Setting {
    Setting("LANES", .integer(1...64), default: 1, "lanes, each one thread with one consumer and one database session")
  }
  static var batchBytes: Setting {
    Setting("BATCH_BYTES", .byteSize(1024...1 << 28), default: 1 << 20, "bytes that one transaction takes at most")
  }
  static var garbageShare: Setting {
    Setting(
      "GARBAGE_PERCENT", .integer(1...100), default: 50,
      "share of refused events, of at least 500 from one source, at which a partition is stopped")
  }
  static var outboxLargest: Setting {
    Setting(
      "OUTBOX_LARGEST", .byteSize(1 << 20...1 << 50), default: 1 << 30,
      "bytes of unpublished events at which no more are taken in")
  }
  static var httpPort: Setting {
    Setting("HTTP_PORT", .port, default: 0, "port of /live, /ready and /metrics; 0 takes a free one and logs it")
  }
}

extension Setting<Int?> {
  static var batchEvents: Setting {
    Setting(
      "BATCH_EVENTS", .optional(.integer(1...100_000)), default: nil,
      "events that one transaction takes at most; by default 1500, and 750 with more than two lanes, of which each holds "
        + "two transactions' events in memory")
  }
}

extension Setting<String> {
  static var httpAddress: Setting { Setting("HTTP_ADDRESS", .text, default: "127.0.0.1", "address of the same") }
}

extension Setting<Duration> {
  static var shutdown: Setting {
    Setting(
      "SHUTDOWN_WITHIN", .duration(.seconds(1)...(.seconds(600))), default: .seconds(20), "bound on an orderly end")
  }
  static var outboxOldest: Setting {
    Setting(
      "OUTBOX_OLDEST", .duration(.seconds(1)...(.seconds(86_400))), default: .seconds(900),
      "age of the oldest unpublished event at which no more are taken in")
  }
  static var hearWithin: Setting {
    Setting(
      "HEAR_WITHIN", .duration(.seconds(1)...(.seconds(7 * 86_400))), default: .seconds(4 * 3600),
      "how long a topic that cannot be read may hold up what depends on all that was said")
  }
  static var watchdog: Setting {
    Setting(
      "WATCHDOG_AFTER", .duration(.seconds(5)...(.seconds(3600))), default: .seconds(120),
      "a lane that does not come round for so long ends the process")
  }
}

extension Setting<Duration?> {
  static var databasePatience: Setting {
    Setting(
      "DATABASE_PATIENCE", .optional(.duration(.milliseconds(500)...(.seconds(300)))), default: nil,
      "bound on a statement, a lock and an idle transaction; by default two thirds of the consumer group's session "
        + "timeout, 10 s at most; has to lie below that timeout")
  }
}

extension Setting<LogLevel> {
  static var logLevel: Setting { Setting("LOG_LEVEL", .choice, default: .info, "what is logged") }
}

extension Setting<LogFormat> {
  static var logFormat: Setting {
    Setting("LOG_FORMAT", .choice, default: .automatic, "JSON lines or text; automatic writes text to a terminal")
  }
}

/// What every worker process reads from its environment, checked before anything starts.
public struct WorkerSettings: Sendable {
  public let settings: Settings
  public let worker: String
  let patience: Duration

  /// What lanes of the shape *decide* are set by.
  static let work = SettingGroup(
    "Work", Setting.lanes, Setting.batchEvents, Setting.batchBytes, Setting.garbageShare,
    Setting.outboxOldest, Setting.outboxLargest)

  /// What sweeps without lanes of the shape *decide* are set by.
  static let outbox = SettingGroup("Work", Setting.outboxOldest, Setting.outboxLargest)

  /// What lanes of an awaiting sweep are set by.
  static let hearing = SettingGroup("Hearing", Setting.hearWithin)

  static func common(_ worker: String) -> [SettingGroup] {
    [
      SettingGroup("Kafka", Setting.kafka),
      SettingGroup(
        "PostgreSQL", Setting.postgres, Setting.databaseSchema, Setting.databaseRole(default: role(of: worker)),
        Setting.databasePatience),
      SettingGroup(
        "Process", Setting.httpAddress, Setting.httpPort, Setting.logLevel, Setting.logFormat, Setting.shutdown,
        Setting.watchdog),
    ]
  }

  private static func role(of worker: String) -> String {
    "millrace_" + String(worker.map { $0 == "-" ? "_" : $0 })
  }

  init(_ worker: String, _ own: [SettingGroup], reading environment: Environment) throws(SettingsError) {
    self.worker = worker
    settings = try Settings(reading: environment, declared: own + WorkerSettings.common(worker))
    let session = WorkerSettings.sessionTimeout(settings)
    patience = settings[.databasePatience] ?? min(.seconds(10), session * 2 / 3)
    guard patience < session else {
      throw SettingsError(sentences: [
        "DATABASE_PATIENCE is \(patience), but must lie below the consumer group's session timeout "
          + "(KAFKA_SESSION_TIMEOUT_MS, \(session)): a frozen lane would hold its locks against its heir."
      ])
    }
    do { _ = try kafka() } catch { throw SettingsError(sentences: ["\(error)"]) }
  }

  /// librdkafka's default is 45 s.
  private static func sessionTimeout(_ settings: Settings) -> Duration {
    .milliseconds(settings[.kafka].values["session.timeout.ms"].flatMap { Int($0) } ?? 45_000)
  }

  /// Larger batches cost less processor time an event; where many lanes work that is not what they wait for.
  var batchEvents: Int { settings[.batchEvents] ?? (settings[.lanes] > 2 ? 750 : 1_500) }

  var bounds: ConsumerBounds {
    ConsumerBounds(batchRecords: batchEvents, batchBytes: settings[.batchBytes])
  }

  var limit: PollLimit {
    PollLimit(records: batchEvents, bytes: settings[.batchBytes], time: .milliseconds(200))
  }

  var sessionLimits: SessionLimits {
    // The lock's bound comes first, so that the error names what is waited for.
    SessionLimits(
      idleInTransaction: patience, statement: patience, lock: patience * 3 / 4, schema: settings[.databaseSchema],
      role: settings[.databaseRole(default: WorkerSettings.role(of: worker))], parallel: false)
  }

  /// Why no more may be emitted, because what is there does not leave; nil when it does.
  public func fullOutbox(_ connection: Connection) throws(PostgresError) -> String? {
    try OutboxRow.obstacle(oldest: settings[.outboxOldest], largest: settings[.outboxLargest], connection)
  }

  public func kafka() throws(KafkaError) -> Kafka.KafkaProperties {
    try Kafka.KafkaProperties(settings[.kafka].values)
  }

  /// For a member of a group. Lanes of one process must not fence one another: each is a static member of its own.
  func kafka(lane: Int) throws(KafkaError) -> Kafka.KafkaProperties {
    var values = settings[.kafka].values
    if let instance = values["group.instance.id"] { values["group.instance.id"] = "\(instance)-\(lane)" }
    return try Kafka.KafkaProperties(values)
  }

  /// A session that commits without waiting for the disk where `durable` is false.
  public func connect(_ name: String, durable: Bool) throws(PostgresError) -> Connection {
    try connect(name, durable: durable, limits: nil)
  }

  /// A session with the login's own rights.
  func connectAsLogin(_ name: String) throws(PostgresError) -> Connection {
    var limits = sessionLimits
    limits.role = "none"
    return try connect(name, durable: false, limits: limits)
  }

  private func connect(_ name: String, durable: Bool, limits: SessionLimits?) throws(PostgresError) -> Connection {
    let connection = try Connection(settings[.postgres].conninfo, name: name, limits: limits ?? sessionLimits)
    // Workers look up by key only. A plan that was made while a table was empty must not scan it once it is full: plans
    // of prepared statements live as long as the session.
    _ = try connection.rows(
      """
      select set_config('synchronous_commit', case when $1 then 'on' else 'off' end, false),
        set_config('enable_seqscan', 'off', false)
      """
    ) { $0.boolean(durable) }
    return connection
  }

  /// Why a worker cannot work on this database, as one sentence; nil when it can.
  public func obstacle(_ connection: Connection) throws(PostgresError) -> String? {
    do throws(MigrationError) { try Migrations.check(connection) } catch {
      if case .postgres(let error) = error { throw error }
      return error.description
    }
    let other = try connect("\(worker) start", durable: false)
    guard try connection.keepsItsSession(beside: other) else {
      return "a pooler in transaction mode is between here and PostgreSQL: pool by session instead"
    }
    return try RestoredDatabase.obstacle(connection)
  }
}
