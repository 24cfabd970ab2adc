import Postgres
import Testing
import Topics

@testable import keep_organisation

/// What becomes of everything that somebody has who leaves, moves or comes back.
@Suite struct LeavingTests {
  private static let customers = """
    insert into customer (id, code, version, data, status, manager_id, changed_at)
    select n, 'C' || n, 1, gen_random_uuid(), 'active', 3, now() from generate_series(1, 3) n;
    """

  private static let owners: Statement = """
    select format('%s %s %s', count(*), owner_id, state) from lead group by owner_id, state order by 1
    """

  @Test("a successor who leaves in the midst gets no more; what they had got goes on with all of theirs")
  func midst() async throws {
    try await Office.open { office throws in
      try office.give(5, to: 3, branch: 2)
      try office.tell(.left(person: "P3", successor: "S5"))
      #expect(try office.sweep(HandOver.self, 2) == ["handed-over", "handed-over"])
      try office.tell(.left(person: "S5", successor: "P4"))
      try office.sweepAll(2)
      #expect(try office.lines(Self.owners) == ["2 4 owned", "3 3 owned"])
      #expect(
        try office.lines("select format('%s %s', kind, assignee_id) from reminder order by kind")
          == ["handed-over 4", "successor-unknown 2"])
      try office.tell(.left(person: "P3", successor: nil))
      try office.sweepAll(2)
      #expect(try office.lines(Self.owners) == ["2 4 owned", "3 2 owned"])
      #expect(
        try office.lines("select kind from reminder where state = 'open' order by id") == [
          "handed-over", "handed-over",
        ])
      #expect(try office.faults() == [])
    }
  }

  @Test("the successor's clock begins when they get the lead, by which the hard maximum and their contacts count")
  func since() async throws {
    try await Office.open { office throws in
      try office.give(1, to: 3, branch: 2)
      try office.session.run(script: "update lead set protected_since = now() - interval '5 days'")
      try office.tell(.left(person: "P3", successor: "S5"))
      try office.sweepAll()
      #expect(
        try office.lines("select (owner_id = 5 and protected_since >= now() - interval '1 hour')::text from lead")
          == ["true"])
    }
  }

  @Test("who comes back whose successor was not known: no manager is asked for one any more")
  func nobodyWanted() async throws {
    try await Office.open { office throws in
      try office.give(2, to: 3, branch: 2)
      try office.tell(.left(person: "P3", successor: "LATE"))
      #expect(try office.sweep(HandOver.self) == ["successor-unknown"])
      try office.tell(.joined(.init(person: "P3", name: "c", branch: "GZ")))
      try office.sweepAll()
      #expect(try office.lines(Self.owners) == ["2 3 owned"])
      #expect(
        try office.lines("select format('%s %s %s', kind, state, settled_for) from reminder")
          == ["successor-unknown cancelled returned"])
    }
  }

  @Test("what warned the former owner of their clock's end goes with that clock, all else with the lead")
  func ladder() async throws {
    try await Office.open { office throws in
      try office.give(1, to: 3, branch: 2)
      try office.session.run(
        script: """
          select raise_reminders('t', '{a,b,c,d}', '{protection-ends,protection-ends,call-back,call-back}',
            '{lead,lead,lead,lead}', '{1,1,1,1}', '{3,null,3,4}', '{null,2,null,null}', array[now(), now(), now(), now()],
            '{urgent,normal,normal,normal}', '{null,null,null,null}')
          """)
      try office.tell(.left(person: "P3", successor: "S5"))
      try office.sweepAll()
      #expect(
        try office.lines(
          "select format('%s %s %s', key, state, assignee_id) from reminder where kind <> 'handed-over' order by key")
          == ["a cancelled 3", "b cancelled 2", "c open 5", "d open 4"])
    }
  }

  @Test("a customer who is on the way to somebody who leaves is handed over as well")
  func onTheWay() async throws {
    try await Office.open(LeavingTests.customers) { office throws in
      try office.tell(.left(person: "P3", successor: "S5"))
      try office.sweepAll()
      try office.tell(.left(person: "S5", successor: "P4"))
      try office.sweepAll()
      // What keep-customers does with what is asked for, only now.
      let settle = """
        update customer c set manager_id = m.receiver_id from customer_move m where m.customer_id = c.id and m.settled_at is null;
        update customer_move set settled_at = now(), outcome = 'moved' where settled_at is null;
        """
      try office.session.run(script: settle)
      try office.sweepAll()
      try office.session.run(script: settle)
      #expect(try office.lines("select distinct manager_id::text from customer") == ["4"])
      #expect(try office.lines("select distinct phase from hand_over") == ["done"])
    }
  }

  @Test("who moved, left and is back still takes the leads along, and is not told of their own")
  func movedAndBack() async throws {
    try await Office.open { office throws in
      try office.give(2, to: 3, branch: 2)
      let clocks = try office.lines("select concat(protected_since, protected_until) from lead order by id")
      try office.tell(.moved(.init(person: "P3", branch: "SZ")))
      try office.tell(.left(person: "P3", successor: nil))
      try office.tell(.joined(.init(person: "P3", name: "c", branch: "SZ")))
      try office.sweepAll()
      #expect(try office.lines("select distinct format('%s %s', owner_id, branch_id) from lead") == ["3 3"])
      #expect(try office.lines("select concat(protected_since, protected_until) from lead order by id") == clocks)
      #expect(
        try office.lines("select format('%s %s', cause, phase) from hand_over order by id") == [
          "moved done", "left cancelled",
        ])
      #expect(try office.lines("select distinct former_owner_id::text from lead_history") == ["-"])
      #expect(try office.lines("select kind from reminder") == [])
      #expect(try office.faults() == [])
    }
  }

  @Test("who is on leave is so until they are back; who managed and left does not manage when they come again")
  func leave() async throws {
    try await Office.open { office throws in
      let row: Statement = """
        select format('%s %s %s %s', active, manager, leave_from is not null, leave_until is not null) from person
        where code = 'GZM'
        """
      try office.tell(.onLeave(.init(person: "GZM", until: Office.now.adding(seconds: 864_000))))
      #expect(try office.lines(row) == ["t t t t"])
      try office.tell(.back(person: "GZM"))
      #expect(try office.lines(row) == ["t t f f"])
      try office.tell(.left(person: "GZM", successor: nil))
      #expect(try office.lines(row) == ["f f f f"])
      try office.tell(.joined(.init(person: "GZM", name: "b", branch: "GZ")))
      #expect(try office.lines(row) == ["t f f f"])
    }
  }

  @Test(
    "nobody leaves while somebody gives leads away in their branch, nor is anything handed over while the firm changes")
  func locked() async throws {
    try await Office.open { office throws in
      try office.give(1, to: 3, branch: 2)
      try office.waitForNothing()
      let other = try office.database.connect()
      try other.run(script: "begin; select from branch_load where branch_id = 2 for update")
      #expect(throws: PostgresError.self) { try office.tell(.left(person: "P3", successor: "S5")) }
      #expect(try office.lines("select active::text from person where code = 'P3'") == ["true"])
      try other.run(script: "commit")
      try office.tell(.left(person: "P3", successor: "S5"))
      try other.run(script: "begin; select from organisation for update")
      #expect(throws: PostgresError.self) { try office.sweep(HandOver.self) }
      try other.run(script: "commit")
      try office.sweepAll()
      #expect(try office.lines(Self.owners) == ["1 5 owned"])
    }
  }

  @Test("a login that goes with its person does not come back with them")
  func login() async throws {
    try await Office.open { office throws in
      try office.tell(.left(person: "P3", successor: nil))
      try office.sweepAll()
      try office.tell(.joined(.init(person: "P3", name: "c", branch: "GZ")))
      #expect(try office.lines("select login from person where code = 'P3'") == ["-"])
      #expect(try office.lines("select phase from hand_over") == ["done"], "what was handed over stays so")
    }
  }
}
