import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct OptOutConfirmationTests {
  private static let templates = """
    insert into template (name, channel, language, text) values ('left', 'sms', 'en-US', 'You get nothing more.'),
      ('named', 'sms', 'en-US', '{{name}}, you get nothing more.')
    """
  private static let rows: Statement =
    "select concat_ws(' ', country, template, changed_by) from opt_out_confirmation order by 1"

  @Test("a confirmation is previewed, set, replaced and taken away")
  func setting() throws {
    try OutreachDesk.open(nil, Self.templates) { desk throws in
      let words = ["policy", "confirm", "US", "--template", "left"]
      #expect(desk.run(words).out.contains("Nothing was done."))
      #expect(try desk.lines(Self.rows).isEmpty)
      #expect(desk.run(words + ["--execute"]).exit == .done)
      #expect(desk.run(words + ["--execute"]).exit == .done)
      #expect(try desk.lines(Self.rows) == ["US left \(desk.login)"])
      #expect(desk.run("policy", "confirmations").rows.first?.prefix(2) == ["US", "left"])
      #expect(desk.run("policy", "confirm", "US", "--none", "--execute").exit == .done)
      #expect(try desk.lines(Self.rows).isEmpty)
    }
  }

  @Test(
    "wrong words are one sentence",
    arguments: [
      (["usa", "--template", "left"], "\"usa\" is no country"), (["US"], "give one of --template and --none."),
      (["US", "--template", "left", "--none"], "give one of --template and --none."),
      (["US", "--template", "gone"], "there is no template \"gone\" of short messages."),
      (["US", "--template", "named"], "named in en-US wants name, which nobody gives."),
    ])
  func wrong(_ words: [String], _ sentence: String) throws {
    try OutreachDesk.open(nil, Self.templates) { desk throws in
      let run = desk.run(["policy", "confirm"] + words + ["--execute"])
      #expect(run.exit != .done && run.err.hasPrefix("millrace: \(sentence)"), "\(run.err)")
      #expect(try desk.lines(Self.rows).isEmpty)
    }
  }
}
