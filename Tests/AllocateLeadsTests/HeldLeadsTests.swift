import Postgres
import Testing
import Topics

@testable import LeadAllocation

/// What becomes of leads that wait at a branch, on a firm in a database, with the worker's own rights.
@Suite struct HeldLeadsTests {
  @Test("when capacity appears the oldest held leads of the branch go first, exactly as many as there is room")
  func oldestFirst() async throws {
    try await Desk.open(LeadsTests.firm + "update person set capacity = 0 where branch_id = 1") { desk in
      let lane = try desk.lane()
      for number in 0..<6 { try lane.register(LeadsTests.leads(number..<number + 1)) }
      #expect(
        try desk.lines("select held_reason from lead order by id") == ["full"]
          + [String](repeating: "behind-held", count: 5))
      #expect(try lane.sweep() == [], "a full branch costs nothing")
      try desk.session.run(
        script: "update person set capacity = 1 where id in (1, 3); update person set capacity = 2 where id = 2")
      #expect(
        try lane.sweep().map { $0.split(separator: " ")[1] } == ["allocated", "allocated", "allocated", "allocated"])
      #expect(
        try desk.lines("select state || coalesce(owner_id::text, '') from lead order by id")
          == ["owned1", "owned2", "owned3", "owned2", "held", "held"])
      #expect(try desk.number("select held from branch_load where branch_id = 1") == 2)
      #expect(try lane.sweep() == [])
    }
  }

  @Test("a new lead does not overtake those that wait, although there is room again")
  func noOvertaking() async throws {
    try await Desk.open(LeadsTests.firm + "update person set capacity = 0 where branch_id = 1") { desk in
      let lane = try desk.lane()
      try lane.register(LeadsTests.leads(0..<2))
      try desk.session.run(script: "update person set capacity = 10")
      #expect(try lane.register(LeadsTests.leads(2..<3)) == ["held"])
      #expect(try lane.sweep(2).count == 2)
      #expect(try desk.lines("select state from lead order by id") == ["owned", "owned", "held"])
      #expect(try lane.sweep().count == 1)
      #expect(try lane.register(LeadsTests.leads(3..<4)) == ["allocated"])
      #expect(
        try desk.lines("select what || version from lead_history order by lead_id, version") == [
          "held1", "allocated2", "held1", "allocated2", "held1", "allocated2", "allocated1",
        ])
    }
  }

  @Test("what was set aside is left out, and nobody overtakes a lead that somebody else has at the moment")
  func leftOut() async throws {
    try await Desk.open(LeadsTests.firm + "update person set capacity = 0") { desk in
      let lane = try desk.lane()
      try lane.register(LeadsTests.leads(0..<4))
      try lane.register([LeadRegistered(phone: "+861062301234", source: "web")])
      let ids = try desk.lines("select id::text from lead order by id")
      try desk.session.run(
        script: """
          update person set capacity = 10;
          insert into set_aside (sweep, item, path, reason, detail) values ('allocate-held-leads', '\(ids[0])', '', 'a', 'b')
          """)
      try desk.session.run(script: "begin; select from lead where id = \(ids[2]) for update")
      let swept = try lane.sweep()
      #expect(swept == ["\(ids[1]) allocated", "\(ids[4]) allocated"], "another branch does not wait for it")
      #expect(try lane.sweep() == [])
      try desk.session.run(script: "commit")
      #expect(try lane.sweep() == ["\(ids[2]) allocated", "\(ids[3]) allocated"])
      #expect(try lane.sweep() == [])
    }
  }

  @Test("leads that no rule wanted are tried again when there are newer rules, and once for each set")
  func rerouted() async throws {
    try await Desk.open(LeadsTests.firm) { desk in
      let lane = try desk.lane()
      let paris = LeadRegistered(phone: "+33142685300", source: "web")
      let london = LeadRegistered(phone: "+442079460958", source: "web")
      #expect(try lane.register([paris, london]) == ["held", "held"])
      #expect(try lane.sweep() == [])
      try desk.session.run(
        script: """
          insert into ruleset default values;
          insert into allocation_rule (ruleset, position, region, branch_id) values (2, 1, 'FR', 2)
          """)
      #expect(try lane.sweep().map { $0.split(separator: " ")[1] } == ["allocated", "no-rule"])
      #expect(try lane.sweep() == [], "the rules have nothing new for it")
      #expect(
        try desk.lines("select format('%s %s %s %s', state, branch_id, owner_id, held_ruleset) from lead order by id")
          == ["owned 2 4 ", "held   2"])
      #expect(
        try desk.lines(
          "select format('%s %s %s', version, ruleset, rule_position) from lead_history order by lead_id, version")
          == ["1 1 ", "2 2 1", "1 1 "])
    }
  }

  @Test("two sweeps at once give every lead away once, the oldest first")
  func twoSweeps() async throws {
    try await Desk.open(LeadsTests.firm + "update person set capacity = 0") { desk in
      try desk.lane().register(LeadsTests.leads(0..<60))
      try desk.session.run(script: "update person set capacity = 10 where branch_id = 1")
      nonisolated(unsafe) let lanes = [try desk.lane(), try desk.lane()]
      try together(lanes.indices.map { lane in { for _ in 0..<20 { try lanes[lane].sweep(4) } } })
      #expect(try desk.number("select count(*) from lead where state = 'owned'") == 30)
      #expect(
        try desk.number(
          "select count(*) from lead where state = 'owned' and id > (select min(id) from lead where state = 'held')")
          == 0)
      #expect(try desk.lines("select open_leads::text from person_load order by person_id") == ["10", "10", "10", "0"])
      #expect(try desk.number("select held from branch_load where branch_id = 1") == 30)
    }
  }
}
