import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct ContactPolicyTests {
  private static let rules: Statement = """
    select concat_ws(' ', p.channel, p.purpose, c.code, p.spread, p.most, p.period, p.without_consent, p.changed_by)
    from contact_policy p left join calendar c on c.id = p.calendar_id order by 1
    """

  private func open(_ body: (OutreachDesk) throws -> Void) throws {
    try OutreachDesk.open(nil, "insert into calendar (code, name) values ('day', 'by day')", body)
  }

  @Test("a rule is previewed, set as a whole, and removed; zero is zero and what is left out is no bound")
  func setting() throws {
    try open { desk throws in
      let words = [
        "policy", "set", "sms", "marketing", "--calendar", "day", "--spread", "30m", "--most", "0", "--within", "7d",
      ]
      let shown = desk.run(words)
      #expect(shown.out.contains("Nothing was done.") && shown.rows.count == 2, "\(shown.err)\(shown.out)")
      #expect(try desk.lines(Self.rules).isEmpty)
      #expect(desk.run(words + ["--execute"]).exit == .done)
      #expect(try desk.lines(Self.rules) == ["sms marketing day 00:30:00 0 168:00:00 f \(desk.login)"])
      #expect(desk.run("policy", "list").rows.first?.prefix(7) == ["sms", "marketing", "day", "30m", "0", "7d", "no"])
      #expect(
        desk.run("policy", "set", "sms", "marketing", "--without-consent", "--execute").rows.map { $0[0] }.prefix(2)
          == ["now", "then"])
      #expect(try desk.lines(Self.rules) == ["sms marketing 00:01:00 t \(desk.login)"])
      #expect(desk.run("policy", "list").rows.first?.prefix(7) == ["sms", "marketing", "-", "-", "-", "-", "yes"])
      #expect(desk.run("policy", "set", "all", "service", "--most", "3", "--within", "36h", "--execute").exit == .done)
      #expect(desk.run("policy", "remove", "sms", "marketing").out.contains("Nothing was done."))
      #expect(desk.run("policy", "remove", "sms", "marketing", "--execute").exit == .done)
      #expect(try desk.lines(Self.rules).map { $0.prefix(11) } == ["all service"])
      #expect(
        desk.run("policy", "remove", "sms", "marketing", "--execute").err.contains("there is no rule for sms marketing")
      )
      let kept = try desk.lines("select count(*)::text from operator_action where command like 'outreach policy%'")
      #expect(kept == ["4"])
    }
  }

  @Test(
    "wrong words are one sentence",
    arguments: [
      (["pigeon", "marketing"], "\"pigeon\" is no channel: sms, email, fax or all."),
      (["sms", "transactional"], "\"transactional\" is no purpose that can be bound: service or marketing."),
      (["sms", "marketing", "--most", "2"], "--most and --within belong together."),
      (["sms", "marketing", "--within", "2d"], "--most and --within belong together."),
      (
        ["sms", "marketing", "--most", "2", "--within", "2 weeks"],
        "--within is \"2 weeks\", but must be as 30m, 24h or 7d"
      ),
      (["sms", "marketing", "--most", "2", "--within", "0d"], "--within is \"0d\""),
      (["sms", "marketing", "--most", "-1", "--within", "1d"], "--most is \"-1\", but must be a whole number from 0"),
      (["all", "marketing", "--calendar", "day"], "hours belong to a channel of its own"),
      (["sms", "marketing", "--spread", "1m"], "--spread is of the hours that --calendar gives."),
      (["sms", "marketing", "--calendar", "day", "--spread", "13h"], "--spread is \"13h\""),
      (["sms", "marketing", "--calendar", "night"], "there is no calendar \"night\"."),
    ])
  func wrong(_ words: [String], _ sentence: String) throws {
    try open { desk throws in
      let run = desk.run(["policy", "set"] + words + ["--execute"])
      #expect(run.exit != .done && run.err.hasPrefix("millrace: \(sentence)"), "\(run.err)")
      #expect(try desk.lines(Self.rules).isEmpty)
    }
  }
}
