import Postgres
import TestKit

@testable import millrace

/// Commands of `outreach` on a migrated database, given by a login that is an operator and nothing else.
struct OutreachDesk {
  let database: TestDatabase
  let session: Connection
  let login: String

  static let gateway = #"""
    {"name": "one", "channel": "sms", "place": 10, "countries": ["CN"], "rate": 100,
     "price": {"amount": "0.045", "currency": "CNY"},
     "request": {"method": "POST", "url": "http://127.0.0.1:9/sms",
       "json": {"to": "{{to}}", "text": "{{text}}", "key": "{{secret.KEY}}"}},
     "answer": {"accepted": [{"status": ["200"]}], "refused": [{"kind": "recipient", "status": ["400"]}]}}
    """#

  /// - Parameters:
  ///   - gateway: stored first.
  ///   - more: run then.
  static func open(
    _ gateway: String? = gateway, _ more: String = "", _ body: (OutreachDesk) throws -> Void
  ) throws {
    try TestDatabase.with { database in
      let login = "outreach_" + String(UInt64.random(in: 0 ... .max), radix: 36)
      let desk = OutreachDesk(database: database, session: try database.connect(), login: login)
      try desk.session.run(script: "create role \(login) login password 'p'; grant millrace_operator to \(login)")
      func drop() throws { try desk.session.run(script: "drop owned by \(login); drop role \(login)") }
      do {
        if let gateway { try desk.load(gateway, "--execute") }
        try desk.session.run(script: more)
        try body(desk)
      } catch let first {
        do { try drop() } catch { throw first }
        throw first
      }
      try drop()
    }
  }

  var conninfo: String { "user=\(login) password=p \(database.conninfo)" }

  func run(_ words: String...) -> CommandRun { run(words) }
  func run(_ words: [String]) -> CommandRun { CommandRun(["outreach"] + words, more: ["DATABASE_URL": conninfo]) }

  @discardableResult
  func load(_ text: String, _ words: String...) throws -> CommandRun {
    try temporaryFile(text) { run(["gateways", "load", $0] + words) }
  }

  /// A session with the rights of a role.
  func connect(role: String) throws -> Connection {
    var limits = TestDatabase.limits
    limits.role = role
    return try database.connect(limits: limits)
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  /// A row of the ledger for each state, the number of its place from 1 on, to one phone; and one to another in the queue.
  static let ledger = """
    insert into customer (id, code, version, data, status, name, branch_id, manager_id, changed_at)
      values (1, 'C1', 1, gen_random_uuid(), 'active', '王小明', null, null, now());
    insert into message (id, channel, purpose, priority, state, reason, source, event_id, customer_id, recipient, phone, country, body,
        gateway, attempt, parts, cost, currency, requested_at, due_at, claimed_at, accepted_at, settled_at)
      select n, 'sms', case when n % 2 = 0 then 'marketing' else 'service' end, 1, s.state, s.reason, '/site', 'e' || n, 1,
        'customer/1', 8613812340001, 'CN', 'text ' || n, 'one', case when n in (1, 7, 8, 9) then 0 else 1 end, 2,
        case when n in (3, 5) then 0.09 end, case when n in (3, 5) then 'CNY' end, now() - n * interval '1 minute',
        now() - interval '10 minutes', case when n not in (1, 7, 8, 9) then now() - interval '5 minutes' end,
        case when n in (3, 5) then now() - interval '4 minutes' end,
        case when n > 4 then now() - interval '3 minutes' end
      from (values (1, 'queued', null), (2, 'sending', null), (3, 'accepted', null), (4, 'uncertain', 'sender-lost'),
        (5, 'delivered', null), (6, 'failed', 'refused'), (7, 'expired', 'deadline-passed'), (8, 'skipped', 'opted-out'),
        (9, 'cancelled', 'erased')) s (n, state, reason);
    insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, country, body, gateway,
        requested_at, due_at)
      values (10, 'sms', 'service', 1, 'queued', '/site', 'e10', '+8613812340002', 8613812340002, 'CN', 'x', 'one',
        now() - interval '2 hours', now() + interval '1 hour');
    insert into message_attempt values (4, 1, 'one', now() - interval '6 minutes', now() - interval '5 minutes', 'unknown', null,
        'the connection was lost'),
      (6, 1, 'one', now() - interval '5 minutes', now() - interval '3 minutes', 'refused', '400', 'no such number');
    insert into submission (gateway, provider_id, message_id, attempt, state, at, told_at)
      values ('one', 'a-5', 5, 1, 'delivered', now(), now());
    insert into recipient values ('customer/1');
    insert into contact values ('customer/1', now() - interval '5 minutes', 'sms', 'marketing', 4);
    """
}
