public import Kafka
internal import Observe
public import Postgres
public import Settings

extension Setting<Int> {
  public static var lanes: Setting {
    Setting("LANES", .integer(1...64), default: 1, "lanes, each one thread with one consumer and one database session")
  }
  static var batchEvents: Setting {
    Setting("BATCH_EVENTS", .integer(1...100_000), default: 2_000, "events that one transaction takes at most")
  }
  static var batchBytes: Setting {
    Setting("BATCH_BYTES", .byteSize(1024...1 << 28), default: 1 << 20, "bytes that one transaction takes at most")
  }
  static var garbageShare: Setting {
    Setting(
      "GARBAGE_PERCENT", .integer(1...100), default: 50,
      "share of refused events, of at least 500 from one source, at which a partition is stopped")
  }
  static var httpPort: Setting {
    Setting("HTTP_PORT", .port, default: 0, "port of /live, /ready and /metrics; 0 takes a free one and logs it")
  }
}

extension Setting<String> {
  static var httpAddress: Setting { Setting("HTTP_ADDRESS", .text, default: "127.0.0.1", "address of the same") }
  public static var databaseSchema: Setting {
    Setting("DATABASE_SCHEMA", .text, default: "millrace", "schema that holds the tables")
  }
  static var databaseRole: Setting {
    Setting(
      "DATABASE_ROLE", .text, default: "",
      "role to act as; empty takes millrace_ and the worker's name, none stays with the login's own rights")
  }
}

extension Setting<Duration> {
  static var shutdown: Setting {
    Setting("SHUTDOWN_WITHIN", .duration(.seconds(1)...(.seconds(600))), default: .seconds(20), "bound on an orderly end")
  }
  static var databasePatience: Setting {
    Setting(
      "DATABASE_PATIENCE", .duration(.milliseconds(500)...(.seconds(300))), default: .seconds(8),
      "bound on a statement, a lock and an idle transaction; has to lie below the group's session timeout")
  }
  static var watchdog: Setting {
    Setting(
      "WATCHDOG_AFTER", .duration(.seconds(5)...(.seconds(3600))), default: .seconds(120),
      "a lane that does not come round for so long ends the process")
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
  let worker: String

  /// What lanes of the shape *decide* are set by.
  static let work = SettingGroup("Work", Setting.lanes, Setting.batchEvents, Setting.batchBytes, Setting.garbageShare)

  static let common: [SettingGroup] = [
    SettingGroup("Kafka", Setting.kafka),
    SettingGroup(
      "PostgreSQL", Setting.postgres, Setting.databaseSchema, Setting.databaseRole, Setting.databasePatience),
    SettingGroup(
      "Process", Setting.httpAddress, Setting.httpPort, Setting.logLevel, Setting.logFormat, Setting.shutdown,
      Setting.watchdog),
  ]

  init(_ worker: String, _ groups: [SettingGroup], reading environment: Environment) throws(SettingsError) {
    self.worker = worker
    settings = try Settings(reading: environment, declared: groups)
  }

  var bounds: ConsumerBounds {
    ConsumerBounds(batchRecords: settings[.batchEvents], batchBytes: settings[.batchBytes])
  }

  var limit: PollLimit {
    PollLimit(records: settings[.batchEvents], bytes: settings[.batchBytes], time: .milliseconds(200))
  }

  var sessionLimits: SessionLimits {
    let patience = settings[.databasePatience]
    return SessionLimits(
      idleInTransaction: patience, statement: patience, lock: patience, schema: settings[.databaseSchema])
  }

  /// nil stays with the login's own rights.
  var role: String? {
    switch settings[.databaseRole] {
    case "none": nil
    case "": "millrace_" + worker.map { $0 == "-" ? "_" : String($0) }.joined()
    case let role: role
    }
  }

  public func kafka() throws(KafkaError) -> Kafka.KafkaProperties {
    try Kafka.KafkaProperties(settings[.kafka].values)
  }

  /// A session that commits without waiting for the disk where `durable` is false.
  public func connect(_ name: String, durable: Bool) throws(PostgresError) -> Connection {
    let connection = try Connection(settings[.postgres].conninfo, name: name, limits: sessionLimits)
    _ = try connection.rows("select set_config('synchronous_commit', case when $1 then 'on' else 'off' end, false)") {
      $0.boolean(durable)
    }
    if let role {
      _ = try connection.rows("select set_config('role', $1, false)") { $0.text(role) }
    }
    return connection
  }
}
