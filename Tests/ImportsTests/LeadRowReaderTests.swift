import Customers
import Foundation
import Seeding
import Settings
import TestKit
import Testing

@testable import Imports
@testable import Tables

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
    let refusal = try leads.read(TableRow(line: 1, cells: ["13812345678", "library card", "1234"])) { _ in }
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
    let refusal = try leads.read(TableRow(line: 1, cells: [phone])) { _ in }
    #expect(refusal?.reason == reason, "\(refusal?.description ?? "taken")")
    #expect(refusal?.path == "phone")
  }

  @Test("random tables: each row is an event or a refusal, and an event is one that the worker's reader takes")
  func random() throws {
    var dice = Seeded()
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
    for folder in ["Tables", "Imports"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: top.path + "/Core/" + folder)
      where folder == "Tables" || name.hasPrefix("Lead") {
        let text = try String(contentsOf: top.appending(path: "Core/\(folder)/\(name)"), encoding: .utf8)
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
