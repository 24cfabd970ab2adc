import JSON
import Testing
import Values

@testable import launch_campaigns

/// What people see before a campaign goes.
@Suite struct PreviewTests {
  private func ask(_ desk: CampaignDesk, _ campaign: Int64 = 1) throws {
    _ = try desk.session.rows(
      "insert into campaign_preview (campaign_id, version) select id, version from campaign where id = $1"
    ) {
      $0.integer(campaign)
    }
  }

  private func shown(_ desk: CampaignDesk) throws -> [String: JSONValue] {
    let row = try desk.session.rows("select result, failure from campaign_preview order by id desc limit 1")[0]
    guard let text = row.optionalText(0) else { throw Wrong(description: row.optionalText(1) ?? "not made") }
    guard case .object(let members) = try JSONValue(reading: Array(text.utf8)) else { throw Wrong(description: text) }
    return Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
  }

  private func text(_ value: JSONValue?) -> String { value.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "-" }

  @Test("a launch counts as its preview does, to the unit")
  func equal() async throws {
    let definitions = [
      CampaignDesk.definition(),
      CampaignDesk.definition(channels: CampaignDesk.textsAndMails),
      CampaignDesk.definition(
        more:
          #", "exclude": "language = zh-CN", "control": {"share": 50}, "variants": [{"name": "a", "share": 50}, {"name": "b", "share": 50}]"#
      ),
      CampaignDesk.definition(filter: "level = nobody"),
    ]
    try await CampaignDesk.open(ExpansionTests.customers) { desk in
      for (place, definition) in definitions.enumerated() {
        let id = Int64(place + 1)
        try desk.plan(id, "running", definition, expanded: false)
        try ask(desk, id)
        #expect(try desk.preview() == ["made"])
        let preview = try shown(desk)
        while try !desk.expand().isEmpty {}
        let launched = try desk.session.rows(
          """
          select count(*), count(*) filter (where state = 'held-out'), count(*) filter (where state = 'queued'),
            (select coalesce(json_object_agg(reason, n order by reason)::text, '{}') from (
              select reason, count(*) as n from campaign_recipient where campaign_id = $1 and state = 'skipped' group by 1) k)
          from campaign_recipient where campaign_id = $1
          """
        ) { $0.integer(id) }[0]
        #expect(text(preview["audience"]) == "\(launched.integer(0))")
        #expect(text(preview["heldOut"]) == "\(launched.integer(1))")
        #expect(text(preview["recipients"]) == "\(launched.integer(2))")
        #expect(text(preview["skipped"]) == launched.text(3).filter { $0 != " " })
      }
    }
  }

  @Test("numbers, cost, parts, samples without names, what is missing, and what to look out for")
  func whole() async throws {
    let more = """
      insert into budget (name, currency, most) values ('small', 'CNY', 0.1);
      """
    try await CampaignDesk.open(ExpansionTests.customers + more) { desk in
      try desk.plan(
        1, "draft", CampaignDesk.definition(more: #", "exclude": "number = \"1\"", "budget": "small", "pace": 60"#),
        starts: "'2090-01-01 00:00Z'", expires: "'2090-01-01 00:01Z'", expanded: false)
      try desk.session.run(script: "update customer set number = '1' where id = 1; update campaign set pace = 60")
      try desk.session.run(script: "update customer_phone set region = null where customer_id = 2")
      try ask(desk)
      #expect(try desk.preview() == ["made"])
      let preview = try shown(desk)
      #expect(text(preview["campaign"]) == #""c1""# && text(preview["version"]) == "1")
      #expect(
        text(preview["excluded"]) == "1" && text(preview["audience"]) == "9" && text(preview["recipients"]) == "2")
      #expect(
        text(preview["send"])
          == #"[{"channel":"sms","variant":null,"branch":"PD","region":"CN-SH","language":"zh-CN","recipients":1},"#
          + #"{"channel":"sms","variant":null,"branch":"SH","region":null,"language":"en-GB","recipients":1}]"#)
      #expect(text(preview["parts"]) == #"{"most":1,"mean":1.00}"#)
      #expect(text(preview["cost"]) == #"{"amount":"0.10","currency":"CNY"}"#)
      #expect(text(preview["budget"]) == #"{"name":"small","left":"0.10","currency":"CNY"}"#)
      #expect(text(preview["perHour"]) == "60" && text(preview["ends"]) == #""2090-01-01T00:02:00.000000Z""#)
      #expect(
        text(preview["samples"])
          == #"[{"variant":null,"channel":"sms","language":"en-GB","to":"+*********0002","subject":null,"text":"Dear N**","parts":1},"#
          + #"{"variant":null,"channel":"sms","language":"zh-CN","to":"+*********0007","subject":null,"text":"N**您好","parts":1}]"#
      )
      #expect(text(preview["missing"]) == #"[{"variable":"name","template":"bonds","recipients":1}]"#)
      #expect(
        text(preview["warnings"])
          == #"["at 60 messages an hour it would end at 2090-01-01T00:02:00.000000Z, after it has expired (2090-01-01T00:01:00.000000Z)"]"#
      )
    }
  }

  @Test("why a preview cannot be made: what the plan names and nobody has, and a plan that has changed since")
  func failures() async throws {
    let cases: [(definition: String, wanted: String)] = [
      (
        CampaignDesk.definition(channels: #"[{"channel": "sms", "template": "none"}]"#),
        "channels[0].template: unknown-template: there is no such template of sms in use"
      ),
      (
        CampaignDesk.definition(channels: #"[{"channel": "sms", "template": "bonds", "gateway": "none"}]"#),
        "channels[0].gateway: there is no gateway none for sms"
      ),
      (CampaignDesk.definition(more: #", "budget": "none""#), "budget: there is no budget none"),
    ]
    try await CampaignDesk.open { desk in
      for (place, (definition, wanted)) in cases.enumerated() {
        try desk.plan(Int64(place + 1), "draft", definition)
        try ask(desk, Int64(place + 1))
        #expect(try desk.preview() == ["not-made"])
        #expect(try desk.lines("select failure from campaign_preview order by id desc limit 1") == [wanted])
      }
      try ask(desk)
      try desk.session.run(script: "update campaign set version = 2 where id = 1")
      try desk.preview()
      #expect(
        try desk.lines("select failure from campaign_preview order by id desc limit 1")
          == ["the plan has changed since its preview was asked for"])
      #expect(try desk.preview() == [])
    }
  }
}
