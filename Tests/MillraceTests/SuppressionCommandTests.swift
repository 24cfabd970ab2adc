import Postgres
import TestKit
import Testing

@testable import millrace

@Suite struct SuppressionCommandTests {
  private static let held: Statement =
    "select concat_ws(' ', channel, address, reason, detail) from suppression where lifted_at is null order by 1"

  @Test("addresses are suppressed as the ledger has them, once, stamped by the database")
  func suppressed() throws {
    try OutreachDesk.open { desk throws in
      let shown = desk.run("suppress", "138 1234 5678", "+44 20 7946 0958", "--reason", "opted-out")
      #expect(shown.out.contains("would be suppressed") && shown.out.contains("Nothing was done."), "\(shown.err)")
      #expect(try desk.lines(Self.held).isEmpty)
      let words = ["suppress", "138 1234 5678", "+8613812345678", "--reason", "opted-out", "--because", "by phone"]
      #expect(desk.run(words + ["--execute"]).rows.prefix(1) == [["+8613812345678", "sms", "opted-out", "suppressed"]])
      #expect(desk.run(words + ["--execute"]).rows.first?.last == "suppressed already")
      #expect(desk.run("suppress", "Wang@Example.com", "--channel", "email", "--execute").exit == .done)
      #expect(
        try desk.lines(Self.held) == ["email wang@example.com manual", "sms +8613812345678 opted-out by phone"])
      #expect(try desk.lines("select distinct said_by from suppression") == [desk.login])
      // What operators did is kept for years, and has no addresses.
      #expect(try desk.lines("select command from operator_action where command not like '%gateways%'").isEmpty)
    }
  }

  @Test("a file's addresses are taken all or none, with the line that is wrong")
  func file() throws {
    try OutreachDesk.open { desk throws in
      try temporaryFile("13812345678\r\n\n +8613812345679 \n13812345678\n") { name in
        #expect(desk.run("suppress", "--file", name, "--execute").rows.count == 2)
      }
      #expect(try desk.lines(Self.held) == ["sms +8613812345678 manual", "sms +8613812345679 manual"])
      try temporaryFile("13812345670\n12\n") { name in
        let run = desk.run("suppress", "--file", name, "--execute")
        #expect(run.exit == .usage && run.err.hasPrefix("millrace: \(name):2 is no phone number"), "\(run.err)")
      }
      #expect(try desk.lines(Self.held).count == 2)
    }
  }

  @Test("what was lifted stays with who lifted it; an opt-out is lifted only by name")
  func lifted() throws {
    try OutreachDesk.open { desk throws in
      for reason in ["opted-out", "manual", "complained"] {
        #expect(desk.run("suppress", "13812345678", "--reason", reason, "--execute").exit == .done)
      }
      #expect(desk.run("unsuppress", "13812345678").out.contains("would be lifted"))
      #expect(desk.run("unsuppress", "13812345678", "--execute").exit == .done)
      #expect(
        try desk.lines(Self.held) == ["sms +8613812345678 complained", "sms +8613812345678 opted-out"])
      #expect(desk.run("unsuppress", "13812345678", "--execute").out.contains("not suppressed for this"))
      #expect(desk.run("unsuppress", "13812345678", "--reason", "opted-out", "--execute").exit == .done)
      #expect(
        desk.run("suppressed", "list", "--json").out.contains(#""address":"+*********5678","reason":"complained""#))
      let all = desk.run("suppressed", "list", "13812345678", "--all").rows
      #expect(all.count == 3 && all.filter { $0[6] == desk.login }.count == 2, "\(all)")
      #expect(desk.run("suppressed", "list", "13812345679").out == "No address is suppressed.\n")
      #expect(desk.run("suppressed", "list", "--channel", "email").out == "No address is suppressed.\n")
    }
  }

  @Test(
    "wrong words are one sentence",
    arguments: [
      (["suppress"], "say which: ADDRESS or --file FILE."),
      (
        ["suppress", "1", "--reason", "odd"],
        "--reason is \"odd\", but must be opted-out, bounced, complained or manual."
      ),
      (["suppress", "wang", "--channel", "email"], "\"wang\" is no e-mail address."),
      (["suppress", "1", "--channel", "pigeon"], "--channel is \"pigeon\", but must be sms, email or fax."),
      (["suppress", "w@example.com"], "\"w@example.com\" is no phone number"),
      (["suppressed", "list", "--reason", "odd"], "--reason is \"odd\""),
    ])
  func wrong(_ words: [String], _ sentence: String) throws {
    try OutreachDesk.open(nil) { desk throws in
      let run = desk.run(words)
      #expect(run.exit == .usage && run.err.hasPrefix("millrace: \(sentence)"), "\(run.err)")
    }
  }
}
