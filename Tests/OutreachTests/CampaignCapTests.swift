import Contract
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import Outreach

/// A campaign's own bound, where its messages are claimed.
@Suite struct CampaignCapTests {
  private let now = Timestamp(rfc3339: "2026-11-20T12:00:00Z".utf8)!

  private func message(_ id: Int64, campaign: Int64 = 7, _ purpose: Purpose = .marketing) -> DueMessage {
    DueMessage(id, purpose, to: 8_613_800_000_000, recipient: "customer/1", campaign: campaign, gateway: "a")
  }

  private var book: ClaimBook {
    var rules = ContactRules()
    rules.needNoConsent = Set(Purpose.allCases)
    rules.capped = [.marketing]
    var book = ClaimBook(.sms, rules)
    book.caps = [7: CampaignCap(most: 2, period: .seconds(3600))]
    return book
  }

  private let reason = Reason("cap", "2 in 3600 s by sms")

  @Test(
    "the message that would be one too many is skipped and not put off; others' contacts count, and what is sent now does"
  )
  func counted() {
    var book = book
    book.contacts = [
      "customer/1": [
        .init(at: now.adding(seconds: -3599), channel: "sms", purpose: .marketing),
        .init(at: now.adding(seconds: -3600), channel: "sms", purpose: .marketing),
        .init(at: now.adding(seconds: -10), channel: "sms", purpose: .service),
        .init(at: now.adding(seconds: -10), channel: "email", purpose: .marketing),
      ]
    ]
    #expect(book.decide(message(1), now).fate == .send(counts: true))
    #expect(book.decide(message(2), now).fate == .end(.skipped, reason))
    // Neither another campaign nor another purpose has this cap; what they send counts for it all the same.
    #expect(book.decide(message(3, campaign: 8), now).fate == .send(counts: true))
    #expect(book.decide(message(4, campaign: 0), now).fate == .send(counts: true))
    #expect(book.decide(message(5, .transactional), now).fate == .send(counts: false))
    #expect(book.decide(message(6), now).fate == .end(.skipped, reason))
  }

  @Test("beside the firm's policy the cap comes first, because nothing is gained by waiting")
  func beside() {
    var book = book
    var rules = ContactRules()
    rules.needNoConsent = Set(Purpose.allCases)
    rules.capped = [.marketing]
    rules.bounds = [.init(.marketing, isOfAllChannels: false, most: 1, period: .seconds(60))]
    book = ClaimBook(.sms, rules)
    book.caps = [7: CampaignCap(most: 2, period: .seconds(3600))]
    #expect(book.decide(message(1), now).isSent)
    #expect(book.decide(message(2), now).fate == .wait(now.adding(seconds: 60), Reason("frequency-cap")))
    book.contacts["customer/1", default: []].append(.init(at: now, channel: "sms", purpose: .marketing))
    #expect(book.decide(message(3), now).fate == .end(.skipped, reason))
  }

  private static let ledger = #"""
    insert into gateway (name, channel, place, description) values ('a', 'sms', 1, '{"name": "a", "channel": "sms", "place": 1,
      "request": {"method": "POST", "url": "http://127.0.0.1:9/", "json": {"to": "{{to}}"}}, "answer": {"accepted": [{"status": ["200"]}]}}');
    insert into branch (id, code, name, level) values (1, 'HQ', 'HQ', 'head-office');
    insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a');
    insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, state) values
      ('capped', '{"purpose": "marketing", "cap": {"messages": 2, "within": "P7D"}}', 1, 1, 1, now(), now() + interval '1 day', 'UTC', 'running'),
      ('free', '{"purpose": "marketing"}', 1, 1, 1, now(), now() + interval '1 day', 'UTC', 'running');
    insert into recipient (name) values ('customer/1'), ('customer/2');
    insert into contact (recipient, at, channel, purpose, message_id) values ('customer/1', now() - interval '6 days', 'sms', 'marketing', 90),
      ('customer/2', now() - interval '8 days', 'sms', 'marketing', 91);
    insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, country, body, gateway, requested_at, due_at,
      campaign_id)
    select n, 'sms', 'marketing', 2, 'queued', 's', n::text, 'customer/' || (2 - n % 2), 8613800000000, 'CN', 'x', 'a', now(), now(),
      (select id from campaign where name = case when n = 5 then 'free' else 'capped' end)
    from generate_series(1, 5) n;
    """#

  @Test(
    "claimed with what the database knows: contacts are counted for the cap's time, under the recipients' locks, and written down"
  )
  func claimed() async throws {
    try await onThread {
      try TestDatabase.with { database in
        let session = try database.connect()
        try session.run(script: Self.ledger)
        var limits = TestDatabase.limits
        limits.role = "millrace_send_sms"
        let lane = try database.connect(as: "send-sms", limits: limits)
        _ = try lane.rows("begin")
        let transaction = Transaction(open: lane)
        var gateways = GatewayBook()
        gateways.take(try transaction.ask(gateways.news(.sms)))
        let gateway = try #require(gateways.gateways.first)
        var rules = try transaction.ask(ContactRules.ask(.sms))
        #expect(rules.capped == [.marketing] && rules.bounds.isEmpty)
        rules.needNoConsent = Set(Purpose.allCases)
        let messages = try transaction.ask(DueMessage.claim(10, for: gateway, from: ["a"])).sorted { $0.id < $1.id }
        var book = try ClaimBook(messages, .sms, rules, price: nil, transaction)
        let now = try lane.rows("select clock_timestamp()")[0].timestamp(0)
        let fates = messages.map { book.decide($0, now).isSent }
        // 1 and 3 are of customer 1, who has had one; 2 and 4 of customer 2, whose one is too long ago.
        // 5 is of a campaign without a cap.
        #expect(fates == [true, true, false, true, true])
        let held = try session.rows("select count(*) from recipient")[0].integer(0)
        let free = try session.rows("select count(*) from (select from recipient for update skip locked) r")[0].integer(
          0)
        #expect(held == 2 && free == 0)
        _ = try lane.rows("rollback")
      }
    }
  }
}
