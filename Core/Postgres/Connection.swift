internal import CPostgres
internal import Glibc

/// SQL text that was written in the source: there is no way to make one from parts.
public struct Statement: Sendable, ExpressibleByStringLiteral {
  public let sql: StaticString
  public init(stringLiteral sql: StaticString) { self.sql = sql }
  public init(_ sql: StaticString) { self.sql = sql }
  /// The literal's address: the same literal is prepared once a session.
  var key: UnsafeRawPointer { UnsafeRawPointer(sql.utf8Start) }
}

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

/// One session of PostgreSQL, used by one thread. Every wait is bounded by the session's own timeouts and by
/// `tcp_user_timeout`; there are no callbacks and no other threads.
public final class Connection {
  private let handle: OpaquePointer
  private var prepared: [UnsafeRawPointer: String] = [:]
  private var serial = 0

  /// - Parameter conninfo: a libpq connection string or URI; empty lets libpq read `PG…` variables.
  public init(_ conninfo: String, name: String, limits: SessionLimits) throws(PostgresError) {
    let timeout = String(limits.idleInTransaction.milliseconds)
    // In libpq's order: what stands before `dbname` yields to the connection string, what stands after it does not.
    // A peer that vanished is noticed by probes after 10 s of silence, or by unanswered data within `timeout`.
    let settings: [(String, String)] = [
      ("fallback_application_name", name), ("connect_timeout", "10"), ("keepalives_idle", "10"),
      ("keepalives_interval", "3"), ("keepalives_count", "3"), ("dbname", conninfo), ("client_encoding", "UTF8"),
      ("tcp_user_timeout", timeout),
    ].filter { $0.0 != "dbname" || !$0.1.isEmpty }
    handle = try Self.open(settings)
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
    try ready(limits)
  }

  private static func open(_ settings: [(String, String)]) throws(PostgresError) -> OpaquePointer {
    let names = settings.map { strdup($0.0) }
    let values = settings.map { strdup($0.1) }
    defer { for copy in names + values { free(copy) } }
    let opened = PQconnectdbParams(
      names.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 1)
    guard let opened else { throw .lostConnection("out of memory") }
    guard PQstatus(opened) == CONNECTION_OK else {
      let message = Self.message(of: opened)
      PQfinish(opened)
      throw Self.refusedToConnect(message)
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

  private func ready(_ limits: SessionLimits) throws(PostgresError) {
    var arguments = Arguments()
    arguments.text(String(limits.idleInTransaction.milliseconds))
    arguments.text(String(limits.statement.milliseconds))
    arguments.text(String(limits.lock.milliseconds))
    arguments.text(limits.schema)
    arguments.text(limits.role)
    arguments.boolean(limits.parallel)
    do {
      _ = try prepareSession(arguments)
    } catch  where limits.role != "none" && (error.sqlState == "22023" || error.sqlState == "42501") {
      throw PostgresError(
        kind: .setup, sqlState: error.sqlState,
        message: "\(error.message); the role \(limits.role) is made by `millrace migrate` and must be granted to this "
          + "login, or DATABASE_ROLE=none keeps the login's own rights")
    }
  }

  private func prepareSession(_ arguments: borrowing Arguments) throws(PostgresError) -> Rows {
    try rows(
      """
      select set_config('idle_in_transaction_session_timeout', $1, false), set_config('statement_timeout', $2, false),
        set_config('lock_timeout', $3, false), set_config('search_path', quote_ident($4) || ', pg_temp', false),
        set_config('TimeZone', 'UTC', false), set_config('jit', 'off', false), set_config('role', $5, false),
        case when not $6 then set_config('max_parallel_workers_per_gather', '0', false) end
      """, arguments)
  }

  deinit { PQfinish(handle) }

  public var isOpen: Bool { PQstatus(handle) == CONNECTION_OK }

  // MARK: One at a time

  public func rows(_ statement: Statement) throws(PostgresError) -> Rows {
    try rows(statement, Arguments())
  }

  public func rows(_ statement: Statement, _ arguments: borrowing Arguments) throws(PostgresError) -> Rows {
    try enterPipeline()
    try send(statement, arguments)
    try finishSending()
    let result = try receive()
    try leavePipeline()
    return result
  }

  /// Runs a script of many statements, as migrations are, in one simple query.
  public func run(script: String) throws(PostgresError) {
    guard let result = PQexec(handle, script) else { throw lost() }
    defer { PQclear(result) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
    default: throw error(of: result)
    }
  }

  // MARK: Many in one round trip
  //
  // enterPipeline, send…, finishSending, receive for each, leavePipeline. After an error the pipeline has been read to
  // its end and left; a transaction that was open is still open and aborted.

  public func enterPipeline() throws(PostgresError) {
    // Sending must never block: the server would wait for us to read while we wait for it to read.
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw lost() }
  }

  public func send(_ statement: Statement) throws(PostgresError) {
    try send(statement, Arguments())
  }

  public func send(_ statement: Statement, _ arguments: borrowing Arguments) throws(PostgresError) {
    let name: String
    if let known = prepared[statement.key] {
      name = known
      preparing.append(nil)
    } else {
      serial += 1
      name = "s\(serial)"
      let sent = statement.sql.withUTF8Buffer { _ in
        PQsendPrepare(handle, name, statement.sql.pointer, Int32(arguments.count), arguments.types)
      }
      guard sent == 1 else { throw abandon() }
      prepared[statement.key] = name
      preparing.append(statement.key)
    }
    let values = Values(of: arguments)
    let sent = PQsendQueryPrepared(
      handle, name, Int32(arguments.count), values.places, values.lengths, values.formats, 1)
    guard sent == 1 else { throw abandon() }
  }

  /// For `Composition` alone, which holds no value in its text. Not kept: the next may be another.
  func send(composed text: String, _ arguments: borrowing Arguments) throws(PostgresError) {
    preparing.append(nil)
    let values = Values(of: arguments)
    let sent = PQsendQueryParams(
      handle, text, Int32(arguments.count), arguments.types, values.places, values.lengths, values.formats, 1)
    guard sent == 1 else { throw abandon() }
  }

  /// As libpq wants to have them; good for as long as the arguments are.
  private struct Values {
    var places: [UnsafePointer<CChar>?] = []
    var lengths: [Int32] = []
    let formats: [Int32]

    init(of arguments: borrowing Arguments) {
      let base = arguments.buffer.base
      places.reserveCapacity(arguments.count)
      lengths.reserveCapacity(arguments.count)
      for place in arguments.places {
        places.append(place.length < 0 ? nil : UnsafePointer((base + place.start).assumingMemoryBound(to: CChar.self)))
        lengths.append(max(0, place.length))
      }
      formats = [Int32](repeating: 1, count: arguments.count)
    }
  }

  /// Hands PostgreSQL what was sent so far, as far as it takes it now. Does not wait. Only inside a transaction block.
  ///
  /// With a sync, and not by flushing alone: a session that waits in the middle of a pipeline is under none of its
  /// timeouts, so a process that was frozen there would keep its locks for ever.
  public func push() throws(PostgresError) { try sync() }

  private func sync() throws(PostgresError) {
    guard PQpipelineSync(handle) == 1 else { throw abandon() }
    syncs += 1
  }

  /// Ends the sending. `meanwhile` is called again and again while PostgreSQL works, for as long as it answers true;
  /// each call should take well under a millisecond.
  public func finishSending(meanwhile: (() -> Bool)? = nil) throws(PostgresError) {
    try sync()
    try flush(meanwhile)
    guard let whileWaiting else { return }
    while !hasAnswer, whileWaiting() {}
  }

  /// Called again and again while an answer is awaited, for as long as it answers true: what else the thread has to look after.
  /// It may wait itself, for a millisecond or so.
  public var whileWaiting: (() -> Bool)?

  /// The server has said something, or the connection is lost.
  private var hasAnswer: Bool {
    var wait = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, 0) != 0
  }

  /// The next statement's result, in the order of sending.
  public func receive() throws(PostgresError) -> Rows {
    precondition(!preparing.isEmpty, "more results are asked for than statements were sent")
    if let key = preparing.removeFirst() {
      do { _ = try next() } catch {
        prepared[key] = nil
        throw error
      }
    }
    return Rows(try next())
  }

  public func leavePipeline() throws(PostgresError) {
    precondition(preparing.isEmpty, "results are left unread")
    while syncs > 0 {
      guard let result = PQgetResult(handle) else { throw abandon() }
      let status = PQresultStatus(result)
      PQclear(result)
      guard status == PGRES_PIPELINE_SYNC else { throw abandon() }
      syncs -= 1
    }
    guard PQexitPipelineMode(handle) == 1 else { throw abandon() }
    guard PQsetnonblocking(handle, 0) == 0 else { throw lost() }
  }

  /// Reads what is left of the pipeline's answers, whatever they say, and leaves it. For one whose answers do not matter any
  /// more; after an error of the connection's own it has been done already.
  func discardPipeline() {
    guard PQpipelineStatus(handle) != PQ_PIPELINE_OFF else { return }
    drain()
  }

  /// For every statement sent whose answer is due: the key of its text where it is also being prepared.
  private var preparing: [UnsafeRawPointer?] = []
  /// Syncs sent and not yet answered.
  private var syncs = 0

  private func next() throws(PostgresError) -> OpaquePointer {
    guard let result = PQgetResult(handle) else { throw abandon() }
    switch PQresultStatus(result) {
    case PGRES_PIPELINE_SYNC:
      PQclear(result)
      syncs -= 1
      return try next()
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
      // Each statement's results end with a null.
      if let more = PQgetResult(handle) { PQclear(more) }
      return result
    default:
      let failure = error(of: result)
      PQclear(result)
      drain()
      throw failure
    }
  }

  /// Reads what is left up to the end of the pipeline, after an error.
  private func drain() {
    for case let key? in preparing { prepared[key] = nil }
    preparing.removeAll(keepingCapacity: true)
    while PQstatus(handle) == CONNECTION_OK {
      guard let result = PQgetResult(handle) else { continue }
      let status = PQresultStatus(result)
      PQclear(result)
      if status == PGRES_PIPELINE_SYNC { syncs -= 1 }
      if syncs <= 0 { break }
    }
    syncs = 0
    _ = PQexitPipelineMode(handle)
    _ = PQsetnonblocking(handle, 0)
  }

  private func flush(_ meanwhile: (() -> Bool)?) throws(PostgresError) {
    var hasWork = meanwhile != nil
    while true {
      let left = PQflush(handle)
      if left < 0 { throw abandon() }
      if hasWork {
        hasWork = meanwhile?() ?? false
        continue
      }
      if left == 0 { return }
      var wait = pollfd(fd: PQsocket(handle), events: Int16(POLLIN | POLLOUT), revents: 0)
      _ = poll(&wait, 1, 1000)
      if wait.revents & Int16(POLLIN) != 0, PQconsumeInput(handle) == 0 { throw abandon() }
    }
  }

  // MARK: Errors

  /// After a call of libpq's that failed on our side. What was sent before it is still answered, once it is synced.
  private func abandon() -> PostgresError {
    let failure = lost()
    if PQstatus(handle) == CONNECTION_OK, PQpipelineStatus(handle) != PQ_PIPELINE_OFF {
      if PQpipelineSync(handle) == 1 {
        syncs += 1
        drain()
      }
    }
    preparing.removeAll(keepingCapacity: true)
    return failure
  }

  private func lost() -> PostgresError { .lostConnection(Self.message(of: handle)) }

  private func error(of result: OpaquePointer) -> PostgresError {
    guard let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))) else { return lost() }
    let message = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) } ?? ""
    let constraint = PQresultErrorField(result, Int32(UInt8(ascii: "n"))).map { " (\(String(cString: $0)))" } ?? ""
    let code = String(cString: state)
    if code == "42P05" || code == "26000" {
      // Nobody but a pooler puts another server session under ours.
      return PostgresError(
        kind: .setup, sqlState: code,
        message: "\(message); a pooler in transaction mode is between here and PostgreSQL: pool by session instead")
    }
    return PostgresError(sqlState: code, message: message + constraint)
  }

  private static func message(of handle: OpaquePointer) -> String {
    let text = String(cString: PQerrorMessage(handle))
    return text.split(separator: "\n").map { $0.trimmingPrefix(while: { $0 == " " }) }.joined(separator: "; ")
  }
}

extension StaticString {
  /// Literals end with a NUL, so their start is a C string.
  fileprivate var pointer: UnsafePointer<CChar> {
    UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

extension Duration {
  var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
