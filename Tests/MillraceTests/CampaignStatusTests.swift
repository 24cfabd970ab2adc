import Campaigns
import Postgres
import TestKit
import Testing
import Values

@testable import millrace

/// How far a campaign is, whom it reached, and tests of what it says.
@Suite struct CampaignStatusTests {
  private let name = CampaignDesk.name

  /// 1,000 people: 100 in the control group, 50 skipped, 850 with messages.
  private func running(_ desk: CampaignDesk, _ more: String = "") throws {
    try desk.define(
      CampaignDesk.definition(
        #""pace": 36000, "targets": {"reach": 600}, "pauseAt": {"failures": 5, "after": 100}, "#))
    try desk.session.run(
      script: """
        update campaign set state = 'running', launched_at = now() - interval '100 seconds', starts_at = now() - interval '1 hour',
          expanded_at = now();
        insert into campaign_count select id, v, c, s, r, n from campaign, (values
          (0, 'sms', 'queued', '', 200), (1, 'sms', 'queued', '', 150), (0, 'sms', 'accepted', '', 150),
          (1, 'sms', 'delivered', '', 300), (0, 'sms', 'failed', 'not-delivered', 40), (1, 'sms', 'uncertain', 'unanswered', 10),
          (0, '', 'held-out', '', 100), (1, '', 'skipped', 'opted-out', 50), (1, '', 'skipped', 'no-address', 0)) c (v, c, s, r, n);
        \(more)
        """)
  }

  @Test("the bar, the rate, the time left, counts by state and reason, variants and warnings")
  func status() throws {
    try CampaignDesk.open { desk throws in
      try running(desk)
      let run = desk.run("status", name)
      for text in [
        "[#######################.................] 58 %   500 of 850   ",
        "queued      -               sms          350   Their message waits for its turn.",
        "failed      not-delivered   sms           40   A receipt says that it could not be delivered.",
        "skipped     opted-out       -             50   They want no such messages.",
        "held-out    -               -            100   They are left alone, for comparison.",
        "a            490      200    150           0       40",
        "b            510      150    310         300        0",
        "Reached: 450, of 600 hoped for (75.0 %). Complaints: 0. Unsubscribed: 0.",
        "one       sms       enabled", "Warning: of 10 nobody knows what became",
        "Warning: failures are 8.0 % of what was sent; at more than 5 % it pauses itself.",
      ] { #expect(run.out.contains(text), "\(text) in \(run.out)\(run.err)") }
      // A line of no people is none.
      #expect(!run.out.contains("no-address"))
      let json = desk.run("status", name, "--json").out
      #expect(json.contains(#""done":500,"left":350"#) && json.contains(#""people":490"#), "\(json)")
    }
  }

  @Test("until everybody has a row, the preview says what is left")
  func expanding() throws {
    try CampaignDesk.open { desk throws in
      try running(desk, "update campaign set expanded_at = null")
      try desk.makePreview()
      #expect(desk.run("status", name).out.contains("500 of about 54,607"))
    }
  }

  @Test(
    "what is to be seen to is said",
    arguments: [
      ("update campaign set state = 'paused', reason = 'too many failures'", "paused: too many failures"),
      ("update campaign set state = 'paused'", "Warning: it rests: `millrace campaign resume"),
      (
        "update campaign set state = 'scheduled'",
        "Warning: its start is past and it has not begun: is launch-campaigns running?"
      ),
      (
        "delete from campaign_count; update campaign set expanded_at = null",
        "Warning: nobody of its audience has a row yet"
      ),
      (
        "update campaign set expires_at = now() + interval '10 seconds'",
        "s more than it has: `millrace campaign extend"
      ),
      ("update gateway set enabled = false", "Warning: no gateway that may carry it by sms is enabled"),
      (
        "insert into message_attempt values (1, 1, 'one', now(), now(), 'refused', '500', 'overloaded')",
        "500: overloaded"
      ),
      (
        """
        insert into budget (name, currency, most, spent) values ('b', 'CNY', 10, 10);
        update campaign set definition = replace(definition, '"pace"', '"budget": "b", "pace"')
        """, "Warning: its budget b is spent"
      ),
    ])
  func warnings(_ change: String, _ sentence: String) throws {
    try CampaignDesk.open { desk throws in
      try running(desk, change)
      let run = desk.run("status", name)
      #expect(run.out.contains(sentence), "\(run.out)\(run.err)")
    }
  }

  @Test("watching ends with the campaign")
  func watch() throws {
    try CampaignDesk.open { desk throws in
      try running(
        desk,
        "update campaign_count set recipients = 0 where state = 'queued'; update campaign set state = 'finished', settled_at = now()"
      )
      let run = desk.run("status", name, "--watch")
      #expect(run.exit == .done && run.out.contains("100 %   500 of 500\n"), "\(run.out)\(run.err)")
    }
  }

  @Test("the rate is that of the last minute, and nothing moves backwards into a time left")
  func rate() throws {
    try CampaignDesk.open { desk throws in
      try running(desk)
      let campaign = try #require(try StoredCampaign.read(desk.session).first)
      var pace = CampaignPace()
      func seen(_ second: Int64, _ done: Int64) -> CampaignProgress {
        let at = Timestamp(microseconds: 1_800_000_000_000_000 + second * 1_000_000)
        return CampaignProgress(
          at: at,
          [
            .init(variant: 0, channel: "sms", state: "accepted", reason: "", recipients: done),
            .init(variant: 0, channel: "sms", state: "queued", reason: "", recipients: 1000 - done),
          ], isExpanded: true, planned: 0)
      }
      for (second, done) in [(0, 0), (10, 0), (40, 300), (70, 900)] as [(Int64, Int64)] { pace.add(seen(second, done)) }
      #expect(pace.rate(campaign, seen(70, 900)) == 15)
      let health = CampaignHealth(try CampaignDefinition(reading: campaign.definition), [], nil)
      #expect(CampaignReport(campaign, seen(70, 900), rate: 15, health).secondsLeft == 10)
      #expect(CampaignReport(campaign, seen(70, 900), rate: 5, health).secondsLeft == 20)
      #expect(CampaignReport(campaign, seen(70, 900), rate: 0, health).secondsLeft == nil)
      #expect(CampaignReport.span(59) == "59 s" && CampaignReport.span(3700) == "1 h 1 min")
      #expect(CampaignReport.span(200_000) == "2 days 7 h" && CampaignReport.span(1e300) == "over a year")
    }
  }

  @Test("recipients stand there by their code, with what became of them; all of them as a table for spreadsheets")
  func recipients() throws {
    try CampaignDesk.open { desk throws in
      #expect(desk.run("recipients", "x").exit == .no)
      try desk.define()
      #expect(desk.run("recipients", name).out == "\(name) was not launched: it has no recipients yet.\n")
      try desk.session.run(
        script: """
          update campaign set launched_at = now();
          insert into customer (id, code, version, data, status, name, changed_at)
            select n, case n when 7 then '=C,7' else 'C' || n end, 1, gen_random_uuid(), 'active', 'x', now() from generate_series(1, 7) n;
          insert into campaign_recipient (campaign_id, subject, variant, state, reason, channel, message_id, branch_id, is_open, changed_at)
            select c.id, n, n % 2, case when n = 3 then 'failed' else 'delivered' end, case when n = 3 then 'not-delivered' end, 'sms',
              100 + n, 2, false, '2026-11-22T08:00:00Z' from campaign c, generate_series(1, 7) n
          """)
      let failed = desk.run("recipients", name, "--state", "failed").rows
      #expect(
        failed == [["C3", "b", "failed", "not-delivered", "sms", "103", "-", "SH", "-", "2026-11-22T08:00:00Z"]],
        "\(failed)")
      let few = desk.run("recipients", name, "--limit", "2")
      #expect(few.rows.count == 3 && few.out.contains("There may be more: --limit 2 was reached."))
      #expect(desk.run("recipients", name, "--reason", "x").out == "There is no such recipient.\n")
      let csv = desk.run("recipients", name, "--csv").out
      #expect(csv.hasPrefix("\u{FEFF}recipient,variant,state,reason,channel,message,region,branch,nextTry,changed\r\n"))
      #expect(csv.hasSuffix("\"'=C,7\",b,delivered,,sms,107,,SH,,2026-11-22T08:00:00Z\r\n"), "\(csv)")
      #expect(csv.split(separator: "\r\n").count == 8)
      #expect(desk.run("recipients", name, "--csv", "--json").exit == .usage)
      // More than are asked for at a time: each once.
      try desk.session.run(
        script: """
          insert into campaign_recipient (campaign_id, subject, variant, state, is_open, changed_at)
            select c.id, n, 0, 'skipped', false, now() from campaign c, generate_series(8, 20001) n
          """)
      let all = desk.run("recipients", name, "--csv").out.split(separator: "\r\n").dropFirst().map {
        $0.prefix { $0 != "," }
      }
      #expect(all.count == 20_001 && Set(all).count == 20_001)
      #expect(desk.run("recipients", name, "--csv", "--limit", "10001").out.split(separator: "\r\n").count == 10_002)
      // Leads by their number, whatever customer has the same.
      try desk.session.run(script: "update campaign set audience = 'leads'")
      #expect(desk.run("recipients", name, "--state", "failed").rows.first?.first == "3")
    }
  }

  @Test("a test goes to one's own address, one of each variant, past everything that is counted")
  func test() throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      let shown = desk.run("test", name, "--to", "13812345678")
      #expect(shown.out.contains("【华证券】测试：王小明您好，年化2.9 %，¥1,234.50"), "\(shown.out)\(shown.err)")
      #expect(shown.out.contains("【华证券】测试：王小明您好，年化2.5 %，") && shown.out.contains("Nothing was done."))
      #expect(try desk.desk.lines("select topic from outbox where topic like 'outreach%'").isEmpty)
      let run = desk.run(
        "test", name, "--to", "13812345678", "--variant", "b", "--set", "name=李\"雷", "--set", "total=5 CNY",
        "--execute", "--json")
      #expect(run.exit == .done && run.out.contains(#""text":"【华证券】测试：李\"雷您好，年化2.5 %，¥5.00""#), "\(run.out)\(run.err)")
      let asked = try desk.desk.lines(
        "select convert_from(payloads[1], 'UTF8') from outbox where topic = 'outreach.sms'")
      #expect(
        asked.count == 1 && asked[0].contains(#""purpose":"service","template":"spring-bonds","language":"zh-CN""#),
        "\(asked)")
      #expect(asked[0].contains(#""test":"TEST""#) && asked[0].contains(#""name":"李\"雷""#))
      #expect(try desk.desk.lines("select campaign_id from campaign_recipient").isEmpty)
    }
  }

  @Test(
    "wrong words are one sentence, and nothing is asked for",
    arguments: [
      ([], "say to whom: --to PHONE or --to ADDRESS."),
      (["--to", "a@b.cn"], "\(CampaignDesk.name) has nothing for email: it goes by sms."),
      (["--to", "13812345678", "--variant", "c"], "\(CampaignDesk.name) has no variant \"c\": it has a, b."),
      (["--to", "13812345678", "--language", "en-GB"], "spring-bonds has no such version that is in use"),
      (["--to", "13812345678", "--set", "total=much"], "variant a: "),
      (["--to", "+442079460958"], "no gateway that the campaign may use takes a test"),
    ])
  func wrongTests(_ words: [String], _ sentence: String) throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      let run = desk.run(["test", name] + words + ["--execute"])
      #expect(run.exit != .done && run.err.contains(sentence), "\(run.err)")
      #expect(try desk.desk.lines("select topic from outbox where topic like 'outreach%'").isEmpty)
    }
  }

  private static let tasks = #"""
    {"name": "call-gold", "title": "Call", "objective": "cross-sell", "branch": "SH", "purpose": "marketing",
     "audience": {"customers": "level = gold"}, "variants": [{"name": "a", "share": 50}, {"name": "b", "share": 50,
     "script": "Ask {{name}} about {{assets|money}}."}], "channels": [{"channel": "manager", "script": "Call {{name}}.",
     "language": "en-GB", "due": "P3D"}], "expires": "2099-03-31T18:00:00+08:00"}
    """#

  @Test("the scripts of tasks are read, of each variant its own, and nobody is given a task")
  func scripts() throws {
    try CampaignDesk.open { desk throws in
      let defined = try desk.define(Self.tasks)
      #expect(defined.exit == .done, "\(defined.err)")
      let shown = desk.run("test", "call-gold", "--channel", "manager", "--set", "name=Li Lei")
      #expect(
        shown.out.contains("Call Li Lei.") && shown.out.contains("Ask Li Lei about CN¥1,234.50"),
        "\(shown.out)\(shown.err)")
      let json = desk.run("test", "call-gold", "--channel", "manager", "--variant", "a", "--json")
      #expect(json.out.contains(#""variant":"a","language":"en-GB","text":"Call 王小明.""#), "\(json.out)\(json.err)")
      for (words, sentence) in [
        (["--to", "P1"], "--to is nothing for a script"), (["--execute"], "nobody is given a task as a test."),
        (["--set", "assets=much"], "variant b: "),
      ] {
        let run = desk.run(["test", "call-gold", "--channel", "manager"] + words)
        #expect(run.exit != .done && run.err.contains(sentence), "\(run.err)")
      }
      try desk.define()
      let none = desk.run("test", name, "--channel", "manager")
      #expect(none.exit == .no && none.err.contains("\(name) gives nobody a task: it goes by sms."), "\(none.err)")
    }
  }

  @Test("a gateway that takes only what is transactional gets the test as that")
  func purpose() throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      try desk.session.run(
        script:
          #"update gateway set description = replace(description, '"place"', '"purposes": ["transactional"], "place"')"#
      )
      _ = desk.run("test", name, "--to", "13812345678", "--variant", "a", "--execute")
      let asked = try desk.desk.lines(
        "select convert_from(payloads[1], 'UTF8') from outbox where topic = 'outreach.sms'")
      #expect(asked.count == 1 && asked[0].contains(#""purpose":"transactional""#), "\(asked)")
    }
  }
}
