import Contract
import Glibc
import Postgres
import ServiceLog
import Settings
import TestKit
import Topics
import Values

@testable import keep_service_log

/// A firm in a database of its own, and turns of keep-service-log on it, made with the worker's own rights.
final class LogDesk {
  let database: TestDatabase
  let session: Connection
  private let worker: Connection
  private var codes: PersonCodes
  private var recorded: RecordedUntil

  static let firm = """
    insert into branch (id, code, name, level, parent_id, time_zone, day_end) values
      (1, 'HQ', 'HQ', 'head-office', null, 'Asia/Shanghai', '24:00'),
      (2, 'GZ', 'GZ', 'city', 1, 'Asia/Shanghai', '18:00');
    insert into person (id, code, branch_id, name, login) values (1, 'P1', 2, 'a', session_user), (2, 'P2', 2, 'b', null);
    """

  static func open(_ more: String = "", _ body: (LogDesk) throws -> Void) throws {
    try TestDatabase.with { database in
      let desk = try LogDesk(database)
      try desk.session.run(script: firm + more)
      try body(desk)
    }
  }

  private init(_ database: TestDatabase) throws {
    self.database = database
    session = try database.connect()
    let settings = try Settings(reading: Environment([:]), declared: [])
    codes = PersonCodes(settings)
    recorded = RecordedUntil(settings)
    worker = try LogDesk.connect(database)
  }

  static func connect(_ database: TestDatabase) throws -> Connection {
    var limits = TestDatabase.limits
    limits.role = "millrace_keep_service_log"
    return try database.connect(as: "keep-service-log", limits: limits)
  }

  /// One transaction; answers how many entries it made.
  @discardableResult
  func record(_ limit: Int = 2000, by other: Connection? = nil) throws -> Int {
    try turn(RecordActions.self, limit, other ?? worker, &codes)
  }

  /// Answers how many days it closed.
  func close() throws -> Int { try turn(CloseServiceDays.self, 500, worker, &recorded) }

  private func turn<S: Sweep>(
    _ sweep: S.Type, _ limit: Int, _ connection: Connection, _ cache: inout S.Cache
  ) throws(PostgresError) -> Int {
    do throws(PostgresError) {
      _ = try connection.rows("begin")
      let transaction = Transaction(open: connection)
      let items = try S.claim(limit, &cache, transaction)
      guard !items.isEmpty else {
        _ = try connection.rows("rollback")
        return 0
      }
      var state = try S.load(items, &cache, transaction)
      let now = try connection.rows("select clock_timestamp()")[0].timestamp(0)
      var changes: [S.Change] = []
      for item in items {
        guard case .apply(let change, let emit, _) = S.decide(item, &state, now) else { continue }
        changes.append(change)
        for emission in emit {
          _ = try connection.rows(
            "insert into outbox (topic, source, types, keys, payloads) values ($1, '/tests', array[$2], array[$3], array[$4])"
          ) {
            $0.text(emission.topic.name)
            $0.text(emission.type)
            $0.text(emission.key)
            $0.bytes(emission.payload)
          }
        }
      }
      for write in S.writes {
        var arguments = Arguments()
        let rows = write.bind(state, changes[...], &arguments)
        guard rows > 0 else { continue }
        let touched = try connection.rows(write.statement, arguments).affected
        if write.touchesEach, touched != rows { throw PostgresError.changedMeanwhile }
      }
      _ = try connection.rows("commit")
      return changes.count
    } catch {
      _ = try connection.rows("rollback")
      throw error
    }
  }

  /// Rows of history as workers write them: one statement, one row of `service_due`.
  func history(_ leads: ClosedRange<Int>, version: Int = 1, in other: Connection? = nil) throws {
    _ = try (other ?? session).rows(
      """
      insert into lead_history (lead_id, version, at, what, branch_id, owner_id, ruleset, rule_position, worker, source,
        event_id)
      select n, $3::int, clock_timestamp(), 'allocated', 2, 1, 3, 7, 'allocate-leads', '/site', 'e' || n
      from generate_series($1::bigint, $2::bigint) n
      """
    ) {
      $0.integer(Int64(leads.lowerBound))
      $0.integer(Int64(leads.upperBound))
      $0.small(Int32(version))
    }
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  func count(_ statement: Statement) throws -> Int64 { try session.rows(statement)[0].integer(0) }
}
