import Campaigns
import Postgres
import Templates
import TestKit
import Testing
import Values

@Suite struct AudienceTests {
  @Test("each person's first obstacle is what becomes of them, in the order that is promised")
  func obstacles() throws {
    try Firm.open { (firm: Firm) throws in
      try firm.add(
        Customer(1, ["level": "'gold'", "risk_rating": "'C3'"]),
        Customer(2, ["level": "'gold'", "risk_rating": "'C2'"]),
        Customer(3, ["level": "'gold'"]),
        Customer(4, phone: 8_613_900_000_004, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(5, ["level": "'gold'", "risk_rating": "'C5'", "refused": "4"]),
        Customer(6, consents: false, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(7, phone: 8_613_800_000_001, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(8, name: nil, ["level": "'gold'", "risk_rating": "'C5'"]), Customer(9, ["level": "'silver'"]))
      try firm.session.run(
        script: """
          delete from customer_phone where customer_id = 4;
          insert into suppression (channel, address, reason) values ('sms', '+8613800000006', 'opted-out'),
            ('sms', '+8613800000006', 'bounced')
          """)
      #expect(
        try firm.outcomes(.of("level = gold", .customers, #", "product": {"code": "BOND-7", "risk": 3}"#)) == [
          "1 send", "2 unsuitable", "3 unsuitable", "4 no-address", "5 consent-refused", "6 bounced",
          "7 duplicate-address",
          "8 missing-variable",
        ])
      try firm.session.run(script: "delete from suppression where reason = 'bounced'")
      #expect(try firm.outcomes(.of("number is unknown and level = gold"))[5] == "6 opted-out")
      try firm.session.run(script: "update suppression set lifted_at = now(), lifted_by = 'test'")
      #expect(try firm.outcomes(.of("level = gold"))[5] == "6 no-consent")
      try firm.session.run(
        script: "insert into contact_policy (channel, purpose, without_consent) values ('all', 'marketing', true)")
      #expect(try firm.outcomes(.of("level = gold"))[5] == "6 send")
    }
  }

  /// 600 people of all kinds: shared and missing addresses, languages, consents, branches, ratings.
  private static let crowd = """
    insert into customer (id, code, version, data, status, name, email, language, level, risk_rating, consented, refused, branch_id, manager_id,
      tags, changed_at)
    select n, 'C' || n, 1, gen_random_uuid(), 'active', case when n % 17 > 0 then '王' || n end,
      case when n % 3 > 0 then 'C' || (case when n % 13 = 0 then n - 1 else n end) || '@people.example' end,
      (array['zh-CN', 'zh-Hans', 'en-US', 'de', null])[1 + n % 5], (array['gold', 'silver'])[1 + n % 2], 'C' || 1 + n % 5,
      case when n % 7 > 1 then 4 | 32 else 0 end, case when n % 19 = 0 then 4 else 0 end, (array[1, 2, 3, 4, null])[1 + n % 5],
      case when n % 4 > 0 then 1 + n % 3 end, case when n % 23 = 0 then array['vip'] else '{}' end, now()
    from generate_series(1, 600) n;
    insert into customer_phone (phone, customer_id, place, kind, region)
    select 8613800000000 + (case when n % 11 = 0 then n - 1 when n % 11 = 1 then 1 + n % 5 else n end), n, 0, case when n % 9 > 0 then 'mobile'
      else 'home' end, (array['CN-JS', 'CN-SH', ''])[1 + n % 3] from generate_series(1, 600) n where n % 8 > 0;
    insert into suppression (channel, address, reason)
    select 'sms', '+' || 8613800000000 + n, 'opted-out' from generate_series(1, 600, 31) n
    union all select 'email', 'c' || n || '@people.example', 'bounced' from generate_series(1, 600, 29) n;
    """

  private static let whole = #"""
    , "product": {"code": "X", "risk": 2}, "exclude": "tag = vip", "control": {"share": 12.5},
    "variants": [{"name": "a", "share": 60}, {"name": "b", "share": 40, "variables": {"manager": "the bank"}}]
    """#

  @Test("what is counted is what the pages are, whatever their size and the branch")
  func counted() throws {
    try Firm.open(AudienceTests.crowd) { (firm: Firm) throws in
      let channels = #"""
        [{"channel": "sms", "template": "spring"}, {"channel": "email", "template": "spring", "onFailure": true}]
        """#
      let definition = try CampaignDefinition.of(
        "level in (gold, silver)", .customers, AudienceTests.whole, channels: channels)
      for branch: Int64 in [1, 2] {
        let audience = try firm.audience(definition, branch: branch)
        let counts = try firm.run(Audience.roomToCount, audience.counts()).1
        for limit in [1, 7, 600, 1_000] where limit > 1 || branch == 2 {
          var paged: [String: Int64] = [:]
          let everybody = try firm.everybody(audience, by: limit)
          for candidate in everybody { paged[AudienceTests.row(candidate), default: 0] += 1 }
          var counted: [String: Int64] = [:]
          for count in counts where count.outcome != .excluded {
            counted[AudienceTests.row(count), default: 0] += count.people
          }
          #expect(paged == counted, "branch \(branch), pages of \(limit)")
          #expect(everybody.map(\.subject) == everybody.map(\.subject).sorted())
        }
        // All that can become of somebody is among it.
        let words = Set(counts.map(\.outcome.word))
        guard branch == 1 else { continue }
        #expect(
          words == [
            "send", "held-out", "excluded", "unsuitable", "no-address", "opted-out", "consent-refused", "no-consent",
            "duplicate-address",
            "unknown-language", "missing-variable",
          ])
        #expect(counts.reduce(0) { $0 + $1.people } == 600)
        #expect(counts.filter { $0.outcome == .excluded }.reduce(0) { $0 + $1.people } == 26)
        let samples = try firm.run(audience.samples(counts, most: 2))
        let kinds = Dictionary(grouping: samples) { "\($0.place ?? 9) \($0.variant) \($0.language ?? "")" }
        #expect(kinds.values.allSatisfy { $0.count <= 2 && $0.allSatisfy { $0.outcome == .send } })
        #expect(
          Set(kinds.keys)
            == Set(counts.filter { $0.outcome == .send }.map { "\($0.place ?? 9) \($0.variant) \($0.language ?? "")" }))
      }
    }
  }

  private static func row(_ candidate: Candidate) -> String {
    [
      candidate.outcome.word, "\(candidate.variant)", candidate.place.map { "\($0)" }, candidate.branch.map { "\($0)" },
      candidate.region,
      candidate.language,
    ].map { $0 ?? "-" }.joined(separator: " ")
  }

  private static func row(_ count: AudienceCount) -> String {
    [
      count.outcome.word, "\(count.variant)", count.place.map { "\($0)" }, count.branch.map { "\($0)" }, count.region,
      count.language,
    ].map { $0 ?? "-" }.joined(separator: " ")
  }

  @Test("nobody is sent to twice at one address, and whoever has it first is reached")
  func duplicates() throws {
    try Firm.open { (firm: Firm) throws in
      try firm.add(
        Customer(1, phone: 8_613_900_000_000, ["level": "'gold'", "risk_rating": "'C1'"]),
        Customer(2, phone: 8_613_900_000_000, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(3, phone: 8_613_900_000_000, ["level": "'gold'", "risk_rating": "'C5'"]),
        Customer(4, phone: 8_613_900_000_000, ["level": "'silver'"]))
      #expect(try firm.outcomes(.of("level = gold")) == ["1 send", "2 duplicate-address", "3 duplicate-address"])
      #expect(
        try firm.outcomes(.of("level = gold", .customers, #", "product": {"code": "X", "risk": 2}"#))
          == ["1 unsuitable", "2 send", "3 duplicate-address"], "who is not reached keeps nobody else away")
      #expect(
        try firm.outcomes(.of("level = gold", .customers, #", "exclude": "risk = C1""#)) == [
          "2 send", "3 duplicate-address",
        ])
      // Whoever has the address and refuses does so for all who have it, as when the message is claimed.
      try firm.session.run(script: "update customer set refused = 4 where id = 4")
      #expect(try firm.outcomes(.of("level = gold")) == (1...3).map { "\($0) consent-refused" })
    }
  }

  @Test("variants and control group are as large as they shall be, stay with the seed, and know nothing of each other")
  func chance() throws {
    try Firm.open(
      """
      insert into customer (id, code, version, data, status, name, consented, changed_at)
        select n, 'C' || n, 1, gen_random_uuid(), 'active', '王', 4, now() from generate_series(1, 20000) n;
      insert into customer_phone (phone, customer_id, place) select 8613800000000 + n, n, 0 from generate_series(1, 20000) n;
      """
    ) { (firm: Firm) throws in
      let definition = try CampaignDefinition.of(
        "status = active", .customers,
        #", "control": {"share": 10}, "variants": [{"name": "a", "share": 50}, {"name": "b", "share": 30}, {"name": "c", "share": 20}]"#
      )
      let counts = try firm.run(try firm.audience(definition).counts())
      func people(_ variant: Int, _ outcome: AudienceOutcome) -> Double {
        Double(counts.filter { $0.variant == variant && $0.outcome == outcome }.reduce(0) { $0 + $1.people })
      }
      for (variant, share) in [0.5, 0.3, 0.2].enumerated() {
        let all = people(variant, .send) + people(variant, .heldOut)
        // Six standard deviations of what chance allows.
        #expect(abs(all - 20_000 * share) < 6 * (20_000 * share * (1 - share)).squareRoot())
        #expect(abs(people(variant, .heldOut) - all * 0.1) < 6 * (all * 0.09).squareRoot())
      }
      let page = try firm.run(try firm.audience(definition).page(after: 0, limit: 300))
      let again = try firm.run(try firm.audience(definition).page(after: 100, limit: 200))
      #expect(page.dropFirst(100).map(\.variant) == again.map(\.variant))
      let other = try firm.run(try firm.audience(definition, seed: "another").page(after: 0, limit: 300))
      #expect(page.map(\.variant) != other.map(\.variant))
      #expect(page.map(\.outcome) != other.map(\.outcome))
      // What the design promises, so that no release deals anew: md5("seed/1") is 6a82cec8 4ce1…
      let expected = try firm.session.rows(
        """
        select ('x' || substr(md5('seed/' || n), 1, 8))::bit(32)::bigint % 10000 < 1000,
          ('x' || substr(md5('seed/' || n), 9, 8))::bit(32)::bigint % 10000 from generate_series(1, 300) n
        """)
      #expect(page.map { $0.outcome == .heldOut } == expected.map { $0.boolean(0) })
      #expect(page.map(\.variant) == expected.map { $0.integer(1) < 5_000 ? 0 : $0.integer(1) < 8_000 ? 1 : 2 })
    }
  }

  @Test("the template's language is the definition's, else the person's own, else near it")
  func languages() throws {
    try Firm.open { (firm: Firm) throws in
      for (number, language) in ["zh-CN", "ZH-cn", "ZH-Hant", "en-US", "de"].enumerated() {
        try firm.add(Customer(Int64(number + 1), ["language": "'\(language)'", "manager_id": "1"]))
      }
      try firm.add(Customer(6, ["manager_id": "1"]))
      func languages(_ step: String) throws -> [String?] {
        let definition = try CampaignDefinition.of(
          "status = active", .customers, channels: #"[{"channel": "sms", "template": "spring"\#(step)}]"#)
        return try firm.everybody(try firm.audience(definition)).map {
          $0.outcome == .send ? $0.language : $0.outcome.word
        }
      }
      #expect(try languages("") == ["zh-CN", "zh-CN", "zh-CN", "en-GB", "unknown-language", "unknown-language"])
      #expect(try languages(#", "language": "en-US""#) == Array(repeating: "en-GB", count: 6))
      try firm.session.run(
        script: """
          insert into template_withdrawal (name, channel, language, version, withdrawn_at, withdrawn_by)
          values ('spring', 'sms', 'en-GB', 1, now(), 'test')
          """)
      #expect(try languages("") == Array(repeating: "zh-CN", count: 6))
      #expect(throws: Refusal.self) { try languages(#", "language": "en-US""#) }
    }
  }

  @Test("a template that is not there is refused with the path of its name")
  func templates() throws {
    try Firm.open { (firm: Firm) throws in
      #expect(try firm.refusal("") == nil)
      #expect(
        try firm.refusal("", channels: #"[{"channel": "fax", "template": "spring"}]"#)
          == "channels[0].template unknown-template")
      #expect(
        try firm.refusal(
          "",
          channels:
            #"[{"channel": "sms", "template": "spring", "language": "en-GB"}, {"channel": "email", "template": "spring", "onFailure": true, "language": "en-GB"}]"#
        )
          == "channels[1].template unknown-language")
      #expect(
        try firm.refusal(
          #", "variants": [{"name": "a", "share": 50}, {"name": "b", "share": 50, "templates": {"sms": "autumn"}}]"#)
          == "variants[1].templates.sms unknown-template")
    }
  }

  @Test("what a template needs and nobody says is missing by its name; constants and facts are said")
  func variables() throws {
    try Firm.open { (firm: Firm) throws in
      try firm.add(
        Customer(
          1,
          [
            "manager_id": "1", "branch_id": "2", "level": "'gold'", "assets_amount": "1234.5",
            "assets_currency": "'CNY'",
          ]),
        Customer(2, name: " "))
      try firm.session.run(
        script: """
          insert into template (name, channel, language, version, text, stored_at, stored_by)
          values ('long', 'sms', 'zh-CN', 1, '{{name}} {{manager|default:"?"}} {{branch}} {{assets|money}} {{offer}} {{gift}}', now(), 'test')
          """)
      let channels = #"[{"channel": "sms", "template": "long"}]"#
      let definition = try CampaignDefinition.of("status = active", .customers, channels: channels)
      let counts = try firm.run(try firm.audience(definition).counts()).sorted { $0.first < $1.first }
      #expect(counts.map(\.missing) == [["gift"], ["assets", "branch", "gift", "name"]])
      #expect(counts.map(\.outcome) == Array(repeating: .skipped("missing-variable"), count: 2))
      let given = try firm.run(try firm.audience(definition, given: ["gift"]).page(after: 0, limit: 9))
      #expect(given.map(\.outcome) == [.send, .skipped("missing-variable")])
      let variables = given[0].variables
      #expect(
        variables["manager"] == .text("张经理") && variables["branch"] == .text("上海")
          && variables["offer"] == .text("2.9 %"))
      #expect(variables["assets"] == .money(Money("1234.5", "CNY")!) && variables["level"] == .text("gold"))
      #expect(given[0].code == "C1" && given[0].customer == 1 && given[0].lead == nil && given[0].branch == 2)
    }
  }

  @Test("for a fallback the later channels are asked alone, whatever the filter says by now")
  func fallback() throws {
    try Firm.open { (firm: Firm) throws in
      try firm.add(
        Customer(1, email: "One@people.example", ["level": "'gold'"]), Customer(2, ["level": "'gold'"]),
        Customer(3, email: "three@people.example", consents: false, ["level": "'gold'"]),
        Customer(4, email: "four@people.example"))
      let definition = try CampaignDefinition.of(
        "level = gold", .customers, #", "control": {"share": 50}"#,
        channels:
          #"[{"channel": "sms", "template": "spring"}, {"channel": "email", "template": "spring", "onFailure": true}]"#)
      let audience = try firm.audience(definition)
      try firm.session.run(script: "update customer set level = 'silver' where id = 1")
      let people = try firm.run(audience.people([4, 3, 2, 1, 99], after: 0))
      #expect(people.map(\.subject) == [1, 2, 3, 4])
      #expect(people.map(\.place) == [1, nil, nil, 1])
      #expect(people.map(\.email) == ["one@people.example", nil, "three@people.example", "four@people.example"])
      #expect(
        people.map(\.outcome.word).filter { $0 != "held-out" } == people.map(\.outcome.word), "who was sent to stays so"
      )
      #expect(people.map(\.outcome.word) == ["send", "no-address", "no-consent", "send"])
      #expect(try firm.run(audience.people([1], after: 1)).isEmpty)
    }
  }
}
