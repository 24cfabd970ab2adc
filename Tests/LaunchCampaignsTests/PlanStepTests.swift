import Postgres
import TestKit
import Testing

@testable import launch_campaigns

/// When plans that come again are due, and what becomes of occasions that are elsewhere when something is done with their plan.
@Suite struct PlanStepTests {
  @Test(
    "a plan's first day is the first after its launch and after its start, whichever is later",
    arguments: [
      ("midnight(-3)", "midnight(0) - interval '1 hour'"), ("midnight(0) - interval '1 hour'", "midnight(-3)"),
      ("midnight(-3)", "midnight(0)"), ("midnight(-3)", "midnight(-1) + interval '1 hour'"),
    ])
  func first(_ launched: String, _ started: String) async throws {
    try await CampaignDesk.open(OccasionTests.customers) { desk in
      try desk.plan(
        1, "scheduled", OccasionTests.every(), starts: started, expires: "now() + interval '40 days'", expanded: false)
      try desk.session.run(script: "update campaign set launched_at = \(launched)")
      #expect(try desk.tend() == ["started"])
      #expect(try desk.lines("select (next_at = midnight(0))::text from campaign") == ["true"])
    }
  }

  /// Beside the plan 1, as they stand: 1 of January scheduled, 2 running, 3 closed and not settled.
  private static let three = """
    insert into campaign (name, definition, state, audience, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, parent_id, day,
      expanded_at)
    select 'c1/2020-01-0' || n, definition, (array['scheduled', 'running', 'closed'])[n], audience, 2, 2, 1, starts_at, expires_at,
      time_zone, 1, '2019-12-31'::date + n, case when n = 3 then now() end
    from campaign, generate_series(1, 3) n where id = 1
    """
  private static let standing: Statement = """
    select concat_ws(' ', state, case when expanded_at is not null then 'expanded' end) from campaign where parent_id = 1 order by id
    """

  @Test("a cancelled plan takes along those of its occasions that have not begun, and leaves those that are over")
  func cancelled() async throws {
    try await OccasionTests.open { desk in
      try desk.session.run(script: Self.three)
      #expect(try desk.step("cancelled") == "done")
      #expect(try desk.lines(Self.standing) == ["cancelled", "cancelled", "closed expanded"])
    }
  }

  @Test("an occasion that is closed with its plan before anybody was found for it is finished all the same")
  func closedUnexpanded() async throws {
    try await OccasionTests.open { desk in
      try desk.session.run(script: Self.three)
      try desk.session.run(script: "update campaign set expires_at = now() where id = 1")
      #expect(try desk.tend().sorted() == ["closed", "finished", "started"])
      #expect(try desk.lines(Self.standing) == ["closed expanded", "closed expanded", "finished expanded"])
      #expect(try desk.tend() == ["finished", "finished"] && desk.tend() == ["finished"])
      #expect(try desk.state(1) == "finished expanded settled")
    }
  }

  @Test("an occasion that finishes while its plan is being paused stays finished")
  func finishedMeanwhile() async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try CampaignDesk(database)
        try desk.session.run(script: CampaignDesk.firm + OccasionTests.customers)
        try desk.plan(1, "running", OccasionTests.every(), expires: "now() + interval '40 days'")
        try desk.session.run(script: Self.three)
        let other = try database.connect(as: "other")
        try desk.session.run(
          script: "begin; update campaign set state = 'finished', settled_at = now() where name = 'c1/2020-01-02'")
        try other.enterPipeline()
        try other.send("select step_campaign('c1', 'paused', null, 'because')")
        try other.finishSending()
        try desk.session.waitUntil("whoever pauses waits") {
          try desk.session.rows(
            "select from pg_stat_activity where datname = current_database() and application_name ~ 'other' and wait_event_type = 'Lock'"
          ).count == 1
        }
        try desk.session.run(script: "commit")
        #expect(try other.receive()[0].text(0) == "done")
        try other.leavePipeline()
        #expect(try desk.lines(Self.standing) == ["paused", "finished", "closed expanded"])
        #expect(try desk.lines("select count(*)::text from campaign_step where what = 'paused'") == ["2"])
      }
    }
  }

  @Test("of a plan that is over nothing is made and nothing missed, and one that was set aside is left alone")
  func notDue() async throws {
    try await OccasionTests.open(daysAgo: 2) { desk in
      try desk.session.run(script: "update campaign set expires_at = now()")
      #expect(try desk.makeOccasions() == [])
      try desk.session.run(
        script: """
          update campaign set expires_at = now() + interval '40 days';
          insert into set_aside (sweep, item, path, reason, detail) values ('make-occasions', '1', '', 'r', 'd')
          """)
      #expect(try desk.makeOccasions() == [])
      #expect(try desk.steps(1) == ["started scheduled running"])
      try desk.session.run(script: "delete from set_aside")
      #expect(try desk.makeOccasions() == ["caught-up"])
    }
  }

  @Test("what was missed brings nothing forward: today's occasion is made when it is due")
  func notBefore() async throws {
    let evening = CampaignDesk.definition(more: #", "every": {"at": "18:00"}"#)
    try await CampaignDesk.open(OccasionTests.customers) { desk in
      try desk.plan(1, "running", evening, expires: "now() + interval '40 days'")
      // Where it is about noon at this moment.
      try desk.session.run(
        script: """
          update campaign set time_zone = (
            select 'Etc/GMT' || case when h >= 12 then '+' else '' end || h - 12 from extract(hour from now() at time zone 'UTC') h);
          update campaign set next_at = ((now() at time zone time_zone)::date - 1 + time '18:00') at time zone time_zone;
          """)
      #expect(try desk.makeOccasions() == ["missed"])
      #expect(
        try desk.lines(
          "select (next_at = ((now() at time zone time_zone)::date + time '18:00') at time zone time_zone)::text from campaign"
        )
          == ["true"])
      #expect(try desk.lines("select concat_ws(' ', what, state) from campaign_step") == ["missed running"])
    }
  }
}
