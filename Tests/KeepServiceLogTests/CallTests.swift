import Postgres
import TestKit
import Testing

@testable import keep_service_log
@testable import millrace

@Suite struct CallTests {
  private static let people = """
    insert into customer (id, code, version, data, status, changed_at) values (1, 'C1', 1, gen_random_uuid(), 'closed', now());
    insert into lead (id, phone, source, state, branch_id, pooled_at, version, registered_at) values
      (5, 8613812340005, 'web', 'pooled', 2, now(), 1, now());
    insert into call_queue (code, branch_id) values ('q', 1);
    insert into agent (code, person_id) values ('7001', 2);
    """

  private static func call(_ id: String, _ more: String) -> String {
    """
    insert into call (id, version, facts, direction, queue, agent, phone, lead_id, customer_id, started_at, last_at, ring_ms,
      wait_ms, talk_ms, hold_ms, wrap_up_ms, outcome, transfers, flags)
    values ('\(id)', 1, E'1\\ts\\t\\tq\\t+8613812340005\\t700\\tinbound', 'inbound', 'q', \(more), now(), now(), 0, 0, 62000, 0, 0,
      null, 0, 0);
    """
  }

  @Test("a call with somebody who is known is recorded once it is concluded, and again where it turns out otherwise")
  func recorded() throws {
    try LogDesk.open(Self.people) { desk in
      try desk.session.run(
        script: Self.call("a", "'7001', 8613812340005, 5, null") + Self.call("b", "null, 8613812340009, null, 1")
          + Self.call("c", "null, 8613812340008, null, null"))
      #expect(try desk.record() == 0)
      try desk.session.run(script: "update call set outcome = 'answered'; update call set wrap_up_ms = 5")
      #expect(try desk.record() == 2)
      try desk.session.run(script: "update call set outcome = 'missed' where id = 'b'")
      try desk.record()
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', organisation, what, subject_kind, subject, by, authority, outcome, detail) from service_log
          order by number
          """) == [
            "GZ called lead 5 P2 call answered inbound a talk 62 s",
            "HQ called customer C1 call answered inbound b talk 62 s",
            "HQ called customer C1 call missed inbound b talk 62 s",
          ])
    }
  }

  @Test("a call whose number is told only after its end is recorded then, and each use of an id by itself")
  func late() throws {
    try LogDesk.open(Self.people) { desk in
      try desk.session.run(
        script: Self.call("a", "'7001', null, null, null") + "update call set outcome = 'answered';")
      #expect(try desk.record() == 0)
      try desk.session.run(script: "update call set phone = 8613812340005, lead_id = 5")
      try desk.session.run(
        script: Self.call("b", "'7001', 8613812340005, 5, null")
          + "update call set id = 'a', use = 2 where id = 'b'; update call set outcome = 'missed' where use = 2")
      #expect(try desk.record() == 2)
      #expect(
        try desk.lines("select concat_ws(' ', subject, outcome, detail) from service_log order by number") == [
          "5 answered inbound a talk 62 s", "5 missed inbound a talk 62 s",
        ])
    }
  }

  @Test("whoever was taken for one of several customers is found by any of them, or by a number they had before")
  func erasedSeveral() throws {
    try LogDesk.open(Self.people) { desk in
      try desk.session.run(
        script: Self.call("a", "null, 8613812340005, null, 1") + Self.call("b", "null, 8613812340005, null, null")
          + Self.call("c", "null, 8613812340005, null, null")
          + "update call set customer_ids = '{1,2}' where id = 'b'; update call set outcome = 'missed'")
      while try desk.record() > 0 {}
      let run = desk.command("privacy", "erase", "--customer", "C1", "--because", "x", "--execute")
      #expect(run.exit == .done, "\(run.err)")
      #expect(try desk.lines("select id from call where phone is null order by id") == ["a", "b"])
    }
  }

  @Test("an erased person's calls stay without their number, and neighbours' with theirs")
  func erased() throws {
    try LogDesk.open(Self.people) { desk in
      try desk.session.run(
        script: Self.call("a", "'7001', 8613812340005, 5, null") + Self.call("b", "null, 8613812340009, null, 1")
          + "insert into call_contact values (8613812340005, now())")
      let run = desk.command("privacy", "erase", "--lead", "5", "--because", "x", "--execute")
      #expect(run.exit == .done, "\(run.err)")
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', id, phone, lead_id, customer_id, split_part(facts, E'\\t', 5)) from call order by id
          """) == ["a erased", "b 8613812340009 1 +8613812340005"])
      #expect(try desk.count("select count(*) from call_contact") == 0)
    }
  }
}
