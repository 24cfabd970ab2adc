import Postgres
import Testing
import Topics
import Values

/// Commands that people give to the database under their own login.
@Suite struct CommandTests {
  private static let logins = """
    do $$ declare login text; begin
      foreach login in array array['one', 'two', 'manager', 'stranger'] loop
        begin
          execute format('create role %I login', login);
        exception when duplicate_object or unique_violation then null; end;
        execute format('grant millrace_person to %I', login);
      end loop;
    end $$;
    """

  @Test("the database stamps who did it, nobody passes it; the command's row tells what became of it")
  func stamped() async throws {
    try await LifeDesk.open(Self.logins) { desk in
      try desk.pool(1)
      try desk.asPerson("one", "select claim_lead(1)")
      try desk.asPerson("two", "select claim_lead(1)")
      #expect(try desk.take(desk.commands()) == ["claimed", "taken"])
      #expect(try desk.lead(1) == "owned 3 1 v2")
      #expect(
        try desk.lines("select login || ' ' || person_id || ' ' || outcome from command order by at") == [
          "one 1 claimed", "two 2 taken",
        ])
      try desk.asPerson("one", "select contact_lead(1, null); select release_lead(1)")
      #expect(try desk.take(desk.commands()) == ["contacted", "released"])
      try desk.own(2, 1)
      try desk.asPerson("one", "select contact_lead(2, now() - interval '1 day')")
      #expect(try desk.take(desk.commands()) == ["contacted"])
      #expect(
        try desk.lines("select (contacted_at < now() - interval '23 hours')::text from lead where id = 2") == ["true"],
        "when it was, and not when it was told")
      try desk.asPerson("manager", "select assign_lead(1, 'P2')")
      #expect(try desk.take(desk.commands()) == ["assigned"])
      #expect(try desk.lead(1) == "owned 3 2 v4")
    }
  }

  @Test("a login that is nobody's, a lead that is not there and rights that are missing are refused at once")
  func refused() async throws {
    try await LifeDesk.open(Self.logins) { desk in
      try desk.pool(1)
      let table: [(String, String)] = [
        ("stranger", "select claim_lead(1)"), ("one", "select claim_lead(99)"), ("one", "select * from lead"),
        ("one", "insert into command (person_id, what, lead_id) values (2, 'claimed', 1)"),
        ("one", "select give_commands(2, 'claimed', array[1::bigint], array[null::bigint], null, null, null)"),
        ("one", "select * from transfer_leads('P2', 'P1', true)"), ("manager", "select assign_lead(1, 'nobody')"),
      ]
      for (login, script) in table {
        #expect(throws: PostgresError.self, "\(login): \(script)") { try desk.asPerson(login, script) }
      }
      #expect(try desk.commands().isEmpty)
    }
  }

  @Test("an event that names a command which is not of that lead or type is not believed")
  func forged() async throws {
    try await LifeDesk.open(Self.logins) { desk in
      try desk.pool(1)
      try desk.pool(2)
      try desk.asPerson("one", "select claim_lead(1)")
      let command = try desk.lines("select id::text from command")[0]
      let forged = [
        try desk.event(.claimed(.init(lead: 2, command: command))),
        try desk.event(.released(.init(lead: 1, command: command))),
        try desk.event(.claimed(.init(lead: 1, command: "not a number that the database would give"))),
      ]
      #expect(try desk.take(forged) == ["not-a-command", "not-a-command", "not-a-command"])
    }
  }

  @Test("a command is carried out once, however often and in whatever company it is told")
  func twice() async throws {
    try await LifeDesk.open(Self.logins) { desk in
      try desk.pool(1)
      try desk.asPerson("one", "select claim_lead(1)")
      let command = try desk.lines("select id::text from command")[0]
      let claimed = LeadActivity.claimed(.init(lead: 1, command: command))
      #expect(try desk.take([desk.event(claimed), desk.event(claimed)]) == ["claimed", "not-a-command"])
      try desk.session.run(script: "update pool_policy set cool_off_days = 0")
      #expect(try desk.take([desk.signed(.released(.init(lead: 1, by: "M3")))]) == ["released"])
      #expect(try desk.take([desk.event(claimed)]) == ["not-a-command"])
      #expect(try desk.lead(1) == "pooled 3 - v3")
      #expect(try desk.lines("select outcome from command") == ["claimed"])
    }
  }

  @Test("a transfer moves all that fits with its history and clock, and reminds the receiver once")
  func transfer() async throws {
    try await LifeDesk.open(Self.logins + "update person set capacity = 3 where id = 2") { desk in
      for lead: Int64 in 1...4 { try desk.own(lead, 1) }
      try desk.own(9, 2)
      let clocks = try desk.lines("select protected_until::text from lead order by id")
      try desk.asPerson("manager", "select * from transfer_leads('P1', 'P2', false)")
      #expect(try desk.commands().isEmpty, "a preview does nothing")
      try desk.asPerson("manager", "select * from transfer_leads('P1', 'P2', true)")
      #expect(try desk.take(desk.commands()) == ["transferred", "transferred", "full", "full"])
      #expect(try desk.lines("select owner_id::text from lead order by id") == ["2", "2", "1", "1", "2"])
      #expect(try desk.lines("select protected_until::text from lead order by id") == clocks, "the clock goes on")
      #expect(try desk.lines("select kind || assignee_id from reminder") == ["leads-transferred2"])
      try desk.asPerson("manager", "select * from transfer_leads('P1', null, true)")
      #expect(try desk.take(desk.commands()) == ["transferred", "transferred"])
      #expect(
        try desk.lines("select format('%s %s %s', state, branch_id, former_owner_id) from lead where id in (3, 4)") == [
          "held 3 1", "held 3 1",
        ])
    }
  }
}
