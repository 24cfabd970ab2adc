import Glibc
import Postgres
import TestKit
import Testing

@testable import millrace

/// `outreach templates` and `outreach render` against a migrated database, with the operator's rights alone.
@Suite struct TemplatesTests {
  static let file = #"""
    {"templates": [
      {"name": "maturity", "channel": "sms", "language": "zh-CN", "signature": "华证券", "providerTemplate": "SMS_1",
       "text": "{{name|default:\"客户\"}}您好，{{product}}将于{{due|date}}到期，金额{{total|money:\"name\"}}。"},
      {"name": "maturity", "channel": "sms", "language": "en-GB", "text": "{{product}} matures on {{due|date}}."},
      {"name": "maturity", "channel": "email", "language": "en-GB", "subject": "{{product}} matures",
       "text": "Dear {{name}},\nit is {{due|datetime}}.", "html": "<p>Dear {{name}}</p>"}]}
    """#

  private func load(_ text: String, on database: TestDatabase, _ words: String...) throws -> CommandRun {
    var run: CommandRun?
    try temporaryFile(text) { run = CommandRun(["outreach", "templates", "load", $0] + words, on: database) }
    return try #require(run)
  }

  private func templates(_ words: String..., on database: TestDatabase) -> CommandRun {
    CommandRun(["outreach", "templates"] + words, on: database)
  }

  private func render(_ words: String..., on database: TestDatabase) -> CommandRun {
    CommandRun(["outreach", "render"] + words, on: database)
  }

  @Test("what files say is shown, stored with --execute as the next version, and the same again changes nothing")
  func loading() throws {
    try TestDatabase.with { database in
      let shown = try load(Self.file, on: database)
      #expect(shown.exit == .done && shown.out.contains("Nothing was done."), "\(shown.err)")
      #expect(shown.rows.first == ["maturity", "sms", "zh-CN", "1", "new", "wants name?, product, due, total"])
      let session = try database.connect()
      #expect(try session.rows("select from template").isEmpty)
      #expect(try load(Self.file, on: database, "--execute").out.hasSuffix("Stored.\n"))
      #expect(try load(Self.file, on: database, "--execute").out == "Nothing changes.\n")
      let other = Self.file.replacing("matures on", with: "is due on").replacing("SMS_1", with: "SMS_2")
      let changed = try load(other, on: database, "--execute")
      #expect(
        changed.rows.prefix(2) == [
          ["maturity", "sms", "zh-CN", "2", "changed", "other providerTemplate"],
          ["maturity", "sms", "en-GB", "2", "changed", "other text"],
        ], "\(changed.out)")
      #expect(templates("list", on: database).rows.count == 3)
      let all = templates("list", "--all", "--json", on: database).out
      #expect(all.contains(#""version":1,"state":"older""#) && all.contains(#""version":2,"state":"used""#))
      #expect(try session.rows("select from operator_action where command like 'outreach templates load%'").count == 2)
    }
  }

  @Test("a stored version never changes, numbers and stamps itself, and is only followed or withdrawn")
  func appendOnly() throws {
    try TestDatabase.with { database in
      _ = try load(Self.file, on: database, "--execute")
      let session = try database.connect()
      for change in ["update template set text = 'x'", "delete from template", "truncate template cascade"] {
        #expect(throws: PostgresError.self, "\(change)") { try session.run(script: change) }
      }
      try session.run(
        script: """
          insert into template (name, channel, language, version, text, stored_at, stored_by)
          values ('maturity', 'sms', 'en-GB', 77, 'x', '2000-01-01', 'nobody')
          """)
      let row = try session.rows(
        """
        select version, stored_by = session_user, stored_at > now() - interval '1 hour' from template where text = 'x'
        """)[0]
      #expect(row.integer(0) == 2 && row.boolean(1) && row.boolean(2))
      // A campaign could still name the first.
      let sms = ["--channel", "sms", "--language", "en-GB"]
      func say(_ more: String...) -> String {
        CommandRun(
          ["outreach", "render", "maturity", "--set", "product=A", "--set", "due=2026-01-31"] + sms + more, on: database
        ).out
      }
      #expect(say().hasPrefix("x\n") && say("--version", "1").hasPrefix("A matures on 31 Jan 2026.\n"))
      let words = ["outreach", "templates", "withdraw", "maturity", "--version", "2"] + sms
      #expect(CommandRun(words, on: database).out.contains("Nothing was done."))
      #expect(say().hasPrefix("x\n"))
      #expect(CommandRun(words + ["--execute"], on: database).rows.first == ["maturity", "sms", "en-GB", "2", "1"])
      #expect(say().hasPrefix("A matures"))
      #expect(CommandRun(words + ["--execute"], on: database).exit == .no)
      #expect(throws: PostgresError.self) { try session.run(script: "delete from template_withdrawal") }
      // The next is the third, whatever was withdrawn.
      let next = try load(Self.file.replacing("matures on", with: "is due on"), on: database, "--execute")
      #expect(next.rows.first == ["maturity", "sms", "en-GB", "3", "changed", "other text"])
    }
  }

  @Test("two that store one template at once store two versions")
  func atOnce() throws {
    try TestDatabase.with { database in
      let insert: Statement = "insert into template (name, channel, language, text) values ('a', 'sms', 'zh-CN', '0')"
      let first = try database.connect()
      let second = try database.connect()
      _ = try first.rows("begin")
      _ = try first.rows(insert)
      try second.enterPipeline()
      try second.send(insert)
      try second.push()
      // A session of its own, which sees others as they are now.
      let watcher = try database.connect()
      let deadline = ContinuousClock.now + .seconds(90)
      let waiting: Statement = """
        select pg_sleep(0.01) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
        """
      while try watcher.rows(waiting).isEmpty { try #require(ContinuousClock.now < deadline) }
      _ = try first.rows("commit")
      try second.finishSending()
      _ = try second.receive()
      try second.leavePipeline()
      #expect(try first.rows("select version from template order by 1").map { $0.integer(0) } == [1, 2])
    }
  }

  @Test(
    "what is no template is refused when it is loaded, with file, field, line and column",
    arguments: [
      (#""text": "a\n{{b""#, "templates[0].text: not-a-template: line 2, column 1: the tag is not closed"),
      (#""text": "{{b|dat}}""#, "templates[0].text: not-a-template: line 1, column 5: there is no format dat"),
      (#""text": " ""#, "templates[0].text: empty"),
      (#""txt": "a""#, "templates[0].txt: unknown-field: nothing reads this field; did you mean `text`?"),
      (#""text": "a", "textFile": "b""#, "templates[0].text: missing: either text or textFile is required"),
      (#""textFile": "no-such-file""#, "no-such-file cannot be read"),
      (#""text": "a", "subject": "b""#, "templates[0].subject: wrong-parts"),
      (#""text": "a", "html": "b""#, "templates[0].html: wrong-parts"),
      (#""text": "a", "signature": "【b】""#, "templates[0].signature: with-brackets"),
      (#""text": "【b】a", "signature": "b""#, "templates[0].text: signed-twice"),
    ])
  func refused(_ parts: String, _ wanted: String) throws {
    try TestDatabase.with { database in
      let run = try load(
        #"{"templates": [{"name": "a", "channel": "sms", "language": "zh-CN", \#(parts)}]}"#, on: database, "--execute")
      #expect(run.exit == .no && run.err.contains(wanted), "\(run.err)")
      #expect(try database.connect().rows("select from template").isEmpty)
    }
  }

  @Test("names, languages, channels and repeats are checked, and parts of other channels")
  func refusedHeads() throws {
    try TestDatabase.with { database in
      for (row, wanted) in [
        (#"{"name": "A b", "channel": "sms", "language": "zh-CN", "text": "a"}"#, "name: not-a-name"),
        (#"{"name": "a", "channel": "pigeon", "language": "zh-CN", "text": "a"}"#, "channel: unknown-word"),
        (#"{"name": "a", "channel": "sms", "language": "xx", "text": "a"}"#, "language: unknown-language"),
        (#"{"name": "a", "channel": "email", "language": "zh-CN", "text": "a"}"#, "subject: wrong-parts"),
        (
          #"{"name": "a", "channel": "email", "language": "zh-CN", "text": "a", "subject": "a\nBcc: b"}"#,
          "subject: not-a-template: line 1, column 2: a header is one line"
        ),
        (
          #"{"name": "a", "channel": "email", "language": "zh-CN", "text": "a", "subject": "a", "html": "<a {{b}}>"}"#,
          "html: not-a-template: line 1, column 4: a value may not stand in a tag"
        ),
        (
          #"{"name": "a", "channel": "fax", "language": "zh-CN", "text": "a", "signature": "b"}"#,
          "signature: wrong-parts"
        ),
        (
          #"{"name": "a", "channel": "sms", "language": "zh-CN", "text": "a"}, {"name": "a", "channel": "sms", "language": "zh-CN", "text": "b"}"#,
          "a sms zh-CN stands there twice"
        ),
      ] {
        let run = try load(#"{"templates": [\#(row)]}"#, on: database)
        #expect(run.exit == .no && run.err.contains(wanted), "\(row): \(run.err)")
      }
    }
  }

  @Test("a directory's files are read in order, long parts from files beside them")
  func directory() throws {
    try TestDatabase.with { database in
      try temporaryFile("") { name in
        let folder = name + ".d"
        #expect(mkdir(folder, 0o700) == 0)
        func put(_ file: String, _ text: String) throws {
          try temporaryFile(text) { #expect(link($0, "\(folder)/\(file)") == 0) }
        }
        defer {
          for file in ["1.json", "2.json", "a.html"] { unlink("\(folder)/\(file)") }
          rmdir(folder)
        }
        try put("1.json", #"{"templates": [{"name": "b", "channel": "fax", "language": "zh-TW", "text": "x"}]}"#)
        try put(
          "2.json",
          #"{"templates": [{"name": "a", "channel": "email", "language": "zh-CN", "subject": "s", "text": "t", "htmlFile": "a.html"}]}"#
        )
        try put("a.html", "<p>{{a}}</p>\n")
        let run = templates("load", folder, "--execute", on: database)
        #expect(run.rows.prefix(2).map { $0[0] } == ["b", "a"], "\(run.err)")
        #expect(try database.connect().rows("select html from template where name = 'a'")[0].text(0) == "<p>{{a}}</p>")
      }
    }
  }

  @Test("a short message is shown with its signature, encoding, parts and cost")
  func rendering() throws {
    try TestDatabase.with { database in
      _ = try load(Self.file, on: database, "--execute")
      let json = #"{"product": "基金", "due": "2026-01-31T20:00:00Z", "total": {"amount": "1234.5", "currency": "CNY"}}"#
      try temporaryFile(json) { file in
        let words = ["maturity", "--channel", "sms", "--language", "zh-cn", "--variables", file, "--price", "0.045CNY"]
        let run = CommandRun(["outreach", "render"] + words, on: database)
        #expect(run.out.hasPrefix("【华证券】客户您好，基金将于2026年1月31日到期，金额1,234.50元。\n"), "\(run.err)")
        #expect(run.out.contains("ENCODING   UCS-2\nLENGTH     39\n"), "\(run.out)")
        #expect(run.out.contains("COST       0.045 CNY\n"))
        let machines = CommandRun(["outreach", "render"] + words + ["--json", "--set", "name=王伟"], on: database).out
        #expect(machines.contains(#""encoding":"UCS-2","length":39,"left":31,"parts":1,"foreign":"【""#), "\(machines)")
        #expect(machines.contains(#""cost":{"amount":"0.045","currency":"CNY"}"#) && machines.contains("王伟您好"))
        let there = CommandRun(["outreach", "render"] + words + ["--time-zone", "Asia/Shanghai"], on: database).out
        #expect(there.contains("2026年2月1日到期"), "\(there)")
      }
      // The first part ends a septet early, so as not to cut an escape.
      let long = render(
        "maturity", "--channel", "sms", "--language", "en-GB", "--set", "due=2026-01-31", "--price", "0.045 CNY",
        "--set",
        "product=" + String(repeating: "ab[]", count: 50), "--json", on: database
      ).out
      #expect(
        long.contains(#""encoding":"GSM-7","length":\#(300 + 24),"left":\#(3 * 153 - 324 - 1),"parts":3"#), "\(long)")
      #expect(long.contains(#""amount":"0.135""#))
    }
  }

  @Test("an e-mail is shown part by part, each value written for its place")
  func email() throws {
    try TestDatabase.with { database in
      _ = try load(Self.file, on: database, "--execute")
      func mail(_ name: String) -> CommandRun {
        render(
          "maturity", "--channel", "email", "--set", "name=\(name)", "--set", "product=A", "--set",
          "due=2026-01-31T09:05:00+08:00", on: database)
      }
      #expect(
        mail("<B>").out == "A matures\n\nDear <B>,\nit is 31 Jan 2026, 09:05.\n\n<p>Dear &lt;B&gt;</p>\n\n")
      let injected = render(
        "maturity", "--channel", "email", "--set", "name=b", "--set", "product=A\r\nBcc: x", "--set",
        "due=2026-01-31T09:05:00+08:00", on: database)
      #expect(injected.exit == .no && injected.err == "millrace: variable product holds a control character.\n")
    }
  }

  @Test(
    "what cannot be rendered is one sentence",
    arguments: [
      (["maturity", "--channel", "email"], 1, "missing variables product, name, due."),
      (["maturity", "--channel", "sms", "--language", "en-GB", "--set", "product=A"], 1, "missing variable due."),
      (
        ["maturity", "--channel", "sms", "--language", "en-GB", "--set", "product=A", "--set", "due=soon"], 1,
        "variable due is not a date, as in 2026-01-31 or 2026-01-31T09:30:00+08:00."
      ),
      (
        ["maturity"], 2,
        "maturity is there for email en-GB, sms en-GB, sms zh-CN: say which with --channel and --language."
      ),
      (["maturity", "--channel", "fax"], 1, "maturity has no such version that is in use"),
      (["maturity", "--channel", "sms", "--version", "9"], 1, "maturity has no such version that is in use"),
      (["nothing"], 1, "there is no template \"nothing\"."),
      (["maturity", "--price", "5"], 2, "--price is \"5\", but must be an amount with its currency, as 0.045CNY."),
      (["maturity", "--set", "a"], 2, "--set is \"a\", but must be NAME=VALUE."),
      (["maturity", "--time-zone", "Moon"], 2, "--time-zone is \"Moon\""),
      (["maturity", "--channel", "pigeon"], 2, "--channel is \"pigeon\", but must be sms, email or fax."),
    ])
  func sentences(_ words: [String], _ exit: Int, _ sentence: String) throws {
    try TestDatabase.with { database in
      _ = try load(Self.file, on: database, "--execute")
      let run = CommandRun(["outreach", "render"] + words, on: database)
      #expect(Int(run.exit.rawValue) == exit && run.err.hasPrefix("millrace: " + sentence), "\(run.err)")
    }
  }

  @Test("a template is shown with what it wants and its texts as they are")
  func showing() throws {
    try TestDatabase.with { database in
      _ = try load(Self.file, on: database, "--execute")
      let run = templates("show", "maturity", "--channel", "email", on: database)
      #expect(run.out.contains("TEXT\nDear {{name}},\nit is {{due|datetime}}.\n"), "\(run.out)")
      #expect(run.out.contains("product; name; due (datetime)"))
      let machines = templates("show", "maturity", "--json", on: database).out
      #expect(machines.contains(#"{"name":"name","needed":"never","formats":[]}"#))
      #expect(machines.split(separator: "\n").count == 5)
      #expect(templates("show", "nothing", on: database).exit == .no)
    }
  }

  @Test("commands of three words are found, and their group lists them")
  func words() {
    let group = CommandRun("outreach", "templates", "--help")
    #expect(group.exit == .done && group.out.contains("outreach templates withdraw") && !group.out.contains("render"))
    #expect(CommandRun("outreach", "templates").exit == .usage)
    let wrong = CommandRun("outreach", "templates", "lst")
    #expect(wrong.err.hasPrefix("millrace: outreach templates has no \"lst\"; did you mean `list`?"), "\(wrong.err)")
    #expect(CommandRun("outreach", "rendr").err.contains("did you mean `render`?"))
  }
}
