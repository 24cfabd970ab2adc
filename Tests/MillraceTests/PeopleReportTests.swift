import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct PeopleReportTests {
  /// P1 has two and had three, one of them converted, one of these long ago; one each is held, waiting and pooled in GD.
  private static let leads = """
    insert into branch (id, code, name, parent_id, level) values (1, 'HQ', '总部', null, 'head-office'),
      (2, 'GD', '广东', 1, 'province'), (3, 'SZ', '深圳', 2, 'city'), (4, 'BJ', '北京', 1, 'province');
    insert into person (id, code, branch_id, name) values (1, 'P1', 2, '王伟'), (2, 'P2', 3, '李娜'), (3, 'P3', 4, '张敏');
    insert into lead (id, source, state, branch_id, owner_id, protected_until, held_reason, held_since, step_due_at,
      pooled_at, customer_id, converted_at, version, registered_at)
    values (1, 'web', 'owned', 2, 1, now(), null, null, null, null, null, null, 1, now()),
      (2, 'web', 'owned', 2, 1, now(), null, null, null, null, null, null, 1, now()),
      (3, 'web', 'converted', 2, 1, null, null, null, null, null, 9, now(), 2, now()),
      (4, 'web', 'owned', 3, 2, now(), null, null, null, null, null, null, 1, now()),
      (5, 'web', 'held', 2, null, null, 'full', now(), null, null, null, null, 1, now()),
      (6, 'web', 'waiting', 2, null, null, null, null, now(), null, null, null, 1, now()),
      (7, 'web', 'pooled', 2, null, null, null, null, null, now(), null, null, 1, now());
    insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker) values
      (1, 1, now() - interval '40 days', 'allocated', 2, 1, 'w'), (2, 1, now() - interval '1 hour', 'allocated', 2, 1, 'w'),
      (3, 1, now() - interval '40 days', 'allocated', 2, 1, 'w'), (3, 2, now() - interval '1 hour', 'converted', 2, 1, 'w'),
      (4, 1, now() - interval '1 hour', 'allocated', 3, 2, 'w'), (5, 1, now(), 'held', 2, null, 'w');
    update person_load set open_leads = 2, allocated = 3 where person_id = 1;
    update person_load set open_leads = 1, allocated = 1 where person_id = 2;
    update branch_load set held = 1 where branch_id = 2;
    """

  private func with(_ body: (TestDatabase) throws -> Void) throws {
    try TestDatabase.with { database in
      try database.connect().run(script: Self.leads)
      try body(database)
    }
  }

  @Test("branches and people are counted as of now, and since ever")
  func ever() throws {
    try with { database throws in
      let run = CommandRun("people", "report", "--people", on: database)
      #expect(
        run.rows == [
          ["BJ", "-", "北京", "0", "0", "0", "0", "0", "0"], ["BJ", "P3", "张敏", "-", "-", "-", "0", "0", "0"],
          ["GD", "-", "广东", "1", "1", "1", "2", "3", "1"], ["GD", "P1", "王伟", "-", "-", "-", "2", "3", "1"],
          ["HQ", "-", "总部", "0", "0", "0", "0", "0", "0"],
          ["SZ", "-", "深圳", "0", "0", "0", "1", "1", "0"], ["SZ", "P2", "李娜", "-", "-", "-", "1", "1", "0"],
        ], "\(run.out)\(run.err)")
      #expect(CommandRun("people", "report", on: database).rows.map { $0[0] } == ["BJ", "GD", "HQ", "SZ"])
    }
  }

  @Test("a branch is shown with all below it, and a time takes what lies in it")
  func time() throws {
    try with { database throws in
      let week = CommandRun("people", "report", "--branch", "GD", "--from", "7d", on: database)
      #expect(
        week.rows == [
          ["GD", "-", "广东", "1", "1", "1", "2", "1", "1"], ["GD", "P1", "王伟", "-", "-", "-", "2", "1", "1"],
          ["SZ", "-", "深圳", "0", "0", "0", "1", "1", "0"], ["SZ", "P2", "李娜", "-", "-", "-", "1", "1", "0"],
        ], "\(week.out)\(week.err)")
      let before = CommandRun("people", "report", "--branch", "GD", "--until", "7d", "--json", on: database)
      #expect(
        before.out.contains(
          #""person":"P1","name":"王伟","held":null,"waiting":null,"pooled":null,"owned":2,"allocated":2,"converted":0"#))
      #expect(CommandRun("people", "report", "--branch", "XX", on: database).exit == .no)
      #expect(CommandRun("people", "report", "--from", "1d", "--until", "2d", on: database).exit == .usage)
    }
  }

  @Test("no report goes through all leads or all history", arguments: [true, false])
  func indexes(isAll: Bool) throws {
    try with { database throws in
      let session = try database.connect()
      try session.run(script: "set enable_seqscan = off")
      let statement = isAll ? PeopleCounts.everything : PeopleCounts.within
      let text = statement.sql.description.replacing("$1", with: "'GD'").replacing(
        "$2", with: "now() - interval '7 days'"
      )
      .replacing("$3", with: "null::timestamptz")
      try session.run(
        script:
          "create function plan() returns setof text language plpgsql as $f$ begin return query execute $q$explain \(text)$q$; end $f$"
      )
      let plan = try session.rows("select plan()").map { $0.text(0) }
      #expect(!plan.contains { $0.contains("Seq Scan on lead") }, "\(plan)")
      #expect(plan.contains { $0.contains(isAll ? "lead_converted" : "lead_history_at") }, "\(plan)")
    }
  }
}
