import Postgres
import Testing
import Topics
import Values

/// Claiming, giving back, assigning, and who may.
@Suite struct PoolTests {
  private static func claim(_ lead: Int64, _ by: String) -> LeadActivity { .claimed(.init(lead: lead, by: by)) }

  @Test("first come, first served: one wins, the others are told why")
  func contention() async throws {
    try await LifeDesk.open { desk in
      try desk.pool(1)
      let events = [
        try desk.signed(Self.claim(1, "P2")), try desk.signed(Self.claim(1, "P1")),
        try desk.signed(Self.claim(1, "P2")),
      ]
      #expect(try desk.take(events) == ["claimed", "taken", "yours-already"])
      #expect(desk.emitted == ["lead.allocated", "lead.declined", "lead.declined"])
      #expect(try desk.lead(1) == "owned 3 2 v2")
      #expect(
        try desk.lines("select claimed_today::text from person_load order by person_id") == [
          "0", "1", "0", "0", "0", "0",
        ])
    }
  }

  @Test("delay, cool-off, daily cap, capacity, branch and activity each decline with their name")
  func bounds() async throws {
    try await LifeDesk.open(
      """
      update pool_policy set claim_delay_minutes = 30, claims_a_day = 2, cool_off_days = 10;
      update person set capacity = 1 where id = 2;
      insert into person (id, code, branch_id, name, active) values (5, 'P5', 3, 'gone', false)
      """
    ) { desk in
      for lead: Int64 in 1...5 { try desk.pool(lead) }
      try desk.pool(6, since: "now()")
      try desk.own(7, 1, since: "now() - interval '9 days'", until: "now() - interval '1 minute'")
      try desk.pool(8, 2)
      try desk.reclaim()
      try desk.session.run(script: "update lead set pooled_at = now() - interval '1 hour' where id = 7")
      let table: [(Int64, String, String)] = [
        (6, "P1", "too-early"), (7, "P1", "cooling-off"), (1, "P3", "another-branch"), (1, "P5", "inactive"),
        (1, "P1", "claimed"), (2, "P1", "claimed"), (3, "P1", "claim-cap"), (3, "P2", "claimed"), (4, "P2", "full"),
        (8, "M3", "claimed"), (7, "M3", "claimed"), (99, "P1", "unknown-lead"), (1, "P1", "yours-already"),
      ]
      for (lead, person, outcome) in table {
        #expect(try desk.take([desk.signed(Self.claim(lead, person))]) == [outcome], "\(person) wants \(lead)")
      }
      try desk.session.run(script: "update lead_history set at = at - interval '11 days' where what = 'reclaimed'")
      try desk.session.run(script: "update person_load set claimed_on = current_date - 2")
      #expect(try desk.take([desk.signed(.released(.init(lead: 7, by: "M2")))]) == ["released"])
      try desk.session.run(script: "update lead set pooled_at = now() - interval '1 hour' where id = 7")
      #expect(try desk.take([desk.signed(Self.claim(7, "P1"))]) == ["claimed"], "the cool-off and the day are over")
    }
  }

  @Test("a command without a valid signature, or an old one, has no effect")
  func signatures() async throws {
    try await LifeDesk.open { desk in
      try desk.pool(1)
      #expect(try desk.take([desk.event(Self.claim(1, "P1"))]) == ["unsigned"])
      #expect(
        try desk.take([desk.event(Self.claim(1, "P1"), source: "https://other", signed: true)]) == ["wrong-signature"])
      #expect(try desk.take([desk.signed(Self.claim(1, "P1"), ago: 601)]) == ["stale"])
      let contact = LeadActivity.contacted(.init(lead: 1, by: "P1"), automatic: false, channel: nil)
      #expect(
        try desk.take([desk.event(contact, source: "https://other", signed: true)]) == ["wrong-signature"],
        "a fact need not be signed; one that is must be signed well")
      #expect(try desk.lead(1) == "pooled 3 - v1")
      #expect(try desk.take([desk.signed(Self.claim(1, "P1"), ago: 500)]) == ["claimed"])
    }
  }

  @Test("a manager of the branch or above assigns within what they manage; capacity is kept")
  func assigning() async throws {
    try await LifeDesk.open("update person set capacity = 1 where id = 2") { desk in
      try desk.own(1, 1)
      try desk.own(2, 1)
      try desk.own(3, 3)
      try desk.pool(4)
      func assign(_ lead: Int64, _ by: String, branch: String? = nil, person: String? = nil) throws -> [String] {
        try desk.take([desk.signed(.assigned(.init(lead: lead, by: by), branch: branch, person: person))])
      }
      #expect(try assign(1, "P2", person: "P2") == ["not-your-branch"])
      #expect(try assign(1, "M4", person: "P3") == ["not-your-branch"])
      #expect(try assign(1, "M3", person: "P3") == ["not-your-branch"])
      #expect(try assign(1, "M2", person: "P2") == ["assigned"])
      #expect(try assign(2, "M2", person: "P2") == ["full"])
      #expect(try assign(2, "M3", person: "P1") == ["theirs-already"])
      #expect(try assign(4, "M3", person: "M3") == ["assigned"])
      #expect(try assign(2, "M2", branch: "GD") == ["assigned"])
      #expect(try assign(2, "M2", branch: "nowhere") == ["nobody-named"])
      #expect(try assign(1, "M3", branch: "GD") == ["not-your-branch"])
      try desk.session.run(script: "update person set active = false where id = 1")
      #expect(try assign(3, "M4", person: "P1") == ["not-your-branch"])
      #expect(try assign(1, "M3", person: "P1") == ["inactive"])
      #expect(
        try desk.lines("select format('%s %s %s', state, branch_id, owner_id) from lead order by id") == [
          "owned 3 2", "held 2 ", "owned 4 3", "owned 3 9",
        ])
      #expect(
        try desk.lines("select what || coalesce(by_id::text, '') from lead_history where version = 2 order by lead_id")
          == [
            "assigned8", "held8", "assigned9",
          ])
    }
  }

  @Test("a lead on its way down is passed to a branch below under that branch's own deadline")
  func passedDown() async throws {
    try await LifeDesk.open(
      """
      insert into step_policy (level, within_minutes, remind_minutes, then_do) values ('city', 60, 15, 'allocate');
      insert into lead (id, phone, source, state, branch_id, step_due_at, version, registered_at)
        values (1, 8613800000001, 'web', 'waiting', 2, now() + interval '1 hour', 1, now());
      insert into lead_history (lead_id, version, at, what, branch_id, worker) values (1, 1, now(), 'waiting', 2, 'test')
      """
    ) { desk in
      let passed = try desk.take([desk.signed(.assigned(.init(lead: 1, by: "M2"), branch: "SZ", person: nil))])
      #expect(passed == ["assigned"])
      #expect(desk.emitted == ["lead.passed"])
      #expect(try desk.lead(1) == "waiting 3 - v2")
      #expect(try desk.lines("select (step_due_at - step_remind_at)::text from lead") == ["00:15:00"])
      let again = LeadActivity.assigned(.init(lead: 1, by: "M2"), branch: "SZ", person: nil)
      #expect(try desk.take([desk.signed(again)]) == ["theirs-already"])
      #expect(
        try desk.take([desk.signed(.assigned(.init(lead: 1, by: "M3"), branch: nil, person: "P1"))]) == ["assigned"])
      #expect(try desk.lead(1) == "owned 3 1 v3")
    }
  }

  @Test("leads that nobody claims go up a level, and at the top to the rules again")
  func unclaimed() async throws {
    try await LifeDesk.open { desk in
      try desk.pool(1, 3, due: "now() - interval '1 minute'")
      try desk.pool(2, 1, due: "now() - interval '1 minute'")
      try desk.pool(3, 3, due: "now() + interval '1 minute'")
      #expect(try desk.passOn().sorted() == ["to-allocation", "went-up"])
      #expect(try desk.lead(1) == "pooled 2 - v2")
      #expect(
        try desk.lines("select format('%s %s %s', state, branch_id, held_reason) from lead where id = 2") == [
          "held  no-rule"
        ])
      #expect(try desk.lead(3) == "pooled 3 - v1")
      #expect(try desk.passOn() == [])
    }
  }
}
