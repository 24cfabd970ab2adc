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

/// One session of PostgreSQL, used by one thread. Every wait is bounded by the session's own timeouts and by
/// `tcp_user_timeout`; there are no callbacks and no other threads.
public final class Connection {
  private let handle: OpaquePointer
  private var prepared: [UnsafeRawPointer: String] = [:]
  private var serial = 0
  /// What libpq says of the pipeline cannot be trusted any more; nothing is sent on this connection.
  private var isBroken = false

  /// Connected, and nothing set yet.
  init(_ handle: OpaquePointer) {
    self.handle = handle
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
  }

  deinit { PQfinish(handle) }

  public var isOpen: Bool { !isBroken && PQstatus(handle) == CONNECTION_OK }

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
    guard !isBroken, PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw lost() }
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

  func send(_ asking: Asking) throws(PostgresError) {
    var arguments = Arguments()
    asking.bind(&arguments)
    switch asking.text {
    case .statement(let statement): try send(statement, arguments)
    case .composed(let text): try send(composed: text, arguments)
    }
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
  ///
  /// After each statement's results libpq answers nothing, once. Nothing twice in a row is a pipeline whose end never comes, with a
  /// connection that libpq still calls good: a write failed while the server's last words lay unread (a warning, then the end), or
  /// the server sent two errors in a row (PostgreSQL's bug 17948).
  private func drain() {
    for case let key? in preparing { prepared[key] = nil }
    preparing.removeAll(keepingCapacity: true)
    var saidNothing = false
    while PQstatus(handle) == CONNECTION_OK {
      guard let result = PQgetResult(handle) else {
        isBroken = saidNothing
        if isBroken { break }
        saidNothing = true
        continue
      }
      saidNothing = false
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

  static func message(of handle: OpaquePointer) -> String {
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
