import Contract
import Postgres
import Testing
import Topics
import Values

/// What the policies of the pool and of protection say of single leads.
@Suite struct PolicyTests {
  private static func claim(_ lead: Int64, _ by: String) -> LeadActivity { .claimed(.init(lead: lead, by: by)) }

  @Test("claims of one batch count against the day's cap and the capacity")
  func together() async throws {
    try await LifeDesk.open(
      "update pool_policy set claims_a_day = 2; update person set capacity = 1 where id = 2"
    ) { desk in
      for lead: Int64 in 1...5 { try desk.pool(lead) }
      #expect(
        try desk.take([
          desk.signed(Self.claim(1, "P1")), desk.signed(Self.claim(2, "P1")), desk.signed(Self.claim(3, "P1")),
          desk.signed(Self.claim(4, "P2")), desk.signed(Self.claim(5, "P2")),
        ]) == ["claimed", "claimed", "claim-cap", "claimed", "full"])
    }
  }

  @Test("the cap is that of the claimer's own branch; where it has none, that of the pool")
  func whoseCap() async throws {
    try await LifeDesk.open(
      "insert into pool_policy (branch_id, claims_a_day) values (2, 1), (3, null)"
    ) { desk in
      for lead: Int64 in 1...2 { try desk.pool(lead, 2) }
      for lead: Int64 in 3...5 { try desk.pool(lead, 3) }
      for (lead, outcome) in [(Int64(1), "claimed"), (2, "claim-cap"), (3, "claimed")] {
        #expect(try desk.take([desk.signed(Self.claim(lead, "P1"))]) == [outcome], "\(lead)")
      }
      try desk.session.run(script: "update pool_policy set claims_a_day = 0 where branch_id = 3")
      for lead: Int64 in [2, 4] {
        #expect(try desk.take([desk.signed(Self.claim(lead, "P2"))]) == ["claim-cap"], "zero is none")
      }
    }
  }

  @Test("the cool-off is that of the branch in whose pool the lead is, from when it was last taken from that person")
  func coolOff() async throws {
    try await LifeDesk.open("insert into pool_policy (branch_id, cool_off_days) values (2, 0), (3, 30)") { desk in
      func lose(_ lead: Int64) throws {
        try desk.session.run(
          script: "update lead set protected_until = now() - interval '1 hour', check_at = null where id = \(lead)")
        #expect(try desk.reclaim() == ["reclaimed"])
      }
      func wants(_ lead: Int64) throws -> [String] { try desk.take([desk.signed(Self.claim(lead, "P1"))]) }
      try desk.own(1, 1)
      try lose(1)
      try desk.session.run(script: "update lead_history set at = at - interval '31 days' where what = 'reclaimed'")
      #expect(try wants(1) == ["claimed"])
      try lose(1)
      #expect(try wants(1) == ["cooling-off"])
      try desk.session.run(script: "update lead set pool_due_at = now() where id = 1")
      #expect(try desk.passOn() == ["went-up"])
      #expect(try wants(1) == ["claimed"], "the branch above wants no cool-off")
    }
  }

  @Test("a lead lies in a pool as long as the branch says, and goes where it says: up, or to the rules")
  func pooled() async throws {
    try await LifeDesk.open(
      """
      insert into pool_policy (branch_id, unclaimed_days, unclaimed_to) values (1, null, 'up'), (2, 3, 'up'), (4, 0, 'allocate');
      insert into person (id, code, branch_id, name) values (6, 'P6', 1, 'f')
      """
    ) { desk in
      let due: Statement = """
        select coalesce(((pool_due_at at time zone 'Asia/Shanghai') - (clock_timestamp() at time zone 'Asia/Shanghai')::date)::text,
          'never') from lead order by id
        """
      try desk.own(1, 1, until: "now() - interval '1 hour'")
      try desk.own(2, 3)
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.take([desk.signed(.released(.init(lead: 2, by: "P3")))]) == ["released"])
      #expect(try desk.lines(due) == ["4 days", "1 day"])
      try desk.session.run(script: "update lead set pool_due_at = now() - interval '1 minute'")
      #expect(try desk.passOn().sorted() == ["to-allocation", "went-up"])
      #expect(
        try desk.lines(
          "select concat_ws(' ', state, branch_id, held_reason, held_ruleset, pooled_at is null) from lead order by id")
          == ["pooled 2 f", "held no-rule 0 t"], "Beijing gives its leads to the rules")
      #expect(try desk.lines(due) == ["4 days", "never"])
      try desk.session.run(script: "update lead set pool_due_at = now() - interval '1 minute' where id = 1")
      #expect(try desk.passOn() == ["went-up"])
      try desk.own(3, 6, until: "now() - interval '1 hour'")
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.lines(due) == ["never", "never", "never"])
    }
  }

  @Test(
    "nothing is taken back before its end, though nobody has reminded its owner yet; what is over is not reminded of")
  func betweenRungs() async throws {
    try await LifeDesk.open(grace: .zero) { desk in
      try desk.own(1, 1, until: "now() + interval '20 hours'")
      try desk.own(2, 1, until: "now() - interval '1 hour'")
      try desk.session.run(
        script: "update lead set check_at = now() - case id when 1 then interval '2 hours' else interval '1 hour' end")
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try desk.take([desk.event(.dayEnded(branch: "SZ", until: now))]) == ["day-ended"])
      #expect(try desk.check() == ["reminded"])
      #expect(try desk.lines("select subject from reminder") == ["1"])
      try desk.session.run(script: "update lead set check_at = now() - interval '2 hours' where id = 1")
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.reclaim() == [])
      #expect(try desk.lead(1) == "owned 3 1 v1")
    }
  }

  @Test("a last morning that comes after the day's end is none: the lead is taken back at its end")
  func earlyEnd() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      try desk.session.run(
        script: """
          update branch set time_zone = 'Etc/GMT' || to_char(extract(hour from now() at time zone 'UTC')::int - 12, 'SGFM00');
          update protection_policy set last_morning = '13:50';
          update lead set check_at = now() - interval '1 minute',
            protected_until = ((now() at time zone time_zone)::date + time '13:30') at time zone time_zone
          from branch b where b.id = branch_id
          """)
      #expect(try desk.check() == ["reminded"])
      #expect(try desk.lines("select check_at::text from lead") == ["-"])
    }
  }

  @Test("a lead whose clock shall begin anew is not taken back before that, though its old time is over")
  func anewFirst() async throws {
    try await LifeDesk.open(grace: .zero) { desk in
      try desk.own(1, 1, until: "now() - interval '1 hour'")
      try desk.own(2, 3, until: "now() - interval '1 hour'")
      try desk.session.run(
        script: """
          insert into protection_policy (branch_id, period_days) values (3, 20);
          select begin_clocks_anew(3, null, null, 0, 10, true)
          """)
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try desk.take([desk.event(.dayEnded(branch: "SZ", until: now))]) == ["day-ended"])
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.reclaim() == [])
      #expect(try desk.lead(1) == "owned 3 1 v1")
      #expect(try desk.check() == ["protected-anew"])
      #expect(try desk.reclaim() == [])
      #expect(try desk.lead(1) == "owned 3 1 v2")
    }
  }

  @Test(
    "a clock that begins anew and ends as before changes nothing and is not looked at again; another ends its reminders"
  )
  func anewTwice() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      let anew = "select begin_clocks_anew(null, null, null, 0, 10, true)"
      try desk.session.run(script: anew)
      #expect(try desk.check() == ["protected-anew"])
      try desk.session.run(
        script: """
          select raise_reminders('t', '{a,b}', '{protection-ends,other}', '{lead,lead}', '{1,1}', '{1,1}', '{null,null}',
            array[now(), now()], '{normal,normal}', '{null,null}')
          """)
      try desk.session.run(script: anew)
      #expect(try desk.check() == ["unchanged"])
      #expect(try desk.check() == [])
      #expect(try desk.lead(1) == "owned 3 1 v2")
      #expect(try desk.lines("select key from reminder where state = 'open' order by key") == ["a", "b"])
      try desk.session.run(script: "update protection_policy set period_days = 9; " + anew)
      #expect(try desk.check() == ["protected-anew"])
      #expect(try desk.lines("select key from reminder where state = 'open' order by key") == ["b"])
      #expect(try desk.lines("select (check_at = protected_until - interval '3 days')::text from lead") == ["true"])
    }
  }

  @Test("a contact that is told protects no longer than the maximum from when the lead was given")
  func maximum() async throws {
    try await LifeDesk.open("update protection_policy set maximum_days = 6") { desk in
      try desk.own(1, 1, until: "now() + interval '1 day'")
      let contact = LeadActivity.contacted(.init(lead: 1, by: "P1"), automatic: false, channel: nil)
      #expect(try desk.take([desk.event(contact)]) == ["contacted"])
      #expect(
        try desk.lines(
          """
          select ((protected_until at time zone 'Asia/Shanghai') - (protected_since at time zone 'Asia/Shanghai')::date)::text
          from lead
          """) == ["7 days"])
    }
  }

  @Test("a day's end that is told again, or an earlier one, takes nothing of a later one away")
  func dayEnds() async throws {
    try await LifeDesk.open(grace: .seconds(7200)) { desk in
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      func ended(ago seconds: Int64) throws -> Delivery<LeadActivity> {
        try desk.event(.dayEnded(branch: "SZ", until: now.adding(seconds: -seconds)))
      }
      _ = try desk.take([ended(ago: 3000), ended(ago: 600), ended(ago: 1200)])
      _ = try desk.take([ended(ago: 3600)])
      try desk.own(1, 1, until: "now() - interval '30 minutes'")
      #expect(try desk.isAnyDue())
      #expect(try desk.reclaim() == ["reclaimed"])
    }
  }
}
