import Testing
import Topics

@testable import keep_organisation

@Suite struct HandOverTests {
  private static let customers = """
    insert into customer (id, code, version, data, status, manager_id, changed_at)
    select n, 'C' || n, 1, gen_random_uuid(), 'active', 3, now() from generate_series(1, 5) n;
    """

  @Test("a successor who is named gets everything, in chunks, with a clock of their own, and hears of it once")
  func named() async throws {
    try await Office.open(HandOverTests.customers + "update person set capacity = 2 where id = 5;") { office throws in
      try office.give(7, to: 3, branch: 2)
      try office.session.run(
        script: """
          select raise_reminders('t', '{a,b}', '{k,k}', '{lead,other}', '{1,x}', '{3,3}', '{null,null}',
            array[now(), now()], '{normal,normal}', '{null,null}');
          update lead set protected_until = now() - interval '1 hour'
          """)
      try office.tell(.left(person: "P3", successor: "S5"))
      try office.sweepAll(3)
      #expect(
        try office.lines(
          "select distinct format('%s %s %s %s', state, branch_id, owner_id, protected_until > now() + interval '6 days') from lead"
        )
          == ["owned 3 5 t"])
      #expect(
        try office.lines(
          "select distinct format('%s %s %s %s', what, owner_id, former_owner_id, reason) from lead_history where version = 2"
        )
          == ["transferred 5 3 left"])
      #expect(try office.lines("select distinct receiver_id::text from customer_move") == ["5"])
      #expect(
        try office.lines("select format('%s %s', key, assignee_id) from reminder order by key") == [
          "a 5", "b 5", "hand-over/1/5 5",
        ])
      #expect(
        try office.lines("select detail from reminder where kind = 'handed-over'")
          == ["7 leads and 5 customers of P3 are yours now."])
      #expect(
        try office.lines(
          "select format('%s %s %s %s %s', phase, leads, reminders, customers, finished_at is not null) from hand_over")
          == ["done 7 1 5 t"])
      #expect(try office.faults() == [])
    }
  }

  @Test("by rule the branch's manager takes what they have room for, the rest goes back to the rotation")
  func byRule() async throws {
    try await Office.open(HandOverTests.customers + "update person set capacity = 4 where id = 2;") { office throws in
      try office.give(1, to: 2, branch: 2)
      try office.give(7, to: 3, branch: 2)
      try office.session.run(
        script: """
          select raise_reminders('t', array_agg('lead/' || id), array_agg('k'::text), array_agg('lead'::text), array_agg(id::text),
            array_agg(3::bigint), array_agg(null::bigint), array_agg(now()), array_agg('low'::text), array_agg(null::text))
          from lead where owner_id = 3
          """)
      try office.tell(.left(person: "P3", successor: nil))
      try office.sweepAll(2)
      #expect(
        try office.lines(
          "select format('%s %s %s %s', count(*), state, owner_id, held_reason) from lead group by state, owner_id, held_reason order by 1"
        )
          == ["4 held  handed-over", "4 owned 2 "])
      #expect(
        try office.lines(
          "select format('%s %s %s', count(*), state, assignee_id) from reminder where kind = 'k' group by state, assignee_id order by 1"
        )
          == ["3 open 2", "4 cancelled 3"])
      #expect(try office.lines("select distinct receiver_id::text from customer_move") == ["2"])
      #expect(try office.lines("select held::text from branch_load where branch_id = 2") == ["4"])
      #expect(try office.faults() == [])
    }
  }

  @Test("without a manager in the branch leads go back to its rotation, customers to the manager above")
  func noManager() async throws {
    try await Office.open("update person set manager = false where id = 2;" + HandOverTests.customers) {
      office throws in
      try office.give(3, to: 3, branch: 2)
      try office.tell(.left(person: "P3", successor: nil))
      try office.sweepAll()
      #expect(try office.lines("select distinct format('%s %s', state, branch_id) from lead") == ["held 2"])
      #expect(try office.lines("select distinct receiver_id::text from customer_move") == ["1"])
      #expect(try office.faults() == [])
    }
  }

  @Test("without any manager customers wait until there is one")
  func nobodyAtAll() async throws {
    try await Office.open("update person set manager = false;" + HandOverTests.customers) { office throws in
      try office.tell(.left(person: "P3", successor: nil))
      try office.sweepAll()
      #expect(try office.lines("select format('%s %s', phase, customers) from hand_over") == ["customers 0"])
      #expect(try office.lines("select distinct receiver_id::text from customer_move") == [])
      try office.session.run(script: "update person set manager = true where id = 1")
      try office.sweepAll()
      #expect(try office.lines("select format('%s %s', phase, customers) from hand_over") == ["done 5"])
      #expect(try office.lines("select distinct receiver_id::text from customer_move") == ["1"])
    }
  }

  @Test("a successor whom nobody knows yet: nothing moves, a manager is told once, and it goes on when they appear")
  func unknown() async throws {
    try await Office.open(HandOverTests.customers) { office throws in
      try office.give(4, to: 3, branch: 2)
      try office.tell(.left(person: "P3", successor: "LATE"))
      #expect(try office.sweep(HandOver.self) == ["successor-unknown"])
      #expect(try office.sweep(HandOver.self) == [])
      #expect(try office.lines("select distinct owner_id::text from lead") == ["3"])
      #expect(
        try office.lines("select format('%s %s %s', kind, assignee_id, urgency) from reminder")
          == ["successor-unknown 2 urgent"])
      try office.tell(.joined(.init(person: "LATE", name: "x", branch: "SZ")))
      try office.sweepAll()
      #expect(try office.lines("select distinct p.code from lead l join person p on p.id = l.owner_id") == ["LATE"])
      #expect(try office.lines("select phase from hand_over") == ["done"])
      #expect(
        try office.lines("select format('%s %s', kind, state) from reminder order by kind")
          == ["handed-over open", "successor-unknown cancelled"])
      #expect(try office.faults() == [])
    }
  }

  @Test("who comes back before it is done keeps the rest")
  func comesBack() async throws {
    try await Office.open { office throws in
      try office.give(5, to: 3, branch: 2)
      try office.tell(.left(person: "P3", successor: "S5"))
      #expect(try office.sweep(HandOver.self, 2) == ["handed-over", "handed-over"])
      try office.tell(.joined(.init(person: "P3", name: "c", branch: "GZ")))
      try office.sweepAll()
      #expect(
        try office.lines("select format('%s %s', count(*), owner_id) from lead group by owner_id order by 1") == [
          "2 5", "3 3",
        ])
      #expect(try office.lines("select phase from hand_over") == ["cancelled"])
      #expect(try office.faults() == [])
    }
  }

  @Test("leads that stay when somebody moves are handed over in the former branch, those of the new one are not")
  func stays() async throws {
    try await Office.open { office throws in
      try office.give(3, to: 3, branch: 2)
      try office.tell(.moved(.init(person: "P3", branch: "SZ", leads: .stay)))
      try office.give(2, to: 3, branch: 3)
      try office.sweepAll()
      #expect(
        try office.lines(
          "select format('%s %s %s', count(*), branch_id, owner_id) from lead group by branch_id, owner_id order by 1")
          == ["2 3 3", "3 2 2"])
      #expect(try office.faults() == [])
    }
  }

  @Test("a manager on leave or a successor who left as well gets nothing")
  func successorLeft() async throws {
    try await Office.open { office throws in
      try office.give(3, to: 3, branch: 2)
      try office.tell(.left(person: "S5", successor: nil), .left(person: "P3", successor: "S5"))
      try office.sweepAll()
      #expect(try office.lines("select distinct owner_id::text from lead") == ["3"])
      try office.tell(.left(person: "P3", successor: "P4"))
      try office.sweepAll()
      #expect(try office.lines("select distinct owner_id::text from lead") == ["4"])
      #expect(try office.faults() == [])
    }
  }
}
