import Contract
import JSON
import Postgres
import Reminders
import TestKit
import Topics
import Values

/// A firm of four, and what raises and cancels reminders there with a worker's own rights.
final class Board {
  let session: Connection
  private let database: TestDatabase

  static let firm = """
    insert into branch (id, code, name, level, parent_id) values (1, 'HQ', 'HQ', 'head-office', null),
      (2, 'GD', 'GD', 'province', 1), (3, 'SZ', 'SZ', 'city', 2);
    insert into person (id, code, branch_id, name, manager, active) values (1, 'BOSS', 1, 'a', true, true),
      (2, 'GDM', 2, 'b', true, true), (3, 'P3', 3, 'c', false, true), (4, 'P4', 3, 'd', false, false);
    """
  static let due = Timestamp(microseconds: 1_790_000_000_000_000)

  static func open(_ body: @escaping @Sendable (Board) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let board = Board(session: try database.connect(), database)
        try board.session.run(script: firm)
        try body(board)
      }
    }
  }

  private init(session: Connection, _ database: TestDatabase) {
    self.session = session
    self.database = database
  }

  func worker() throws -> Connection {
    var limits = TestDatabase.limits
    limits.role = "millrace_allocate_leads"
    return try database.connect(limits: limits)
  }

  func raise(_ reminders: Reminder..., on connection: Connection? = nil) throws {
    try send(.raising(by: "test-worker") { _, changes in Array(changes) }, reminders, connection)
  }

  func cancel(_ causes: Reminder.Gone..., on connection: Connection? = nil) throws {
    try send(.cancelling(by: "test-worker") { _, changes in Array(changes) }, causes, connection)
  }

  private func send<Change>(_ write: Write<Void, Change>, _ changes: [Change], _ connection: Connection?) throws {
    var arguments = Arguments()
    guard write.bind((), changes[...], &arguments) > 0 else { return }
    _ = try (connection ?? worker()).rows(write.statement, arguments)
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  /// Every event in the outbox, in order, read as a consumer reads it.
  func events() throws -> [(key: String, trace: String, event: ReminderRaised)] {
    let rows = try session.rows(
      """
      select e.type, e.key, e.payload, coalesce(e.trace, '') from outbox o,
        unnest(o.types, o.keys, o.payloads, o.traces) with ordinality e (type, key, payload, trace, place)
      where o.topic = 'reminder.raised' and o.source = '/millrace/test-worker' order by o.id, e.place
      """)
    return try rows.map { row in
      let bytes = row.bytes(2)
      let event = try bytes.withUnsafeBytes { text in
        Result { () throws(Refusal) in
          try JSONTape().read(text) { data throws(Refusal) in try ReminderRaised(type: row.text(0), reading: data) }
        }
      }.get()
      return (row.text(1), row.text(3), event)
    }
  }

  /// `raised P3 key`, `cancelled P3 key because`.
  func told() throws -> [String] {
    try events().map { key, _, event in
      guard key == event.key else { return "the record's key is \(key), the event's \(event.key)" }
      switch event {
      case .raised(let raised): return "raised \(key) \(raised.reminder.key)"
      case .settled(let settled):
        return "\(settled.state.rawValue) \(key) \(settled.reminder.key)"
          + (settled.reason.map { " \($0)" } ?? "") + (settled.by.map { " by \($0)" } ?? "")
      }
    }
  }
}

func held(
  _ key: String, lead: Int64 = 7, kind: String = "lead-held", to assignee: Reminder.Assignee = .person(3),
  urgency: Reminder.Urgency = .normal, detail: String? = nil, trace: String? = nil
) -> Reminder {
  Reminder(
    kind, key: key, about: .lead(lead), to: assignee, due: Board.due, urgency: urgency, detail: detail, trace: trace)
}
