import Contract
import Testing
import Topics
import Values

@testable import roll_up_metrics

/// What becomes of messages, counted.
@Suite struct FigureTests {
  @Test("each event counts once, where and in the hour in which it happened")
  func counts() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1)
      for subject in Int64(1)...4 { try desk.recipient(1, subject, variant: subject == 4 ? 1 : 0) }
      try desk.recipient(1, 5, region: nil)
      let heard = try desk.hear(
        desk.told(.accepted, 1, 1, cost: yuan("0.05"), parts: 1),
        desk.told(.accepted, 1, 2, cost: yuan("0.1"), parts: 2),
        desk.told(.accepted, 1, 4, cost: Money("0.02", "HKD"), parts: 1), desk.told(.delivered, 1, 1, at: 3599),
        // Late: it belongs to an hour that others have been counted after.
        desk.told(.delivered, 1, 2, at: 3600), desk.told(.failed, 1, 3, at: 10, reason: "refused"),
        desk.told(.accepted, 1, 5))
      #expect(heard == Array(repeating: "counted", count: 7))
      try desk.hear(desk.told(.delivered, 1, 4, at: 100), desk.told(.delivered, 1, 5, at: 7200))
      #expect(
        try desk.figures() == [
          "1 00 sms v0  2 accepted: 1", "1 00 sms v0 CN-JS 2 accepted: 2, 3 parts, 0.1500 CNY",
          "1 00 sms v0 CN-JS 2 delivered: 1", "1 00 sms v0 CN-JS 2 failed (refused): 1",
          "1 00 sms v1 CN-JS 2 accepted: 1, 1 parts, 0.0200 HKD", "1 00 sms v1 CN-JS 2 delivered: 1",
          "1 01 sms v0 CN-JS 2 delivered: 1", "1 02 sms v0  2 delivered: 1",
        ])
      #expect(try desk.lines("select count(*)::text from figures_heard(1)") == ["8"])
    }
  }

  @Test("what programs do is told apart from what people do, and from what nobody can tell")
  func machines() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1)
      try desk.recipient(1, 1)
      try desk.hear(
        desk.told(.opened, 1, 1, machine: true), desk.told(.opened, 1, 1, machine: false), desk.told(.clicked, 1, 1),
        desk.told(.clicked, 1, 1, machine: true), desk.told(.complained, 1, 1, reason: "abuse"),
        desk.told(.unsubscribed, 1, 1, reason: "page"))
      #expect(
        try desk.lines("select what || ' ' || reason || events from campaign_figure order by 1") == [
          "clicked 1", "complained abuse1", "machine-clicked 1", "machine-opened 1", "opened 1", "unsubscribed page1",
        ])
    }
  }

  @Test("a message that was responded to counts once as that, whatever its recipient does besides")
  func responded() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1)
      for subject: Int64 in 1...2 { try desk.recipient(1, subject) }
      try desk.hear(
        desk.told(.replied, 1, 1, firstResponse: true), desk.told(.clicked, 1, 1),
        desk.told(.clicked, 1, 2, firstResponse: true))
      #expect(
        try desk.lines("select concat_ws(' ', clicked, replied, responded) from bi_campaign_hour") == ["2 1 2"])
      #expect(
        try desk.lines(
          "select format('%s %s %s', what, item, found) from campaign_differences(1) where what = 'figure'"
        ).isEmpty)
    }
  }

  @Test("what cannot count is kept apart with its reason, and what is of no campaign is passed over")
  func apart() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1)
      try desk.recipient(1, 1)
      try desk.session.run(script: "update message set source = 'erased', event_id = 'erased' where id = 1001")
      let heard = try desk.hear(
        desk.told(.accepted, 9, 1, cost: yuan("0.05")), desk.told(.accepted, 9, 2, cost: yuan("0.07")),
        desk.told(.accepted, 1, 2), desk.told(.accepted, 1, 1, at: -3601), desk.told(.accepted, 1, 1, at: -3600),
        desk.told(.accepted, 1, 1, cost: yuan("-0.05")), desk.told(.accepted, 1, 1, cost: yuan("99999999999999")),
        desk.told(.accepted, 1, 1, source: "/somebody/else"), desk.told(.failed, 1, 1, source: "erased"),
        desk.told(.failed, 7, 7, source: "erased"))
      #expect(
        heard == [
          "unknown-campaign", "unknown-campaign", "unknown-recipient", "out-of-range", "counted", "counted", "counted",
          "of-no-campaign", "counted", "of-no-campaign",
        ])
      #expect(
        try desk.apart() == [
          "outreach.outcomes implausible-amount 1 99999999999999.0000 CNY",
          "outreach.outcomes negative-amount 1 -0.0500 CNY", "outreach.outcomes out-of-range 1 0.0000",
          "outreach.outcomes unknown-campaign 2 0.1200 CNY", "outreach.outcomes unknown-recipient 1 0.0000",
        ])
      #expect(
        try desk.figures()
          == [
            "1 00 sms v-1  0 failed: 1", "1 00 sms v0 CN-JS 2 accepted: 2", "1 23 sms v0 CN-JS 2 accepted: 1",
          ].sorted { $0.contains(" 23 ") || $1.contains(" 23 ") ? $0.contains(" 23 ") : $0 < $1 })
    }
  }

  @Test("people are counted as the ledger has them, again when it has changed, and only then")
  func people() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1)
      for subject in Int64(1)...3 { try desk.recipient(1, subject, region: subject == 3 ? "CN-GD" : "CN-JS") }
      try desk.recipient(1, 4, state: "held-out")
      try desk.countPeople()
      #expect(try people(desk) == ["CN-JS held-out 1", "sms CN-GD queued 1", "sms CN-JS queued 2"])
      try desk.session.run(script: "update campaign_people_count set counted_at = counted_at - interval '1 hour'")
      let before = try desk.lines("select counted_at::text from campaign_people_count")
      try desk.countPeople()
      #expect(try desk.lines("select counted_at::text from campaign_people_count") == before)

      try desk.session.run(
        script: """
          update campaign_recipient set state = 'delivered' where subject = 2;
          update campaign_count set recipients = 2 where state = 'queued';
          insert into campaign_count (campaign_id, variant, channel, state, reason, recipients) values (1, 0, 'sms', 'delivered', '', 1);
          """)
      try desk.countPeople()
      #expect(
        try people(desk) == ["CN-JS held-out 1", "sms CN-GD queued 1", "sms CN-JS delivered 1", "sms CN-JS queued 1"])
      #expect(try desk.lines("select counted_at::text from campaign_people_count") != before)
    }
  }

  private func people(_ desk: FigureDesk) throws -> [String] {
    try desk.lines(
      "select concat_ws(' ', nullif(channel, ''), region, state, people::text) from campaign_people order by 1")
  }
}
