internal import CPostgres
internal import Glibc

/// How long a session may hold others up. All lie below the consumer group's session timeout, so that a frozen lane
/// cannot hold its locks against the lane that has its partitions now.
public struct SessionLimits: Sendable {
  public var idleInTransaction: Duration
  public var statement: Duration
  public var lock: Duration
  /// The schema that holds every table of ours.
  public var schema: String
  /// The role that the session takes on, so that it has a worker's rights and no more; `none` keeps the login's own.
  public var role: String
  /// Whether PostgreSQL may use more processes than the session's own for a statement. For reports; the statements of a lane
  /// are over before another process has begun.
  public var parallel: Bool

  public init(
    idleInTransaction: Duration, statement: Duration, lock: Duration, schema: String = "millrace",
    role: String = "none", parallel: Bool = true
  ) {
    self.idleInTransaction = idleInTransaction
    self.statement = statement
    self.lock = lock
    self.schema = schema
    self.role = role
    self.parallel = parallel
  }
}

extension Connection {
  /// - Parameter conninfo: a libpq connection string or URI; empty lets libpq read `PG…` variables.
  public convenience init(_ conninfo: String, name: String, limits: SessionLimits) throws(PostgresError) {
    self.init(try Self.connected(conninfo, name, limits))
    try ready(limits, asking: nil)
  }

  /// Opens a session that is asked something in the round trip that sets it up.
  public static func open<Answer>(
    _ conninfo: String, name: String, limits: SessionLimits, asking question: Question<Answer>
  ) throws(PostgresError) -> (session: Connection, answer: Answer) {
    let session = Connection(try connected(conninfo, name, limits))
    let rows = try session.ready(limits, asking: question.asking)
    return (session, try question.read(rows))
  }

  private static func connected(
    _ conninfo: String, _ name: String, _ limits: SessionLimits
  ) throws(PostgresError) -> OpaquePointer {
    let timeout = String(limits.idleInTransaction.milliseconds)
    // In libpq's order: what stands before `dbname` yields to the connection string, what stands after it does not.
    // A peer that vanished is noticed by probes after 10 s of silence, or by unanswered data within `timeout`.
    let settings: [(String, String)] = [
      ("fallback_application_name", name), ("connect_timeout", "10"), ("keepalives_idle", "10"),
      ("keepalives_interval", "3"), ("keepalives_count", "3"), ("dbname", conninfo), ("client_encoding", "UTF8"),
      ("tcp_user_timeout", timeout),
    ].filter { $0.0 != "dbname" || !$0.1.isEmpty }
    let names = settings.map { strdup($0.0) }
    let values = settings.map { strdup($0.1) }
    defer { for copy in names + values { free(copy) } }
    let opened = PQconnectdbParams(
      names.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    guard let opened else { throw .lostConnection("out of memory") }
    guard PQstatus(opened) == CONNECTION_OK else {
      let message = message(of: opened)
      PQfinish(opened)
      throw refusedToConnect(message)
    }
    return opened
  }

  /// libpq gives no SQLSTATE for a connection that was refused; a wrong password or database will not pass by itself.
  private static func refusedToConnect(_ message: String) -> PostgresError {
    if message.contains("authentication failed") || message.contains("no password supplied") {
      return PostgresError(sqlState: "28P01", message: message)
    }
    if message.contains("no pg_hba.conf entry") { return PostgresError(sqlState: "28000", message: message) }
    if message.contains("does not exist") { return PostgresError(sqlState: "3D000", message: message) }
    return .lostConnection(message)
  }

  /// What is asked is asked by a session that is set up already: the server does one after the other.
  @discardableResult
  private func ready(_ limits: SessionLimits, asking: Asking?) throws(PostgresError) -> Rows? {
    try enterPipeline()
    try send(Self.setup(limits))
    if let asking { try send(asking) }
    try finishSending()
    do { _ = try receive() } catch
      where limits.role != "none" && (error.sqlState == "22023" || error.sqlState == "42501")
    {
      throw PostgresError(
        kind: .setup, sqlState: error.sqlState,
        message: "\(error.message); the role \(limits.role) is made by `millrace migrate` and must be granted to this "
          + "login, or DATABASE_ROLE=none keeps the login's own rights")
    }
    let answer = asking == nil ? nil : try receive()
    try leavePipeline()
    return answer
  }

  private static func setup(_ limits: SessionLimits) -> Asking {
    Asking(
      .statement(
        """
        select set_config('idle_in_transaction_session_timeout', $1, false), set_config('statement_timeout', $2, false),
          set_config('lock_timeout', $3, false), set_config('search_path', quote_ident($4) || ', pg_temp', false),
          set_config('TimeZone', 'UTC', false), set_config('jit', 'off', false), set_config('role', $5, false),
          case when not $6 then set_config('max_parallel_workers_per_gather', '0', false) end
        """)
    ) {
      $0.text(String(limits.idleInTransaction.milliseconds))
      $0.text(String(limits.statement.milliseconds))
      $0.text(String(limits.lock.milliseconds))
      $0.text(limits.schema)
      $0.text(limits.role)
      $0.boolean(limits.parallel)
    }
  }
}
