import Customers
import Dispatch
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import LeadAllocation

/// Sources, conversion, rules in full, steps and calendars on a firm in a database, with the worker's own rights.
@Suite struct WholeDecisionTests {
  /// HQ (1) over Guangdong (2) over Guangzhou (3); people P1 to P4.
  private static let firm = """
    insert into branch (id, code, name, level, parent_id) values (1, 'HQ', 'h', 'head-office', null),
      (2, 'GD', 'g', 'province', 1), (3, 'GZ', 'z', 'city', 2);
    insert into person (id, code, branch_id, name, manager) values (1, 'P1', 3, 'a', false), (2, 'P2', 3, 'b', false),
      (3, 'P3', 2, 'c', true), (4, 'P4', 1, 'd', true);
    insert into ruleset default values;
    insert into allocation_rule (ruleset, position, branch_id, currency, value_from, how)
    values (1, 1, 1, 'CNY', 1000, 'steps');
    insert into allocation_rule (ruleset, position, branch_id, region) values (1, 2, 3, 'CN-GD');
    """

  private static func lead(
    _ number: Int, source: String = "web", value: String? = nil, idNumber: String? = nil, customerNumber: String? = nil,
    importer: String? = nil, level: String? = nil
  ) -> LeadRegistered {
    LeadRegistered(
      phone: "+86\(13_802_880_000 + number)", source: source, level: level, value: value.flatMap { Money($0, "CNY") },
      idNumber: idNumber, customerNumber: customerNumber, importer: importer)
  }

  private func history(_ desk: Desk) throws -> [String] {
    try desk.lines(
      """
      select concat_ws(' ', h.version, h.what, coalesce(b.code, '-'), coalesce(p.code, '-'), h.reason, h.basis, h.note)
      from lead_history h left join branch b on b.id = h.branch_id left join person p on p.id = h.owner_id
      order by h.lead_id, h.version
      """)
  }

  @Test(
    "an importer keeps what they brought up to their capacity, then it goes to others of the branch, and the note says why"
  )
  func imports() async throws {
    try await Desk.open(
      WholeDecisionTests.firm + """
        insert into lead_source (code, kind, keeps) values ('desk', 'import', 'person'), ('expo', 'import', 'branch');
        insert into lead_source (code, kind, branch_id) values ('bank', 'institution', 2);
        update person set capacity = 2 where id = 1
        """
    ) { desk in
      let lane = try desk.lane()
      try lane.register(
        (0..<3).map { WholeDecisionTests.lead($0, source: "desk", importer: "P1") } + [
          WholeDecisionTests.lead(3, source: "expo", importer: "P3"), WholeDecisionTests.lead(4, source: "bank"),
          WholeDecisionTests.lead(5, source: "desk", importer: "nobody"),
        ])
      #expect(
        try history(desk) == [
          "1 allocated GZ P1 importer", "1 allocated GZ P1 importer", "1 allocated GZ P2 importer-branch importer-full",
          "1 allocated GD P3 importer-branch", "1 allocated GD P3 institution", "1 allocated GZ P2 importer-unknown",
        ])
      #expect(
        try desk.lines("select format('%s %s', kept_choices, kept_people) from allocation_snapshot where branch_id = 3")
          == ["{0,1} {1,1}"])
      #expect(try desk.number("select open_leads from person_load where person_id = 1") == 2)
      #expect(try desk.lines("select importer_id::text from lead order by id") == ["1", "1", "1", "3", "-", "-"])
    }
  }

  @Test("an importer who is not at work keeps what they brought, one on leave does not")
  func importersHours() async throws {
    try await Desk.open(
      WholeDecisionTests.firm + """
        insert into lead_source (code, kind, keeps) values ('desk', 'import', 'person');
        insert into calendar (id, code, name) values (1, 'never', 'n');
        update person set calendar_id = 1 where id = 1; update person set leave_from = '2020-01-01' where id = 2
        """
    ) { desk in
      try desk.lane().register([
        WholeDecisionTests.lead(0, source: "desk", importer: "P1"),
        WholeDecisionTests.lead(1, source: "desk", importer: "P2"),
      ])
      #expect(
        try history(desk) == [
          "1 allocated GZ P1 importer", "1 held GZ - off-hours importer-branch importer-on-leave",
        ])
    }
  }

  @Test(
    "a lead that was taken back goes to anybody but who had it, until their cool-off is over; meanwhile it holds up nobody"
  )
  func coolingOff() async throws {
    try await Desk.open(
      WholeDecisionTests.firm + """
        insert into lead (id, phone, source, state, branch_id, held_reason, held_since, version, registered_at)
        select n, 8613800000000 + n, 'web', 'held', 3, 'reclaimed', now() - interval '9 hours' + n * interval '1 hour', 2, now()
        from generate_series(1, 3) n;
        insert into lead_history (lead_id, version, at, what, branch_id, owner_id, former_owner_id, worker)
        select id, v, now() - interval '9 days' + v * interval '1 day', case v when 1 then 'allocated' else 'reclaimed' end,
          3, case v when 1 then 1 end, case v when 2 then 1 end, 'test' from lead, generate_series(1, 2) v;
        update lead_history set what = 'held', reason = 'behind-held', former_owner_id = null
        where lead_id = 3 and version = 2;
        update branch_load set held = 3 where branch_id = 3;
        update person set active = false where id = 2;
        """
    ) { desk in
      let lane = try desk.lane()
      #expect(try lane.sweep() == ["3 allocated"], "the others are P1's of before")
      #expect(try lane.sweep() == [])
      try desk.session.run(script: "update person set active = true, capacity = 1 where id = 2")
      #expect(try lane.sweep() == ["1 allocated", "2 still-held"])
      #expect(
        try desk.lines(
          """
          select format('%s %s %s', l.owner_id, passed_choices, passed_people) from lead l
            join lead_history h on h.lead_id = l.id and h.version = l.version
            join allocation_snapshot s on s.id = h.snapshot_id
          order by l.id
          """) == ["2 {0} {1}", "1  "])
      try desk.session.run(script: "update pool_policy set cool_off_days = 6")
      #expect(try lane.sweep() == ["2 allocated"])
      #expect(try desk.lines("select owner_id::text from lead order by id") == ["2", "1", "1"])
    }
  }

  @Test("a lead's level, as it was registered, decides over its clock, at once or when it waited")
  func level() async throws {
    try await Desk.open(
      WholeDecisionTests.firm
        + "insert into protection_policy (level, period_days) values ('gold', 2); update person set active = false"
    ) { desk in
      let lane = try desk.lane()
      try lane.register([WholeDecisionTests.lead(0, level: "gold"), WholeDecisionTests.lead(1, level: "tin")])
      try desk.session.run(script: "update person set active = true")
      #expect(try lane.sweep().count == 2)
      try lane.register([WholeDecisionTests.lead(2, level: "gold"), WholeDecisionTests.lead(3)])
      #expect(
        try desk.lines(
          "select format('%s %s', level, ceil(extract(epoch from protected_until - now()) / 86400)) from lead order by id"
        )
          == ["gold 3", "tin 8", "gold 3", " 8"])
    }
  }

  private func addCustomers(_ desk: Desk) throws {
    let identity = Turns.key.fingerprint(of: try IDNumber("11010519491231002X"))
    _ = try desk.session.rows(
      """
      insert into customer (id, code, version, data, status, number, identity, branch_id, manager_id, changed_at)
      values (1, 'C1', 1, gen_random_uuid(), 'active', '6001', $1, 2, 3, now()),
        (2, 'C2', 1, gen_random_uuid(), 'active', '6002', null, 2, null, now()),
        (3, 'C3', 1, gen_random_uuid(), 'closed', '6003', null, 2, null, now())
      """
    ) { $0.fingerprint(identity) }
    try desk.session.run(script: "insert into customer_phone (phone, customer_id, place) values (8613802880004, 2, 0)")
  }

  @Test(
    "a customer's lead is converted at registration, by ID or customer number; a phone only suggests; disagreeing keys wait"
  )
  func conversion() async throws {
    try await Desk.open(WholeDecisionTests.firm) { desk in
      try addCustomers(desk)
      let lane = try desk.lane()
      let outcomes = try lane.register([
        WholeDecisionTests.lead(0, idNumber: "1101 0519 4912 31002x"),
        WholeDecisionTests.lead(1, customerNumber: "6002"),
        WholeDecisionTests.lead(2, idNumber: "11010519491231002X", customerNumber: "6002"),
        WholeDecisionTests.lead(3, customerNumber: "6003"), WholeDecisionTests.lead(4),
        WholeDecisionTests.lead(5, idNumber: "110105194912310021"),
        LeadRegistered(phone: "+8613", source: "web", customerNumber: "6001"),
      ])
      #expect(
        outcomes == ["converted", "converted", "held", "allocated", "allocated", "not-an-id-number", "converted"])
      #expect(
        try history(desk) == [
          "1 converted GD P3 identity customer", "1 converted GD - number customer", "1 held - - keys-disagree",
          "1 allocated GZ P1", "1 allocated GZ P2", "1 converted GD P3 number customer",
        ])
      #expect(
        try desk.lines("select concat_ws(' ', state, customer_id, suggested_customers) from lead order by id") == [
          "converted 1", "converted 2", "held {1,2}", "owned", "owned {2}", "converted 1",
        ])
      #expect(try desk.lines("select open_leads::text from person_load order by person_id") == ["1", "1", "0", "0"])
      #expect(
        try desk.number("select count(*) from lead l where l::text like '%110105%' or l::text like '%31002%'") == 0,
        "no ID number is kept")
    }
  }

  @Test("a phone converts where the firm wants it, and the owner follows its policy")
  func phoneConverts() async throws {
    try await Desk.open(WholeDecisionTests.firm + "update firm_policy set phone_converts = true") { desk in
      try addCustomers(desk)
      try desk.lane().register([WholeDecisionTests.lead(4), WholeDecisionTests.lead(5)])
      #expect(try history(desk) == ["1 converted GD - phone customer", "1 allocated GZ P1"])
    }
  }

  @Test("a lead waits at each step until its deadline, goes up, and then to a person, so that nothing idles")
  func steps() async throws {
    try await Desk.open(
      WholeDecisionTests.firm + """
        insert into allocation_rule (ruleset, position, branch_id, source, how) values (1, 0, 2, 'tour', 'steps');
        insert into step_policy (level, within_minutes, remind_minutes, then_do)
        values ('head-office', 60, 20, 'allocate'), ('province', 30, null, 'escalate')
        """
    ) { desk in
      let lane = try desk.lane()
      #expect(
        try lane.register([WholeDecisionTests.lead(0, value: "1000"), WholeDecisionTests.lead(1, source: "tour")])
          == ["waiting", "waiting"])
      #expect(
        try desk.lines(
          """
          select format('%s %s %s', branch_id, round(extract(epoch from step_due_at - registered_at) / 60) > 0,
            extract(epoch from step_due_at - step_remind_at) / 60) from lead order by id
          """) == ["1 t 20.0000000000000000", "2 t "])
      #expect(try lane.sweep(AdvanceWaitingLeads.self) == [])
      try desk.session.run(script: "update lead set step_remind_at = now() where branch_id = 1")
      #expect(try lane.sweep(AdvanceWaitingLeads.self).map { $0.split(separator: " ")[1] } == ["reminded"])
      #expect(try lane.sweep(AdvanceWaitingLeads.self) == [])
      #expect(try desk.lines("select concat_ws(' ', kind, assignee_id, state) from reminder") == ["step-due 4 open"])
      try desk.session.run(script: "update lead set step_due_at = now()")
      #expect(
        try lane.sweep(AdvanceWaitingLeads.self).map { $0.split(separator: " ")[1] } == ["allocated", "waiting"])
      try desk.session.run(script: "update lead set step_due_at = now(), step_remind_at = null where state = 'waiting'")
      #expect(try lane.sweep(AdvanceWaitingLeads.self).count == 1)
      #expect(
        try history(desk) == [
          "1 waiting HQ -", "2 allocated GZ P1 step-overdue", "1 waiting GD -", "2 waiting HQ - escalated",
          "3 allocated GZ P2 step-overdue",
        ])
      #expect(
        try desk.lines("select concat_ws(' ', kind, assignee_id, state) from reminder order by id")
          == ["step-due 4 cancelled", "step-escalated 4 cancelled"])
    }
  }

  @Test("without a policy for the step a lead is held, and goes on once there is one")
  func noStepPolicy() async throws {
    try await Desk.open(WholeDecisionTests.firm) { desk in
      let lane = try desk.lane()
      #expect(try lane.register([WholeDecisionTests.lead(0, value: "5000")]) == ["held"])
      #expect(try history(desk) == ["1 held - - no-step-policy"])
      #expect(try lane.sweep() == [])
      try desk.session.run(
        script: "insert into step_policy (branch_id, within_minutes, then_do) values (2, 5, 'allocate')")
      #expect(try lane.sweep().map { $0.split(separator: " ")[1] } == ["no-step-policy"])
      #expect(try lane.sweep() == [], "tried once for each policy")
      try desk.session.run(
        script: "insert into step_policy (branch_id, within_minutes, then_do) values (1, 5, 'allocate')")
      #expect(try lane.sweep().map { $0.split(separator: " ")[1] } == ["waiting"])
      #expect(try history(desk) == ["1 held - - no-step-policy", "2 waiting HQ -"])
    }
  }

  @Test("a manager is told once of what is held too long, in working time")
  func heldTooLong() async throws {
    try await Desk.open(
      WholeDecisionTests.firm + """
        update person set capacity = 0;
        insert into calendar (id, code, name) values (1, 'always', 'a'), (2, 'never', 'n');
        insert into calendar_hours select 1, d, '00:00', '24:00' from generate_series(1, 7) d;
        update branch set calendar_id = 1, held_reminder_minutes = 60
        """
    ) { desk in
      let lane = try desk.lane()
      try lane.register(
        (0..<3).map { WholeDecisionTests.lead($0) } + [LeadRegistered(phone: "+33142685300", source: "web")])
      #expect(try lane.sweep(RemindOfHeldLeads.self) == [])
      try desk.session.run(script: "update lead set held_since = held_since - interval '61 minutes' where id % 3 <> 0")
      let late = try desk.number("select count(*) from lead where id % 3 <> 0")
      #expect(!(try lane.sweep(RemindOfHeldLeads.self)).isEmpty)
      #expect(try lane.sweep(RemindOfHeldLeads.self) == [])
      #expect(try desk.number("select count(*) from lead where held_reminded_at is not null") == late)
      #expect(
        try desk.lines("select distinct concat_ws(' ', kind, assignee_id) from reminder where subject = 'GZ'")
          == ["leads-held 3"])
      // Where nobody ever works, no time passes but after a year.
      try desk.session.run(
        script: "update branch set calendar_id = 2; update lead set held_since = held_since - interval '9 days'")
      #expect(try lane.sweep(RemindOfHeldLeads.self) == [])
    }
  }

  @Test("nobody is chosen off hours, and the lead goes to them once they are at work")
  func hours() async throws {
    try await Desk.open(
      WholeDecisionTests.firm + """
        insert into calendar (id, code, name) values (1, 'none', 'n');
        update branch set calendar_id = 1 where id = 3
        """
    ) { desk in
      let lane = try desk.lane()
      #expect(try lane.register([WholeDecisionTests.lead(0)]) == ["held"])
      #expect(try history(desk) == ["1 held GZ - off-hours"])
      #expect(try lane.sweep() == [])
      try desk.session.run(
        script: "insert into calendar_hours select 1, d, '00:00', '24:00' from generate_series(1, 7) d")
      #expect(try lane.sweep().count == 1)
    }
  }

  @Test("daily and weekly caps count local days and weeks, and end with them")
  func caps() async throws {
    try await Desk.open(WholeDecisionTests.firm + "update person set daily_cap = 2, weekly_cap = 3 where branch_id = 3")
    {
      desk in
      let lane = try desk.lane()
      try lane.register((0..<6).map { WholeDecisionTests.lead($0) })
      #expect(try history(desk).suffix(2) == ["1 held GZ - daily-cap", "1 held GZ - behind-held"])
      #expect(try lane.sweep() == [])
      // Given on another day: of the same week on any day but Monday, else of the week before.
      try desk.session.run(script: "update person_load set counted_on = counted_on - 1 where counted_on is not null")
      let isMonday =
        try desk.number(
          "select extract(isodow from now() at time zone 'Asia/Shanghai')::bigint") == 1
      #expect(try lane.sweep().count == 2)
      #expect(try desk.lines("select given_today::text from person_load order by person_id") == ["1", "1", "0", "0"])
      #expect(
        try desk.lines("select given_this_week::text from person_load where person_id < 3")
          == (isMonday ? ["1", "1"] : ["3", "3"]))
    }
  }

  @Test("a rule's dates are judged at the batch's own moment")
  func dates() async throws {
    try await Desk.open(
      WholeDecisionTests.firm + """
        insert into allocation_rule (ruleset, position, branch_id, valid_until) values (1, 0, 1, now() - interval '1 s');
        insert into allocation_rule (ruleset, position, branch_id, source, valid_from, valid_until)
        values (1, -1, 2, 'tour', now() - interval '1 s', now() + interval '1 h')
        """
    ) { desk in
      try desk.lane().register([WholeDecisionTests.lead(0), WholeDecisionTests.lead(1, source: "tour")])
      #expect(try history(desk) == ["1 allocated GZ P1", "1 allocated GD P3"])
    }
  }

  @Test(
    "who changes people waits for lanes that hold their branch: nobody is chosen by what they were after the commit")
  func leaving() async throws {
    try await Desk.open(WholeDecisionTests.firm) { desk in
      nonisolated(unsafe) let lane = try desk.lane()
      nonisolated(unsafe) let hr = try desk.database.connect()
      nonisolated(unsafe) let session = desk.session
      let isWritten = DispatchSemaphore(value: 0)
      let mayCommit = DispatchSemaphore(value: 0)
      nonisolated(unsafe) var order: [String] = []
      try together([
        {
          try lane.register((0..<4).map { WholeDecisionTests.lead($0) }) {
            isWritten.signal()
            _ = mayCommit.wait(timeout: .now() + .seconds(90))
            order.append("allocated")
          }
        },
        {
          _ = isWritten.wait(timeout: .now() + .seconds(90))
          _ = try hr.rows("update person set active = false where id = 2")
          order.append("left")
        },
        {
          for _ in 0..<9000 {
            let waiting = try session.rows(
              "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
            if waiting.count > 0 { break }
            _ = try session.rows("select pg_sleep(0.01)")
          }
          mayCommit.signal()
        },
      ])
      #expect(order == ["allocated", "left"])
      try lane.register((4..<8).map { WholeDecisionTests.lead($0) })
      #expect(try desk.lines("select owner_id::text from lead where id % 1000 >= 4 group by 1") == ["1"])
    }
  }

  @Test("a lead with keys waits for a profile that is being taken, one without them does not")
  func gate() async throws {
    try await Desk.open(WholeDecisionTests.firm) { desk in
      let lane = try desk.lane(waiting: .milliseconds(200))
      let profile = try desk.database.connect()
      _ = try profile.rows("begin")
      _ = try profile.rows("lock table conversion_gate in share mode")
      for (number, key) in [("11010519491231002X", nil), (nil, "C1")] {
        let error = #expect(throws: PostgresError.self) {
          try lane.register([WholeDecisionTests.lead(0, idNumber: number, customerNumber: key)])
        }
        #expect(error?.isLockTimeout == true)
      }
      try lane.register([WholeDecisionTests.lead(1)])
      _ = try profile.rows("commit")
      try lane.register([WholeDecisionTests.lead(0, customerNumber: "C1")])
      #expect(try desk.number("select count(*) from lead") == 2)
    }
  }

  @Test("somebody who changes branch joins at the new branch's turn")
  func moving() async throws {
    try await Desk.open(WholeDecisionTests.firm) { desk in
      try desk.lane().register((0..<2).map { WholeDecisionTests.lead($0) })
      try desk.session.run(
        script: "update person set branch_id = 2 where id = 1; update person set name = 'x' where id = 2")
      #expect(
        try desk.lines("select (turn is null)::text from person_load where person_id < 3 order by person_id")
          == ["true", "false"])
    }
  }
}
