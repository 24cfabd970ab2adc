import Postgres
import TestKit
import Testing

@testable import millrace

/// `tasks`, given by logins that have no more rights than people have.
@Suite struct TaskCommandTests {
  /// Pudong below Shanghai, Beijing beside it. Ann (Pudong) and Ben (Beijing) have tasks, Lin manages Shanghai.
  private static let firm = """
    insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'h', null, 'head-office'), (2, 'SH', 's', 1, 'province'),
      (3, 'PD', 'p', 2, 'city'), (4, 'BJ', 'b', 1, 'province');
    insert into person (id, code, branch_id, name, manager) values (1, 'ANN', 3, 'Ann', false), (2, 'BEN', 4, 'Ben', false),
      (3, 'LIN', 2, 'Lin', true);
    insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id, script, due_at)
    values (1, 1, 0, 'spring', 'Spring', 'customer', 'C-1', 1, 'ANN', 3, 'Call 王伟', '2099-01-02'),
      (1, 2, 0, 'spring', 'Spring', 'customer', 'C-2', 2, 'BEN', 4, 'Call 李娜', '2099-01-01'),
      (2, 1, 0, 'autumn', 'Autumn', 'lead', '7', 1, 'ANN', 3, 'Call 赵', '2099-01-03');
    """

  private struct Desk {
    let database: TestDatabase
    let session: Connection
    let login: String

    func run(_ words: String...) -> CommandRun {
      CommandRun(["tasks"] + words, more: ["DATABASE_URL": "user=\(login) password=p \(database.conninfo)"])
    }

    func be(_ code: String) throws {
      _ = try session.rows("update person set login = case when code = $1 then $2 end") {
        $0.text(code)
        $0.text(login)
      }
    }

    func ids(_ words: String...) -> [String] {
      CommandRun(["tasks", "list"] + words, more: ["DATABASE_URL": "user=\(login) password=p \(database.conninfo)"])
        .rows
        .compactMap { $0.first.flatMap { Int($0) == nil ? nil : $0 } }
    }
  }

  private static func open(_ body: (Desk) throws -> Void) throws {
    try TestDatabase.with { database in
      let login = "tasks_" + String(UInt64.random(in: 0 ... .max), radix: 36)
      let desk = Desk(database: database, session: try database.connect(), login: login)
      try desk.session.run(script: "create role \(login) login password 'p'; grant millrace_person to \(login)")
      func drop() throws { try desk.session.run(script: "drop owned by \(login); drop role \(login)") }
      do {
        try desk.session.run(script: firm)
        try body(desk)
      } catch let first {
        do { try drop() } catch { throw first }
        throw first
      }
      try drop()
    }
  }

  @Test("people see their own, managers their branches', nobody anybody else's; a login that is nobody's is told so")
  func seen() throws {
    try Self.open { desk throws in
      let nobody = desk.run("list")
      #expect(nobody.exit != .done && nobody.err.contains("no active person"), "\(nobody.err)")
      for (code, mine) in [("ANN", ["1", "3"]), ("BEN", ["2"]), ("LIN", ["1", "3"])] {
        try desk.be(code)
        #expect(desk.ids() == mine, "\(code)")
      }
      #expect(desk.ids("--campaign", "autumn") == ["3"] && desk.ids("--person", "BEN") == [])
      #expect(desk.ids("--state", "done") == [] && desk.ids("--state", "any") == ["1", "3"])
      #expect(desk.run("show", "1").out.contains("Call 王伟"))
      let others = desk.run("show", "2")
      #expect(others.exit == .no && others.err.contains("no task 2 of yours"))
      // Neither the table nor everybody's view is theirs.
      #expect(desk.run("list", "--all").exit != .done)
      #expect(desk.run("list", "--json").out.contains(#""about":"customer C-1""#), "\(desk.run("list", "--json").out)")
      #expect(
        CommandRun("tasks", "list", "--all", "--campaign", "spring", on: desk.database).rows.map { $0[0] } == [
          "2", "1",
        ])
    }
  }

  @Test(
    "done is stamped with the login's person and written into the service log, once; by whoever has it or manages them")
  func done() throws {
    try Self.open { desk throws in
      try desk.be("ANN")
      #expect(desk.run("done", "1").exit == .usage && desk.run("done", "1", "--result", "sold").exit == .usage)
      #expect(desk.run("done", "2", "--result", "contacted").err.contains("no task 2 of yours"))
      #expect(desk.run("done", "99", "--result", "contacted").err.contains("no task 99 of yours"))
      let done = desk.run("done", "1", "--result", "interested", "--note", "wants the terms")
      #expect(done.exit == .done && done.rows == [["1", "done", "interested"]], "\(done.err)")
      let again = desk.run("done", "1", "--result", "declined")
      #expect(again.exit == .no && again.err.contains("done already"))
      try desk.be("LIN")
      #expect(desk.run("done", "3", "--result", "unreachable").exit == .done)
      try desk.session.run(
        script:
          "update task set state = 'expired', outcome = 'campaign-closed', settled_at = now() where id = 2; update person set branch_id = 1 where code = 'LIN'"
      )
      #expect(desk.run("done", "2", "--result", "contacted").err.contains("the task 2 is expired"))
      func lines(_ statement: Statement) throws -> [String] { try desk.session.rows(statement).map { $0.text(0) } }
      #expect(
        try lines("select concat_ws(' ', id, state, outcome, settled_by, version, note) from task order by id") == [
          "1 done interested ANN 2 wants the terms", "2 expired campaign-closed 1", "3 done unreachable LIN 2",
        ])
      #expect(
        try lines(
          "select concat_ws(' ', what, subject_kind, subject, by_id, authority, outcome, detail) from service_action order by id"
        ) == [
          "task-done customer C-1 1 own-login interested task 1 of the campaign spring",
          "task-done lead 7 3 own-login unreachable task 3 of the campaign autumn",
        ])
      #expect(desk.run("show", "1").out.contains("wants the terms"))
    }
  }

  @Test("whoever is erased is taken out of their tasks, which end")
  func erased() throws {
    try Self.open { desk throws in
      try desk.session.run(
        script: """
          insert into customer (id, code, version, data, status, name, manager_id, changed_at)
          values (1, 'C-1', 1, gen_random_uuid(), 'closed', 'W', 1, now())
          """)
      let erased = try desk.session.rows("select what, rows from erase_person('customer', 'C-1', 'asked')")
      #expect(erased.contains { $0.text(0) == "task" && $0.integer(1) == 1 })
      #expect(
        try desk.session.rows(
          "select concat_ws('|', subject_name, script, state, outcome, version) from task where id = 1")[0].text(0)
          == "erased||cancelled|erased|3")
    }
  }
}
