import Postgres
import TestKit
import Testing

@testable import launch_campaigns

/// Campaigns that people join while they run.
@Suite struct JoiningTests {
  private static let customers = """
    insert into customer (id, code, version, data, status, name, email, language, level, branch_id, changed_at)
    select n, 'C-' || n, 1, gen_random_uuid(), 'active', 'N' || n, 'c' || n || '@example.com', 'en-GB',
      case when n < 3 then 'gold' else 'lead' end, 2, now() from generate_series(1, 6) n;
    insert into customer_phone (phone, customer_id, place, kind, region) select 8613800000000 + n, n, 0, 'mobile', 'CN-SH'
    from generate_series(1, 6) n;
    """

  /// Launched, begun and expanded, as far as the firm's people stand by now.
  private static func open(
    _ more: String = "", _ definition: String = CampaignDesk.definition(more: #", "joining": true"#),
    _ body: @escaping @Sendable (CampaignDesk) throws -> Void
  ) async throws {
    try await CampaignDesk.open(customers + more) { desk in
      try desk.plan(1, "scheduled", definition, expanded: false)
      #expect(try desk.tend() == ["started"])
      try desk.expandAll()
      try body(desk)
    }
  }

  @Test("whoever comes to fulfil the filter gets it once, whatever changes of them afterwards")
  func once() async throws {
    try await Self.open { desk in
      #expect(try desk.people(1) == ["1 queued", "2 queued"])
      try desk.session.run(
        script: "update customer set level = 'gold' where id in (3, 4); update customer set name = 'X' where id = 5")
      #expect(try desk.spread().count == 2, "a name is nothing that a filter sees")
      #expect(try desk.join() == ["queued", "queued", "looked-at", "looked-at"])
      #expect(try desk.people(1) == ["1 queued", "2 queued", "3 queued", "4 queued"])
      #expect(try desk.state(1) == "running expanded")
      // They leave and come again, and those of the launch change as well.
      try desk.session.run(
        script:
          "update customer set level = 'lead' where id = 3; update customer set level = 'silver' where id in (1, 3)")
      #expect(try desk.spread().count == 3)
      #expect(try desk.join() == ["looked-at", "looked-at"])
      #expect(try desk.lines("select count(*)::text from message") == ["4"])
      #expect(try desk.spread() == [] && desk.join() == [])
    }
  }

  @Test(
    "new people, other phones and another manager's branch bring them too; those elsewhere and excluded ones stay out")
  func sources() async throws {
    let more = """
      insert into person (id, code, branch_id, name) values (5, 'P-5', 4, 'Eve');
      update customer set branch_id = null, manager_id = 5, level = 'gold' where id = 6;
      update customer_phone set region = '' where customer_id = 5;
      """
    let plan = CampaignDesk.definition(
      filter: "level in (gold, silver) and region = CN-SH", more: #", "joining": true, "exclude": "tag = vip""#)
    try await Self.open(more, plan) { desk in
      #expect(try desk.people(1) == ["1 queued", "2 queued"])
      try desk.session.run(
        script: """
          update customer set level = 'gold' where id in (4, 5);
          update customer set level = 'gold', tags = '{vip}' where id = 3;
          insert into customer (id, code, version, data, status, name, language, level, branch_id, changed_at)
          values (7, 'C-7', 1, gen_random_uuid(), 'active', 'N7', 'en-GB', 'gold', 2, now()),
            (8, 'C-8', 1, gen_random_uuid(), 'active', 'N8', 'en-GB', 'gold', 4, now());
          insert into customer_phone (phone, customer_id, place, kind, region)
          values (8613800000007, 7, 0, 'mobile', 'CN-SH'), (8613800000008, 8, 0, 'mobile', 'CN-SH');
          """)
      try desk.spread()
      try desk.join()
      #expect(try desk.people(1) == ["1 queued", "2 queued", "4 queued", "7 queued"])
      try desk.session.run(
        script: """
          update customer_phone set region = 'CN-SH' where customer_id = 5;
          update person set branch_id = 3 where id = 5;
          update customer set tags = '{}' where id = 3;
          """)
      try desk.spread()
      try desk.join(2)
      try desk.join(2)
      #expect(try desk.people(1) == (1...7).map { "\($0) queued" })
    }
  }

  @Test(
    "a branch that is put under another brings its people and those of the branches below it; one with a new name nobody"
  )
  func movedBranch() async throws {
    let more = """
      insert into branch (id, code, name, parent_id, level) values (5, 'HD', 'h', 4, 'city'), (6, 'T-1', 't', 5, 'team');
      insert into person (id, code, branch_id, name) values (5, 'P-5', 5, 'Eve');
      update customer set level = 'gold', branch_id = 6 where id = 4;
      update customer set level = 'gold', branch_id = null, manager_id = 5 where id = 5;
      update customer set level = 'gold', branch_id = 4 where id = 6;
      """
    try await Self.open(more) { desk in
      #expect(try desk.people(1) == ["1 queued", "2 queued"])
      try desk.session.run(script: "update branch set name = 'Haidian' where id in (2, 5)")
      #expect(try desk.spread() == [])
      try desk.session.run(script: "update branch set parent_id = 2 where id = 5")
      try desk.spread()
      try desk.join()
      #expect(try desk.people(1) == ["1 queued", "2 queued", "4 queued", "5 queued"])
    }
  }

  @Test("an address that somebody of the campaign has, or is left alone at, reaches nobody else who joins")
  func addresses() async throws {
    let more =
      "update customer_phone set phone = 8613800000001 where customer_id = 3; update customer_phone set phone = 8613800000005 where customer_id = 4"
    try await Self.open(more) { desk in
      try desk.session.run(script: "update customer set level = 'gold'")
      try desk.spread()
      try desk.join()
      #expect(
        try desk.people(1)
          == [
            "1 queued", "2 queued", "3 skipped duplicate-address", "4 queued", "5 skipped duplicate-address",
            "6 queued",
          ])
      try desk.session.run(
        script: """
          update campaign_recipient set state = 'held-out', place = null, channel = null, message_id = null, is_open = false where subject = 6;
          delete from message where event_id = '1/6/0';
          update campaign_count set recipients = recipients - 1 where state = 'queued';
          insert into campaign_count values (1, 0, '', 'held-out', '', 1);
          insert into customer (id, code, version, data, status, name, language, level, branch_id, changed_at)
          values (7, 'C-7', 1, gen_random_uuid(), 'active', 'N7', 'en-GB', 'gold', 2, now());
          insert into customer_phone (phone, customer_id, place, kind) values (8613800000006, 7, 0, 'mobile');
          """)
      try desk.spread()
      try desk.join()
      #expect(try desk.people(1).last == "7 skipped duplicate-address")
    }
  }

  @Test("it is not finished before it expires; who comes too late is not taken, and its queue is emptied")
  func end() async throws {
    try await Self.open { desk in
      try desk.session.run(
        script: "update campaign_recipient set is_open = false; update message set state = 'delivered'")
      #expect(try desk.tend() == [])
      try desk.session.run(script: "update customer set level = 'gold' where id = 3")
      try desk.spread()
      try desk.session.run(script: "update campaign set expires_at = now()")
      #expect(try desk.join() == [])
      #expect(try desk.tend() == ["closed"] && desk.tend() == ["finished"])
      #expect(try desk.join() == ["too-late"])
      try desk.session.run(script: "update customer set level = 'gold' where id = 4")
      #expect(try desk.lines("select count(*)::text from audience_change") == ["0"], "nobody is looked for any more")
      #expect(try desk.people(1) == ["1 queued", "2 queued"])
    }
  }

  @Test(
    "who pauses or ends it does not wait for who is found, which then counts for nothing; paused, it remembers whom to look at"
  )
  func paused() async throws {
    try await Self.open { desk in
      try desk.session.run(script: "update customer set level = 'gold' where id = 3")
      try desk.spread()
      desk.meanwhile = { try desk.session.run(script: "update campaign set state = 'paused'") }
      #expect(throws: PostgresError.changedMeanwhile) { try desk.join() }
      #expect(try desk.people(1) == ["1 queued", "2 queued"])
      try desk.session.run(script: "update customer set level = 'gold' where id = 4")
      try desk.spread()
      #expect(try desk.join() == [])
      try desk.session.run(
        script: "update customer set level = 'lead' where id = 3; update campaign set state = 'running'")
      try desk.spread()
      try desk.join()
      #expect(try desk.people(1) == ["1 queued", "2 queued", "4 queued"])
    }
  }

  @Test("a template that was withdrawn pauses it, and whoever came meanwhile is not forgotten")
  func withdrawn() async throws {
    try await Self.open { desk in
      try desk.session.run(
        script: """
          insert into template_withdrawal (name, channel, language, version) select name, channel, language, version from template;
          update customer set level = 'gold' where id = 3
          """)
      try desk.spread()
      #expect(try desk.join() == ["paused"])
      #expect(try desk.state(1) == "paused expanded")
      try desk.session.run(
        script: """
          insert into template (name, channel, language, text) values ('bonds', 'sms', 'en-GB', 'Dear {{name}}');
          update campaign set state = 'running'
          """)
      try desk.join()
      #expect(try desk.people(1) == ["1 queued", "2 queued", "3 queued"])
    }
  }

  @Test("leads join when they are allocated, and by the clock of their protection alone nobody is looked at")
  func leads() async throws {
    let plan = CampaignDesk.definition(more: #", "joining": true"#).replacing(
      #"{"customers": "level in (gold, silver)"}"#,
      with: #"{"leads": "region under CN-JS and state in (owned, waiting)"}"#)
    let lead = """
      insert into lead (id, phone, region, name, source, state, branch_id, language, held_reason, held_since, version, registered_at)
      values (1, 8613900000001, 'CN-JS/Nanjing', 'N1', 'web', 'held', 2, 'en-GB', 'full', now(), 1, now()),
        (2, 8613900000002, 'CN-SH', 'N2', 'web', 'held', 2, 'en-GB', 'full', now(), 1, now());
      """
    try await CampaignDesk.open(lead) { desk in
      try desk.plan(1, "scheduled", plan, expanded: false)
      try desk.session.run(script: "update campaign set audience = 'leads'")
      try desk.tend()
      try desk.expandAll()
      #expect(try desk.people(1) == [])
      try desk.session.run(
        script:
          "update lead set state = 'owned', owner_id = 1, held_reason = null, held_since = null, protected_until = now()"
      )
      #expect(try desk.spread().count == 2)
      try desk.join()
      #expect(try desk.people(1) == ["1 queued"])
      try desk.session.run(script: "update lead set protected_until = now() + interval '1 day', check_at = now()")
      #expect(try desk.spread() == [])
      try desk.session.run(
        script: """
          update lead set branch_id = 4, region = 'CN-JS/Suzhou', state = 'owned', owner_id = 1, held_reason = null, held_since = null,
            protected_until = now() where id = 2
          """)
      try desk.spread()
      try desk.join()
      #expect(try desk.people(1) == ["1 queued"])
      try desk.session.run(script: "update branch set parent_id = 2 where id = 4")
      #expect(try desk.spread().count == 1)
      try desk.join()
      #expect(try desk.people(1) == ["1 queued", "2 queued"])
    }
  }

  @Test("whoever is changed by a transaction that began before the launch and commits after it is found all the same")
  func late() async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try CampaignDesk(database)
        try desk.session.run(script: CampaignDesk.firm + Self.customers)
        let other = try database.connect()
        // Nobody writes down changes yet.
        try other.run(script: "begin; update customer set level = 'gold' where id = 3")
        try desk.plan(1, "scheduled", CampaignDesk.definition(more: #", "joining": true"#), expanded: false)
        #expect(try desk.tend() == ["started"])
        for _ in 1...3 { #expect(try desk.expand() == [], "it waits for those who could not know") }
        try other.run(script: "commit")
        try desk.expandAll()
        #expect(try desk.people(1) == ["1 queued", "2 queued", "3 queued"])
        // From now on they know; late ones are found when they commit, also behind others.
        try other.run(script: "begin; update customer set level = 'gold' where id = 4")
        try desk.session.run(script: "update customer set level = 'gold' where id = 5")
        try desk.spread()
        try desk.join()
        #expect(try desk.people(1).count == 4)
        try other.run(script: "commit")
        try desk.spread()
        try desk.join()
        #expect(try desk.people(1) == (1...5).map { "\($0) queued" })
      }
    }
  }
}

extension CampaignDesk {
  /// Waits for what else is under way on the server, which other tests may hold.
  func expandAll() throws {
    try within(120) { try !expand().isEmpty }
    while try !expand().isEmpty {}
  }

  /// Asks again until it is so; fails after so many seconds.
  func within(_ seconds: Int, _ isSo: () throws -> Bool) throws {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    while try !isSo() {
      guard clock.now < end else { throw Wrong(description: "not within \(seconds) s") }
    }
  }

  /// Recipients with where they stand: `1 queued`.
  func people(_ campaign: Int64) throws -> [String] {
    try session.rows(
      "select concat_ws(' ', subject, state, reason) from campaign_recipient where campaign_id = $1 order by subject"
    ) { $0.integer(campaign) }.map { $0.text(0) }
  }
}
