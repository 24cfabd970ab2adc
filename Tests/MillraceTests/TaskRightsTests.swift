import Postgres
import TestKit
import Testing

/// What the database answers of tasks, whoever asks it, and what is left of them.
@Suite struct TaskRightsTests {
  /// Ann and Cat are of Pudong, Lin manages Shanghai above it; the login is one of them.
  private static func open(_ body: (TestDatabase, Connection) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'h', null, 'head-office'), (2, 'SH', 's', 1, 'province'),
            (3, 'PD', 'p', 2, 'city');
          insert into person (id, code, branch_id, name, manager) values (1, 'ANN', 3, 'Ann', false), (2, 'CAT', 3, 'Cat', false),
            (3, 'LIN', 2, 'Lin', true);
          insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id,
            script, due_at)
          select n, 7, 0, 'spring', 'Spring', case when n = 3 then 'lead' else 'customer' end, 'C-7', 1, 'ANN', 3, 'Call', '2099-01-02'
          from generate_series(1, 4) n;
          """)
      try session.run(script: be("ANN"))
      try body(database, session)
    }
  }

  private static func be(_ code: String) -> String {
    "update person set login = case when code = '\(code)' then session_user end"
  }

  private static func finish(_ session: Connection, _ result: String?, _ note: String? = nil) throws -> String {
    try session.rows("select finish_task(1, $1, $2)") {
      $0.text(result)
      $0.text(note)
    }[0].text(0)
  }

  @Test("a task is done with a result that there is, and an empty note is none")
  func results() throws {
    try Self.open { _, session throws in
      for result in ["sold", "open", "", nil] { #expect(try Self.finish(session, result) == "unknown-result") }
      #expect(try Self.finish(session, "declined", "") == "done")
      #expect(
        try session.rows("select outcome || coalesce(note, ' none') from task where id = 1")[0].text(0)
          == "declined none")
    }
  }

  @Test("of two who say at once that a task is done one is told that it was")
  func twice() throws {
    try Self.open { database, session throws in
      let other = try database.connect(as: "other")
      try session.run(script: "begin")
      #expect(try Self.finish(session, "interested") == "done")
      try other.enterPipeline()
      try other.send("select finish_task(1, 'declined')")
      try other.finishSending()
      try session.waitUntil("the other one waits") {
        try session.rows(
          "select from pg_stat_activity where datname = current_database() and application_name ~ 'other' and wait_event_type = 'Lock'"
        ).count == 1
      }
      try session.run(script: "commit")
      #expect(try other.receive()[0].text(0) == "is-done")
      try other.leavePipeline()
      #expect(try session.rows("select outcome from task where id = 1")[0].text(0) == "interested")
      #expect(try session.rows("select from service_action").count == 1)
    }
  }

  @Test("branches are answered for by active managers of them or of one above")
  func managers() throws {
    try Self.open { _, session throws in
      func managed() throws -> [Int64] { try session.rows("select managed_branches()")[0].integers(0).sorted() }
      #expect(try managed() == [])
      try session.run(script: Self.be("LIN"))
      #expect(try managed() == [2, 3])
      try session.run(script: "update person set active = false where code = 'LIN'")
      #expect(try managed() == [])
    }
  }

  @Test(
    "of whoever is erased no task tells anything but what came of it; those of others, and of a lead with the number, stay"
  )
  func erased() throws {
    try Self.open { _, session throws in
      try session.run(
        script: """
          update task set state = 'done', outcome = 'declined', note = 'lives alone', settled_at = '2027-01-02' where id = 1;
          update task set subject = 8 where id = 4;
          """)
      func tasks() throws -> [String] {
        try session.rows(
          "select concat_ws('|', id, subject_name, script, note, state, outcome, version, settled_at = '2027-01-02') from task order by id"
        ).map { $0.text(0) }
      }
      let untouched = ["3|C-7|Call|open|1", "4|C-7|Call|open|1"]
      _ = try session.rows("select from erase_messages(7, '{}', '{}', '{}')")
      #expect(try tasks() == ["1|erased||done|declined|1|t", "2|erased||cancelled|erased|2|f"] + untouched)
      _ = try session.rows("select from erase_messages(null, '{7}', '{}', '{}')")
      #expect(try tasks().suffix(2) == ["3|erased||cancelled|erased|2|f", untouched[1]])
    }
  }
}
