import Postgres
import Testing
import Topics
import Values

/// What an owner keeps, and what they hear no more, when a lead goes on.
@Suite struct OwnerTests {
  private static func contact(_ lead: Int64, by: String = "P1") -> LeadActivity {
    .contacted(.init(lead: lead, by: by), automatic: false, channel: "call")
  }

  private static func assigned(_ lead: Int64, by: String = "M2", to person: String) -> LeadActivity {
    .assigned(.init(lead: lead, by: by), branch: nil, person: person)
  }

  private static let days: Statement = """
    select ((protected_until at time zone 'Asia/Shanghai') - (clock_timestamp() at time zone 'Asia/Shanghai')::date)::text
    from lead order by id
    """

  private static let open: Statement = "select key from reminder where state = 'open' order by key"

  private func remind(_ desk: LifeDesk, _ kind: String, _ key: String, lead: Int64, of person: Int64) throws {
    try desk.session.run(
      script: """
        select raise_reminders('t', '{\(key)}', '{\(kind)}', '{lead}', '{\(lead)}', '{\(person)}', '{null}', array[now()],
          '{normal}', '{null}')
        """)
  }

  @Test("a clock that begins anew begins when the lead was given, whatever contact somebody had who owned it before")
  func formerContact() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, since: "now() - interval '12 days'", until: "now() - interval '1 hour'")
      try desk.session.run(script: "update lead set contacted_at = now() - interval '11 days'")
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.take([desk.signed(.claimed(.init(lead: 1, by: "P2")))]) == ["claimed"])
      try desk.session.run(
        script: "update protection_policy set period_days = 5; select begin_clocks_anew(null, null, null, 0, 10, true)")
      #expect(try desk.check() == ["protected-anew"])
      #expect(try desk.lines(Self.days) == ["6 days"])
      #expect(try desk.reclaim() == [])
    }
  }

  @Test("later proof comes too late for a lead that a manager has assigned by then: both are told")
  func assignedMeanwhile() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, since: "now() - interval '10 days'", until: "now() - interval '1 hour'")
      #expect(try desk.reclaim() == ["reclaimed"])
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try desk.take([desk.signed(Self.assigned(1, to: "P2"))]) == ["assigned"])
      #expect(try desk.take([desk.event(Self.contact(1), now.adding(seconds: -7200))]) == ["owned-by-another"])
      #expect(try desk.lead(1) == "owned 3 2 v3")
      #expect(
        try desk.lines("select kind || assignee_id from reminder where state = 'open' order by id")
          == ["lead-assigned2", "late-proof1", "late-proof2"])
    }
  }

  @Test("later proof gives nothing to who has left, nor to who gave the lead back or had it taken by a manager")
  func notRestored() async throws {
    try await LifeDesk.open { desk in
      for lead: Int64 in 1...3 {
        try desk.own(lead, 1, since: "now() - interval '10 days'", until: "now() - interval '1 hour'")
      }
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try desk.take([desk.signed(.released(.init(lead: 2, by: "P1")))]) == ["released"])
      #expect(
        try desk.take([desk.signed(.assigned(.init(lead: 3, by: "M2"), branch: "SZ", person: nil))]) == ["assigned"])
      #expect(
        try desk.lines("select person_id::text from cool_offs('{3}') where until > now() + interval '29 days'") == [
          "1"
        ],
        "nor does it come to them for a while")
      #expect(try desk.reclaim() == ["reclaimed"])
      for lead: Int64 in 2...3 {
        #expect(
          try desk.take([desk.event(Self.contact(lead), now.adding(seconds: -7200))]) == ["not-the-owner"], "\(lead)")
      }
      try desk.session.run(script: "update person set active = false where id = 1")
      #expect(try desk.take([desk.event(Self.contact(1), now.adding(seconds: -7200))]) == ["inactive"])
      #expect(try desk.lead(1) == "pooled 3 - v2")
    }
  }

  @Test("proof of an earlier time restores nobody who has had the lead again since, nor of a time before they had it")
  func earlierTimes() async throws {
    try await LifeDesk.open("update pool_policy set cool_off_days = 0") { desk in
      for lead: Int64 in 1...5 {
        try desk.own(lead, 1, since: "now() - interval '3 days'", until: "now() - interval '1 hour'")
      }
      #expect(try desk.reclaim().count == 5)
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      func told(_ lead: Int64, ago seconds: Int64 = 7200) throws -> [String] {
        try desk.take([desk.event(Self.contact(lead), now.adding(seconds: -seconds))])
      }
      for lead: Int64 in 1...2 {
        #expect(try desk.take([desk.signed(.claimed(.init(lead: lead, by: "P1")))]) == ["claimed"])
      }
      #expect(try desk.take([desk.signed(.released(.init(lead: 1, by: "P1")))]) == ["released"])
      #expect(try told(1) == ["not-the-owner"], "given back")
      func toBranch(_ lead: Int64) throws -> [String] {
        try desk.take([desk.signed(.assigned(.init(lead: lead, by: "M2"), branch: "GD", person: nil))])
      }
      #expect(try toBranch(2) == ["assigned"])
      #expect(try told(2) == ["not-the-owner"], "taken by a manager")
      #expect(try toBranch(3) == ["assigned"])
      #expect(try told(3) == ["restored"], "a manager sent it on when it was nobody's, and nobody has it yet")
      #expect(try told(4, ago: 4 * 86_400) == ["not-the-owner"], "before they had it")
      #expect(try told(5) == ["restored"])
      // What restored it counts where its clock begins anew.
      try desk.session.run(script: "select begin_clocks_anew(null, null, null, 0, 10, true)")
      #expect(try desk.check() == ["unchanged", "unchanged"])
      #expect(try desk.take([desk.signed(Self.assigned(5, to: "P2"))]) == ["assigned"])
      #expect(try told(5) == ["not-the-owner"], "it was not taken back in between")
    }
  }

  @Test("who has left gives nothing back any more, and manages nothing: it is handed over")
  func releasedByNobody() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      try desk.session.run(script: "update person set active = false where id = 1")
      #expect(try desk.take([desk.signed(.released(.init(lead: 1, by: "P1")))]) == ["inactive"])
      #expect(try desk.lead(1) == "owned 3 1 v1")
      try desk.session.run(script: "update person set active = false where id = 9")
      #expect(try desk.take([desk.signed(.released(.init(lead: 1, by: "M3")))]) == ["not-yours"])
      #expect(try desk.take([desk.signed(Self.assigned(1, by: "M3", to: "P2"))]) == ["not-your-branch"])
      #expect(try desk.take([desk.signed(.released(.init(lead: 1, by: "M2")))]) == ["released"])
    }
  }

  @Test("only the owner or a manager of the branch gives a lead back; who did may not claim it again for a while")
  func released() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      for person in ["P2", "M4"] {
        #expect(try desk.take([desk.signed(.released(.init(lead: 1, by: person)))]) == ["not-yours"], "\(person)")
      }
      #expect(try desk.take([desk.signed(.released(.init(lead: 1, by: "P1")))]) == ["released"])
      #expect(try desk.take([desk.signed(.claimed(.init(lead: 1, by: "P1")))]) == ["cooling-off"])
      #expect(try desk.take([desk.signed(.claimed(.init(lead: 1, by: "P2")))]) == ["claimed"])
    }
  }

  @Test("what was asked of the former owner is over when a lead is claimed, given back, assigned or restored")
  func cancelled() async throws {
    try await LifeDesk.open { desk in
      try desk.pool(1)
      try desk.own(2, 1)
      try desk.own(3, 1)
      try desk.own(4, 1)
      try desk.own(5, 1, since: "now() - interval '10 days'", until: "now() - interval '1 hour'")
      #expect(try desk.reclaim() == ["reclaimed"])
      for lead: Int64 in 1...5 { try remind(desk, "step-due", "r\(lead)", lead: lead, of: 1) }
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      _ = try desk.take([desk.signed(.claimed(.init(lead: 1, by: "P2")))])
      #expect(try desk.lines(Self.open) == ["r2", "r3", "r4", "r5"])
      _ = try desk.take([desk.signed(.released(.init(lead: 2, by: "P1")))])
      #expect(try desk.lines(Self.open) == ["r3", "r4", "r5"])
      _ = try desk.take([desk.signed(Self.assigned(3, to: "P2"))])
      #expect(try desk.lines(Self.open) == ["lead/3/assigned/2", "r4", "r5"])
      _ = try desk.take([desk.signed(.assigned(.init(lead: 4, by: "M2"), branch: "GD", person: nil))])
      #expect(try desk.lines(Self.open) == ["lead/3/assigned/2", "r5"])
      #expect(try desk.take([desk.event(Self.contact(5), now.adding(seconds: -7200))]) == ["restored"])
      #expect(try desk.lines(Self.open) == ["lead/3/assigned/2", "lead/5/restored/3"])
    }
  }

  @Test("a contact ends the reminders of its clock and no others; on the next clock the same rung is told again")
  func contacted() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, until: "now() + interval '50 hours'")
      try remind(desk, "other", "other", lead: 1, of: 1)
      func climb() throws {
        try desk.session.run(
          script: """
            update lead set protected_until = now() + interval '50 hours', check_at = now() - interval '22 hours'
            """)
        #expect(try desk.check() == ["reminded"])
      }
      try climb()
      #expect(try desk.lines(Self.open) == ["lead/1/ladder/1/3", "other"])
      #expect(try desk.take([desk.event(Self.contact(1))]) == ["contacted"])
      #expect(try desk.lines(Self.open) == ["other"])
      #expect(try desk.lines("select (check_at = protected_until - interval '3 days')::text from lead") == ["true"])
      try climb()
      #expect(try desk.lines(Self.open) == ["lead/1/ladder/2/3", "other"])
    }
  }

  @Test("an earlier contact that is told later takes nothing back: neither the time of the last one nor its clock")
  func outOfOrder() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, since: "now() - interval '4 days'", until: "now() + interval '1 day'")
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      for (ago, outcome) in [(Int64(60), "contacted"), (3 * 86_400, "contacted")] {
        #expect(try desk.take([desk.event(Self.contact(1), now.adding(seconds: -ago))]) == [outcome])
      }
      #expect(try desk.lead(1) == "owned 3 1 v2")
      #expect(try desk.lines(Self.days) == ["8 days"])
      #expect(
        try desk.session.rows("select contacted_at from lead")[0].timestamp(0) == now.adding(seconds: -60))
    }
  }
}
