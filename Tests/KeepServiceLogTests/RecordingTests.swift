import Contract
import Postgres
import ServiceLog
import TestKit
import Testing
import Topics
import Values

@testable import keep_service_log

@Suite struct RecordingTests {
  @Test("each row of a lead's history and each action becomes one entry, in order, with all that the source says")
  func recorded() throws {
    try LogDesk.open { desk in
      try desk.history(1...2)
      try desk.session.run(
        script: """
          insert into lead_history (lead_id, version, at, what, branch_id, owner_id, former_owner_id, by_id, worker, source,
            event_id) values (1, 2, now(), 'transferred', 2, 2, 1, 1, 'reclaim-leads', '/millrace/people', 'c1');
          insert into lead_history (lead_id, version, at, what, reason, worker)
            values (2, 2, now(), 'held', 'no-rule', 'allocate-leads');
          insert into service_action (at, what, subject_kind, subject, branch_id, by_id, login, authority, outcome)
            values (now(), 'viewed', 'customer', 'C1', 2, 1, session_user, 'reveal', 'shown')
          """)
      #expect(try desk.record() == 5)
      #expect(try desk.record() == 0)
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', number, organisation, what, subject_kind, subject, 'v' || version, 'by ' || by, worker,
            'for ' || authority, outcome, 'at ' || branch, 'of ' || owner, 'from ' || former_owner, event_id)
          from service_log order by number
          """) == [
            "1 GZ allocated lead 1 v1 allocate-leads for rule 3/7 at GZ of P1 e1",
            "2 GZ allocated lead 2 v1 allocate-leads for rule 3/7 at GZ of P1 e2",
            "3 GZ transferred lead 1 v2 by P1 reclaim-leads for own-login at GZ of P2 from P1 c1",
            "4 HQ held lead 2 v2 allocate-leads for policy no-rule",
            "5 GZ viewed customer C1 by P1 for reveal shown at GZ",
          ])
      #expect(
        try desk.lines("select keys[1] from outbox where topic = 'service.recorded' order by id") == [
          "1", "2", "1", "2", "C1",
        ])
      #expect(try desk.count("select count(*) from service_due") == 0)
    }
  }

  @Test("whatever a chunk's size, nothing is left out and nothing taken twice", arguments: [1, 2, 3, 7])
  func chunks(size: Int) throws {
    try LogDesk.open { desk in
      try desk.history(1...5)
      try desk.history(6...6)
      try desk.history(7...13)
      var turns: [Int] = []
      while let count = Optional(try desk.record(size)), count > 0 { turns.append(count) }
      #expect(turns.reduce(0, +) == 13)
      #expect(turns.allSatisfy { $0 <= size })
      #expect(try desk.lines("select subject from service_log order by number") == (1...13).map { "\($0)" })
      #expect(
        try desk.count(
          """
          select count(*) from service_block b join service_block a on a.number = b.number - 1
          where b.previous = a.hash and b.first = a.first + a.entries
          """) == turns.count - 1)
    }
  }

  @Test("what commits late is taken all the same, and what was rolled back never")
  func late() throws {
    try LogDesk.open { desk in
      let slow = try desk.database.connect()
      let gone = try desk.database.connect()
      try slow.run(script: "begin")
      try gone.run(script: "begin")
      try desk.history(1...3, in: slow)
      try desk.history(4...6, in: gone)
      try desk.history(7...9)
      #expect(try desk.record() == 3)
      try gone.run(script: "rollback")
      #expect(try desk.record() == 0)
      try slow.run(script: "commit")
      #expect(try desk.record() == 3)
      #expect(try desk.lines("select subject from service_log order by number") == ["7", "8", "9", "1", "2", "3"])
    }
  }

  @Test("one at a time records: another finds nothing to do")
  func oneOrder() throws {
    try LogDesk.open { desk in
      try desk.history(1...3)
      let other = try LogDesk.connect(desk.database)
      try other.run(script: "begin; select from service_turn for update")
      #expect(try desk.record() == 0)
      try other.run(script: "rollback")
      #expect(try desk.record(by: other) == 3)
    }
  }

  @Test("after a recovery numbers go on where no number of the lost time can lie")
  func recovered() throws {
    try LogDesk.open { desk in
      try desk.history(1...2)
      try desk.record()
      try desk.session.run(script: "select database_obstacle(); update database_identity set epoch = 3")
      try desk.history(3...3)
      try desk.history(4...4)
      try desk.record()
      #expect(
        try desk.lines(
          """
          select format('%s %s', number - (3::bigint << 36), subject) from service_log where number > 2 order by 1
          """) == ["0 3", "1 4"])
    }
  }

  @Test("a customer who was moved to another manager is recorded once that is done")
  func moved() throws {
    let customers = """
      insert into customer (id, code, version, data, status, manager_id, changed_at) values
        (1, 'C1', 1, gen_random_uuid(), 'active', 1, now()), (2, 'C2', 1, gen_random_uuid(), 'active', 1, now());
      insert into customer_move (customer_id, giver_id, receiver_id, transfer_id, by_id) values (1, 1, 2, 7, 2);
      insert into customer_move (customer_id, giver_id, receiver_id, hand_over_id) values (2, 1, 2, 1);
      """
    try LogDesk.open(customers) { desk in
      #expect(try desk.record() == 0)
      var limits = TestDatabase.limits
      limits.role = "millrace_keep_customers"
      let keeper = try desk.database.connect(as: "keep-customers", limits: limits)
      for _ in 0..<2 {
        try keeper.run(
          script: """
            update customer_move set settled_at = coalesce(settled_at, now()), outcome = coalesce(outcome, 'moved')
            """)
      }
      #expect(try desk.record() == 2)
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', organisation, what, subject, by, worker, authority, outcome, detail) from service_log order by number
          """) == [
            "GZ transferred C1 P2 keep-customers own-login moved from P1 to P2",
            "GZ transferred C2 keep-customers hand-over moved from P1 to P2",
          ])
    }
  }

  @Test("the door of workers writes what it is told")
  func door() throws {
    try LogDesk.open { desk in
      let at = Timestamp(microseconds: 1_700_000_000_000_000)
      let write: Write<Void, Void> = .recording(by: "track-calls") { _, _ in
        [
          ServiceAction(
            "called", to: .customer("C9"), at: at, branch: 2, by: .person(2), authority: "call", outcome: "answered",
            detail: "62 s", source: "/pbx", event: "x"),
          ServiceAction("messaged", to: .lead(5), at: at, by: .worker, authority: "campaign"),
        ]
      }
      var arguments = Arguments()
      #expect(write.bind((), [][...], &arguments) == 2)
      #expect(try desk.session.rows(write.statement, arguments).affected == 2)
      try desk.record()
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', organisation, day, what, subject_kind, subject, by, worker, authority, outcome, detail,
            source)
          from service_log order by number
          """) == [
            "GZ 2023-11-15 called customer C9 P2 track-calls call answered 62 s /pbx",
            "HQ 2023-11-15 messaged lead 5 track-calls campaign",
          ])
    }
  }
}
