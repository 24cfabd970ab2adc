import Postgres
import Testing

@testable import launch_campaigns

/// A campaign's people get their rows and messages, page by page.
@Suite struct ExpansionTests {
  /// Eleven customers of Shanghai and one of Beijing: 3 has no phone, 4 an unknown level, 5 the phone of 2, 6 has refused, 8 no name, 9
  /// is abroad, 10 has opted out, 11 has no known language.
  static let customers = """
    insert into customer (id, code, version, data, status, name, email, language, level, branch_id, refused, changed_at)
    select n, 'C-' || n, 1, gen_random_uuid(), 'active', case when n <> 8 then 'N' || n end, 'c' || n || '@example.com',
      case when n = 11 then null when n % 2 = 0 then 'en-GB' else 'zh-CN' end, case n when 4 then 'lead' else 'gold' end,
      case when n = 12 then 4 when n % 2 = 0 then 2 else 3 end, case when n = 6 then 1 << consent_slot('sms', 'marketing') else 0 end, now()
    from generate_series(1, 12) n;
    insert into customer_phone (phone, customer_id, place, kind, region)
    select case n when 5 then 8613800000002 when 9 then 85251234567 else 8613800000000 + n end, n, 0, 'mobile',
      case n when 9 then 'HK' else 'CN-SH' end
    from generate_series(1, 12) n where n <> 3;
    insert into suppression (channel, address, reason) values ('sms', '+8613800000010', 'opted-out');
    """

  static let everybody = [
    "1 queued  open", "2 queued  open", "3 skipped no-address ", "5 skipped duplicate-address ",
    "6 skipped consent-refused ",
    "7 queued  open", "8 skipped missing-variable ", "9 skipped no-gateway ", "10 skipped opted-out ",
    "11 skipped unknown-language ",
  ]

  static let recipients: Statement = """
    select concat(subject, ' ', state, ' ', reason, ' ', case when is_open then 'open' end) from campaign_recipient order by subject
    """

  @Test(
    "a row for each person of the audience, a message for each who may get one, and nobody twice, however small the pages"
  )
  func pages() async throws {
    try await CampaignDesk.open(Self.customers) { desk in
      for (id, size) in [(Int64(1), 1000), (2, 3), (3, 1), (4, 10)] {
        try desk.plan(id, "running", expanded: false)
        var turns = 0
        while try !desk.expand(size).isEmpty { turns += 1 }
        // One to begin with.
        #expect(turns == [1000: 2, 3: 5, 1: 12, 10: 3][size])
        #expect(try desk.lines(Self.recipients) == Self.everybody, "pages of \(size)")
        #expect(try desk.state(id) == "running expanded")
        #expect(
          try desk.lines(
            """
            select concat_ws(' ', m.event_id, m.source, m.customer_id, m.recipient, m.phone, m.country, m.time_zone, m.language, m.body,
              m.gateway, m.priority, m.deadline, r.subject = m.customer_id)
            from message m join campaign_recipient r on r.message_id = m.id and r.campaign_id = m.campaign_id order by m.customer_id
            """)
            == [1, 2, 7].map {
              "\(id)/\($0)/0 /millrace/campaigns \($0) customer/\($0) \(8_613_800_000_000 + $0) CN Asia/Shanghai "
                + ($0 == 2 ? "en-GB Dear N2" : "zh-CN N\($0)您好") + " text 2 t"
            })
        #expect(
          try desk.lines(
            "select concat_ws(' ', subject, region, branch_id, place, channel) from campaign_recipient where subject < 4 order by 1"
          )
            == ["1 CN-SH 3 0 sms", "2 CN-SH 2 0 sms", "3 3"])
        try desk.session.run(script: "delete from message; delete from campaign_recipient; delete from campaign_count")
      }
    }
  }

  @Test("only campaigns that run and have not expired go on, and one goes on where it was")
  func goesOn() async throws {
    try await CampaignDesk.open(Self.customers) { desk in
      try desk.plan(1, "running", expanded: false)
      #expect(try desk.expand() == ["begun"])
      #expect(try desk.expand(2) == ["queued", "queued", "page"])
      for change in ["state = 'paused'", "state = 'running', expires_at = now()"] {
        try desk.session.run(script: "update campaign set \(change)")
        #expect(try desk.expand() == [])
      }
      try desk.session.run(script: "update campaign set expires_at = now() + interval '1 day'")
      // The answer to a commit that was never heard: the page is asked for anew, and begins behind the last one.
      #expect(try desk.expand().count == 9)
      #expect(try desk.lines(Self.recipients) == Self.everybody)
      #expect(try desk.lines("select count(*)::text from message") == ["3"])
    }
  }

  @Test("who pauses or ends a campaign does not wait for a page, which then counts for nothing")
  func pausedMeanwhile() async throws {
    try await CampaignDesk.open(Self.customers) { desk in
      try desk.plan(1, "running", expanded: false)
      try desk.expand()
      for state in ["paused", "cancelled", "closed"] {
        desk.meanwhile = { try desk.session.run(script: "update campaign set state = '\(state)'") }
        #expect(throws: PostgresError.changedMeanwhile) { try desk.expand() }
        #expect(try desk.lines("select count(*)::text from campaign_recipient") == ["0"])
        #expect(try desk.lines("select count(*)::text from message") == ["0"])
        try desk.session.run(script: "update campaign set state = 'running'")
      }
      #expect(try desk.expand().count == 11)
      #expect(try desk.lines(Self.recipients) == Self.everybody)
    }
  }

  @Test(
    "variants and the control group: who is held out has a row and no message, and shares are about what they should be"
  )
  func variants() async throws {
    let many = """
      insert into customer (id, code, version, data, status, name, language, level, branch_id, changed_at)
      select n, 'C-' || n, 1, gen_random_uuid(), 'active', 'N' || n, 'en-GB', 'gold', 2, now() from generate_series(1, 2000) n;
      insert into customer_phone (phone, customer_id, place) select 8613800000000 + n, n, 0 from generate_series(1, 2000) n;
      insert into template (name, channel, language, text) values ('other', 'sms', 'en-GB', 'Other {{offer}}');
      """
    let plan = CampaignDesk.definition(
      more: #"""
        , "control": {"share": 10}, "variants": [{"name": "a", "share": 30}, {"name": "b", "share": 70, "templates": {"sms": "other"},
          "variables": {"offer": "2.9 %"}}]
        """#)
    try await CampaignDesk.open(many) { desk in
      try desk.plan(1, "running", plan, expanded: false)
      while try !desk.expand().isEmpty {}
      let counted = try desk.session.rows(
        "select variant, state, recipients from campaign_count where recipients > 0 order by variant, state")
      let shares = Dictionary(
        uniqueKeysWithValues: counted.map { ("\($0.small(0)) \($0.text(1))", Double($0.integer(2)) / 2000) })
      for (who, share) in ["0 held-out": 0.03, "1 held-out": 0.07, "0 queued": 0.27, "1 queued": 0.63] {
        #expect(abs(try #require(shares[who]) - share) < 0.02, "\(who)")
      }
      #expect(
        try desk.lines(
          """
          select distinct concat_ws(' ', r.variant, regexp_replace(m.body, '[0-9]+$', '')) from campaign_recipient r
          left join message m on m.id = r.message_id where r.state = 'queued' order by 1
          """) == ["0 Dear N", "1 Other 2.9 %"])
      #expect(
        try desk.lines(
          "select count(*)::text from campaign_recipient where state = 'held-out' and message_id is not null") == ["0"])
    }
  }

  @Test("a message that the database refuses keeps nobody else's away")
  func aside() async throws {
    try await CampaignDesk.open(Self.customers) { desk in
      try desk.plan(1, "running", expanded: false)
      try desk.session.run(
        script:
          "insert into set_aside (sweep, item, path, reason, detail) values ('expand-campaigns', '1/2', '', 'not-storable', '')"
      )
      while try !desk.expand().isEmpty {}
      #expect(try desk.standing(1, 2) == "skipped not-storable by 0")
      #expect(try desk.standing(1, 7) == "queued open by 0")
      #expect(try desk.state(1) == "running expanded")
    }
  }

  @Test("a campaign whose template was withdrawn is paused, and goes on once it is there again and somebody resumed it")
  func withdrawn() async throws {
    try await CampaignDesk.open(Self.customers) { desk in
      try desk.plan(1, "running", expanded: false)
      try desk.expand()
      try desk.session.run(
        script: """
          insert into template_withdrawal (name, channel, language, version) select name, channel, language, version from template
          """)
      #expect(try desk.expand() == ["paused"])
      #expect(try desk.state(1) == "paused")
      #expect(try desk.steps(1).count == 1 && desk.lines("select kind from reminder") == ["campaign-paused"])
      try desk.session.run(
        script: """
          insert into template (name, channel, language, text) values ('bonds', 'sms', 'zh-CN', '{{name}}您好');
          update campaign set state = 'running'
          """)
      #expect(try desk.expand().count == 11)
    }
  }
}
