import Postgres
import TestKit
import Testing

@testable import launch_campaigns

/// What of people a filter may see: each change of it brings them before the campaigns that are joined.
@Suite struct JoiningChangeTests {
  /// A customer of everything that filters ask for, and a lead; a campaign of each kind that is joined, scheduled, running or paused.
  private static func open(
    _ state: String = "running", _ body: @escaping @Sendable (CampaignDesk) throws -> Void
  ) async throws {
    let people = """
      insert into customer (id, code, version, data, status, name, language, level, branch_id, manager_id, number, email, birthday,
        risk_rating, assets_amount, assets_currency, tags, changed_at)
      values (1, 'C-1', 1, gen_random_uuid(), 'active', 'N', 'en-GB', 'lead', 2, 1, '8801', 'a@firm.example', '1980-05-01', 'R2', 5, 'CNY',
        '{vip}', now());
      insert into customer_phone (phone, customer_id, place, kind, region) values (8613800000001, 1, 0, 'mobile', 'CN-SH');
      insert into lead (id, phone, region, name, source, product, state, branch_id, language, level, value_amount, value_currency,
        held_reason, held_since, version, registered_at)
      values (1, 8613900000001, 'CN-JS', 'N1', 'web', 'bonds', 'held', 2, 'en-GB', 'a', 5, 'CNY', 'full', now(), 1, now());
      """
    try await CampaignDesk.open(people) { desk in
      for (id, kind) in [(Int64(1), "customers"), (2, "leads")] {
        try desk.plan(id, state, CampaignDesk.definition(more: #", "joining": true"#))
        try desk.session.run(script: "update campaign set audience = '\(kind)' where id = \(id)")
      }
      try body(desk)
    }
  }

  @Test(
    "a customer's",
    arguments: [
      "status = 'dormant'", "branch_id = 3", "manager_id = 2", "level = 'gold'", "language = 'zh-CN'",
      "assets_amount = 6",
      "assets_currency = 'USD'", "risk_rating = 'R3'", "birthday = '1980-05-02'", "number = '8802'", "tags = '{}'",
      "email = null", "changed_at = '2020-01-01'",
    ])
  func customers(_ change: String) async throws {
    try await Self.open { desk in
      try desk.session.run(script: "update customer set \(change)")
      #expect(try desk.changes() == ["customers 1"])
    }
  }

  @Test(
    "a lead's",
    arguments: [
      "state = 'waiting', step_due_at = now()", "branch_id = 3",
      "owner_id = 1, state = 'owned', protected_until = now()",
      "level = 'b'", "language = 'zh-CN'", "value_amount = 6", "value_currency = 'USD'", "product = 'funds'",
      "source = 'app'", "region = 'CN-SH'", "registered_at = '2020-01-01'", "contacted_at = now()",
      "phone = 8613900000002",
    ])
  func leads(_ change: String) async throws {
    try await Self.open { desk in
      try desk.session.run(script: "update lead set \(change)")
      #expect(try desk.changes() == ["leads 1"])
      // Owned ones, whom others have next.
      try desk.session.run(
        script: "delete from audience_change; update lead set state = 'owned', owner_id = 1, protected_until = now()")
      _ = try desk.spread()
      try desk.session.run(script: "update lead set owner_id = 2")
      #expect(try desk.changes() == ["leads 1"])
    }
  }

  @Test("new ones, and phones that come, change and go; what no filter sees brings nobody")
  func others() async throws {
    try await Self.open { desk in
      try desk.session.run(
        script: """
          update customer set name = 'X', level = level; update lead set name = 'X', check_at = now(), level = level;
          update person set name = 'X'; update branch set name = 'X' where id = 2
          """)
      #expect(try desk.changes() == [])
      for (change, expected) in [
        ("insert into customer_phone (phone, customer_id, place) values (8613800000002, 1, 1)", "customers 1"),
        ("update customer_phone set region = 'CN-JS' where place = 1", "customers 1"),
        ("delete from customer_phone where place = 1", "customers 1"),
        (
          "insert into customer (id, code, version, data, status, changed_at) values (2, 'C-2', 1, gen_random_uuid(), 'active', now())",
          "customers 2"
        ),
        (
          """
          insert into lead (id, phone, source, state, branch_id, held_reason, held_since, version, registered_at)
          values (2, 8613900000003, 'web', 'held', 2, 'full', now(), 1, now())
          """, "leads 2"
        ),
      ] {
        try desk.session.run(script: change)
        #expect(try desk.changes() == [expected], "\(change)")
        try desk.session.run(script: "delete from audience_change")
      }
    }
  }

  @Test(
    "changes are written down from the launch to the end, also while it rests",
    arguments: ["scheduled", "running", "paused", "closed"])
  func states(_ state: String) async throws {
    try await Self.open(state) { desk in
      try desk.session.run(
        script:
          "update campaign set audience = 'customers'; update customer set level = 'gold'; update lead set level = 'b'")
      #expect(try desk.changes() == (state == "closed" ? [] : ["customers 1"]))
      // To each of them, once.
      try desk.session.run(script: "update customer set level = 'silver'")
      try desk.spread()
      #expect(
        try desk.lines("select concat_ws(' ', campaign_id, subject) from campaign_joiner order by 1")
          == (state == "closed" ? [] : ["1 1", "2 1"]))
    }
  }

  @Test("they go to campaigns of such people that are joined and at work alone, and two lanes share them")
  func spread() async throws {
    try await Self.open { desk in
      for (id, state, more) in [
        (Int64(3), "running", ""), (4, "draft", #", "joining": true"#), (5, "closed", #", "joining": true"#),
      ] { try desk.plan(id, state, CampaignDesk.definition(more: more)) }
      try desk.session.run(script: "update customer set level = 'gold'")
      try desk.session.run(script: "begin; select from audience_change for update")
      #expect(try desk.spread() == [])
      try desk.session.run(script: "commit")
      #expect(try desk.spread() == ["spread"])
      #expect(try desk.lines("select concat_ws(' ', campaign_id, subject) from campaign_joiner") == ["1 1"])
    }
  }

  @Test("nobody joins before everybody is found, or while another lane looks at those who do")
  func notYet() async throws {
    try await Self.open { desk in
      try desk.session.run(script: "update customer set level = 'gold'")
      try desk.spread()
      try desk.session.run(script: "update campaign set expanded_at = null where id = 1")
      #expect(try desk.join() == [])
      try desk.session.run(
        script: "update campaign set expanded_at = now() where id = 1")
      try desk.session.run(
        script: "begin; select pg_advisory_xact_lock(hashtextextended('millrace expand campaign 1', 0))")
      #expect(try desk.join() == [])
      try desk.session.run(script: "commit")
      #expect(try desk.join() == ["queued", "looked-at"])
    }
  }

  @Test("a message that the database refuses keeps nobody else from joining")
  func aside() async throws {
    try await Self.open { desk in
      try desk.session.run(
        script: """
          insert into customer (id, code, version, data, status, name, language, level, branch_id, changed_at)
          values (2, 'C-2', 1, gen_random_uuid(), 'active', 'N2', 'en-GB', 'gold', 2, now());
          insert into customer_phone (phone, customer_id, place, kind) values (8613800000002, 2, 0, 'mobile');
          update customer set level = 'gold';
          insert into set_aside (sweep, item, path, reason, detail) values ('join-campaigns', '1/1', '', 'not-storable', '');
          """)
      try desk.spread()
      try desk.join()
      #expect(try desk.people(1) == ["1 skipped not-storable", "2 queued"])
    }
  }

  @Test("one that is resumed before everybody is found does not wait anew for what has begun since")
  func resumed() async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try CampaignDesk(database)
        try desk.session.run(script: CampaignDesk.firm + ExpansionTests.customers)
        try desk.plan(1, "scheduled", CampaignDesk.definition(more: #", "joining": true"#), expanded: false)
        #expect(try desk.tend() == ["started"])
        try desk.within(120) { try !desk.expand().isEmpty }
        let other = try database.connect()
        try other.run(script: "begin; update customer set name = 'X' where id = 1")
        try desk.session.run(
          script: "update campaign set state = 'paused'; update campaign set state = 'scheduled'")
        #expect(try desk.tend() == ["started"])
        #expect(try desk.expand(2) == ["queued", "queued", "page"])
        try other.run(script: "commit")
      }
    }
  }
}

extension CampaignDesk {
  /// Whom filters may see otherwise than before.
  fileprivate func changes() throws -> [String] {
    try lines("select distinct concat_ws(' ', audience, subject) from audience_change order by 1")
  }
}
