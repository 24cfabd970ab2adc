import Dispatch
import Postgres
import Testing
import Topics

@testable import LeadAllocation

/// The worker's statements and decisions together, on a firm in a database, with the worker's own rights.
@Suite struct LeadsTests {
  static let firm = """
    insert into branch (id, code, name, level) values (1, 'GZ', 'Guangzhou', 'city'), (2, 'BJ', 'Beijing', 'city');
    insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a'), (2, 'P2', 1, 'b'), (3, 'P3', 1, 'c'),
      (4, 'P4', 2, 'd');
    insert into ruleset default values;
    insert into allocation_rule (ruleset, position, region, branch_id) values (1, 1, 'CN-GD', 1), (1, 2, 'CN-BJ', 2);
    """

  static func leads(_ numbers: Range<Int>, source: String = "web") -> [LeadRegistered] {
    numbers.map { LeadRegistered(phone: "+86\(13_802_880_000 + $0)", source: source) }
  }

  @Test("a lead's row, its history, the counters and the people it was chosen from are written together")
  func rows() async throws {
    try await Desk.open(LeadsTests.firm) { desk in
      let outcomes = try desk.lane().register(LeadsTests.leads(0..<4) + [LeadRegistered(phone: "+8613", source: "web")])
      #expect(outcomes == ["allocated", "allocated", "allocated", "allocated", "held"])
      #expect(
        try desk.lines(
          """
          select format('%s %s %s %s %s %s %s', phone, region, state, branch_id, owner_id, held_reason, version)
          from lead order by id
          """) == [
            "8613802880000 CN-GD/Guangzhou owned 1 1  1", "8613802880001 CN-GD/Guangzhou owned 1 2  1",
            "8613802880002 CN-GD/Guangzhou owned 1 3  1", "8613802880003 CN-GD/Guangzhou owned 1 1  1",
            "  held   phone-too-short 1",
          ])
      #expect(
        try desk.lines(
          """
          select format('%s %s %s %s %s %s %s', version, what, owner_id, reason, rule_position, choice, event_id)
          from lead_history order by lead_id
          """) == [
            "1 allocated 1  1 0 0", "1 allocated 2  1 1 1", "1 allocated 3  1 2 2", "1 allocated 1  1 3 3",
            "1 held  phone-too-short   4",
          ])
      #expect(
        try desk.lines(
          "select format('%s %s %s %s', person_id, open_leads, turn, allocated) from person_load order by 1")
          == ["1 2 110880000 2", "2 1 55440000 1", "3 1 55440000 1", "4 0  0"])
      #expect(
        try desk.lines("select format('%s %s', branch_id, turn) from branch_load order by 1") == ["1 73920000", "2 0"])
      #expect(
        try desk.lines(
          "select format('%s %s %s %s %s %s', people, weights, capacities, open_leads, offsets, excluded) from allocation_snapshot"
        ) == ["{1,2,3}   {0,0,0} {0,0,0} "])
      #expect(
        try desk.number(
          "select count(*) from lead_history h join allocation_snapshot s on s.id = h.snapshot_id and s.branch_id = h.branch_id"
        )
          == 4)
    }
  }

  @Test("turns go on from batch to batch, whoever makes them")
  func turns() async throws {
    try await Desk.open(LeadsTests.firm) { desk in
      let lanes = [try desk.lane(), try desk.lane()]
      for batch in 0..<5 { try lanes[batch % 2].register(LeadsTests.leads(batch * 2..<batch * 2 + 2)) }
      #expect(
        try desk.lines("select owner_id::text from lead order by phone")
          == ["1", "2", "3", "1", "2", "3", "1", "2", "3", "1"])
    }
  }

  @Test("two lanes at once: no capacity is exceeded, shares are equal, and every count is right")
  func capacity() async throws {
    try await Desk.open(LeadsTests.firm + "update person set capacity = 20 where branch_id = 1") { desk in
      nonisolated(unsafe) let lanes = [try desk.lane(), try desk.lane()]
      try together(
        (0..<2).map { lane in
          {
            for batch in 0..<10 {
              let first = lane * 1000 + batch * 10
              try lanes[lane].register(LeadsTests.leads(first..<first + 10))
            }
          }
        })
      #expect(
        try desk.lines("select count(*) || ' ' || state from lead group by state order by state") == [
          "140 held", "60 owned",
        ])
      #expect(try desk.lines("select open_leads::text from person_load order by person_id") == ["20", "20", "20", "0"])
      #expect(
        try desk.number(
          "select count(*) from person_load l where open_leads <> (select count(*) from lead where owner_id = l.person_id)"
        )
          == 0)
      #expect(try desk.number("select held from branch_load where branch_id = 1") == 140)
      #expect(
        try desk.number(
          "select max(n) - min(n) from (select count(*) n from lead where owner_id is not null group by owner_id) a")
          == 0)
    }
  }

  @Test("the same phone at two lanes at once is one lead: the second finds it and folds")
  func samePhone() async throws {
    try await Desk.open(
      LeadsTests.firm + "insert into allocation_rule (ruleset, position, source, branch_id) values (1, 0, 'import', 2)"
    ) { desk in
      let phone = LeadsTests.leads(0..<1)
      let imported = LeadsTests.leads(0..<1, source: "import")
      nonisolated(unsafe) let lanes = [try desk.lane(), try desk.lane()]
      // The first batch of all marks the key for ID numbers: whoever comes in that moment waits for it.
      for lane in lanes { try lane.register([]) }
      let isWritten = DispatchSemaphore(value: 0)
      let mayCommit = DispatchSemaphore(value: 0)
      nonisolated(unsafe) let session = desk.session
      try together([
        {
          try lanes[0].register(phone) {
            isWritten.signal()
            _ = mayCommit.wait(timeout: .now() + .seconds(30))
          }
        },
        {
          _ = isWritten.wait(timeout: .now() + .seconds(30))
          let error = #expect(throws: PostgresError.self) { try lanes[1].register(imported) }
          #expect(error?.kind == .conflict)
          let outcomes = try lanes[1].register(imported)
          #expect(outcomes == ["duplicate"])
        },
        {
          // Lets the first one commit when the second waits for it.
          for _ in 0..<3000 {
            let waiting = try session.rows(
              "select pg_sleep(0.01) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            if waiting.count > 0 { break }
            _ = try session.rows("select pg_sleep(0.01)")
          }
          mayCommit.signal()
        },
      ])
      #expect(try desk.number("select count(*) from lead") == 1)
      #expect(try desk.lines("select source from lead_duplicate") == ["import"])
      #expect(try desk.lines("select open_leads::text from person_load order by person_id") == ["1", "0", "0", "0"])
    }
  }

  @Test("nobody who is inactive, on leave, without weight or full is chosen, and leave ends by itself")
  func availability() async throws {
    try await Desk.open(
      LeadsTests.firm + """
        insert into person (id, code, branch_id, name, active, weight, capacity, leave_from, leave_until) values
          (11, 'A', 1, 'a', false, 1, null, null, null), (12, 'B', 1, 'b', true, 0, null, null, null),
          (13, 'C', 1, 'c', true, 1, 0, null, null), (14, 'D', 1, 'd', true, 1, null, now() - interval '1 day', null),
          (15, 'E', 1, 'e', true, 1, null, null, now() + interval '1 day'),
          (16, 'F', 1, 'f', true, 1, null, now() - interval '2 days', now() - interval '1 day'),
          (17, 'G', 1, 'g', true, 1, null, now() + interval '1 day', now() + interval '2 days')
        """
    ) { desk in
      try desk.lane().register(LeadsTests.leads(0..<10))
      #expect(
        try desk.lines("select distinct owner_id::text from lead order by 1") == ["1", "16", "17", "2", "3"])
      #expect(
        try desk.lines("select excluded::text from allocation_snapshot")
          == ["{NULL,NULL,NULL,inactive,no-weight,NULL,on-leave,on-leave,NULL,NULL}"])
    }
  }

  @Test("a lead is protected to the end of the organisation's day, by the most specific policy")
  func protection() async throws {
    try await Desk.open(
      LeadsTests.firm + """
        update branch set time_zone = 'Asia/Shanghai', day_end = '18:00' where id = 1;
        insert into protection_policy (branch_id, product, period_days) values (1, null, 3), (null, 'fund', 5), (1, 'fund', 1)
        """
    ) { desk in
      try desk.lane().register([
        LeadRegistered(phone: "+8613802880000", source: "web"),
        LeadRegistered(phone: "+8613802880001", source: "web", product: "fund"),
        LeadRegistered(phone: "+8613901000000", source: "web"),
        LeadRegistered(phone: "+8613901000001", source: "web", product: "fund"),
      ])
      #expect(
        try desk.lines(
          """
          select format('%s %s', (protected_until at time zone 'Asia/Shanghai')::date
            - (protected_since at time zone 'Asia/Shanghai')::date, (protected_until at time zone 'Asia/Shanghai')::time)
          from lead order by phone
          """) == ["3 18:00:00", "1 18:00:00", "8 00:00:00", "6 00:00:00"])
    }
  }

  @Test("a lead goes by the rules of its own moment, whatever the lane remembers of those before")
  func newerRules() async throws {
    try await Desk.open(LeadsTests.firm) { desk in
      let lane = try desk.lane()
      for (number, wanted) in [(0, 1), (1, 2), (2, 1)] {
        try lane.register(LeadsTests.leads(number..<number + 1))
        let branch = "select branch_id from lead order by id desc limit 1" as Statement
        #expect(try desk.number(branch) == Int64(wanted), "rules \(number + 1)")
        try desk.session.run(
          script: """
            insert into ruleset default values;
            insert into allocation_rule (ruleset, position, region, branch_id)
              select max(version), 1, 'CN-GD', \(3 - wanted) from ruleset
            """)
      }
    }
  }
}
