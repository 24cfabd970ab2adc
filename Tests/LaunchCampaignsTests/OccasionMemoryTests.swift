import Testing

@testable import launch_campaigns

/// Whom a plan's last occasion has written to: they are left alone by its next one, for as long as the plan says.
@Suite struct OccasionMemoryTests {
  private static let plan = OccasionTests.every(#", "again": "P7D""#)

  @Test(
    "the last occasion counts, and not the first; an accepted message is one that was written, and a failed one is not")
  func last() async throws {
    try await OccasionTests.open(Self.plan) { desk in
      let first = try desk.nextOccasion()
      #expect(try desk.people(first) == (1...4).map { "\($0) queued" })
      try desk.letPass(days: 8)
      let second = try desk.nextOccasion()
      #expect(try desk.people(second) == (1...4).map { "\($0) queued" })
      try desk.hear(
        desk.told(.accepted, second, 1, message: try desk.message(second, 1)),
        desk.told(.failed, second, 2, message: try desk.message(second, 2)))
      #expect(try desk.standing(second, 1) == "accepted by 0")
      try desk.letPass(days: 3)
      #expect(
        try desk.people(desk.nextOccasion())
          == ["1 skipped too-soon", "2 queued", "3 skipped too-soon", "4 skipped too-soon"])
    }
  }

  @Test("what another plan has sent keeps nobody from this one's occasions")
  func anotherPlan() async throws {
    try await OccasionTests.open(Self.plan) { desk in
      #expect(try desk.people(desk.nextOccasion()).count == 4)
      try desk.session.run(script: "update campaign set state = 'paused' where id = 1")
      try desk.plan(2, "running", Self.plan, expires: "now() + interval '40 days'", expanded: false)
      #expect(try desk.people(desk.nextOccasion()) == (1...4).map { "\($0) queued" })
    }
  }

  @Test("an occasion's next channel reaches those whom its first has failed")
  func nextChannel() async throws {
    let plan = Self.plan.replacing(CampaignDesk.texts, with: CampaignDesk.textsAndMails)
    try await OccasionTests.open(plan) { desk in
      let occasion = try desk.nextOccasion()
      try desk.hear(desk.told(.failed, occasion, 1, message: try desk.message(occasion, 1)))
      #expect(try desk.fallBack() == ["fell-back"])
      #expect(try desk.standing(occasion, 1) == "queued open by 1")
    }
  }

  @Test("whoever was talked to for an occasion is left alone, and who could not be reached or was not called is not")
  func talkedTo() async throws {
    let plan = OccasionTests.every(#", "again": "P7D""#).replacing(CampaignDesk.texts, with: TaskTests.alone)
    let managed = "update customer set manager_id = 1;"
    try await CampaignDesk.open(OccasionTests.customers + managed) { desk in
      try desk.plan(1, "running", plan, expires: "now() + interval '40 days'", expanded: false)
      try desk.makeDue(daysAgo: 0)
      try desk.makeOccasions()
      let first = try desk.occasion()
      try desk.expandAll()
      #expect(try desk.people(first) == (1...4).map { "\($0) assigned" })
      try desk.session.run(
        script: """
          update task set version = version + 1, state = 'done', settled_at = now(),
            outcome = case subject when 1 then 'contacted' when 2 then 'declined' else 'unreachable' end where subject < 4;
          update campaign set state = 'closed' where id = \(first)
          """)
      #expect(try desk.tendTasks() == ["done", "done", "done", "expired"])
      try desk.session.run(
        script: "update campaign set day = day - 3, name = 'c1/' || (day - 3) where id = \(first)")
      try desk.makeDue(daysAgo: 0)
      try desk.makeOccasions()
      try desk.expandAll()
      #expect(
        try desk.people(desk.occasion())
          == ["1 skipped too-soon", "2 skipped too-soon", "3 assigned", "4 assigned"])
    }
  }
}

extension CampaignDesk {
  /// Of the plans that run, today's: made, and expanded.
  fileprivate func nextOccasion() throws -> Int64 {
    try makeDue(daysAgo: 0)
    #expect(try makeOccasions() == ["made"])
    try expandAll()
    return try occasion()
  }

  /// As if all occasions had been so many days earlier.
  fileprivate func letPass(days: Int) throws {
    try session.run(
      script: """
        update occasion_memory set at = at - interval '\(days) days';
        update campaign c set day = c.day - \(days), name = p.name || '/' || (c.day - \(days)) from campaign p where p.id = c.parent_id;
        """)
  }

  fileprivate func message(_ campaign: Int64, _ subject: Int64) throws -> Int64 {
    try session.rows("select message_id from campaign_recipient where campaign_id = $1 and subject = $2") {
      $0.integer(campaign)
      $0.integer(subject)
    }[0].integer(0)
  }
}
