import Testing

@testable import launch_campaigns

/// What nobody does, and what happens when a campaign is over.
@Suite struct TendingTests {
  @Test("begun, closed, finished: each once, with its step; people who were not written to yet are not any more")
  func life() async throws {
    try await CampaignDesk.open { desk in
      try desk.plan(1, "scheduled", expanded: false)
      try desk.plan(2, "scheduled", starts: "now() + interval '1 hour'", expanded: false)
      try desk.plan(3, "running", expires: "now() - interval '1 minute'", expanded: false)
      try desk.plan(4, "running")
      try desk.recipient(4, 4)
      try desk.plan(5, "running")
      try desk.plan(6, "cancelled", expanded: false)
      try desk.recipient(6, 6)
      #expect(try desk.tend().sorted() == ["closed", "finished", "started", "stopped"])
      #expect(
        try (Int64(1)...6).map { try desk.state($0) } == [
          "running", "scheduled", "closed expanded", "running expanded", "finished expanded settled",
          "cancelled expanded",
        ])
      // The one that was closed has nobody open.
      #expect(try desk.tend() == ["finished"])
      #expect(try desk.tend() == [])
      #expect(try desk.steps(1) == ["started scheduled running"])
      #expect(try desk.steps(3) == ["closed running closed", "finished closed finished"])
      #expect(try desk.steps(6) == [])
      try desk.session.run(script: "update campaign_recipient set is_open = false where campaign_id in (4, 6)")
      #expect(try desk.tend() == ["finished", "settled"])
      #expect(try desk.steps(6) == ["settled cancelled cancelled"])
      #expect(try desk.state(6) == "cancelled expanded settled")
    }
  }

  @Test(
    "one whose failures pass its share is paused, its owner reminded, and paused no more for it once somebody resumed it"
  )
  func guarded() async throws {
    try await CampaignDesk.open { desk in
      try desk.plan(1, "running", CampaignDesk.definition(more: #", "pauseAt": {"failures": 5, "after": 4}"#))
      for subject in Int64(1)...4 { try desk.recipient(1, subject) }
      try desk.hear(desk.told(.accepted, 1, 1), desk.told(.accepted, 1, 2), desk.told(.accepted, 1, 3))
      #expect(try desk.tend() == [])
      try desk.hear(desk.told(.failed, 1, 4))
      try desk.recipient(1, 5)
      #expect(try desk.tend() == ["paused"])
      let note = "failures: 1 of 4 that were sent, which is more than 5 %"
      #expect(try desk.steps(1) == ["paused running paused \(note)"])
      #expect(try desk.lines("select reason from campaign") == [note])
      #expect(
        try desk.lines("select concat_ws(' ', kind, subject_kind, subject, assignee_id, urgency, detail) from reminder")
          == ["campaign-paused campaign c1 1 urgent The campaign c1 has paused itself: \(note)"])
      try desk.session.run(script: "update campaign set state = 'running', reason = null")
      #expect(try desk.tend() == [])
    }
  }

  @Test("what waits of a campaign that is over is not sent any more, and told as every outcome; others' messages stay")
  func withdrawn() async throws {
    try await CampaignDesk.open { desk in
      for (id, state) in [(Int64(1), "closed"), (2, "cancelled"), (3, "paused"), (4, "running")] {
        try desk.plan(id, state)
        try desk.recipient(id, id * 10)
        try desk.recipient(id, id * 10 + 1, message: "sending")
      }
      #expect(try desk.withdraw().sorted() == ["cancelled", "expired"])
      #expect(desk.emitted.sorted() == ["message.cancelled 20", "message.expired 10"])
      #expect(
        try desk.lines("select concat_ws(' ', id, state, reason) from message where settled_at is not null order by id")
          == ["10 expired campaign-closed", "20 cancelled campaign-cancelled"])
      #expect(try desk.withdraw() == [])
      #expect(
        try desk.lines("select state from message where campaign_id in (3, 4) order by id") == [
          "queued", "sending", "queued", "sending",
        ])
      try desk.hear(
        desk.told(.expired, 1, 10, reason: "campaign-closed"),
        desk.told(.cancelled, 2, 20, reason: "campaign-cancelled"))
      #expect(try desk.standing(1, 10) == "expired campaign-closed by 0")
      #expect(try desk.standing(2, 20) == "cancelled campaign-cancelled by 0")
    }
  }

  @Test(
    "whoever waits for another channel when the campaign ends stays where they are; uncertain ones are open for three days more"
  )
  func released() async throws {
    try await CampaignDesk.open { desk in
      for (id, state) in [(Int64(1), "closed"), (2, "paused")] {
        try desk.plan(id, state)
        try desk.recipient(id, id * 10, "failed", fallback: "now()")
        try desk.recipient(id, id * 10 + 1, "accepted", fallback: "now() + interval '1 day'")
        try desk.recipient(id, id * 10 + 2, "uncertain")
        try desk.recipient(id, id * 10 + 3, "queued")
      }
      #expect(try desk.release() == ["released", "released"])
      #expect(try desk.release() == [])
      #expect(
        try desk.lines("select subject::text from campaign_recipient where is_open order by subject")
          == ["12", "13", "20", "21", "22", "23"])
      #expect(try desk.standing(1, 10) == "failed by 0" && desk.standing(1, 11) == "accepted by 0")
      try desk.session.run(script: "update campaign_recipient set changed_at = now() - interval '73 hours'")
      #expect(try desk.release() == ["released"])
      #expect(try desk.standing(1, 12) == "uncertain by 0" && desk.standing(2, 22) == "uncertain open by 0")
    }
  }
}
