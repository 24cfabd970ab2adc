import Foundation
import Postgres
import TestKit
import Testing

@testable import millrace

/// Lists of people as they are typed: from a file to the campaign that names them.
@Suite struct AudienceCommandTests {
  private static let people = """
    insert into customer (id, code, version, data, status, number, name, email, branch_id, changed_at)
      select n, 'C' || n, 1, gen_random_uuid(), 'active', '880' || n, '王', 'c' || n || '@firm.example', 2, now()
      from generate_series(1, 9) n;
    update customer set branch_id = 3 where id = 9;
    insert into customer_phone (phone, customer_id, place, kind) select 8613812340000 + n, n, 0, 'mobile' from generate_series(1, 9) n;
    insert into customer_phone (phone, customer_id, place, kind) values (8613812340077, 7, 1, 'home'), (8613812340077, 8, 1, 'home');
    insert into lead (id, phone, region, name, source, state, branch_id, owner_id, protected_since, protected_until, version, registered_at)
      values (41, 8613812340001, 'CN', 'a', 'web', 'owned', 2, 1, now(), now(), 1, now()),
        (42, 8613812340050, 'CN', 'b', 'web', 'owned', 2, 1, now(), now(), 1, now());
    """

  private func open(_ body: (CampaignDesk) throws -> Void) throws {
    try CampaignDesk.open { desk throws in
      try desk.session.run(script: AudienceCommandTests.people)
      try body(desk)
    }
  }

  private func run(_ desk: CampaignDesk, _ words: String...) -> CommandRun { run(desk, words) }

  private func run(_ desk: CampaignDesk, _ words: [String]) -> CommandRun {
    CommandRun(["audience"] + words, more: ["DATABASE_URL": desk.desk.conninfo])
  }

  private func load(
    _ desk: CampaignDesk, _ bytes: [UInt8], _ words: [String] = [], name: String = "guests"
  ) throws -> CommandRun {
    var run: CommandRun?
    try temporaryFile(bytes) { run = self.run(desk, ["load", name, $0] + words) }
    return try #require(run)
  }

  private func members(_ desk: CampaignDesk) throws -> [String] {
    try desk.desk.lines(
      "select concat_ws(' ', case when of_leads then 'lead' end, subject, told::text) from audience_member order by of_leads, subject"
    )
  }

  private static let ugly = """
    手机号（必填）,姓名,备注
    13812340001,王小明,
    １３８-1234-0002,"李
    娜",x
    ="13812340003",张,
    13812340001,王小明,again
    +86 138 1234 0009,周,Beijing's
    13812340077,吴,two of them

    12345,郑,
    1.38E+10,冯,
    13812340004,"陈,
    13812340050,褚,a lead

    """

  @Test("what can be read is loaded, the rest is told with line and reason, and collected")
  func ugly() throws {
    let rejects = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).csv").path
    defer { unlink(rejects) }
    try open { desk throws in
      let run = try load(desk, Array(Self.ugly.utf8), ["--reject", rejects, "--note", "expo 2027"])
      #expect(run.exit == .no, "\(run.err)")
      #expect(try members(desk) == ["1", "2", "3", "lead 41", "lead 42"])
      for sentence in [
        ":6: 手机号（必填）: repeated: this person is on the list already",
        ":7: 手机号（必填）: nobody: nobody whom you may reach has it",
        ":8: 手机号（必填）: several: several customers have it", ":10: 手机号（必填）: local-only",
        ":11: 手机号（必填）: rounded-by-spreadsheet",
        ":12: 姓名: unclosed-quote",
      ] { #expect(run.err.contains(sentence), "\(sentence) is not in\n\(run.err)") }
      for line in ["CUSTOMERS     3", "LEADS         2", "LINES         10", "REFUSED       6", "BY            phone"] {
        #expect(run.out.contains(line), "\(line) is not in\n\(run.out)")
      }
      let table = try String(contentsOfFile: rejects, encoding: .utf8)
      #expect(table.contains("6,手机号（必填）,repeated,this person is on the list already,13812340001,王小明,again\r\n"))
      #expect(table.split(separator: "\r\n").count == 7)
      let shown = self.run(desk, "show", "guests")
      #expect(shown.out.contains("expo 2027") && shown.out.contains("P1"), "\(shown.out)")
      #expect(self.run(desk, "list", "--json").out.contains(#""customers":3,"leads":2,"lines":10,"refused":6"#))
    }
  }

  @Test(
    "a file is read in whatever encoding and with whatever separator",
    arguments: [
      ([0xEF, 0xBB, 0xBF] + Array("客户号\n8801\n8802\n".utf8), ["1", "2"]),
      (Array("sep=;\r\nname;客户号\r\n\"a;b\";8803\r\n".utf8), ["3"]),
      // 客户号 and 王 in GB18030, in which the file is otherwise ASCII.
      ([0xBF, 0xCD, 0xBB, 0xA7, 0xBA, 0xC5, 0x2C, 0x78, 0x0A, 0x38, 0x38, 0x30, 0x31, 0x2C, 0xCD, 0xF5, 0x0A], ["1"]),
      (Array("客户号\tx\n8804\t\n".utf8), ["4"]), (Array("客户号，备注\n8805，好\n".utf8), ["5"]),
      (Array("note,email,邮箱x\n,\" C6@Firm.example \",\n".utf8), ["6"]),
      (Array("phone,客户编号\n13812340001,C7\n".utf8), ["7"]),
      (Array("lead id\n41\n".utf8), ["lead 41"]),
    ] as [([UInt8], [String])])
  func files(_ bytes: [UInt8], _ expected: [String]) throws {
    try open { desk throws in
      let run = try load(desk, bytes)
      #expect(run.exit == .done, "\(run.err)")
      #expect(try members(desk) == expected)
    }
  }

  @Test("a long file's lines are each looked at once, and numbers that no lead has are told as such")
  func long() throws {
    try open { desk throws in
      let table = "lead id\n" + (0..<5_001).map { "\(-$0)\n" }.joined() + "41\n"
      let run = try load(desk, Array(table.utf8))
      #expect(run.exit == .no && run.err.contains(":2: lead id: out-of-range"), "\(run.err)")
      for line in ["LEADS         1", "LINES         5,002", "REFUSED       5,001"] {
        #expect(run.out.contains(line), "\(line) is not in\n\(run.out)")
      }
      #expect(!run.err.contains("repeated") && !run.out.contains("repeated"))
    }
  }

  @Test("what is wrong in the command line is one sentence, and no list is there")
  func wrong() throws {
    try open { desk throws in
      for (words, text, exit, sentence) in [
        (
          ["--by", "name"], "phone\n", Exit.usage,
          "--by is \"name\", but must be customer, lead, number, phone or email."
        ),
        (["--by", "email"], "phone\n", .no, "no column means email; the first line has \"phone\""),
        ([], "Customer,Number\n", .no, "no column says who is meant"),
        ([], "name,age\n", .no, "no column says who is meant; the first line has \"name\", \"age\""),
        (["--map", "name=phone,x=email"], "name\n", .usage, "--map names the column \"x\""),
        (["--country", "XX"], "phone\n", .usage, "--country is \"XX\""),
        (["--keep", "seat"], "phone\n", .usage, "--keep names the column \"seat\""),
        (["--keep", "座 位"], "phone,座 位\n", .usage, "--keep: \"座 位\" is no name that a template can write"),
        ([], "phone\n13900000000\n", .no, "nobody is on it, so that there is no list guests."),
      ] {
        let run = try load(desk, Array(text.utf8), words)
        #expect(run.exit == exit && run.err.contains(sentence), "\(words): \(run.err)")
      }
      #expect(self.run(desk, "load", "Guests!", "/dev/null").exit == .usage)
      #expect(self.run(desk, "load", "guests", "/nowhere.csv").err.contains("cannot be read"))
      #expect(try desk.desk.lines("select name from audience_list") == [])
      #expect(self.run(desk, "list").out == "There is no list. `millrace audience load NAME FILE` makes one.\n")
      #expect(
        self.run(desk, "show", "guests").err.contains("there is no list \"guests\". See `millrace audience list`."))
    }
  }

  @Test("columns are kept for templates, by names that these can write")
  func kept() throws {
    try open { desk throws in
      let table =
        "手机,座 位,桌号,备注\n13812340001,\" 3-7 \",A,secret\n13812340002,,='B',\n13812340003,\(String(repeating: "长", count: 301)),,\n"
      let run = try load(desk, Array(table.utf8), ["--keep", "座位=seat,桌号"])
      #expect(run.err.contains(":4: 座 位: too-long: at most 300 characters are kept of a cell"), "\(run.err)")
      #expect(try members(desk) == ["1 {3-7,A}", "2 {\"\",='B'}", "lead 41 {3-7,A}"])
      #expect(self.run(desk, "show", "guests").out.contains("seat, 桌号"))
      #expect(
        try !desk.desk.lines("select m::text || l::text from audience_member m, audience_list l").joined().contains(
          "secret"))
    }
  }

  @Test("a list's name is taken for good, until nobody needs it and it is removed")
  func life() throws {
    try open { desk throws in
      let file = Array("phone\n13812340001\n".utf8)
      #expect(try load(desk, file).exit == .done)
      #expect(try load(desk, file).err.contains("there is a list guests already, and a list does not change"))
      let definition = CampaignDesk.definition().replacingOccurrences(of: "level = gold", with: "list = guests")
      #expect(try desk.define(definition).exit == .done)
      let used = run(desk, "remove", "guests", "--execute")
      #expect(used.exit == .no && used.err.contains("named by campaigns that are not over: \(CampaignDesk.name)."))
      #expect(run(desk, "show", "guests", "--json").out.contains(#""campaigns":["\#(CampaignDesk.name)"]"#))
      _ = desk.run("cancel", CampaignDesk.name, "--note", "x", "--execute")
      #expect(run(desk, "remove", "guests").out.contains("Nothing was done. To remove it, add --execute."))
      #expect(run(desk, "remove", "guests", "--execute").exit == .done)
      #expect(try members(desk) == [])
      let again = try desk.define(definition.replacingOccurrences(of: CampaignDesk.name, with: "autumn"))
      #expect(
        again.err.contains("audience.customers: unknown-list: line 1, column 8: there is no list `guests`"),
        "\(again.err)")
    }
  }

  @Test("one whose loading broke off is told as such, is no campaign's, and is loaded anew or removed")
  func half() throws {
    try open { desk throws in
      let session = try desk.desk.connect(role: "none")
      try session.run(script: "update person set login = session_user where code = 'P1'")
      _ = try session.rows(
        "select add_to_audience((begin_audience('guests', 'phone', '{}', null)).list, '{8613812340001}')")
      try session.run(script: "update person set login = '\(desk.desk.login)' where code = 'P1'")
      let definition = CampaignDesk.definition().replacingOccurrences(of: "level = gold", with: "list = guests")
      #expect(try desk.define(definition).err.contains("there is no list `guests` that is whole: load it again"))
      #expect(run(desk, "show", "guests").out.contains("It is not whole"))
      #expect(
        try load(desk, Array("phone\n13812340002\n".utf8)).err.contains("somebody is loading guests at this moment"))
      _ = try session.rows("select pg_advisory_unlock_all()")
      #expect(try load(desk, Array("phone\n13812340002\n".utf8)).exit == .done)
      #expect(try members(desk) == ["2"])
    }
  }

  @Test("what a filter names has to be there, and the nearest that is gets told")
  func names() throws {
    try open { desk throws in
      #expect(try load(desk, Array("phone\n13812340001\n".utf8), name: "seminar-guests").exit == .done)
      for (filter, sentence) in [
        ("branch under SX", "line 1, column 14: there is no branch `SX`; did you mean `SH`?"),
        ("level = gold and manager = P-1", "line 1, column 28: there is no person `P-1`; did you mean `P1`?"),
        (
          "list != seminar-quests",
          "line 1, column 9: there is no list `seminar-quests`; did you mean `seminar-guests`?"
        ),
        ("region = CN-SX1", "line 1, column 10: there is no region `CN-SX1`; did you mean `CN-SX`?"),
        ("branch = ZZZZZZ", "line 1, column 10: there is no branch `ZZZZZZ`\n"),
      ] {
        let run = try desk.define(CampaignDesk.definition().replacingOccurrences(of: "level = gold", with: filter))
        #expect(run.exit == .no && run.err.contains(sentence), "\(run.err)")
      }
      #expect(try desk.desk.lines("select name from campaign").isEmpty)
    }
  }
}
