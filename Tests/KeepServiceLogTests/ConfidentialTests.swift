import Postgres
import Settings
import TestKit
import Testing

@testable import keep_service_log
@testable import millrace

extension LogDesk {
  /// Logins with these roles, gone afterwards.
  func withLogins(_ roles: [String], _ body: ([String]) throws -> Void) throws {
    let number = String(UInt64.random(in: 0 ... .max), radix: 36)
    let logins = roles.indices.map { "log\($0)_\(number)" }
    for (login, role) in zip(logins, roles) {
      try session.run(script: "create role \(login) login password 'p'; grant \(role) to \(login)")
    }
    func drop() throws {
      for login in logins { try session.run(script: "drop owned by \(login); drop role \(login)") }
    }
    do { try body(logins) } catch let first {
      do { try drop() } catch { throw first }
      throw first
    }
    try drop()
  }

  func connect(as login: String) throws(PostgresError) -> Connection {
    try Connection(conninfo(of: login), name: "psql", limits: TestDatabase.limits)
  }

  func conninfo(of login: String) -> String { "user=\(login) password=p \(database.conninfo)" }
}

@Suite struct ConfidentialTests {
  private static let customers = """
    insert into customer (id, code, version, data, status, name, branch_id, confidential, changed_at) values
      (1, 'C1', 1, gen_random_uuid(), 'active', '王小明', 2, true, now()),
      (2, 'C2', 1, gen_random_uuid(), 'active', '李四', 2, false, now());
    insert into customer_phone values (8613812345678, 1, 0, null)
    """

  @Test("a confidential customer is shown to those who may and ask, and the log has that they looked")
  func revealed() throws {
    try LogDesk.open(Self.customers) { desk in
      try desk.withLogins(["millrace_operator", "millrace_operator"]) { logins in
        try desk.session.run(script: "grant millrace_reveal to \(logins[0])")
        _ = try desk.session.rows("update person set login = $1 where id = 2") { $0.text(logins[0]) }
        func show(_ login: String, _ words: String...) -> String {
          var out = ""
          let output = Output(out: { out += $0 }, err: { out += $0 })
          _ = Millrace.run(
            ["customers", "show"] + words, Environment(["DATABASE_URL": desk.conninfo(of: login)]), output)
          return out
        }
        #expect(!show(logins[0], "C1").contains("王小明"), "nobody sees one in passing")
        #expect(show(logins[0], "C2").contains("李四"))
        #expect(try desk.count("select count(*) from service_action") == 0)
        let seen = show(logins[0], "C1", "--reveal", "--because", "complaint 88")
        #expect(seen.contains("王小明") && seen.contains("+8613812345678"), "\(seen)")
        let refused = show(logins[1], "C1", "--reveal")
        #expect(!refused.contains("王小明") && refused.contains("millrace_reveal"), "\(refused)")
        try desk.record()
        let entries = try desk.lines(
          "select concat_ws(' ', what, subject, by, authority, outcome, detail) from service_log order by number")
        #expect(entries == ["viewed C1 P2 reveal shown complaint 88"])
        #expect(try desk.lines("select login from service_log") == [logins[0]])
      }
    }
  }

  @Test("a look that is not kept is none: nothing is shown before it is committed, and not for long after")
  func rolledBack() throws {
    try LogDesk.open(Self.customers) { desk in
      try desk.withLogins(["millrace_operator"]) { logins in
        try desk.session.run(script: "grant millrace_reveal to \(logins[0])")
        let reader = try desk.connect(as: logins[0])
        func shown() throws -> Int { try reader.rows("select name from reveal_customer('C1')").count }
        #expect(try shown() == 0)
        try reader.run(script: "begin; select ask_to_reveal('C1', 'x')")
        #expect(try shown() == 0)
        try reader.run(script: "savepoint s")
        #expect(try shown() == 0)
        try reader.run(script: "rollback")
        #expect(try shown() == 0)
        try reader.run(script: "select ask_to_reveal('C1', null)")
        #expect(try shown() == 1)
        try desk.session.run(script: "update confidential_view set at = at - interval '11 minutes'")
        #expect(try shown() == 0)
        for table in ["customer_whole", "confidential_view", "service_action"] {
          #expect(throws: PostgresError.self, "\(table)") { try reader.run(script: "insert into \(table) select") }
        }
        #expect(throws: PostgresError.self) { try reader.run(script: "select * from customer_whole") }
      }
    }
  }

  @Test("only its author sees a note, whatever client is used, and only while they are of the firm")
  func notes() throws {
    let lead = """
      insert into lead (id, phone, source, state, branch_id, pooled_at, version, registered_at) values
        (5, 8613800000005, 'web', 'pooled', 2, now(), 1, now());
      """
    try LogDesk.open(lead + Self.customers) { desk in
      try desk.withLogins(["millrace_person", "millrace_person", "millrace_operator"]) { logins in
        for (person, login) in [(1, logins[0]), (2, logins[1])] {
          _ = try desk.session.rows("update person set login = $1 where id = $2") {
            $0.text(login)
            $0.integer(Int64(person))
          }
        }
        func run(_ login: String, _ words: String...) -> (exit: Exit, out: String) {
          var out = ""
          let output = Output(out: { out += $0 }, err: { out += $0 })
          let exit = Millrace.run(words, Environment(["DATABASE_URL": desk.conninfo(of: login)]), output)
          return (exit, out)
        }
        #expect(run(logins[0], "leads", "note", "5", "likes bonds").exit == .done)
        #expect(run(logins[0], "customers", "note", "C1", "knows the minister").exit == .done)
        #expect(run(logins[1], "leads", "note", "5", "likes shares").exit == .done)
        #expect(run(logins[0], "leads", "note", "6", "nobody").exit == .no)
        #expect(run(logins[0], "customers", "note", "C9", "nobody").exit == .no)
        #expect(run(logins[2], "leads", "note", "5", "an operator").exit == .no)
        #expect(run(logins[0], "leads", "notes").out.contains("likes bonds"))
        #expect(!run(logins[0], "leads", "notes").out.contains("likes shares"))
        #expect(run(logins[1], "customers", "notes").out.contains("No note of yours."))
        for (login, count) in zip(logins, [2, 1]) {
          let psql = try desk.connect(as: login)
          #expect(try psql.rows("select from private_note").count == count)
          try psql.run(script: "set role millrace_person")
          #expect(try psql.rows("select from private_note where text like '%'").count == count)
          #expect(throws: PostgresError.self) { try psql.run(script: "update private_note set author_id = 1") }
          #expect(throws: PostgresError.self) { try psql.run(script: "delete from private_note") }
        }
        let operating = try desk.connect(as: logins[2])
        #expect(throws: PostgresError.self) { try operating.run(script: "select from private_note") }
        try desk.record()
        let entries = try desk.lines(
          "select concat_ws(' ', what, subject, by, authority, detail) from service_log order by number")
        #expect(
          entries == ["noted 5 P1 own-login note 1", "noted C1 P1 own-login note 2", "noted 5 P2 own-login note 3"])
        try desk.session.run(script: "update person set active = false where id = 1")
        #expect(try desk.connect(as: logins[0]).rows("select from private_note").count == 0)
      }
    }
  }
}
