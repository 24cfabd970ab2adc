import Testing

@testable import launch_campaigns

/// Recipients follow their messages.
@Suite struct OutcomeTests {
  @Test("a batch moves recipients on, in order, and counts equal the rows")
  func follow() async throws {
    try await CampaignDesk.open { desk in
      try desk.plan(1, "running", CampaignDesk.definition(channels: CampaignDesk.textsAndMails))
      for subject in Int64(1)...6 { try desk.recipient(1, subject) }
      let heard = try desk.hear(
        desk.told(.accepted, 1, 1), desk.told(.delivered, 1, 1), desk.told(.accepted, 1, 2), desk.told(.failed, 1, 3),
        desk.told(.uncertain, 1, 4), desk.told(.skipped, 1, 5, reason: "frequency-cap"), desk.told(.accepted, 1, 2),
        desk.told(.opened, 1, 2), desk.told(.accepted, 1, 7), desk.told(.accepted, 9, 1, source: "/somebody/else"))
      #expect(
        heard == [
          "moved-on", "moved-on", "moved-on", "moved-on", "moved-on", "moved-on", "not-news", "of-no-campaign",
          "unknown-recipient", "of-no-campaign",
        ])
      #expect(try desk.standing(1, 1) == "delivered by 0")
      #expect(try desk.standing(1, 2) == "accepted open by 0 in 3600")
      #expect(try desk.standing(1, 3) == "failed open by 0 in 0")
      #expect(try desk.standing(1, 4) == "uncertain open by 0")
      #expect(try desk.standing(1, 5) == "skipped frequency-cap by 0")
      #expect(try desk.standing(1, 6) == "queued open by 0")
    }
  }

  @Test("late news of a channel that another one has stood in for moves nobody; what is said of it counts")
  func earlier() async throws {
    try await CampaignDesk.open { desk in
      try desk.plan(1, "running", CampaignDesk.definition(channels: CampaignDesk.textsAndMails))
      try desk.recipient(1, 1, place: 1)
      #expect(try desk.hear(desk.told(.delivered, 1, 1, message: 77)) == ["of-an-earlier-message"])
      #expect(
        try desk.hear(desk.told(.complained, 1, 1, message: 77), desk.told(.unsubscribed, 1, 1)) == [
          "complained", "unsubscribed",
        ])
      #expect(try desk.standing(1, 1) == "queued open by 1")
      #expect(try desk.lines("select concat_ws(' ', complaints, unsubscribes) from campaign") == ["1 1"])
    }
  }

  @Test("of a campaign that is over nothing new begins")
  func over() async throws {
    try await CampaignDesk.open { desk in
      for (id, state) in [(Int64(1), "closed"), (2, "cancelled"), (3, "finished"), (4, "paused")] {
        try desk.plan(id, state, CampaignDesk.definition("c\(id)", channels: CampaignDesk.textsAndMails))
        try desk.recipient(id, id)
        try desk.hear(desk.told(.failed, id, id))
      }
      #expect(try (Int64(1)...3).map { try desk.standing($0, $0) } == Array(repeating: "failed by 0", count: 3))
      #expect(try desk.standing(4, 4) == "failed open by 0 in 0")
    }
  }

  @Test("a message that was erased still settles its recipient, who would be open for ever")
  func erased() async throws {
    try await CampaignDesk.open { desk in
      try desk.plan(1)
      try desk.recipient(1, 1, "uncertain")
      try desk.recipient(1, 2, "accepted", open: false)
      try desk.session.run(script: "update message set source = 'erased', event_id = 'erased', erased_at = now()")
      let heard = try desk.hear(
        desk.told(.failed, 1, 1, reason: "resolved", source: "erased"), desk.told(.delivered, 1, 2, source: "erased"))
      #expect(heard == ["moved-on", "of-no-campaign"])
      #expect(try desk.standing(1, 1) == "failed resolved by 0")
    }
  }
}
