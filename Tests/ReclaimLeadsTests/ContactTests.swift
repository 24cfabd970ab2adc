import Postgres
import Testing
import Topics
import Values

/// Contact protects, when the owner made it in time; all else has its name.
@Suite struct ContactTests {
  private static func contact(_ lead: Int64, by: String? = "P1", automatic: Bool = false) -> LeadActivity {
    .contacted(.init(lead: lead, by: by), automatic: automatic, channel: "call")
  }

  @Test("a contact extends the clock once, keeps a history and tells it; a second of that day changes nothing")
  func extends() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      #expect(try desk.take([desk.event(Self.contact(1)), desk.event(Self.contact(1))]) == ["contacted", "contacted"])
      #expect(desk.emitted == ["lead.extended"])
      #expect(try desk.lead(1) == "owned 3 1 v2")
      #expect(
        try desk.lines(
          """
          select ((protected_until at time zone 'Asia/Shanghai') - (clock_timestamp() at time zone 'Asia/Shanghai')::date)::text
            || ' ' || (check_at = protected_until - interval '3 days') || ' ' || (contacted_at is not null)
          from lead
          """) == ["8 days true true"])
      #expect(try desk.lines("select what from lead_history order by version") == ["allocated", "contacted"])
    }
  }

  @Test(
    "a contact does what its owner has to do about the lead, later proof too, and nothing that was asked for after it")
  func tasks() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      try desk.own(2, 1, since: "now() - interval '10 days'", until: "now() - interval '1 hour'")
      try desk.own(3, 1)
      try desk.own(4, 2)
      try desk.session.run(
        script: """
          insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id, script,
            made_at, due_at)
          select 1, n, 0, 'c', 't', 'lead', n::text, case when n = 4 then 2 else 1 end, 'x', 3, 's',
            case n when 3 then now() + interval '1 hour' else now() - interval '1 day' end, now() + interval '1 day'
          from generate_series(1, 4) n
          """)
      #expect(try desk.reclaim() == ["reclaimed"])
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      let tasks: Statement =
        "select concat_ws(' ', subject, state, outcome, assignee_id, settled_by, version) from task order by subject"
      #expect(try desk.lines(tasks) == ["1 open 1 1", "2 open 2", "3 open 1 1", "4 open 2 1"])
      #expect(
        try desk.take([
          desk.event(Self.contact(1), now), desk.event(Self.contact(1), now),
          desk.event(Self.contact(2), now.adding(seconds: -7200)),
          desk.event(Self.contact(3), now), desk.event(Self.contact(4), now),
        ]) == ["contacted", "contacted", "restored", "contacted", "not-the-owner"])
      #expect(
        try desk.lines(tasks) == [
          "1 done contacted 1 P1 2", "2 done contacted 1 P1 4", "3 open 1 1", "4 open 2 1",
        ])
      // Done when they talked, and not when it was told.
      #expect(
        try desk.session.rows("select settled_at from task where state = 'done' order by subject").map {
          $0.timestamp(0)
        }
          == [now, now.adding(seconds: -7200)])
      #expect(
        try desk.lines(
          "select concat_ws(' ', subject, by_id, outcome) from service_action where what = 'task-done' order by id")
          == ["1 1 contacted", "2 1 contacted"])
    }
  }

  @Test("of contacts that are told together the first did the task; none did it before it was there, or later than now")
  func moments() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      func done(_ moments: [Int64]) throws -> [Int64] {
        try desk.session.run(
          script: """
            delete from task;
            insert into task (campaign_id, subject, place, campaign, title, subject_kind, subject_name, assignee_id, assignee, branch_id, script,
              made_at, due_at)
            values (1, 1, 0, 'c', 't', 'lead', '1', 1, 'x', 3, 's', '\(now.adding(seconds: -100).rfc3339)', now() + interval '1 day')
            """)
        _ = try desk.take(try moments.map { try desk.event(Self.contact(1), now.adding(seconds: $0)) })
        return try desk.session.rows("select settled_at from task where settled_at is not null").map {
          ($0.timestamp(0).microseconds - now.microseconds) / 1_000_000
        }
      }
      #expect(try done([-10, -60, -99, -101]) == [-99])
      #expect(try done([-100]) == [-100])
      #expect(try done([-101]) == [])
      // A clock that is four minutes ahead.
      #expect(try done([240]).allSatisfy { (0..<60).contains($0) })
    }
  }

  @Test("what does not count is named")
  func named() async throws {
    try await LifeDesk.open { desk in
      try desk.own(1, 1)
      try desk.own(2, 1, since: "now() - interval '9 days'", until: "now() - interval '1 hour'")
      try desk.own(3, 2)
      try desk.pool(4)
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      func ago(_ seconds: Int64) -> Timestamp { now.adding(seconds: -seconds) }
      let table: [(LeadActivity, Timestamp, String)] = [
        (Self.contact(99), now, "unknown-lead"), (Self.contact(1, by: "nobody"), now, "unknown-person"),
        (Self.contact(1, by: nil), now, "missing"), (Self.contact(1, automatic: true), now, "by-machine"),
        (Self.contact(1), ago(-3600), "in-the-future"), (Self.contact(1), ago(3 * 366 * 86_400), "too-old"),
        (Self.contact(1), ago(3 * 86_400), "before-ownership"), (Self.contact(2), now, "after-the-end"),
        (Self.contact(3), now, "not-the-owner"), (Self.contact(4), now, "not-the-owner"),
        (
          .contacted(.init(lead: 1, command: "00000000-0000-0000-0000-000000000000"), automatic: false, channel: nil),
          now,
          "not-a-command"
        ),
        (Self.contact(1), ago(-200), "contacted"),
      ]
      for (event, happened, outcome) in table {
        #expect(try desk.take([desk.event(event, happened)]) == [outcome])
      }
      #expect(
        try desk.lines("select state || version from lead order by id") == ["owned2", "owned1", "owned1", "pooled1"])
    }
  }

  @Test("later proof restores the owner, unless somebody else has the lead by then, and says so to both")
  func restored() async throws {
    try await LifeDesk.open { desk in
      for lead: Int64 in 1...3 {
        try desk.own(lead, 1, since: "now() - interval '10 days'", until: "now() - interval '1 hour'")
      }
      #expect(try desk.reclaim() == ["reclaimed", "reclaimed", "reclaimed"])
      let now = try desk.session.rows("select clock_timestamp()")[0].timestamp(0)
      #expect(try desk.take([desk.event(Self.contact(1), now.adding(seconds: -7200))]) == ["restored"])
      #expect(desk.emitted == ["lead.allocated"])
      #expect(try desk.lead(1) == "owned 3 1 v3")
      #expect(
        try desk.lines("select (protected_since < now() - interval '7 days')::text from lead where id = 1") == ["true"],
        "the time since it was first given still counts")
      // Somebody claims the second before the proof comes.
      #expect(try desk.take([desk.signed(.claimed(.init(lead: 2, by: "P2")))]) == ["claimed"])
      #expect(try desk.take([desk.event(Self.contact(2), now.adding(seconds: -7200))]) == ["owned-by-another"])
      #expect(try desk.lead(2) == "owned 3 2 v3")
      #expect(
        try desk.lines("select kind || assignee_id from reminder order by id") == [
          "lead-restored1", "late-proof1", "late-proof2",
        ])
      // A contact that was too late all the same, and one of somebody who never had it.
      #expect(try desk.take([desk.event(Self.contact(3), now)]) == ["not-the-owner"])
      #expect(try desk.take([desk.event(Self.contact(3, by: "P2"), now.adding(seconds: -7200))]) == ["not-the-owner"])
      #expect(
        try desk.take([desk.event(Self.contact(3), now.adding(seconds: -9 * 86_400))]) == ["over-anyway"])
    }
  }
}
