import Contract
import Foundation
import JSON
import Postgres
import Testing
import Topics
import Values

@testable import launch_campaigns

/// What is told of campaigns on `campaign.progress`.
@Suite struct ProgressTests {
  @Test("each step is told once and in order, whoever took it, as its row has it")
  func told() async throws {
    try await CampaignDesk.open { desk in
      let plan = CampaignDesk.definition()
      try desk.be("P-1")
      #expect(try desk.ask("select define_campaign($1)", plan) == "defined")
      #expect(
        try desk.ask("select define_campaign($1)", CampaignDesk.definition(more: #", "pace": 3600"#)) == "changed")
      try desk.session.run(
        script: """
          insert into campaign_preview (campaign_id, version, made_at, result) select id, version, now(), '{}' from campaign;
          update person set manager = true;
          """)
      for (who, step) in [
        ("P-1", "submitted"), ("P-2", "rejected"), ("P-1", "submitted"), ("P-2", "approved"), ("P-1", "launched"),
        ("P-1", "paused"), ("P-1", "resumed"), ("", ""), ("P-1", "extended"), ("P-2", "cancelled"), ("", ""),
      ] {
        guard !who.isEmpty else {
          #expect(try desk.tend().count == 1)
          continue
        }
        try desk.be(who)
        #expect(
          try desk.ask(
            "select step_campaign('spring', $1, null, 'because', '2100-02-01T00:00:00Z')", step) == "done", "\(step)")
      }
      let events = try desk.progress()
      #expect(
        events.map(\.step) == [
          .defined, .changed, .submitted, .rejected, .submitted, .approved, .launched, .paused, .resumed, .started,
          .extended, .cancelled, .settled,
        ])
      #expect(events.map(\.number) == Array(1...Int64(events.count)))
      let rows = try desk.lines(
        """
        select concat_ws(' ', s.campaign_id, s.what, s.number, s.version, s.state_before, s.state, p.code, s.note, event_time(s.at))
        from campaign_step s left join person p on p.id = s.person_id order by s.number
        """)
      #expect(events.map(\.line) == rows)
      #expect(events.allSatisfy { $0.command == nil && $0.counts.isEmpty })
    }
  }

  @Test("a step tells what its plan is about, and where recipients stood then")
  func whole() async throws {
    try await CampaignDesk.open { desk in
      let more = #"""
        , "product": {"code": "BOND-7", "risk": 2}, "starts": "2099-01-01T09:00:00+08:00",
        "variants": [{"name": "rate", "share": 50}, {"name": "gift", "share": 50}],
        "targets": {"reach": 5, "conversions": null, "assets": {"amount": "10.5", "currency": "CNY"}},
        "conversion": {"by": "assets-added", "within": "P30D", "credit": null}
        """#
      try desk.be("P-2")
      #expect(
        try desk.ask(
          "select define_campaign($1)", CampaignDesk.definition(channels: CampaignDesk.textsAndMails, more: more))
          == "defined")
      let told = try #require(try desk.progress().first)
      #expect(
        told.plan
          == CampaignProgress.Plan(
            title: "Spring", objective: "cross-sell", purpose: .marketing, audience: .customers, branch: "SH",
            owner: "P-1", product: "BOND-7", channels: ["sms", "email"], variants: ["rate", "gift"],
            targets: .init(reach: 5, assets: Money("10.5", "CNY")),
            conversion: .init(by: .assetsAdded, within: "P30D", credit: .lastTouch),
            starts: try #require(Timestamp(rfc3339: "2099-01-01T01:00:00Z".utf8)),
            expires: try #require(Timestamp(rfc3339: "2100-01-01T00:00:00Z".utf8))))
      try desk.plan(7, "running", expires: "now() - interval '1 minute'")
      try desk.recipient(7, 70)
      try desk.recipient(7, 71, "failed", open: false)
      #expect(try desk.tend() == ["closed"])
      let closed = try #require(try desk.progress().last)
      #expect(
        closed.counts == [
          .init(variant: 0, channel: "sms", state: "failed", reason: nil, recipients: 1),
          .init(variant: 0, channel: "sms", state: "queued", reason: nil, recipients: 1),
        ])
      #expect(closed.plan.variants == ["a"] && closed.plan.targets == nil && closed.plan.conversion == nil)
      #expect(closed.by == nil && closed.note == nil && closed.before == .running && closed.state == .closed)
    }
  }

  @Test("a remark of any length is told, cut")
  func long() async throws {
    try await CampaignDesk.open { desk in
      try desk.plan(1, "running")
      try desk.be("P-1")
      let remark = String(repeating: "字", count: 100_000)
      #expect(try desk.ask("select step_campaign('c1', 'paused', null, $1)", remark) == "done")
      #expect(try desk.progress().last?.note == String(repeating: "字", count: 500))
    }
  }

  @Test("the database knows the steps and states that are told, and no other")
  func words() async throws {
    try await CampaignDesk.open { desk throws in
      #expect(try desk.words("campaign_step", "what") == Set(CampaignProgress.Step.allCases.map(\.rawValue)))
      #expect(try desk.words("campaign", "state") == Set(CampaignProgress.State.allCases.map(\.rawValue)))
    }
  }
}

extension CampaignProgress.Stepped {
  fileprivate var line: String {
    ([
      String(campaign), step.rawValue, String(number), String(version), before?.rawValue, state.rawValue, by, note,
      at.rfc3339,
    ] as [String?]).compactMap { $0 }.joined(separator: " ")
  }
}

extension CampaignDesk {
  /// From now on the test's own login is this person's.
  fileprivate func be(_ code: String) throws {
    try session.run(script: "update person set login = null")
    _ = try session.rows("update person set login = session_user where code = $1") { $0.text(code) }
  }

  fileprivate func ask(_ statement: Statement, _ text: String) throws -> String? {
    try session.rows(statement) { $0.text(text) }[0].optionalText(0)
  }

  /// Those that a column of a table takes.
  fileprivate func words(_ table: String, _ column: String) throws -> Set<String> {
    let checks = try session.rows(
      """
      select pg_get_constraintdef(c.oid) from pg_constraint c
      join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
      where c.contype = 'c' and c.conrelid = $1::text::regclass and a.attname = $2
      """
    ) {
      $0.text(table)
      $0.text(column)
    }.map { $0.text(0) }
    return Set(checks.flatMap { $0.matches(of: /'([a-z-]+)'/).map { String($0.1) } })
  }

  /// As a reader of the topic would have them, in the order in which they leave.
  fileprivate func progress() throws -> [CampaignProgress.Stepped] {
    try session.rows(
      """
      select e.type, e.key, e.payload from outbox o
      cross join unnest(o.types, o.keys, o.payloads) with ordinality e (type, key, payload, n)
      where o.topic = 'campaign.progress' order by o.id, e.n
      """
    ).compactMap { row in
      let event = try JSONTape().read(String(decoding: row.bytes(2), as: UTF8.self)) { object throws(Refusal) in
        try CampaignProgress(type: row.text(0), reading: object)
      }
      #expect(event.key == row.text(1))
      guard case .stepped(let stepped) = event else { return nil }
      return stepped
    }
  }
}
