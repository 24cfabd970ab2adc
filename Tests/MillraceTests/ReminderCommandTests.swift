import Settings
import TestKit
import Testing

@testable import millrace

@Suite struct ReminderCommandTests {
  private static let firm = """
    insert into branch (id, code, name, level, parent_id) values (1, 'HQ', 'HQ', 'head-office', null), (2, 'GZ', 'GZ', 'city', 1);
    insert into person (id, code, branch_id, name, manager, login) values (1, 'BOSS', 1, 'Boss', true, null),
      (2, 'ME', 2, 'Me', false, null), (3, 'OTHER', 2, 'Other', false, null);
    select raise_reminders('t', '{a,b,c,d}', '{held,held,step,held}', '{lead,lead,lead,customer}', '{7,8,7,C1}',
      '{2,3,2,null}', '{null,null,null,2}', array[now() - interval '1 hour', now(), now() + interval '1 day', now()],
      '{urgent,low,normal,low}', '{x,null,null,null}');
    """

  private static func run(_ body: @Sendable @escaping (TestDatabase) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        try database.connect().run(script: firm)
        try body(database)
      }
    }
  }

  @Test("reminders are listed by person, branch, subject, kind and state")
  func listed() async throws {
    try await ReminderCommandTests.run { database throws in
      func ids(_ words: String...) -> [String] {
        var out = ""
        let output = Output(out: { out += $0 }, err: { _ in })
        _ = Millrace.run(["reminders", "list"] + words, Environment(["DATABASE_URL": database.conninfo]), output)
        let lines = out.split(separator: "\n")
        return lines.dropFirst().compactMap { $0.split(separator: " ").first.map { String($0) } }
      }
      #expect(ids() == ["1", "2", "4", "3"])
      #expect(ids("--person", "ME") == ["1", "3"])
      #expect(ids("--person", "BOSS") == ["4"])
      #expect(ids("--about", "7", "--kind", "held") == ["1"])
      #expect(ids("--urgent") == ["1"])
      #expect(ids("--branch", "HQ").count == 4)
      #expect(ids("--state", "done") == [])
      #expect(CommandRun("reminders", "list", "--state", "odd", on: database).exit == .usage)
    }
  }

  @Test("done is stamped with the login's own person, who settles their own and those of branches they manage")
  func finished() async throws {
    try await ReminderCommandTests.run { database throws in
      let session = try database.connect()
      let nobody = CommandRun("reminders", "done", "1", on: database)
      #expect(nobody.exit == .no && nobody.err.contains("no active person"))
      try session.run(script: "update person set login = session_user where code = 'ME'")
      #expect(CommandRun("reminders", "own", on: database).rows.map { $0[0] } == ["1", "3"])
      let done = CommandRun("reminders", "done", "1", "2", "99", on: database)
      #expect(done.exit == .no)
      #expect(done.rows == [["1", "done"], ["2", "not-yours"], ["99", "unknown"]])
      #expect(CommandRun("reminders", "done", "1", on: database).rows == [["1", "already-done"]])
      #expect(
        try session.rows("select settled_by, state from reminder where id = 1").map { [$0.text(0), $0.text(1)] } == [
          ["ME", "done"]
        ])
      let events = try session.rows("select types[1], keys[1], source from outbox order by id desc limit 1")
      #expect(events.map { [$0.text(0), $0.text(1), $0.text(2)] } == [["reminder.settled", "ME", "/millrace/people"]])
      try session.run(
        script: "update person set login = null; update person set login = session_user where code = 'BOSS'")
      #expect(CommandRun("reminders", "done", "2", on: database).rows == [["2", "done"]])
      try session.run(script: "update person set active = false where code = 'BOSS'")
      #expect(CommandRun("reminders", "done", "3", on: database).exit == .no)
      #expect(CommandRun("reminders", "done", "x", on: database).exit == .usage)
    }
  }

  @Test("a digest's time is set for the firm and for branches, previewed first")
  func digest() async throws {
    try await ReminderCommandTests.run { database throws in
      #expect(CommandRun("reminders", "digest", on: database).out == "Nobody gets a digest.\n")
      #expect(CommandRun("reminders", "digest", "--at", "08:30", on: database).out.contains("Nothing was done"))
      #expect(
        CommandRun("reminders", "digest", "--at", "08:30", "--execute", on: database).rows == [["all others", "08:30"]])
      #expect(
        CommandRun("reminders", "digest", "--off", "--branch", "GZ", "--execute", on: database).rows == [
          ["all others", "08:30"], ["GZ", "none"],
        ])
      #expect(
        try database.connect().rows("select branch_id, at::text from digest_terms()").map {
          "\($0.integer(0)) \($0.text(1))"
        }
          == ["1 08:30:00"])
      for wrong in ["8:30", "24:00", "08:60", "ab:cd", "08.30"] {
        #expect(CommandRun("reminders", "digest", "--at", wrong, on: database).exit == .usage)
      }
      #expect(CommandRun("reminders", "digest", "--at", "08:30", "--branch", "NO", on: database).exit == .no)
    }
  }
}
