import Customers
import Foundation
import Kafka
import Postgres
import Settings
import Tables
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
    let reader = try TableReader(try TextFile(rejects))
    #expect(reader.header == RejectFile.columns + ["手机号（必填）", "姓名", "来源渠道", "意向产品", "证件号码", "意向金额", "备注"])
    var rows: [TableRow] = []
    while let row = try reader.next() { rows.append(row) }
    #expect(rows.map { $0[0] } == ["6", "7", "8", "9", "10", "11", "14"])
    #expect(rows[0].cells[1...2] == ["手机号（必填）", "rounded-by-spreadsheet"])
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
