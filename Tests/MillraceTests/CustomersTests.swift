import Customers
import Foundation
import JSON
import Kafka
import Postgres
import Settings
import TestKit
import Testing
import Topics

@testable import millrace

/// What may be seen of customers, through the command and past it.
@Suite struct CustomersTests {
  private static let secret = "a key for tests, 32 bytes and more"
  private static let key = IdentityKey(Secret(secret))

  /// A database with a few customers, and a login with an operator's rights and no more.
  private func with(_ body: (TestDatabase, String) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      let login = "clerk_\(UUID().uuidString.prefix(8).lowercased())"
      try session.run(
        script: """
          create role \(login) login password 'p';
          grant millrace_operator to \(login);
          insert into branch (id, code, name, level) values (1, 'GZ', 'Guangzhou', 'city');
          insert into person (id, code, branch_id, name) values (1, 'P1', 1, 'a');
          insert into customer (id, code, version, data, status, number, name, other_names, email, birthday, level, assets_amount,
            assets_currency, assets_as_of, tags, consented, consent_slots, consent_times, consent_sources, branch_id, manager_id,
            unknown_manager, confidential, flaws, changed_at) values
            (1, 'C1', 7, gen_random_uuid(), 'active', '8800', '王小明', '{Wang Xiaoming}', 'wang@example.com', '1949-12-31', 'gold',
              12.5, 'CNY', '2026-01-31', '{vip,margin}', 4, '{2}', '{2026-01-31}', '{app}', 1, 1, null, false,
              '{"phones[0]: not-a-number"}', now()),
            (2, 'C2', 1, gen_random_uuid(), 'dormant', '8800', '王大文', '{}', null, null, null, null, null, null, '{vip}', 0, '{}', '{}',
              '{}', null, null, 'P9', true, '{}', now());
          insert into customer_phone values (8613812345678, 1, 0, 'mobile'), (862038881234, 1, 1, null), (8613812345678, 2, 0, null);
          """)
      _ = try session.rows("update customer set identity = $1 where id = 1") {
        $0.fingerprint(try! CustomersTests.key.fingerprint(of: IDNumber("11010519491231002X")))
      }
      _ = try session.rows("begin")
      try CustomersTests.key.check(Transaction(open: session))
      _ = try session.rows("commit")
      defer { _ = try? session.run(script: "drop owned by \(login); drop role \(login)") }
      try body(database, "user=\(login) password=p \(database.conninfo)")
    }
  }

  private func run(_ words: String..., as login: String? = nil, on database: TestDatabase) -> CommandRun {
    var more = ["IDENTITY_KEY": CustomersTests.secret]
    if let login { more["DATABASE_URL"] = login }
    return CommandRun(words, on: login == nil ? database : nil, more: more)
  }

  @Test("a login without the right sees customers masked, and confidential ones by their code alone")
  func masked() throws {
    try with { database, clerk throws in
      let one = run("customers", "show", "C1", "--json", as: clerk, on: database)
      #expect(one.exit == .done, "\(one.err)")
      for text in [
        #""name":"王**""#, #""otherNames":"W**""#, #""phones":"+*********5678 mobile, +********1234""#,
        #""email":"***@example.com""#, #""birthday":"1949-**-**""#, #""assets":null"#, #""hasIdNumber":true"#,
        #""tags":"vip, margin""#, #""consents":"sms marketing yes 2026-01-31 app""#, #""manager":"P1""#,
        #""flaws":"phones[0]: not-a-number""#,
      ] { #expect(one.out.contains(text), "\(text) in \(one.out)") }
      let two = run("customers", "show", "C2", "--json", as: clerk, on: database)
      #expect(two.out.contains(#""name":null"#) && two.out.contains(#""phones":null"#))
      #expect(two.out.contains(#""manager":"P9 (unknown)""#))
      #expect(run("customers", "show", "C3", as: clerk, on: database).exit == .no)
      #expect(!run("customers", "find", "--tag", "vip", as: clerk, on: database).out.contains("小明"))
    }
  }

  @Test("a login that was granted the role sees them")
  func revealed() throws {
    try with { database, clerk throws in
      let login = String(clerk.split(separator: " ")[0].dropFirst(5))
      try database.connect().run(script: "grant millrace_reveal to \(login)")
      let one = run("customers", "show", "C1", "--json", as: clerk, on: database)
      for text in [
        #""name":"王小明""#, #""phones":"+8613812345678 mobile, +862038881234""#, #""email":"wang@example.com""#,
        #""birthday":"1949-12-31""#, #""assets":"12.5000""#,
      ] { #expect(one.out.contains(text), "\(text) in \(one.out)") }
    }
  }

  @Test("whoever comes past the command sees no more")
  func pastTheCommand() throws {
    try with { database, clerk throws in
      let session = try Connection(clerk, name: "psql", limits: TestDatabase.limits)
      for role in ["none", "millrace_operator"] {
        try session.run(script: "set role \(role)")
        for table in ["customer", "customer_phone", "customer_consent"] {
          let error = #expect(throws: PostgresError.self) { try session.run(script: "select * from \(table)") }
          #expect(error?.sqlState == "42501", "\(table) as \(role)")
        }
      }
      #expect(try session.rows("select name from customer_seen where code = 'C1'")[0].text(0) == "王**")
      // A condition that tells what it is given is not asked before the mask is on.
      try session.run(
        script: """
          create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0001 as $$
          begin raise exception 'told %', $1; end $$
          """)
      let error = #expect(throws: PostgresError.self) {
        try session.run(script: "select from customer_seen where code = 'C1' and pg_temp.tell(name)")
      }
      #expect(error?.message.contains("told 王**") == true)
    }
  }

  @Test("customers are found by every key, several by one, and by an ID number under the right key alone")
  func found() throws {
    try with { database, clerk throws in
      func codes(_ words: String...) -> [String] {
        let found = CommandRun(
          ["customers", "find"] + words, more: ["IDENTITY_KEY": CustomersTests.secret, "DATABASE_URL": clerk])
        return found.rows.map { $0[0] }
      }
      #expect(codes("--id", "11010519491231002x") == ["C1"])
      #expect(codes("--id", "11010519491231002X", "--id-type", "passport") == ["No customer."].filter { _ in false })
      #expect(codes("--number", "8800") == ["C1", "C2"])
      #expect(codes("--name", "王小") == ["C1"])
      #expect(codes("--name", "王") == ["C1", "C2"])
      #expect(codes("--phone", "138 1234 5678") == ["C1", "C2"])
      #expect(codes("--tag", "margin") == ["C1"])
      #expect(
        run("customers", "find", "--tag", "vip", "--limit", "1", as: clerk, on: database).out.contains("There may be"))
      let usage = [
        ["--id", "110105194912310021"], ["--phone", "x"], ["--tag", "a", "--name", "b"], [],
        ["--id", "1", "--id-type", "x"],
      ]
      for words in usage {
        #expect(
          CommandRun(["customers", "find"] + words, more: ["IDENTITY_KEY": Self.secret, "DATABASE_URL": clerk]).exit
            == .usage,
          "\(words)")
      }
      let other = CommandRun(
        ["customers", "find", "--id", "11010519491231002X"],
        more: ["IDENTITY_KEY": String(repeating: "x", count: 32), "DATABASE_URL": clerk])
      #expect(other.exit == .no && other.err.contains("IDENTITY_KEY is not the key"))
    }
  }

  // MARK: Import

  private static let table = """
    客户编号,版本,客户号,姓名,证件号码,证件类型,手机号,电话2,出生日期,客户等级,总资产,资产日期,标签,营业部,状态,短信营销,同意时间
    C1,7,8800,王小明,11010519491231002X,身份证,１３８１２３４５６７８,020-3888 1234,1949/12/31,gold,125万,2026-01-31,vip；margin,GZ,正常,同意,2026-01-31
    C2,8,,李娜,,,13900000000,,,,,,,,销户,,
    C3,0,,赵敏,,,,,,,,,,,,,
    C4,1,,钱七,,,,,1949/13/31,,,,,,,,
    C5,1,,孙八,,,,,,,5万,,,,,,
    C6,1,,周九,,,,,,,,,,,,同意,
    ,1,,吴十,,,,,,,,,,,,,
    C8,1,,郑一,,,,,,,,,,,,也许,2026-01-31

    """

  /// The run, and how many events are on the broker.
  private func imported(_ text: String, _ end: String, _ words: [String]) throws -> (run: CommandRun, events: Int64) {
    let cluster = try MockCluster()
    try cluster.createTopic("customer.profile", partitions: 1)
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).\(end)").path
    try Data(text.utf8).write(to: URL(filePath: path))
    defer { _ = try? FileManager.default.removeItem(atPath: path) }
    let run = CommandRun(["customers", "import", path] + words, kafka: cluster.bootstrapServers)
    let admin = try Admin(properties: try cluster.properties())
    let (low, high) = try admin.watermarks(TopicPartition("customer.profile", 0), within: .seconds(60))
    return (run, high - low)
  }

  @Test("a table of customers is published as profiles, bad rows are told by line, heading and reason")
  func table() throws {
    let (run, events) = try imported(CustomersTests.table, "csv", ["--execute", "--json"])
    #expect(run.exit == .no)
    #expect(events == 2, "\(run.out) \(run.err)")
    for text in [
      "4: 版本: out-of-range", "5: 出生日期: not-a-day", "6: 资产日期: missing", "7: 同意时间: missing", "8: 客户编号: missing",
      "9: 短信营销: unknown-word",
    ] { #expect(run.err.contains(text), "\(text) in \(run.err)") }
  }

  @Test("without a column of versions one must be given, and without --execute nothing is published")
  func preview() throws {
    #expect(try imported("customerId,name\nC1,a\n", "csv", []).run.exit == .usage)
    let (run, events) = try imported("customerId,name\nC1,a\n", "csv", ["--version", "12"])
    #expect(run.exit == .done && events == 0 && run.out.contains(#""version":12"#), "\(run.out)\(run.err)")
  }

  @Test("lines of JSON are taken as they are")
  func lines() throws {
    let text = """
      {"customerId":"C1","version":1,"name":"a"}
      {"customerId":"C2","version":0}
      not json

      {"customerId":"C3","version":1}
      """
    let (run, events) = try imported(text, "jsonl", ["--execute"])
    #expect(run.exit == .no)
    #expect(events == 2)
    #expect(run.err.contains("2: version: out-of-range") && run.err.contains("3: not-json"), "\(run.err)")
    #expect(try imported(text, "jsonl", ["--version", "1"]).run.exit == .usage)
  }
}
