import Postgres
import Testing
import Values

@testable import Campaigns

/// A campaign's own bound on how often people are written to.
@Suite struct CapTests {
  @Test(
    "a cap says how many messages within what time",
    arguments: [
      (#"{"messages": 2, "within": "P7D"}"#, nil), (#"{"messages": 1000, "within": "PT1M"}"#, nil),
      (#"{"messages": 0, "within": "P7D"}"#, "cap.messages out-of-range"),
      (#"{"within": "P7D"}"#, "cap.messages missing"),
      (#"{"messages": 2}"#, "cap.within missing"), (#"{"messages": 2, "within": "P1M"}"#, "cap.within not-a-period"),
      (#"{"messages": 2, "within": "P367D"}"#, "cap.within out-of-range"),
      (#"{"messages": 2, "within": "P7D", "channel": "sms"}"#, "cap.channel unknown-field"),
    ] as [(String, String?)])
  func read(_ cap: String, _ reason: String?) throws {
    do {
      let definition = try CampaignDefinition.of("level = gold", .customers, #", "cap": \#(cap)"#)
      #expect(reason == nil && definition.cap != nil)
    } catch let refusal as Refusal { #expect("\(refusal.path) \(refusal.reason)" == reason) }
  }

  private static let contacts = """
    insert into contact (recipient, at, channel, purpose, message_id) values
      ('customer/1', now() - interval '6 days', 'sms', 'marketing', 1), ('customer/1', now(), 'sms', 'marketing', 2),
      ('customer/2', now() - interval '8 days', 'sms', 'marketing', 3), ('customer/2', now(), 'sms', 'marketing', 4),
      ('customer/3', now(), 'sms', 'service', 5), ('customer/3', now(), 'sms', 'service', 6),
      ('customer/4', now(), 'email', 'marketing', 7), ('customer/4', now(), 'email', 'marketing', 8),
      ('customer/5', now(), 'sms', 'marketing', 9), ('customer/5', now(), 'sms', 'marketing', 10),
      ('customer/5', now(), 'email', 'marketing', 11), ('customer/5', now(), 'email', 'marketing', 12);
    """

  @Test(
    "who has had so many by the channel for the purpose is skipped, or has another channel; others' and older ones do not count"
  )
  func capped() throws {
    try Firm.open(Self.contacts) { (firm: Firm) throws in
      for id in Int64(1)...5 { try firm.add(Customer(id, email: "c\(id)@people.example")) }
      let cap = #", "cap": {"messages": 2, "within": "P7D"}"#
      let definition = try CampaignDefinition.of("status = active", .customers, cap)
      #expect(try firm.outcomes(definition) == ["1 cap", "2 send", "3 send", "4 send", "5 cap"])
      let counts = try firm.run(try firm.audience(definition).counts())
      #expect(counts.filter { $0.outcome == .skipped("cap") }.reduce(0) { $0 + $1.people } == 2)
      let both = try CampaignDefinition.of(
        "status = active", .customers, cap,
        channels:
          #"[{"channel": "sms", "template": "spring", "language": "zh-CN"}, {"channel": "email", "template": "spring", "onFailure": true}]"#
      )
      let everybody = try firm.everybody(try firm.audience(both, given: ["name"]))
      #expect(everybody.map { $0.place.map(String.init) ?? $0.outcome.word } == ["1", "0", "0", "0", "cap"])
      let service = try CampaignDefinition.of("status = active", .customers, cap + #", "budget": "x""#)
      #expect(try firm.outcomes(service).count == 5)
    }
  }

  @Test("a lead is counted by its phone, as claims count it")
  func leads() throws {
    let rows = """
      insert into lead (id, phone, region, name, source, state, branch_id, language, held_reason, held_since, version, registered_at)
      values (1, 8613900000001, 'CN-JS', 'N1', 'web', 'held', 2, 'zh-CN', 'full', now(), 1, now()),
        (2, 8613900000002, 'CN-SH', 'N2', 'web', 'held', 2, 'zh-CN', 'full', now(), 1, now());
      insert into contact (recipient, at, channel, purpose, message_id) values ('+8613900000001', now(), 'sms', 'marketing', 1);
      insert into contact_policy (channel, purpose, without_consent) values ('sms', 'marketing', true);
      """
    try Firm.open(rows) { (firm: Firm) throws in
      let definition = try CampaignDefinition.of("state = held", .leads, #", "cap": {"messages": 1, "within": "P1D"}"#)
      #expect(try firm.outcomes(definition) == ["1 cap", "2 send"])
    }
  }

  @Test("the database counts contacts of a purpose while a campaign with a cap is there, and for a year after it")
  func purposes() throws {
    try Firm.open { (firm: Firm) throws in
      func purposes() throws -> [String] {
        try firm.session.rows("select p from capped_purposes() p order by p").map { $0.text(0) }
      }
      #expect(try purposes() == [])
      try firm.session.run(
        script: #"""
          insert into campaign (name, definition, branch_id, author_id, owner_id, starts_at, expires_at, time_zone) values
            ('a', '{"purpose": "marketing", "cap": {"messages": 2, "within": "P1DT12H"}}', 1, 1, 1, now(), now() + interval '1 day', 'UTC'),
            ('b', '{"purpose": "service"}', 1, 1, 1, now(), now() + interval '1 day', 'UTC')
          """#)
      #expect(try purposes() == ["marketing"])
      #expect(
        try firm.session.rows(
          "select concat_ws(' ', cap_messages, cap_seconds, cap_purpose) from campaign order by name"
        ).map {
          $0.text(0)
        } == ["2 129600 marketing", ""])
      try firm.session.run(script: "update campaign set settled_at = now() - interval '365 days'")
      #expect(try purposes() == ["marketing"])
      try firm.session.run(script: "update campaign set settled_at = now() - interval '367 days'")
      #expect(try purposes() == [])
    }
  }
}
