import Testing
import Topics
import Values

@testable import keep_organisation

/// The worker's statements and decisions together, with the worker's own rights.
@Suite struct ChangeTests {
  @Test("who joins is there, who leaves has no rights from that moment")
  func joinsAndLeaves() async throws {
    try await Office.open { office throws in
      #expect(
        try office.tell(
          .joined(.init(person: "N1", name: "王伟", branch: "SZ", manager: true)), .left(person: "P3", successor: "N1"),
          .joined(.init(person: "N2", name: "x", branch: "NOWHERE")), .back(person: "NOBODY"))
          == ["changed", "changed", "waits", "waits"])
      #expect(
        try office.lines(
          "select format('%s %s %s %s %s %s', code, name, branch_id, active, manager, login) from person where id > 2 order by code"
        )
          == ["N1 王伟 3 t t ", "P3 c 2 f f ", "P4 d 2 t f ", "S5 e 3 t f "])
      #expect(
        try office.lines("select format('%s %s %s', code, reason, waits_for) from organisation_pending order by code")
          == ["N2 unknown-branch NOWHERE", "NOBODY unknown-person "])
      #expect(
        try office.lines("select format('%s %s %s', cause, person_id, successor) from hand_over") == ["left 3 N1"])
      #expect(
        try office.lines(
          "select open_leads::text from person_load l join person p on p.id = l.person_id where code = 'N1'") == ["0"])
    }
  }

  @Test("who waits for a branch is there once it opens")
  func branchOpens() async throws {
    try await Office.open { office throws in
      try office.tell(.joined(.init(person: "N1", name: "x", branch: "NEW")))
      #expect(try office.sweep(SettlePeople.self) == [])
      try office.tell(.opened(.init(branch: "NEW", name: "New", level: .team, parent: "SZ", timeZone: "Asia/Urumqi")))
      #expect(try office.sweep(SettlePeople.self) == ["settled"])
      #expect(try office.sweep(SettlePeople.self) == [])
      #expect(
        try office.lines("select b.code from person p join branch b on b.id = p.branch_id where p.code = 'N1'") == [
          "NEW"
        ])
      #expect(
        try office.lines("select format('%s %s %s', level, parent_id, time_zone) from branch where code = 'NEW'")
          == ["team 3 Asia/Urumqi"])
      #expect(try office.lines("select code from organisation_pending") == [])
      #expect(
        try office.lines(
          "select held::text from branch_load l join branch b on b.id = l.branch_id where b.code = 'NEW'") == ["0"])
    }
  }

  @Test("what cannot be is refused: a leave that ends before it begins, a time zone that is none, the future")
  func refused() async throws {
    try await Office.open { office throws in
      let from = Timestamp(microseconds: 1_790_000_000_000_000)
      #expect(
        try office.tell(
          .onLeave(.init(person: "P3", from: from, until: from)),
          .onLeave(.init(person: "P3", until: from.adding(seconds: -1))),
          .opened(.init(branch: "X", name: "x", level: .city, timeZone: "Mars/Olympus"))) == [
            "out-of-order", "out-of-order", "unknown-time-zone",
          ])
      #expect(try office.tell(.back(person: "P3"), at: 60 * 24 * 365 * 30) == ["from-the-future"])
      #expect(try office.lines("select count(*)::text from organisation_history") == ["0"])
    }
  }

  @Test("a merged branch: its people, its rules and its partners are the other's, a reopened one gets its people back")
  func merged() async throws {
    try await Office.open(
      "insert into lead_source (code, kind, branch_id) values ('bank', 'institution', 2); update person_load set turn = 5;"
    ) { office throws in
      try office.give(3, to: 3, branch: 2)
      try office.tell(.merged(branch: "GZ", into: "SZ"))
      try office.sweepAll(2)
      #expect(
        try office.lines("select format('%s %s', code, branch_id) from person order by id")
          == ["BOSS 1", "GZM 3", "P3 3", "P4 3", "S5 3"])
      #expect(
        try office.lines("select format('%s %s %s', ruleset, position, branch_id) from allocation_rule order by 1")
          == ["1 1 2", "1 2 3", "2 1 3", "2 2 3"])
      #expect(try office.lines("select branch_id::text from lead_source") == ["3"])
      #expect(
        try office.lines("select distinct format('%s %s %s', state, branch_id, owner_id) from lead") == ["owned 3 3"])
      #expect(try office.lines("select distinct (protected_until > now())::text from lead") == ["true"])
      #expect(
        try office.lines("select coalesce(turn::text, 'anew') from person_load order by person_id") == [
          "5", "anew", "anew", "anew", "5",
        ])
      #expect(try office.faults() == [])
      try office.tell(.opened(.init(branch: "GZ", name: "GZ again", level: .city, parent: "HQ")))
      try office.sweepAll(2)
      #expect(
        try office.lines("select format('%s %s', code, branch_id) from person order by id")
          == ["BOSS 1", "GZM 2", "P3 2", "P4 2", "S5 3"])
      #expect(try office.lines("select distinct format('%s %s', branch_id, owner_id) from lead") == ["2 3"])
      #expect(try office.faults() == [])
    }
  }

  @Test("leads without an owner in a closed branch go on to the one that has taken over, whenever they come")
  func stranded() async throws {
    try await Office.open { office throws in
      try office.tell(.closed(branch: "GZ"))
      try office.sweepAll()
      try office.session.run(
        script: """
          insert into lead (id, source, state, branch_id, held_reason, held_since, step_due_at, pooled_at, version, registered_at)
          values (1, 'w', 'held', 2, 'vacant', now() - interval '2 days', null, null, 1, now()),
            (2, 'w', 'waiting', 2, null, null, now(), null, 1, now()), (3, 'w', 'pooled', 2, null, null, null, now(), 1, now()),
            (4, 'w', 'held', 3, 'vacant', now(), null, null, 1, now());
          insert into lead_history (lead_id, version, at, what, worker) select id, 1, now(), 'x', 'y' from lead;
          update branch_load set held = 1 where branch_id in (2, 3)
          """)
      try office.sweepAll()
      #expect(
        try office.lines("select format('%s %s %s %s', id, state, branch_id, held_reason) from lead order by id") == [
          "1 held 1 vacant", "2 held 1 branch-closed", "3 held 1 branch-closed", "4 held 3 vacant",
        ])
      #expect(
        try office.lines("select (held_since < now() - interval '1 day')::text from lead where id = 1") == ["true"],
        "who has waited longest is the next all the same")
      #expect(try office.faults() == [])
    }
  }

  @Test("a branch that another has taken over, which yet another has taken over: leads go on to the last")
  func takenOverTwice() async throws {
    try await Office.open { office throws in
      try office.tell(.merged(branch: "GZ", into: "SZ"), .merged(branch: "SZ", into: "HQ"))
      try office.sweepAll()
      try office.session.run(
        script: """
          insert into lead (id, source, state, branch_id, pooled_at, version, registered_at)
            values (1, 'w', 'pooled', 2, now(), 1, now());
          insert into lead_history (lead_id, version, at, what, worker) values (1, 1, now(), 'x', 'y')
          """)
      try office.sweepAll()
      #expect(try office.lines("select concat_ws(' ', state, branch_id) from lead") == ["held 1"])
      #expect(try office.lines("select distinct branch_id::text from person") == ["1"])
      #expect(try office.faults() == [])
    }
  }

  @Test("a branch that had taken over another opens again: the people of both are in it")
  func openAgainBehind() async throws {
    try await Office.open { office throws in
      try office.tell(.merged(branch: "GZ", into: "SZ"), .merged(branch: "SZ", into: "HQ"))
      try office.sweepAll()
      try office.tell(.opened(.init(branch: "SZ", name: "Shenzhen", level: .city)))
      try office.sweepAll()
      #expect(
        try office.lines("select format('%s %s', code, branch_id) from person order by id")
          == ["BOSS 1", "GZM 3", "P3 3", "P4 3", "S5 3"])
      #expect(try office.faults() == [])
    }
  }

  @Test("files and events take turns: the later one by its own time counts, whoever came first")
  func filesAndEvents() async throws {
    try await Office.open { office throws in
      func file(_ name: String, at minutes: Int64) throws {
        try office.record(name: name, of: "P3", at: Office.now.adding(seconds: minutes * 60))
      }
      try office.tell(.joined(.init(person: "P3", name: "by event, 10", branch: "GZ")), at: 10)
      try file("by file, 5", at: 5)
      #expect(try office.lines("select name from person where code = 'P3'") == ["by event, 10"])
      try file("by file, 20", at: 20)
      #expect(try office.lines("select name from person where code = 'P3'") == ["by file, 20"])
      try office.tell(.joined(.init(person: "P3", name: "by event, 15", branch: "GZ")), at: 15)
      #expect(try office.lines("select name from person where code = 'P3'") == ["by file, 20"])
    }
  }
}
