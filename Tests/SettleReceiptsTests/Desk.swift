import Contract
import Gateways
import Outreach
import Postgres
import TestKit
import Topics
import Values

@testable import settle_receipts

/// A ledger in a database of its own, and the worker's turns on it, made with the worker's own rights.
final class ReceiptDesk {
  /// The test's own session.
  let session: Connection
  private let connection: Connection
  private(set) var emitted: [Emission] = []

  /// 1 is a mail that was accepted, 2 a text of three parts that was, 3 one that waits for the phone of 2, 4 a mail to another case of
  /// the address of 1, 5 was erased.
  private static let ledger = """
    insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, email, body, gateway, attempt, parts,
      requested_at, due_at, erased_at)
    values (1, 'email', 'marketing', 2, 'accepted', '/site', 'e1', 'x', null, 'W@example.com', 'x', 'mail', 1, null, now(), now(), null),
      (2, 'sms', 'service', 1, 'accepted', '/site', 'e2', 'x', 8613812340001, null, 'x', 'one', 1, 3, now(), now(), null),
      (3, 'sms', 'service', 1, 'queued', '/site', 'e3', 'x', 8613812340001, null, 'x', 'one', 0, 1, now(), now(), null),
      (4, 'email', 'marketing', 2, 'queued', '/site', 'e4', 'x', null, 'w@example.com', 'x', 'mail', 0, null, now(), now(), null),
      (5, 'email', 'marketing', 2, 'accepted', 'erased', 'erased', 'erased/5', null, null, '', 'mail', 1, null, now(), now(), now());
    """

  static func open(_ body: (ReceiptDesk) throws -> Void) throws {
    try TestDatabase.with { database in
      let desk = try ReceiptDesk(database)
      try desk.session.run(script: ledger)
      try body(desk)
    }
  }

  private init(_ database: TestDatabase) throws {
    session = try database.connect()
    var limits = TestDatabase.limits
    limits.role = "millrace_settle_receipts"
    connection = try database.connect(as: "settle-receipts", limits: limits)
  }

  /// One batch; what became of each event.
  @discardableResult
  func take(_ events: OutreachReceipts...) throws -> [String] { try take(events) }

  @discardableResult
  func take(_ events: [OutreachReceipts]) throws -> [String] {
    let items = events.enumerated().map {
      Delivery(
        ReceiptReading($1, moment(0), OptOutWords(listed: "STOP")), source: "/x", id: "\($0)", happened: moment(0))
    }
    _ = try connection.rows("begin")
    var book = try ReceiptBook(items.map(\.event), Transaction(open: connection))
    let now = try connection.rows("select clock_timestamp()")[0].timestamp(0)
    var changes: [ReceiptChange] = []
    var outcomes: [String] = []
    for item in items {
      switch SettleReceipts.decide(item, &book, now) {
      case .apply(let change, let emit, let outcome):
        changes.append(change)
        emitted += emit
        outcomes.append(outcome.description)
      case .ignore(let reason): outcomes.append(reason.description)
      case .reject(let refusal): outcomes.append("\(refusal.path): \(refusal.reason)")
      }
    }
    for write in SettleReceipts.writes {
      var arguments = Arguments()
      let rows = write.bind(book, changes[...], &arguments)
      guard rows > 0 else { continue }
      let touched = try connection.rows(write.statement, arguments).affected
      if write.touchesEach, touched != rows { throw PostgresError.changedMeanwhile }
    }
    _ = try connection.rows("commit")
    return outcomes
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { row in row.optionalText(0) ?? "-" }
  }

  func state(_ message: Int64) throws -> String {
    try session.rows("select state from message where id = $1") { $0.integer(message) }[0].text(0)
  }

  func engagement() throws -> [String] {
    try lines(
      """
      select concat_ws(' ', message_id, kind, nullif(url, ''), agent, times, extract(epoch from first_at)::int - 1000,
        extract(epoch from last_at)::int - 1000) from engagement order by message_id, kind, url, agent
      """)
  }

  func suppressed() throws -> [String] {
    try lines(
      """
      select concat_ws(' ', channel, address, reason, detail) from suppression where lifted_at is null order by 1
      """)
  }

  /// Type and data of what was emitted since the last look.
  func told() -> [String] {
    defer { emitted = [] }
    return emitted.map { "\($0.type) \(String(decoding: $0.payload, as: UTF8.self))" }
  }
}

func moment(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: (1000 + seconds) * 1_000_000) }

func did(_ kind: OutreachReceipts.Engagement.Kind, _ message: Int64 = 1, at seconds: Int64 = 0) -> OutreachReceipts {
  .engagement(.init(message: message, kind, at: moment(seconds)))
}

func receipt(
  _ status: OutreachReceipts.Status, _ gateway: String = "one", id: String? = nil, reference: String? = nil,
  code: String? = nil, part: Int32? = nil
) -> OutreachReceipts {
  .receipt(.init(gateway: gateway, messageID: id, reference: reference, status, code: code, part: part))
}
