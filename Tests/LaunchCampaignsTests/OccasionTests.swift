import Campaigns
import Contract
import Postgres
import TestKit
import Testing
import Values

@testable import launch_campaigns

/// Campaigns that come again: each of their days is a campaign of its own.
@Suite struct OccasionTests {
  /// Gold ones are 1 to 4.
  static let customers = """
    insert into customer (id, code, version, data, status, name, email, language, level, branch_id, changed_at)
    select n, 'C-' || n, 1, gen_random_uuid(), 'active', 'N' || n, 'c' || n || '@example.com', 'en-GB',
      case when n < 5 then 'gold' else 'lead' end, 2, now() from generate_series(1, 6) n;
    insert into customer_phone (phone, customer_id, place, kind, region) select 8613800000000 + n, n, 0, 'mobile', 'CN-SH'
    from generate_series(1, 6) n;
    update person set login = session_user where id = 1;
    alter table campaign alter column id restart with 100;
    create function midnight(days integer) returns timestamptz language sql stable as $$
      select ((now() at time zone 'Asia/Shanghai')::date + days)::timestamp at time zone 'Asia/Shanghai'
    $$;
    """
  static func every(_ more: String = "", _ rest: String = "") -> String {
    CampaignDesk.definition(more: #", "every": {"at": "00:00"\#(more)}\#(rest)"#)
  }

  /// A plan that runs, and of which the day before so many days is due; by the clock of its branch it is midnight.
  static func open(
    _ definition: String = every(), daysAgo: Int = 0, _ body: @escaping @Sendable (CampaignDesk) throws -> Void
  ) async throws {
    try await CampaignDesk.open(customers) { desk in
      try desk.plan(1, "scheduled", definition, expires: "now() + interval '40 days'", expanded: false)
      #expect(try desk.tend() == ["started"])
      try desk.makeDue(daysAgo: daysAgo)
      try body(desk)
    }
  }

  @Test("a plan begins with the first of its days that comes after its launch, and writes to nobody by itself")
  func begins() async throws {
    try await CampaignDesk.open(Self.customers) { desk in
      try desk.plan(1, "scheduled", Self.every(), expires: "now() + interval '40 days'", expanded: false)
      #expect(try desk.makeOccasions() == [])
      #expect(try desk.tend() == ["started"])
      #expect(try desk.lines("select (next_at = midnight(1))::text from campaign") == ["true"])
      #expect(try desk.makeOccasions() == [] && desk.expand() == [] && desk.tend() == [])
      // Resumed, it goes on where it was.
      try desk.makeDue(daysAgo: 2)
      #expect(try desk.step("paused") == "done" && desk.step("resumed") == "done" && desk.tend() == ["started"])
      #expect(try desk.lines("select (next_at = midnight(-2))::text from campaign") == ["true"])
    }
  }

  @Test("a due day is one campaign with its own people, expiry and steps, made once")
  func made() async throws {
    try await Self.open(Self.every(#", "open": "PT36H""#, #", "pace": 3600"#)) { desk in
      try desk.session.run(script: "update campaign set pace = 3600")
      #expect(try desk.makeOccasions() == ["made"])
      #expect(try desk.makeOccasions() == [])
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', replace(name, (now() at time zone 'Asia/Shanghai')::date::text, 'DAY'), state, starts_at = midnight(0),
            repeats, parent_id, seed, definition = (select definition from campaign where id = 1))
          from campaign order by id
          """) == ["c1 running f t seed t", "c1/DAY running t f 1 seed t"])
      let occasion = try desk.occasion()
      #expect(try desk.steps(occasion) == ["started running"])
      #expect(
        try desk.lines("select (expires_at = midnight(0) + interval '36 hours')::text from campaign where id <> 1") == [
          "true"
        ])
      #expect(try desk.lines("select count(*)::text from campaign_pace") == ["1"])
      #expect(try desk.lines("select (next_at = midnight(1))::text from campaign where id = 1") == ["true"])
      try desk.expandAll()
      #expect(try desk.people(occasion) == (1...4).map { "\($0) queued" } && desk.people(1) == [])
      // Somebody turns the clock back, or restores a row: the day is there.
      try desk.makeDue(daysAgo: 0)
      #expect(throws: PostgresError.self) { try desk.makeOccasions() }
      #expect(try desk.lines("select count(*)::text from campaign") == ["2"])
    }
  }

  @Test("of two workers one makes the occasion, and whoever pauses the plan meanwhile comes before it or after it")
  func twoWorkers() async throws {
    try await Self.open { desk in
      try desk.session.run(script: "begin; select from campaign where id = 1 for update")
      #expect(try desk.makeOccasions() == [])
      try desk.session.run(script: "rollback")
      #expect(try desk.step("paused") == "done")
      #expect(try desk.makeOccasions() == [])
      #expect(try desk.step("resumed") == "done")
      try desk.tend()
      #expect(try desk.makeOccasions() == ["made"])
    }
  }

  @Test("days that nobody made an occasion of are written down, their plan's owner is told, and today's is caught up")
  func missed() async throws {
    try await Self.open(daysAgo: 3) { desk in
      #expect(try desk.makeOccasions() == ["caught-up"])
      let days = try desk.lines(
        "select to_char(midnight(-3) at time zone 'Asia/Shanghai', 'YYYY-MM-DD') || ' to ' || to_char(midnight(-1) at time zone 'Asia/Shanghai', 'YYYY-MM-DD')"
      )
      #expect(try desk.steps(1).last == "missed running running 3 occasions, \(days[0])")
      #expect(try desk.lines("select count(*)::text from campaign") == ["2"])
      #expect(
        try desk.lines("select concat_ws(' ', kind, subject, assignee_id) from reminder") == ["campaign-missed c1 1"])
    }
  }

  @Test("which days are made and which are missed")
  func decided() throws {
    let plan = try CampaignDefinition(reading: Self.every(#", "open": "PT8H""#))
    guard case .every(let recurrence) = plan.course else { throw Wrong(description: "it does not come again") }
    func decide(_ days: [(String, Int64)], today: String, now: Int64, expires: Int64 = 1_000_000) -> String {
      let due = MakeOccasions.Due(
        plan: 1, name: "c1", owner: 1, expires: moment(expires), before: moment(days[0].1),
        days: days.map { .init(day: $0.0, at: moment($0.1)) }, today: today, next: moment(900_000))
      var book = [Int64(1): recurrence]
      guard case .apply(let made, _, let outcome) = MakeOccasions.decide(due, &book, moment(now)) else { return "-" }
      let open = made.occasion.map {
        "\($0.day) until \(($0.expires.microseconds - moment(0).microseconds) / 1_000_000)"
      }
      return [outcome.description, open, made.missed].compactMap { $0 }.joined(separator: "; ")
    }
    #expect(decide([("d1", 0)], today: "d1", now: 5) == "made; d1 until 28800")
    #expect(decide([("d1", 0)], today: "d1", now: 28_799) == "made; d1 until 28800")
    #expect(decide([("d1", 0)], today: "d1", now: 28_800) == "missed; d1")
    #expect(decide([("d1", 0)], today: "d2", now: 100) == "missed; d1")
    #expect(decide([("d1", 0)], today: "d1", now: 5, expires: 60) == "made; d1 until 60")
    #expect(decide([("d1", 0), ("d2", 86_400)], today: "d2", now: 86_500) == "caught-up; d2 until 115200; d1")
    #expect(
      decide([("d1", 0), ("d2", 86_400), ("d3", 172_800)], today: "d4", now: 300_000) == "missed; 3 occasions, d1 to d3"
    )
    let due = MakeOccasions.Due(
      plan: 1, name: "c1", owner: 1, expires: moment(9), before: moment(0), days: [.init(day: "d", at: moment(0))],
      today: "d",
      next: moment(8))
    var book: MakeOccasions.Book = [:]
    guard case .ignore = MakeOccasions.decide(due, &book, moment(1)) else {
      throw Wrong(description: "of what nobody can read")
    }
  }

  @Test("what is done with a plan is done with its occasions, but not with what somebody has paused by itself")
  func carried() async throws {
    try await Self.open { desk in
      try desk.makeOccasions()
      let first = try desk.occasion()
      try desk.session.run(
        script: """
          insert into campaign (name, definition, state, audience, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, parent_id, day)
          select 'c1/2020-01-0' || n, definition, 'running', audience, 2, 2, 1, starts_at, expires_at, time_zone, 1, '2020-01-01'::date + n
          from campaign, generate_series(1, 2) n where id = 1;
          update campaign set state = 'finished', settled_at = now() where name = 'c1/2020-01-02';
          """)
      let own = try desk.session.rows("select id from campaign where name = 'c1/2020-01-01'")[0].integer(0)
      func states() throws -> [String] {
        try desk.lines("select concat_ws(' ', state, reason) from campaign where parent_id = 1 order by id")
      }
      #expect(try desk.step("paused", of: "c1/2020-01-01", "by itself") == "done")
      #expect(try desk.step("paused") == "done")
      #expect(try states() == ["paused because", "paused by itself", "finished"])
      #expect(try desk.steps(first).last == "paused running paused with its plan: because")
      #expect(try desk.lines("select distinct person_id::text from campaign_step where what = 'paused'") == ["1"])
      #expect(try desk.step("resumed") == "done")
      #expect(try states() == ["scheduled", "paused by itself", "finished"])
      #expect(try desk.step("paused") == "done" && desk.step("resumed", of: desk.name(first)) == "done")
      #expect(try desk.step("paused", of: desk.name(first), "again") == "done" && desk.step("resumed") == "done")
      #expect(try states() == ["paused again", "paused by itself", "finished"], "it was taken out of its plan's pause")
      #expect(try desk.step("cancelled") == "done")
      #expect(try states() == ["cancelled because", "cancelled because", "finished"])
      #expect(try desk.steps(own).last == "cancelled paused cancelled with its plan: because")
    }
  }

  @Test("a plan that expires closes its occasions with it, and is finished when the last of them is")
  func ends() async throws {
    try await Self.open { desk in
      try desk.makeOccasions()
      let occasion = try desk.occasion()
      try desk.expandAll()
      try desk.session.run(script: "update campaign set expires_at = now() where id = 1")
      #expect(try desk.makeOccasions() == [])
      #expect(try desk.tend() == ["closed"])
      #expect(try desk.state(1) == "closed expanded" && desk.state(occasion) == "closed expanded")
      #expect(try desk.steps(occasion).last == "closed running closed with its plan")
      #expect(try desk.tend() == [])
      try desk.session.run(script: "update campaign_recipient set is_open = false")
      #expect(try desk.tend() == ["finished"] && desk.state(1) == "closed expanded")
      #expect(try desk.tend() == ["finished"] && desk.state(1) == "finished expanded settled")
    }
  }

  @Test(
    "whoever an occasion has reached is left alone for so long, and whoever it has not is not; the preview counts alike"
  )
  func again() async throws {
    try await Self.open(Self.every(#", "again": "P7D""#)) { desk in
      func count() throws -> [String] {
        try desk.session.run(script: "insert into campaign_preview (campaign_id, version) values (1, 1)")
        try desk.preview()
        return try desk.lines(
          "select concat_ws(' ', failure, result::jsonb ->> 'recipients', result::jsonb -> 'skipped') from campaign_preview order by id desc limit 1"
        )
      }
      #expect(try count() == ["4 {}"])
      try desk.makeOccasions()
      let first = try desk.occasion()
      try desk.expandAll()
      #expect(try desk.people(first) == (1...4).map { "\($0) queued" })
      // 1 has it, of 2 nobody knows, 3 was not reached, 4 is open still; it was three days ago.
      try desk.session.run(
        script: """
          update campaign_recipient set is_open = subject = 4, state = (array['delivered', 'uncertain', 'failed', 'queued'])[subject];
          delete from campaign_count where campaign_id = \(first);
          insert into campaign_count select \(first), 0, 'sms', state, '', 1 from campaign_recipient;
          update campaign set day = day - 3, name = 'c1/' || (day - 3), starts_at = starts_at - interval '3 days' where id = \(first);
          update occasion_memory set at = at - interval '3 days';
          """)
      try desk.makeDue(daysAgo: 0)
      #expect(try count() == [#"1 {"too-soon": 3}"#])
      try desk.makeOccasions()
      let second = try desk.occasion()
      try desk.expandAll()
      #expect(
        try desk.people(second) == ["1 skipped too-soon", "2 skipped too-soon", "3 queued", "4 skipped too-soon"])
      #expect(
        try desk.session.rows("select concat_ws(' ', subject, campaign_id = $1) from occasion_memory order by subject")
        {
          $0.integer(second)
        }.map { $0.text(0) } == ["1 f", "2 f", "3 t", "4 f"])
      // A week later they have it again.
      try desk.session.run(
        script: """
          update occasion_memory set at = at - interval '4 days' where subject = 1;
          update campaign set day = '2020-01-01', name = 'c1/2020-01-01' where id = \(second)
          """)
      try desk.makeDue(daysAgo: 0)
      try desk.makeOccasions()
      try desk.expandAll()
      #expect(try desk.people(desk.occasion()).first == "1 queued")
    }
  }

  @Test("variants and the control group stay from occasion to occasion")
  func seed() async throws {
    let more = #", "variants": [{"name": "a", "share": 50}, {"name": "b", "share": 50}], "control": {"share": 50}"#
    try await Self.open(Self.every("", more)) { desk in
      for _ in 1...2 {
        try desk.makeDue(daysAgo: 0)
        try desk.makeOccasions()
        try desk.expandAll()
        try desk.session.run(script: "update campaign set day = day - 1, name = 'c1/' || (day - 1) where id <> 1")
      }
      #expect(
        try desk.lines("select count(*)::text from (select distinct subject, variant, state from campaign_recipient) r")
          == ["4"])
      #expect(try desk.lines("select count(*)::text from campaign_recipient") == ["8"])
    }
  }
}

extension CampaignDesk {
  /// So that the day before so many days is due, at its midnight in Shanghai.
  func makeDue(daysAgo: Int) throws {
    try session.run(script: "update campaign set next_at = midnight(-\(daysAgo)) where repeats")
  }

  /// The latest.
  func occasion() throws -> Int64 {
    try session.rows("select max(id) from campaign where parent_id is not null")[0].integer(0)
  }

  func name(_ campaign: Int64) throws -> String {
    try session.rows("select name from campaign where id = $1") { $0.integer(campaign) }[0].text(0)
  }

  func step(_ step: String, of name: String = "c1", _ note: String = "because") throws -> String {
    try session.rows("select step_campaign($1, $2, null, $3)") {
      $0.text(name)
      $0.text(step)
      $0.text(note)
    }[0].text(0)
  }
}
