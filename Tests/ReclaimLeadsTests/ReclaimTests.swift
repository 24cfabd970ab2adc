import Postgres
import TestKit
import Testing
import Topics
import Values

/// The sweeps: taking back, reminding, and clocks that begin anew.
@Suite struct ReclaimTests {
  @Test("what is due is taken back, the oldest first, to the pool or to allocation as the policy says")
  func takesBack() async throws {
    try await LifeDesk.open(
      "insert into protection_policy (branch_id, period_days, reclaim_to) values (4, 7, 'allocate')"
    ) {
      desk in
      try desk.own(1, 1, until: "now() - interval '1 hour'")
      try desk.own(2, 1, until: "now() - interval '2 hours'")
      try desk.own(3, 3, until: "now() - interval '3 hours'")
      try desk.own(4, 1)
      #expect(try desk.reclaim(limit: 2) == ["reclaimed", "reclaimed"])
      #expect(
        try desk.lines("select format('%s %s %s', state, branch_id, former_owner_id) from lead order by id") == [
          "owned 3 ", "pooled 3 1", "held 4 3", "owned 3 ",
        ])
      #expect(desk.emitted == ["lead.held", "lead.pooled"])
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.reclaim() == [])
      #expect(
        try desk.lines("select what || former_owner_id || reason from lead_history where version = 2 order by lead_id")
          == [
            "reclaimed1protection-ended", "reclaimed1protection-ended", "reclaimed3protection-ended",
          ])
    }
  }

  @Test("nothing is taken back that became due after the moment that was heard, nor within the grace")
  func heard() async throws {
    try await LifeDesk.open(grace: .seconds(3600)) { desk in
      try desk.own(1, 1, until: "now() - interval '2 hours'")
      try desk.own(2, 1, until: "now() - interval '30 minutes'")
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try desk.reclaim(heard: now.adding(seconds: -5400)) == [])
      #expect(try desk.reclaim(heard: now) == ["reclaimed"])
      #expect(try desk.lead(2) == "owned 3 1 v1")
    }
  }

  @Test("a lead that somebody held while the sweep passed it is found again")
  func passed() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, until: "now() - interval '3 hours'")
      try desk.own(2, 1, until: "now() - interval '1 hour'")
      let other = try desk.database.connect()
      try other.run(script: "begin; select from lead where id = 1 for update")
      #expect(try desk.reclaim() == ["reclaimed"])
      try other.run(script: "rollback")
      #expect(try desk.reclaim() == [], "behind what was claimed")
      #expect(try desk.isAnyDue())
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.lead(1) == "pooled 3 - v2")
      #expect(try desk.reclaim() == [])
      #expect(try !desk.isAnyDue())
    }
  }

  @Test("a clock that is set to before what was swept is found, whoever sets it and however late they commit")
  func setBack() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, until: "now() - interval '1 hour'")
      try desk.own(2, 1)
      try desk.own(3, 2)
      #expect(try desk.isAnyDue())
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.reclaim() == [])
      #expect(try !desk.isAnyDue())
      let other = try desk.database.connect()
      try other.run(script: "begin; update lead set protected_until = now() - interval '1 day' where id = 2")
      try desk.session.run(script: "update lead set protected_until = now() - interval '2 days' where id = 3")
      #expect(try desk.isAnyDue())
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.reclaim() == [])
      #expect(try !desk.isAnyDue())
      try other.run(script: "commit")
      #expect(try desk.isAnyDue())
      #expect(try desk.reclaim() == ["reclaimed"])
      try desk.own(4, 1, until: "now() - interval '3 days'")
      #expect(try desk.isAnyDue(), "a new one")
      #expect(try desk.reclaim() == ["reclaimed"])
    }
  }

  @Test(
    "an owner who has moved to another branch since the lane learned of them is found out before anything is written")
  func movedOwner() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, until: "now() - interval '1 hour'")
      #expect(try desk.reclaim() == ["reclaimed"])
      try desk.own(2, 1, until: "now() - interval '1 hour'")
      try desk.session.run(script: "update person set branch_id = 4 where id = 1")
      #expect(throws: PostgresError.changedMeanwhile) { try desk.reclaim() }
      #expect(try desk.lead(2) == "owned 3 1 v1")
      desk.forget()
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.lead(2) == "pooled 3 - v2")
    }
  }

  @Test("notes of clocks that were set back are kept for a day")
  func tidied() async throws {
    try await LifeDesk.open { desk in
      try desk.session.run(
        script: """
          insert into clock_set_back (transaction, at, earliest) values ('1', now() - interval '25 hours', now()),
            ('2', now() - interval '23 hours', now())
          """)
      #expect(try !desk.isAnyDue())
      #expect(try desk.lines("select transaction::text from clock_set_back") == ["2"])
    }
  }

  @Test("what is taken out of `set_aside` is swept again")
  func backFromAside() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, until: "now() - interval '1 hour'")
      try desk.session.run(
        script:
          "insert into set_aside (sweep, item, path, reason, detail) values ('reclaim-due-leads', '1', '', 'r', 'd')")
      #expect(try !desk.isAnyDue())
      try desk.session.run(script: "delete from set_aside")
      #expect(try desk.isAnyDue())
      #expect(try desk.reclaim() == ["reclaimed"])
    }
  }

  @Test("an empty look does not read what was swept before, in no sweep, vacuum or not")
  func emptyLooks() async throws {
    try await LifeDesk.open(grace: .seconds(3600)) { desk in
      // Due ones, some that are due within the grace, some whose ladder has been climbed, and many that are not due.
      try desk.session.run(
        script: """
          alter table lead set (autovacuum_enabled = off);
          insert into lead (id, phone, source, state, branch_id, owner_id, protected_since, protected_until, check_at, version,
            registered_at)
          select n, 8613800000000 + n, 'web', 'owned', 3, 1, now() - interval '8 days',
            now() + case n % 4 when 0 then -interval '2 hours' when 1 then -interval '10 minutes' else interval '5 days' end
              + n * interval '1 microsecond',
            case n % 4 when 2 then now() - interval '1 minute' when 3 then now() + interval '2 days' end, 1, now()
          from generate_series(1, 12000) n;
          insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
          select id, 1, protected_since, 'allocated', branch_id, owner_id, 'test' from lead;
          update person_load set open_leads = 12000 where person_id = 1
          """)
      while try !desk.reclaim(limit: 1000).isEmpty {}
      while try !desk.check().isEmpty {}
      #expect(try desk.lines("select count(*)::text from lead where state = 'pooled'") == ["3000"])
      #expect(try desk.lines("select count(*)::text from lead where check_at < now()") == ["0"])
      // What was swept is skipped from the second look on, unless a session that is about to begin still holds a snapshot then.
      try desk.session.waitUntil("looks that read next to nothing") {
        let pages = try desk.pagesOfEmptyLooks()
        return pages.reclaim < 12 && pages.check < 12
      }
    }
  }

  @Test("a day's end that was told ends the grace of its organisation, once what came before it was heard")
  func dayEnded() async throws {
    try await LifeDesk.open(grace: .seconds(7200)) { desk in
      try desk.own(1, 1, until: "now() - interval '30 minutes'")
      try desk.own(2, 3, until: "now() - interval '30 minutes'")
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try desk.take([desk.event(.dayEnded(branch: "nowhere", until: now))]) == ["unknown-branch"])
      #expect(
        try desk.take([desk.event(.dayEnded(branch: "GD", until: now.adding(seconds: 9000)))]) == ["in-the-future"])
      #expect(try desk.take([desk.event(.dayEnded(branch: "GD", until: now.adding(seconds: -600)))]) == ["day-ended"])
      #expect(try desk.reclaim(heard: now) == [], "the marker was taken after that moment")
      #expect(try desk.reclaim() == ["reclaimed"])
      #expect(try desk.lead(1) == "pooled 3 - v2")
      #expect(try desk.lead(2) == "owned 4 3 v1", "another organisation")
      #expect(try desk.reclaim() == [])
    }
  }

  @Test("the owner is reminded rung by rung, on the last morning the manager too; what is due is taken back unreminded")
  func ladder() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1, until: "now() + interval '50 hours'")
      try desk.own(2, 1, until: "now() - interval '1 hour'")
      try desk.session.run(script: "update lead set check_at = protected_until - interval '3 days'")
      #expect(try desk.check() == ["reminded"])
      #expect(try desk.check() == [])
      try desk.session.run(
        script: """
          update lead set protected_until = now() + interval '1 minute', check_at = now() - interval '1 minute' where id = 1;
          update protection_policy set last_morning = '00:00'
          """)
      #expect(try desk.check() == ["reminded"])
      #expect(
        try desk.lines("select assignee_id || ' ' || urgency || ' ' || key from reminder order by key") == [
          "1 urgent lead/1/ladder/1/0", "9 normal lead/1/ladder/1/0/manager", "1 normal lead/1/ladder/1/3",
        ])
      try desk.session.run(script: "update lead set protected_until = now() - interval '1 minute' where id = 1")
      #expect(try desk.reclaim().count == 2)
      #expect(try desk.lines("select distinct state || settled_for from reminder") == ["cancelledreclaimed"])
    }
  }

  @Test("a policy that holds at once begins clocks anew, at the last contact or else when the lead was given")
  func anew() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      try desk.own(2, 1)
      try desk.own(3, 3)
      try desk.session.run(
        script: """
          update lead set contacted_at = now() where id = 2;
          insert into protection_policy (branch_id, period_days, extension_days) values (2, 20, 10)
          """)
      #expect(
        try desk.lines("select next || ' ' || concerned from begin_clocks_anew(2, null, null, 0, 100, false)") == [
          "3 2"
        ])
      #expect(
        try desk.lines("select next || ' ' || concerned from begin_clocks_anew(2, null, null, 0, 100, true)") == ["3 2"]
      )
      #expect(try desk.reclaim() == [])
      #expect(try desk.check() == ["protected-anew", "protected-anew"])
      #expect(
        try desk.lines(
          """
          select ((protected_until at time zone 'Asia/Shanghai') - (clock_timestamp() at time zone 'Asia/Shanghai')::date)::text
          from lead where id < 3 order by id
          """) == ["19 days", "11 days"])
      #expect(try desk.check() == [])
    }
  }

  @Test("that nothing can be heard is told once an hour, to the head office's manager")
  func unheard() async throws {
    try await LifeDesk.open("insert into person (id, code, branch_id, name, manager) values (6, 'HQM', 1, 'h', true)") {
      desk in
      try desk.unheard()
      try desk.unheard()
      #expect(try desk.lines("select kind || assignee_id || urgency from reminder") == ["reclaim-held-up6urgent"])
    }
  }
}
