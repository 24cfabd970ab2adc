internal import JSON
internal import Postgres
internal import Values

/// What the telephone system knows of the firm: who its agents are, and whose team answers which queue.
extension Firm {
  struct Agent: Equatable {
    /// The telephone system's: a login, an extension, a device.
    var code: String
    var person: String
  }

  struct Queue: Equatable {
    var code: String
    var branch: String
    /// Seconds, of the service level.
    var answerWithin: Int64 = 20
    /// Seconds: whoever gives up sooner did not wait.
    var short: Int64 = 5
    /// Minutes of working time; nil is the firm's.
    var callBack: Int64?
  }
}

extension Firm.Agent: FirmRow {
  static let kind = "agent"
  var key: String { code }
  var facts: [(name: String, value: String)] { [("person", person)] }

  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers("code", "person")
    self.init(code: try row.text("code", 1...60), person: try row.text("person", 1...60))
  }

  static func read(_ session: Connection) throws(PostgresError) -> [Firm.Agent] {
    try session.rows("select a.code, p.code from agent a join person p on p.id = a.person_id order by 1").map {
      Firm.Agent(code: $0.text(0), person: $0.text(1))
    }
  }
}

extension Firm.Queue: FirmRow {
  static let kind = "queue"
  var key: String { code }
  var facts: [(name: String, value: String)] {
    [
      ("branch", branch), ("answerWithin", "\(answerWithin) s"), ("short", "\(short) s"),
      ("callBack", callBack.map { "\($0) min" } ?? "-"),
    ]
  }

  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers("code", "branch", "answerWithin", "short", "callBack")
    self.init(code: try row.text("code", 1...60), branch: try row.text("branch", 1...60))
    answerWithin = try row.optionalInteger("answerWithin", 1...3600) ?? answerWithin
    short = try row.optionalInteger("short", 0...3600) ?? short
    callBack = try row.optionalInteger("callBack", 1...100_000)
  }

  static func read(_ session: Connection) throws(PostgresError) -> [Firm.Queue] {
    try session.rows(
      """
      select q.code, b.code, q.answer_within_seconds, q.short_seconds, q.call_back_minutes
      from call_queue q join branch b on b.id = q.branch_id order by 1
      """
    ).map {
      Firm.Queue(
        code: $0.text(0), branch: $0.text(1), answerWithin: $0.integer(2), short: $0.integer(3),
        callBack: $0.optionalInteger(4))
    }
  }
}

extension FirmDifference {
  func write(agents rows: [Firm.Agent], _ session: Connection) throws(PostgresError) {
    _ = try session.rows("delete from agent")
    _ = try session.rows(
      """
      insert into agent (code, person_id)
      select a.code, p.id from unnest($1::text[], $2::text[]) a (code, person) join person p on p.code = a.person
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.person }
    }
  }

  func write(queues rows: [Firm.Queue], _ session: Connection) throws(PostgresError) {
    _ = try session.rows("delete from call_queue")
    _ = try session.rows(
      """
      insert into call_queue (code, branch_id, answer_within_seconds, short_seconds, call_back_minutes)
      select a.code, b.id, a.answer_within, a.short, a.call_back
      from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::int[]) a (code, branch, answer_within, short, call_back)
        join branch b on b.code = a.branch
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.branch }
      $0.smalls(rows) { Int32($0.answerWithin) }
      $0.smalls(rows) { Int32($0.short) }
      $0.smalls(rows) { $0.callBack.map { Int32($0) } }
    }
  }
}
