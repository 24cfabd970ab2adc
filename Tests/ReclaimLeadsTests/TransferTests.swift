import Postgres
import Testing
import Topics
import Values

/// Leads that go from one person to another as the policies say.
@Suite struct TransferTests {
  private static let logins = """
    do $$ begin
      begin create role manager login; exception when duplicate_object or unique_violation then null; end;
      grant millrace_person to manager;
    end $$;
    """

  private static let days: Statement = """
    select concat_ws(' ', ((protected_until at time zone 'Asia/Shanghai') - (clock_timestamp() at time zone 'Asia/Shanghai')::date)::text,
      protected_since < now() - interval '1 day', check_at is not null)
    from lead order by id
    """

  private func transfer(_ desk: LifeDesk, _ outcomes: [String]) throws {
    try desk.asPerson("manager", "select * from transfer_leads('P1', 'P2', true)")
    #expect(try desk.take(desk.commands()) == outcomes)
  }

  /// To the end of the third day from today, with two days gone.
  private func give(_ desk: LifeDesk, _ lead: Int64) throws {
    try desk.own(
      lead, 1, until: "((now() at time zone 'Asia/Shanghai')::date + 4)::timestamp at time zone 'Asia/Shanghai'")
    try desk.session.run(script: "update lead set check_at = now() + interval '1 hour' where id = \(lead)")
  }

  @Test("a transferred lead keeps its clock and ladder; one whose time was over begins anew")
  func keeps() async throws {
    try await LifeDesk.open(Self.logins) { desk in
      try give(desk, 1)
      try desk.own(2, 1, until: "now() - interval '1 minute'")
      try transfer(desk, ["transferred", "transferred"])
      #expect(try desk.lines(Self.days) == ["4 days t t", "8 days f t"])
      #expect(try desk.lines("select (check_at < now() + interval '2 hours')::text from lead where id = 1") == ["true"])
      #expect(try desk.reclaim() == [])
    }
  }

  @Test("where the policy says so a transferred lead begins a new clock, and an assigned one always does")
  func restarts() async throws {
    try await LifeDesk.open(Self.logins + "insert into pool_policy (branch_id, transfer_clock) values (2, 'restart')") {
      desk in
      try give(desk, 1)
      try transfer(desk, ["transferred"])
      #expect(try desk.lines(Self.days) == ["8 days f t"])
    }
    try await LifeDesk.open { desk in
      try give(desk, 1)
      let assigned = LeadActivity.assigned(.init(lead: 1, by: "M2"), branch: nil, person: "P2")
      #expect(try desk.take([desk.signed(assigned)]) == ["assigned"])
      #expect(try desk.lines(Self.days) == ["8 days f t"])
    }
  }

  @Test("who is converted stays with their customer, whoever assigns or transfers")
  func converted() async throws {
    try await LifeDesk.open(Self.logins) { desk in
      try desk.own(1, 1)
      try desk.session.run(
        script: """
          insert into customer (id, code, version, data, status, manager_id, changed_at)
            values (1, 'C1', 1, gen_random_uuid(), 'active', 1, now());
          update lead set state = 'converted', customer_id = 1, converted_at = now(), version = 2;
          insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
            values (1, 2, now(), 'converted', 3, 1, 'test');
          update person_load set open_leads = 0
          """)
      for person in ["P2", "P1"] {
        let assigned = LeadActivity.assigned(.init(lead: 1, by: "M2"), branch: nil, person: person)
        #expect(try desk.take([desk.signed(assigned)]) == ["closed"])
      }
      try desk.asPerson("manager", "select * from transfer_leads('P1', 'P2', true)")
      #expect(try desk.commands().isEmpty)
      #expect(
        try desk.lines("select concat_ws(' ', customer_id, giver_id, receiver_id, by_id) from customer_move")
          == ["1 1 2 8"])
    }
  }
}
