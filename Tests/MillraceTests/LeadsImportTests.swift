import Customers
import Foundation
import Kafka
import Postgres
import Settings
import TestKit
import Testing
import Values

@testable import millrace

/// The command as it is typed, on librdkafka's own mock broker and a database of its own.
@Suite struct LeadsImportTests {
  private let cluster: MockCluster
  private let rejects = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).csv").path

  init() throws {
    cluster = try MockCluster()
    try cluster.createTopic("lead.registered", partitions: 3)
  }

  private func run(_ bytes: [UInt8], _ words: [String], firm: String? = LeadTests.firm, key: String? = nil) throws
    -> CommandRun
  {
    var run: CommandRun?
    try TestDatabase.with { database in
      if let firm {
        try temporaryFile(firm) { #expect(CommandRun("leads", "setup", $0, "--execute", on: database).exit == .done) }
      }
      try temporaryFile(bytes) {
        run = CommandRun(
          ["leads", "import", $0] + words, on: database, kafka: cluster.bootstrapServers,
          more: ["IDENTITY_KEY": key ?? ""])
      }
    }
    return try #require(run)
  }

  private func stored() throws -> Int64 {
    let admin = try Admin(properties: try cluster.properties())
    return try (Int32(0)..<3).reduce(0) {
      let (low, high) = try admin.watermarks(TopicPartition("lead.registered", $1), within: .seconds(60))
      return $0 + high - low
    }
  }

  private static let key = "a key for tests, 32 bytes and more"

  @Test("ID numbers need the key under which ids are made of them")
  func keyMissing() throws {
    let run = try run(Array("phone,idNumber\n13812345678,11010519491231002X\n".utf8), ["--source", "expo"], firm: nil)
    #expect(run.exit == .usage)
    #expect(run.err.contains("IDENTITY_KEY"))
  }

  private static let ugly = """
    手机号（必填）,姓名,来源渠道,意向产品,证件号码,意向金额,备注
    13812345678,王小明,wechat,fund,11010519491231002X,50万,
    １３８１２３４５６７９,"李""娜",wechat,,,,
    ="13812345680",张　敏,,,,"12,345.60",x

    1.38E+10,赵六,,,,,
    12345,太短,,,,,
    13812345681.0,#N/A,,,,,
    13812345682,孙七,,,110105194912310000,,
    13812345683,周八,,,,很多,
    ,吴九,,,,,
    13812345684,"郑
    十",,,,,
    13812345685,"冯十一,,,,,
    13812345686.0,陈十二,,,,,

    """

  @Test("a preview shows the meaning of columns, the first events and what is bad, and publishes nothing")
  func preview() throws {
    let run = try run(Array(Self.ugly.utf8), ["--source", "expo"], key: Self.key)
    #expect(run.exit == .no, "\(run.err)")
    for text in [
      "手机号（必填）   phone", "备注             -", "***************02X\"", #""phone":"+8613812345678","name":"王小明""#,
      #""value":{"amount":"500000.00","currency":"CNY"}"#, "Nothing was published. To publish the 5 good rows, add",
      "rounded-by-spreadsheet   手机号（必填）      1", "full-width in 1", "trailing-zero in 1",
    ] { #expect(run.out.contains(text), "\(text) is not in\n\(run.out)") }
    for text in [
      ":6: 手机号（必填）: rounded-by-spreadsheet", ":7: 手机号（必填）: local-only", ":8: 姓名: spreadsheet-error",
      ":9: 证件号码: rounded-by-spreadsheet", ":10: 意向金额: not-an-amount", ":11: 手机号（必填）: missing",
      ":14: 姓名: unclosed-quote",
    ] { #expect(run.err.contains(text), "\(text) is not in\n\(run.err)") }
    #expect(try stored() == 0)
  }

  @Test("executed, every good row is published and every bad one rejected; mended rejects are published in their turn")
  func execute() throws {
    defer { unlink(rejects) }
    let words = ["--source", "expo", "--execute", "--json"]
    let run = try run(Array(Self.ugly.utf8), words + ["--reject", rejects], key: Self.key)
    #expect(run.exit == .no)
    #expect(run.out.contains(#""rows":12,"good":5,"bad":7"#), "\(run.out)")
    #expect(run.out.contains(#""published":5,"acknowledged":5,"failed":0"#))
    #expect(try stored() == 5)

    var table = try String(contentsOfFile: rejects, encoding: .utf8)
    let reading = try TableReading(table)
    #expect(reading.header == RejectFile.columns + ["手机号（必填）", "姓名", "来源渠道", "意向产品", "证件号码", "意向金额", "备注"])
    #expect(reading.rows.map { $0[0] } == ["6", "7", "8", "9", "10", "11", "14"])
    #expect(reading.rows[0].cells[1...2] == ["手机号（必填）", "rounded-by-spreadsheet"])
    for (wrong, right) in [
      ("1.38E+10", "13812345690"), ("12345,", "13812345691,"), ("#N/A", ""), ("110105194912310000", ""), ("很多", "1"),
      ("required,,吴九", "required,13812345692,吴九"), ("\"\"\"冯十一\"", "冯十一"), ("\"冯十一", "冯十一"),
    ] { table = table.replacingOccurrences(of: wrong, with: right) }
    let again = try self.run(Array(table.utf8), words, key: Self.key)
    #expect(again.exit == .done, "\(again.err)\n\(table)")
    #expect(try stored() == 12)
  }

  @Test("the importer is the person of the login, or one who is named and active")
  func importer() throws {
    let file = Array("phone\n13812345678\n".utf8)
    #expect(try run(file, ["--source", "expo"]).out.contains("importer") == false)
    #expect(try run(file, ["--source", "expo", "--importer", "P2"]).out.contains(#""importer":"P2""#))
    let nobody = try run(file, ["--source", "expo", "--importer", "P9"])
    #expect(nobody.exit == .no && nobody.err.contains("there is no person \"P9\""))
    try TestDatabase.with { database in
      try temporaryFile(LeadTests.firm) { _ = CommandRun("leads", "setup", $0, "--execute", on: database) }
      let session = try database.connect()
      try session.run(script: "update person set login = session_user where code = 'P1'")
      try temporaryFile(file) {
        let run = CommandRun("leads", "import", $0, "--source", "expo", on: database)
        #expect(run.out.contains(#""importer":"P1""#), "\(run.err)")
        try session.run(script: "update person set active = false")
        #expect(CommandRun("leads", "import", $0, "--source", "expo", on: database).exit == .no)
      }
    }
  }

  @Test(
    "the first wrong word is named, and nothing is published",
    arguments: [
      (["--execute"], "no column means source"), (["--source", "x", "--map", "phone=fone"], "names the field"),
      (["--source", "x", "--encoding", "latin-1"], "--encoding is"),
      (["--source", "x", "--country", "XX"], "--country"),
      (["--source", "x", "--currency", "yuan"], "--currency"), (["--source", "x", "--name", ""], "--name"),
    ])
  func commandLine(words: [String], sentence: String) throws {
    let run = try run(Array("phone\n13812345678\n".utf8), words, firm: nil)
    #expect(run.exit == .usage)
    #expect(run.err.contains(sentence), "\(run.err)")
    #expect(try stored() == 0)
  }

  @Test("what the broker refuses is told by line, and the exit says so")
  func refusedByBroker() throws {
    // TOPIC_AUTHORIZATION_FAILED, for each of two events: they need not go in one request.
    cluster.fail(.produce, with: [29, 29])
    let run = try run(Array("phone\n13812345678\n13812345679\n".utf8), ["--source", "x", "--execute"])
    #expect(run.exit == .unreachable)
    #expect(run.err.contains(":2: not delivered: "))
    #expect(run.err.contains(":3: not delivered: "))
    #expect(run.err.contains("2 events were not acknowledged; import the same file again"))
  }
}

@Suite struct LeadRowReaderTests {
  private func events(
    _ text: String, _ choices: LeadRowReader.Choices = .init(source: "expo")
  ) throws -> [(id: String, key: String, value: String)] {
    var events: [(id: String, key: String, value: String)] = []
    try temporaryFile(text) { path in
      let reader = try TableReader(try TextFile(path))
      let leads = LeadRowReader(try ColumnMap(reader.header, LeadsImportFields.all), choices)
      while let row = try reader.next() {
        let refusal = try leads.read(row) {
          events.append(($0.id, $0.key ?? "", String(decoding: $0.value, as: UTF8.self)))
        }
        #expect(refusal == nil)
      }
    }
    return events
  }

  @Test(
    "a row has one id in whichever file, order, encoding of quotes and spelling of its phone; another row has another")
  func identity() throws {
    let file = try events("手机,姓名\n13812345678,王\n13812345679,李\n")
    let other = try events("name;备注;mobile\n李;x;１３８-1234-5679\n\"王\";;+86 138 1234 5678\n张;;13812345680")
    #expect(file.map(\.id) == [other[1].id, other[0].id])
    #expect(Set(other.map(\.id)).count == 3)
    #expect(file.map(\.value) == [other[1].value, other[0].value])
    #expect(file[0].id.hasPrefix("import/") && file[0].id.utf8.count == 39)
    #expect(file[0].key == "+8613812345678")
    let renamed = try events("手机,姓名\n13812345678,王\n", .init(source: "expo", name: "spring"))
    #expect(renamed[0].id.hasPrefix("spring/") && renamed[0].value == file[0].value)
    // With other data it is another event, never the same id with other data.
    #expect(try events("手机,姓名\n13812345678,王\n", .init(source: "web"))[0].id != file[0].id)
  }

  @Test("an id made of a row with an ID number cannot be made again without the key")
  func secret() throws {
    func id(_ key: String?) throws -> String {
      let key = key.map { IdentityKey(Secret($0)) }
      return try events("手机,证件号码\n13812345678,11010519491231002X\n", .init(source: "expo", identityKey: key))[0].id
    }
    #expect(try id("one") == id("one"))
    #expect(try Set([id("one"), id("other"), id(nil)]).count == 3)
    let plain = "手机\n13812345678\n"
    let keyed = LeadRowReader.Choices(source: "expo", identityKey: IdentityKey(Secret("one")))
    #expect(try events(plain, keyed)[0].id == events(plain)[0].id)
  }

  @Test("a document is of the kind that the table says, in either language")
  func documents() throws {
    let all = try events("phone,证件类型,证件号码\n13812345678,护照,E12345678\n13812345678,passport,E12345678\n13812345678,护照,\n")
    #expect(all[0].value == all[1].value)
    #expect(all[0].value.hasSuffix(#""idNumber":"E12345678","idType":"passport"}"#))
    #expect(all[2].value == #"{"phone":"+8613812345678","source":"expo"}"#)
    let map = try ColumnMap(["phone", "idType", "idNumber"], LeadsImportFields.all)
    let leads = LeadRowReader(map, .init(source: "expo"))
    let refusal = try leads.read(TableRow(cells: ["13812345678", "library card", "1234"])) { _ in }
    #expect(refusal?.reason == "unknown-word" && refusal?.path == "idType")
  }

  @Test("languages, countries and currencies are read as people write them")
  func words() throws {
    let all = try events(
      "phone,country,language,amount,ccy\n61234567,hk,粤语,100,HKD\n13812345678,,English,100,\n13812345678,CN,pt-BR,,\n")
    #expect(
      all.map(\.value) == [
        #"{"phone":"+85261234567","source":"expo","language":"yue","value":{"amount":"100.00","currency":"HKD"}}"#,
        #"{"phone":"+8613812345678","source":"expo","language":"en","value":{"amount":"100.00","currency":"CNY"}}"#,
        #"{"phone":"+8613812345678","source":"expo","language":"pt-BR"}"#,
      ])
  }

  @Test(
    "a phone that nobody can dial is refused with its reason",
    arguments: [
      ("12345", "local-only"), ("1381234567813812345678", "too-long"), ("call me", "not-a-number"), ("", "missing"),
      ("+999 123456", "unknown-country"), ("1.38E+10", "rounded-by-spreadsheet"),
      ("13812345678/13912345678", "too-long"),
    ])
  func phones(phone: String, reason: String) throws {
    let leads = LeadRowReader(try ColumnMap(["phone"], LeadsImportFields.all), .init(source: "expo"))
    let refusal = try leads.read(TableRow(cells: [phone])) { _ in }
    #expect(refusal?.reason == reason, "\(refusal?.description ?? "taken")")
    #expect(refusal?.path == "phone")
  }

  @Test("random tables: each row is an event or a refusal, and an event is one that the worker's reader takes")
  func random() throws {
    var dice = SystemRandomNumberGenerator()
    let cells = [
      "13812345678", "＋86 138", "1.38E+10", "=\"1\"", "'", "\"", "\"\"", "\u{0}", "王小明", "\n", "\r", ",", ";", "，", "x",
      "#N/A", "50万", "999999999999999999", "-", ".", "e", "E5", "¥", "亿", "\u{FEFF}", "\u{200B}",
      String(repeating: "长", count: 300),
      "{\"a\":1}", "\\", "HK$", ".0", "1.0", "123.0", "CNY", "110105194912310000", "110105", "\u{202E}",
    ]
    let header = "phone,name,source,product,language,value,currency,idNumber,customerNumber,country\n"
    for _ in 0..<200 {
      var text = header
      for _ in 0..<20 {
        for column in 0..<10 {
          if column > 0 { text += "," }
          for _ in 0..<Int.random(in: 0..<3, using: &dice) { text += cells.randomElement(using: &dice)! }
        }
        text += "\n"
      }
      try temporaryFile(text) { path in
        let reader = try TableReader(try TextFile(path))
        let leads = LeadRowReader(try ColumnMap(reader.header, LeadsImportFields.all), .init(source: "expo"))
        while let row = try reader.next() {
          var published = 0
          let refusal = try leads.read(row) { _ in published += 1 }
          #expect((published == 1) != (refusal != nil))
        }
      }
    }
  }

  @Test("the page for producers has every heading that is known, and no other")
  func page() throws {
    let top = URL(filePath: #filePath).appending(path: "../../..").standardized
    let page = try String(contentsOf: top.appending(path: "Topics/README.md"), encoding: .utf8)
    let section = try #require(
      page.components(separatedBy: "### From a table").last?.components(separatedBy: "\n## ")[0])
    var told: [String: Set<String>] = [:]
    for row in section.split(separator: "\n").filter({ $0.hasPrefix("| `") }) {
      let cells = row.split(separator: "|").map { $0.split(separator: " ").map(String.init) }
      guard cells.count == 2, let field = cells[0].first else { continue }
      told[field.trimmingCharacters(in: ["`", ","])] = Set(cells[1])
    }
    let known = LeadsImportFields.all.map { ($0.name, Set($0.headings + [ColumnMap.normalized($0.name)])) }
    #expect(told == Dictionary(uniqueKeysWithValues: known))
    for field in LeadsImportFields.all {
      for heading in field.headings { #expect(ColumnMap.normalized(heading) == heading) }
    }
    #expect(Set(LeadsImportFields.all.flatMap(\.headings)).count == LeadsImportFields.all.flatMap(\.headings).count)
  }

  @Test("every reason for which a row is rejected stands on the page for producers")
  func reasons() throws {
    let top = URL(filePath: #filePath).appending(path: "../../..").standardized
    let page = try String(contentsOf: top.appending(path: "Topics/README.md"), encoding: .utf8)
    for folder in ["Files", "Leads"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: top.path + "/ops/millrace/" + folder)
      where folder == "Files" || name.hasPrefix("Lead") {
        let text = try String(contentsOf: top.appending(path: "ops/millrace/\(folder)/\(name)"), encoding: .utf8)
        for match in text.matches(of: /Refusal\(\s*"([a-z0-9-]+)"/) {
          #expect(page.contains("`\(match.1)`"), "\(name): \(match.1)")
        }
      }
    }
    for possibility in ["local-only", "impossible-length", "too-short", "too-long"] {
      #expect(page.contains("`\(possibility)`"))
    }
  }
}
