import Postgres
import Testing

/// What the database lets people do under their own login, and shows them.
@Suite struct RightsTests {
  private static let logins = """
    do $$ declare login text; begin
      foreach login in array array['one', 'two', 'manager'] loop
        begin
          execute format('create role %I login', login);
        exception when duplicate_object or unique_violation then null; end;
        execute format('grant millrace_person to %I', login);
      end loop;
    end $$;
    """

  /// What a query that a person asks shows them.
  private func seen(_ desk: LifeDesk, _ login: String, _ query: String) throws -> [String] {
    try desk.session.run(script: "create table seen (line text); grant insert on seen to millrace_person")
    try desk.asPerson(login, "insert into seen \(query)")
    let lines = try desk.lines("select line from seen order by line")
    try desk.session.run(script: "drop table seen")
    return lines
  }

  @Test("a login serves nobody who is not active")
  func inactive() async throws {
    try await LifeDesk.open(Self.logins + "update person set active = false where id in (1, 8)") { desk in
      try desk.pool(1)
      try desk.own(2, 1)
      for (login, script) in [
        ("one", "select claim_lead(1)"), ("one", "select release_lead(2)"), ("one", "select contact_lead(2, null)"),
        ("one", "select own_reminders()"), ("manager", "select assign_lead(2, 'P2')"),
        ("manager", "select * from transfer_leads('P1', 'P2', true)"),
      ] {
        #expect(throws: PostgresError.self, "\(login): \(script)") { try desk.asPerson(login, script) }
      }
      #expect(try desk.commands().isEmpty)
    }
  }

  @Test("a manager transfers within what they manage, to who is there, and not to the giver")
  func transfers() async throws {
    try await LifeDesk.open(
      Self.logins + "insert into person (id, code, branch_id, name, active) values (5, 'P5', 3, 'gone', false)"
    ) { desk in
      try desk.own(1, 1)
      try desk.own(2, 3)
      for (giver, receiver) in [
        ("P1", "P3"), ("P3", "P1"), ("P1", "P5"), ("P1", "P1"), ("P1", "nobody"), ("nobody", "P1"),
      ] {
        #expect(throws: PostgresError.self, "\(giver) to \(receiver)") {
          try desk.asPerson("manager", "select * from transfer_leads('\(giver)', '\(receiver)', true)")
        }
      }
      #expect(try desk.commands().isEmpty)
      try desk.asPerson("manager", "select * from transfer_leads('P1', 'P2', true)")
      #expect(try desk.commands().count == 1)
    }
  }

  @Test(
    "a transfer says what fits: never less than none, nor more than there is; customers go to another than the giver")
  func fits() async throws {
    try await LifeDesk.open(
      Self.logins + """
        insert into customer (id, code, version, data, status, manager_id, changed_at)
          values (1, 'C1', 1, gen_random_uuid(), 'active', 9, now());
        """
    ) { desk in
      for lead: Int64 in 1...2 { try desk.own(lead, 1) }
      for lead: Int64 in 3...5 { try desk.own(lead, 2) }
      let preview = "select concat_ws(' ', leads, fits) from transfer_leads('P1', 'P2', false)"
      for (capacity, fits) in [("2", "2 0"), ("4", "2 1"), ("9", "2 2"), ("null", "2")] {
        try desk.session.run(script: "update person set capacity = \(capacity) where id = 2")
        #expect(try seen(desk, "manager", preview) == [fits], "capacity \(capacity)")
      }
      let ofManager = "select concat_ws(' ', leads, customers, customers_to) from transfer_leads('M3', null, true)"
      #expect(try seen(desk, "manager", ofManager) == ["0 1 M2"])
      #expect(try seen(desk, "manager", ofManager) == ["0 1 M2"], "asked again before it is done")
      #expect(try desk.lines("select receiver_id::text from customer_move") == ["8"])
    }
  }

  @Test("people are shown what became of their own commands and what they still are to see to, nothing of others")
  func own() async throws {
    try await LifeDesk.open(Self.logins) { desk in
      try desk.pool(1)
      try desk.own(2, 1)
      try desk.asPerson("one", "select claim_lead(1)")
      try desk.asPerson("manager", "select * from transfer_leads('P1', 'P2', true)")
      #expect(try desk.take(desk.commands()) == ["claimed", "transferred"])
      let outcomes = "select concat_ws(' ', lead_id, outcome) from command_outcomes(array(select id from ids))"
      try desk.session.run(
        script: "create table ids as select id from command; grant select on ids to millrace_person")
      #expect(try seen(desk, "one", outcomes) == ["1 claimed"])
      #expect(try seen(desk, "two", outcomes) == [])
      let transfer = "select concat_ws(' ', outcome, leads) from transfer_outcomes(1)"
      #expect(try seen(desk, "manager", transfer) == ["transferred 1"])
      #expect(try seen(desk, "two", transfer) == [])
      let reminders = "select kind from own_reminders()"
      #expect(try seen(desk, "two", reminders) == ["leads-transferred"])
      try desk.asPerson("two", "select finish_reminders(array(select id from own_reminders()))")
      #expect(try seen(desk, "two", reminders) == [])
    }
  }

  @Test("a policy that holds at once counts and marks owned leads of its branches, product and level")
  func anew() async throws {
    try await LifeDesk.open { desk in
      for lead: Int64 in 1...4 { try desk.own(lead, 1) }
      try desk.pool(5)
      try desk.session.run(
        script: """
          update lead set product = 'fund' where id in (1, 2, 5);
          update lead set level = 'gold' where id in (1, 3, 5)
          """)
      for (scope, count) in [
        ("null, null, null", "4"), ("2, null, null", "4"), ("4, null, null", "0"), ("3, 'fund', null", "2"),
        ("3, null, 'gold'", "2"), ("3, 'fund', 'gold'", "1"),
      ] {
        for execute in [false, true] {
          try desk.session.run(
            script: """
              create table seen as select concerned from begin_clocks_anew(\(scope), 0, 100, \(execute))
              """)
          #expect(try desk.lines("select concerned::text from seen") == [count], "\(scope)")
          #expect(
            try desk.lines("select count(*)::text from lead where check_at = '-infinity'") == [execute ? count : "0"],
            "\(scope)")
          try desk.session.run(script: "drop table seen; update lead set check_at = null")
        }
      }
    }
  }
}
