import Postgres
import TestKit
import Testing
import Values

@testable import Outreach

/// Which messages a claim takes of campaigns, and what may still begin of what was claimed.
@Suite struct CampaignClaimTests {
  /// Campaigns 1, 2 … with ten messages each in the queue of one gateway, before one message of none.
  private func open(_ campaigns: String..., body: (Connection, TestDatabase) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into gateway (name, channel, place, description) values ('a', 'sms', 1, '{}');
          insert into branch (id, code, name, level) values (1, 'HQ', 'HQ', 'head-office');
          insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a');
          insert into calendar (id, code, name) values (1, 'never', 'never open');
          insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, body, gateway, requested_at, due_at)
            values (1, 'sms', 'marketing', 2, 'queued', 's', '1', '+1', 1, 'x', 'a', now(), now());
          """)
      for (number, state) in campaigns.enumerated() {
        try session.run(
          script: """
            insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state)
              values ('c\(number)', '{}', 1, 1, 1, now() - interval '1 day', now() + interval '1 day', 'Asia/Shanghai', '\(state)');
            insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, body, gateway, requested_at,
              due_at, campaign_id)
            select \(number + 1) * 100 + n, 'sms', 'marketing', 2, 'queued', 's', n::text, '+1', 1, 'x', 'a', now(),
              now() - interval '1 hour', currval('campaign_id_seq')
            from generate_series(1, 10) n;
            """)
      }
      try body(session, database)
    }
  }

  private func claimed(_ session: Connection, most: Int32 = 100) throws -> [Int64] {
    try session.rows("select id from claim_messages('a', array['a'], null, null, $1)") { $0.small(most) }
      .map { $0.integer(0) }
  }

  @Test(
    "what does not run is not claimed, whatever its state is called",
    arguments: ["draft", "approved", "scheduled", "paused", "closed", "cancelled", "finished"])
  func resting(_ state: String) throws {
    try open(state) { session, _ throws in #expect(try claimed(session) == [1]) }
  }

  @Test("what belongs to no campaign goes first, then running ones")
  func running() throws {
    try open("running", "paused") { session, _ throws in
      #expect(try claimed(session) == [1] + Array(101...110))
      #expect(try claimed(session, most: 4) == [1, 101, 102, 103])
    }
  }

  @Test("each running campaign has its turn")
  func turns() throws {
    try open("running", "running") { session, _ throws in
      var first: Set<Int64> = []
      // The chance that one of the two is never first in 60 turns is one in 10 to the 18.
      for _ in 0..<60 { first.insert(try claimed(session, most: 2)[1] / 100) }
      #expect(first == [1, 2])
    }
  }

  @Test(
    "outside its hours, and past its end, nothing is claimed", arguments: ["calendar_id = 1", "expires_at = now()"])
  func closed(_ change: String) throws {
    try open("running") { session, _ throws in
      try session.run(script: "update campaign set \(change)")
      #expect(try claimed(session) == [1])
    }
  }

  @Test("a pace is kept over claims, and a second's worth is the most that is made up for")
  func pace() throws {
    try open("running") { session, _ throws in
      try session.run(script: "update campaign set pace = 7200; insert into campaign_pace (campaign_id) values (1)")
      #expect(try claimed(session) == [1, 101, 102, 103])
      #expect(try claimed(session) == [1], "three of two a second were taken: half a second more has to pass")
      try session.run(script: "update campaign_pace set next_at = now() - interval '1 hour'")
      #expect(try claimed(session).count == 4)
    }
  }

  @Test("a pace that another lane is just taking from gives nothing, and waits for nobody")
  func paceInUse() throws {
    try open("running") { session, database throws in
      try session.run(script: "update campaign set pace = 7200; insert into campaign_pace (campaign_id) values (1)")
      let other = try database.connect()
      try other.run(script: "begin; select from campaign_pace for update")
      #expect(try claimed(session) == [1])
      try other.run(script: "rollback")
      #expect(try claimed(session).count == 4)
    }
  }

  @Test("a million messages of a paused campaign are not read past")
  func notReadPast() throws {
    try open("paused", "running") { session, _ throws in
      try session.run(script: "analyze message; set enable_seqscan = off")
      let plan = try session.rows(
        """
        explain select m.* from message m
        where m.state = 'queued' and m.gateway = 'a' and m.priority = 2 and m.due_at <= now() and m.campaign_id = 2
        order by m.due_at limit 10
        """
      ).map { $0.text(0) }.joined(separator: "\n")
      #expect(plan.contains("message_due") && plan.contains("campaign_id = 2") && !plan.contains("Sort"), "\(plan)")
    }
  }

  @Test("what was claimed goes as long as the claim, or a later answer, is fresh; then it waits for an answer")
  func fresh() {
    let message = DueMessage(1, .marketing, to: 1, campaign: 7, gateway: "a")
    var resting = RestingCampaigns()
    #expect(resting.answer(message, claimedAt: .seconds(10), now: .milliseconds(10_999)) == .goes)
    #expect(resting.answer(message, claimedAt: .seconds(10), now: .seconds(11)) == .waits)
    resting.take([], askedAt: .milliseconds(10_900))
    #expect(resting.answer(message, claimedAt: .seconds(10), now: .milliseconds(11_899)) == .goes)
    #expect(resting.answer(message, claimedAt: .seconds(10), now: .milliseconds(11_900)) == .waits)
  }

  @Test("what rests is not sent, but a claim after it was seen resting has seen it run again")
  func rests() {
    let message = DueMessage(1, .marketing, to: 1, campaign: 7, gateway: "a")
    var resting = RestingCampaigns()
    resting.take([7], askedAt: .seconds(11))
    #expect(resting.answer(message, claimedAt: .seconds(10), now: .seconds(11)) == .rests)
    #expect(resting.answer(message, claimedAt: .seconds(12), now: .seconds(12)) == .goes)
    let other = DueMessage(2, .marketing, to: 1, campaign: 8, gateway: "a")
    #expect(resting.answer(other, claimedAt: .milliseconds(10_500), now: .seconds(11)) == .goes)
    let none = DueMessage(3, .marketing, to: 1, gateway: "a")
    #expect(resting.answer(none, claimedAt: .zero, now: .seconds(9)) == .goes)
  }

  @Test("only those that do not run, or are over, are answered")
  func asked() throws {
    try open("running", "paused", "cancelled", "running") { session, _ throws in
      try session.run(script: "update campaign set expires_at = now() where id = 4")
      let resting = try Transaction(open: session).ask(RestingCampaigns.among([1, 2, 3, 4]))
      #expect(resting == [2, 3, 4])
    }
  }
}
