import Testing

@testable import launch_campaigns

/// Whom a campaign's own bound keeps from being written to.
@Suite struct CampaignCapTests {
  private static let people = """
    insert into customer (id, code, version, data, status, name, email, language, level, branch_id, changed_at)
    select n, 'C-' || n, 1, gen_random_uuid(), 'active', 'N' || n, 'c' || n || '@example.com', 'en-GB', 'gold', 2, now() from generate_series(1, 4) n;
    insert into customer_phone (phone, customer_id, place, kind, region) select 8613800000000 + n, n, 0, 'mobile', 'CN-SH'
    from generate_series(1, 4) n;
    insert into contact (recipient, at, channel, purpose, message_id)
    select 'customer/' || n, now() - n * interval '1 hour', 'sms', 'marketing', n from generate_series(1, 2) n;
    """

  @Test("the preview counts whom the launch skips, to the unit")
  func previewed() async throws {
    try await CampaignDesk.open(Self.people) { desk in
      try desk.plan(
        1, "running", CampaignDesk.definition(more: #", "cap": {"messages": 1, "within": "PT90M"}"#), expanded: false)
      try desk.session.run(script: "insert into campaign_preview (campaign_id, version) values (1, 1)")
      #expect(try desk.preview() == ["made"])
      #expect(
        try desk.lines(
          "select concat_ws(' ', result::jsonb ->> 'recipients', result::jsonb -> 'skipped') from campaign_preview")
          == [#"3 {"cap": 1}"#])
      while try !desk.expand().isEmpty {}
      #expect(try desk.people(1) == ["1 skipped cap", "2 queued", "3 queued", "4 queued"])
    }
  }

  @Test("whom the cap of one channel stops, at launch or when their message is claimed, another channel may reach")
  func otherChannel() async throws {
    try await CampaignDesk.open(Self.people) { desk in
      let plan = CampaignDesk.definition(
        channels: CampaignDesk.textsAndMails, more: #", "cap": {"messages": 1, "within": "PT90M"}"#)
      try desk.plan(1, "running", plan, expanded: false)
      while try !desk.expand().isEmpty {}
      #expect(
        try desk.lines("select concat_ws(' ', subject, state, channel) from campaign_recipient order by subject")
          == ["1 queued email", "2 queued sms", "3 queued sms", "4 queued sms"])
      let message = try desk.session.rows("select message_id from campaign_recipient where subject = 2")[0].integer(0)
      try desk.hear(desk.told(.skipped, 1, 2, reason: "cap", message: message))
      #expect(try desk.fallBack() == ["fell-back"])
      #expect(try desk.standing(1, 2) == "queued open by 1")
    }
  }
}
