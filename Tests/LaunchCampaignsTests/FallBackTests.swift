import Testing

@testable import launch_campaigns

/// The next channel stands in.
@Suite struct FallBackTests {
  @Test(
    "on failure and on silence by the next channel, once; never after an uncertain one; an ended campaign leaves them")
  func standsIn() async throws {
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      try desk.plan(1, "running", CampaignDesk.definition(channels: CampaignDesk.textsAndMails), expanded: false)
      while try !desk.expand().isEmpty {}
      // Whoever has no way by text has one by mail at once; 1, 2 and 7 have their texts.
      #expect(
        try desk.lines(
          "select concat_ws(' ', subject, state, channel) from campaign_recipient where place = 1 order by subject")
          == ["3 queued email", "6 queued email", "10 queued email"])
      let message = { (subject: Int64) in
        try desk.session.rows("select message_id from campaign_recipient where subject = $1") { $0.integer(subject) }[0]
          .integer(0)
      }
      let (first, second, seventh) = (try message(1), try message(2), try message(7))
      // No gateway takes a text to where 9 is.
      #expect(try desk.fallBack() == ["fell-back"] && desk.standing(1, 9) == "queued open by 1")
      #expect(try desk.fallBack() == [])
      try desk.hear(
        desk.told(.failed, 1, 1, message: first), desk.told(.accepted, 1, 2, message: second, at: moment(0)),
        desk.told(.uncertain, 1, 7, message: seventh))
      #expect(try desk.fallBack() == ["fell-back", "fell-back"])
      #expect(try desk.fallBack() == [])
      #expect(try desk.standing(1, 1) == "queued open by 1" && desk.standing(1, 2) == "queued open by 1")
      #expect(try desk.standing(1, 7) == "uncertain open by 0")
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', event_id, channel, email, body, recipient, campaign_id) from message where event_id in ('1/1/1', '1/2/1')
          order by 1
          """)
          == ["1/1/1 email c1@example.com Dear N1 customer/1 1", "1/2/1 email c2@example.com Dear N2 customer/2 1"])
      // Late news of the text moves nobody, and nothing comes after the last channel.
      #expect(try desk.hear(desk.told(.delivered, 1, 2, message: second)) == ["of-an-earlier-message"])
      try desk.hear(desk.told(.failed, 1, 1, place: 1, message: try message(1)))
      #expect(try desk.standing(1, 1) == "failed by 1")
    }
  }

  @Test("who cannot be reached by any other channel stays where they are")
  func nobodyElse() async throws {
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      try desk.plan(1, "running", CampaignDesk.definition(channels: CampaignDesk.textsAndMails))
      try desk.session.run(
        script: "insert into suppression (channel, address, reason) values ('email', 'c1@example.com', 'bounced')")
      try desk.recipient(1, 1, "failed", fallback: "now()")
      try desk.recipient(1, 2, "accepted", fallback: "now() - interval '1 hour'")
      try desk.session.run(script: "update customer set email = null where id = 2")
      #expect(try desk.fallBack() == ["no-other-channel", "no-other-channel"])
      #expect(try desk.standing(1, 1) == "failed by 0" && desk.standing(1, 2) == "accepted by 0")
      #expect(try desk.lines("select count(*)::text from message where channel = 'email'") == ["0"])
    }
  }

  @Test("of whom a failure was awaited in vain nothing more is expected, and no other channel is tried")
  func awaitedInVain() async throws {
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      let channels = """
        [{"channel": "sms", "template": "bonds"},
         {"channel": "email", "template": "bonds", "onFailure": true, "failureWithin": "PT1H"}]
        """
      try desk.plan(1, "running", CampaignDesk.definition(channels: channels))
      try desk.recipient(1, 1, "accepted", fallback: "now() + interval '1 hour'")
      #expect(try desk.fallBack() == [])
      try desk.session.run(script: "update campaign_recipient set fallback_at = now()")
      #expect(try desk.fallBack() == ["nothing-failed"])
      #expect(try desk.standing(1, 1) == "accepted by 0")
      #expect(try desk.lines("select count(*)::text from message where channel = 'email'") == ["0"])
    }
  }

  @Test("nobody falls back in a campaign that is paused or over")
  func rests() async throws {
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      for (id, state) in [(Int64(1), "paused"), (2, "closed"), (3, "cancelled"), (4, "scheduled")] {
        try desk.plan(id, state, CampaignDesk.definition(channels: CampaignDesk.textsAndMails))
        try desk.recipient(id, id, "failed", fallback: "now()")
      }
      #expect(try desk.fallBack() == [])
      try desk.session.run(script: "update campaign set state = 'running' where id = 1")
      #expect(try desk.fallBack() == ["fell-back"])
    }
  }
}
