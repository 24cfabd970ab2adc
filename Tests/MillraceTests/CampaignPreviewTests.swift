import Glibc
import Postgres
import TestKit
import Testing

@testable import millrace

/// What a campaign would do: shown in the terminal, as JSON and as a page.
@Suite struct CampaignPreviewTests {
  private let name = CampaignDesk.name

  private func withPreview(_ body: (CampaignDesk) throws -> Void) throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      try desk.makePreview()
      try body(desk)
    }
  }

  @Test("the terminal has the numbers, the reasons, the messages, what is missing and the warnings")
  func terminal() throws {
    try withPreview { desk throws in
      let run = desk.run("preview", name, "--last")
      for text in [
        "spring-bonds-2027, version 1: Spring bonds 春季", "would be reached   54,607   89.2 %",
        "opted-out      3,027   they want no such messages", "The exclusion took out 312 more.",
        "COST        about 3822.49 CNY, as the samples are long", "spring-2027, 5000.00 CNY left", "20,000 messages",
        "STARTS      at its launch",
        "a             30,000   54.9 %", "CN-SH         30,000", "unknown       24,607",
        "Variant a, SMS, zh-CN, to +86138****8000, 1 part:\n  尊敬的<b>张先生</b>\n  \\u{202e}退订回T",
        "managerName   spring-bonds                3", "Warning: the <budget> would not last.",
        "`millrace campaign submit \(name)`",
      ] { #expect(run.out.contains(text), "\(text) in \(run.out)\(run.err)") }
      #expect(desk.run("preview", name, "--last", "--json").out == CampaignDesk.preview + "\n")
      _ = desk.run("submit", name)
      #expect(desk.review("preview", name, "--last").out.contains("`millrace campaign approve \(name) --version 1`"))
    }
  }

  @Test("one that is asked for is waited for; where nobody makes it, that is said, and where it cannot be made, why")
  func asked() throws {
    try CampaignDesk.open { desk throws in
      try desk.define()
      let run = desk.run("preview", name, "--wait", "0")
      #expect(run.exit == .no && run.err.contains("is launch-campaigns running?"), "\(run.err)")
      #expect(try desk.desk.lines("select asked_by from campaign_preview") == [desk.desk.login])
      #expect(desk.run("preview", name, "--last").err.contains("there is no preview of version 1 of \(name) yet"))
      // Whoever makes previews, for all that come.
      try desk.session.run(
        script: """
          create function make_at_once() returns trigger language plpgsql as $$
          begin new.made_at := clock_timestamp(); new.failure := 'the template is gone'; return new; end $$;
          create trigger at_once before insert on campaign_preview for each row execute function make_at_once();
          """)
      let failed = desk.run("preview", name)
      #expect(
        failed.exit == .no && failed.err == "millrace: no preview can be made: the template is gone\n", "\(failed.err)")
      #expect(desk.run("preview", "autumn").err.contains("there is no campaign \"autumn\""))
    }
  }

  @Test("a preview of an older version is not taken for the present one's")
  func older() throws {
    try withPreview { desk throws in
      try desk.define(CampaignDesk.definition(#""pace": 5, "#))
      #expect(desk.run("preview", name, "--last").err.contains("there is no preview of version 2"))
    }
  }

  @Test("the page is one file in both languages, without script, and nothing from outside becomes markup")
  func page() throws {
    try withPreview { desk throws in
      _ = desk.run("submit", name)
      try temporaryFile("old") { path in
        let run = desk.run("preview", name, "--last", "--html", path)
        #expect(run.exit == .done && run.out.contains("\(path)#zh"), "\(run.err)")
        let page = String(decoding: try InputFiles.contents(of: path), as: UTF8.self)
        for text in [
          #"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"#,
          #"<i id="zh"></i>"#,
          #"<span class="en">people would be reached</span><span class="zh" lang="zh-CN">人将被联系</span>"#,
          "<b>54,607</b>", "<b>3,822.49 CNY</b>", "尊敬的&lt;b&gt;张先生&lt;/b&gt;", "\\u{202e}退订回T",
          "the &lt;budget&gt; would not last",
          "Shanghai <code>SH</code>", "Beijing <code>BJ</code>", "<code>level = gold</code>", "已退订", "2027-03-01 11:43",
          "millrace campaign approve \(name) --version 1", "Wang (P1)", "&quot;audience&quot;",
        ] { #expect(page.contains(text), "\(text)") }
        for mark in ["<script", "<img", "<link", "http:", "https:", "url(", "<b>张", "\u{202e}", "onclick", "@import"] {
          #expect(!page.contains(mark), "\(mark)")
        }
        // Every word that a reader of one language sees has its like in the other.
        #expect(page.ranges(of: #"<span class="en">"#).count == page.ranges(of: #"<span class="zh""#).count)
      }
      let run = desk.run("preview", name, "--last", "--html", "/nowhere/page.html")
      #expect(run.exit == .no && run.err.contains("cannot be written: No such file or directory"))
      #expect(desk.run("preview", name, "--last", "--html", "x", "--json").exit == .usage)
    }
  }

  @Test("a page is for its owner alone to read")
  func pageMode() throws {
    try withPreview { desk throws in
      try temporaryFile("") { path in
        _ = desk.run("preview", name, "--last", "--html", path)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      }
    }
  }

  @Test("what is no preview is refused with its place")
  func unreadable() throws {
    let refused = [
      (#""audience": 61240"#, #""audience": "many""#, "audience: wrong-type"),
      (#""no-address": 702"#, #""no-address": null"#, "skipped.no-address: wrong-type"),
      (#""channel": "sms", "variant": "a", "branch""#, #""variant": "a", "branch""#, "send[0].channel: missing"),
    ]
    for (part, other, sentence) in refused {
      let text = CampaignDesk.preview.split(separator: part, maxSplits: 1).joined(separator: other)
      #expect(throws: (any Error).self) { try PreviewReport(reading: text) }
      do { _ = try PreviewReport(reading: text) } catch { #expect("\(error)".contains(sentence), "\(error)") }
    }
  }

  @Test(
    "what the worker warns of is said in Chinese too, and what is not known in the worker's words",
    arguments: [
      ("nobody gets a message", "没有人会收到信息"),
      (
        "the budget spring would not last: 3822.49 CNY are wanted and 2000.00 CNY are left",
        "预算 spring 不足：需要 3822.49 CNY，余额 2000.00 CNY"
      ),
      ("the gateway one for sms is not enabled", "网关 one（sms）已停用"),
      ("the gateway one for sms cannot be read: x is not enabled", "网关 one（sms）的描述无法读取：x is not enabled"),
      (
        "at 5 messages an hour it would end at 2027-03-01T03:43:49Z, after it has expired (2027-02-01T00:00:00Z)",
        "按每小时 5 条，将于 2027-03-01T03:43:49Z 完成，晚于到期时间（2027-02-01T00:00:00Z）"
      ),
      ("something new", "something new"), ("it has expired twice", "it has expired twice"),
    ])
  func warnings(_ english: String, _ chinese: String) {
    let both = PreviewWarning.both(english)
    #expect(both.english == english && both.chinese == chinese)
  }

  @Test("a campaign without variants has none to show")
  func single() throws {
    try CampaignDesk.open { desk throws in
      let text = CampaignDesk.definition()
      let start = try #require(text.ranges(of: #""variants""#).first).lowerBound
      let end = try #require(text.ranges(of: #""channels""#).first).lowerBound
      try desk.define(String(text[..<start]) + String(text[end...]))
      var preview = CampaignDesk.preview
      for name in ["a", "b"] {
        preview = preview.split(separator: "\"variant\": \"\(name)\"").joined(separator: #""variant": null"#)
      }
      try desk.makePreview(preview)
      let run = desk.run("preview", name, "--last")
      #expect(run.out.contains("\nSMS, zh-CN, to ") && !run.out.contains("VARIANT"), "\(run.out)\(run.err)")
      try temporaryFile("") { path in
        #expect(desk.run("preview", name, "--last", "--html", path).exit == .done)
        let page = String(decoding: try InputFiles.contents(of: path), as: UTF8.self)
        #expect(!page.contains("Variant"))
      }
    }
  }

  @Test("a small preview, without budget, price, pace or samples")
  func small() throws {
    let report = try PreviewReport(
      reading: """
        {"campaign": "c", "version": 1, "madeAt": "2026-11-22T08:14:03Z", "audience": 0, "excluded": 0, "heldOut": 0, "skipped": {},
         "send": [], "recipients": 0, "parts": null, "cost": null, "budget": null, "perHour": null, "ends": null, "samples": [],
         "missing": [], "warnings": []}
        """)
    #expect(report.groups.isEmpty && report.cost == nil && report.skippedPeople == 0)
    #expect(percent(0, of: 0) == "-" && PreviewText.bar(0, of: 0).allSatisfy { $0 == "." })
  }
}
