import Postgres
import Seeding
import TestKit
import Testing

@testable import Campaigns

@Suite struct FilterSQLTests {
  private static let customers = """
    insert into customer (id, code, version, data, status, number, name, email, language, birthday, level, risk_rating, assets_amount,
      assets_currency, tags, consented, branch_id, manager_id, changed_at) values
      (1, 'C1', 1, gen_random_uuid(), 'active', '8801', '王', null, 'zh-CN', (now() at time zone 'Asia/Shanghai')::date - interval '30 years',
        'gold', 'C3', 500000, 'CNY', '{vip,fund}', 4, 2, 1, now()),
      (2, 'C2', 1, gen_random_uuid(), 'active', '8802', '李', null, 'en-GB',
        (now() at time zone 'Asia/Shanghai')::date - interval '30 years' + interval '1 day', 'silver', 'C5', 499999.9999, 'CNY', '{fund}', 4,
        null, 2, now() - interval '40 days'),
      (3, 'C3', 1, gen_random_uuid(), 'dormant', '8803', '张', null, null, '1990-01-05', 'gold', 'cautious', 500000, 'USD', '{}', 4, 4, 3,
        '2017-01-30 16:00Z'),
      (4, 'C4', 1, gen_random_uuid(), 'active', null, null, null, 'zh-CN', null, null, null, null, null, '{}', 4, null, null,
        '2017-01-31 15:59:59Z'),
      (5, 'C5', 1, gen_random_uuid(), 'removed', null, null, null, null, null, null, null, null, null, '{}', 0, 2, null, now());
    insert into customer_phone (phone, customer_id, place, kind, region) values
      (8613800000001, 1, 0, 'mobile', 'CN-JS/Nanjing'), (8613800000002, 2, 0, null, 'CN-JS'), (8613800000003, 3, 0, 'home', 'CN-GD'),
      (8613800000033, 3, 1, 'mobile', 'CN-J'), (8613800000004, 4, 0, 'mobile', '');
    """

  @Test("a filter finds whom it says, and of what is not known nothing is true")
  func customers() throws {
    try Firm.open(FilterSQLTests.customers) { (firm: Firm) throws in
      for (filter, expected) in FilterSQLTests.found { #expect(try firm.people(filter) == expected, "\(filter)") }
    }
  }

  private static let found: [(filter: String, people: [Int64])] = [
    ("level = gold", [1]), ("level = gold and status in (active, dormant)", [1, 3]), ("level != gold", [2]),
    ("not level = gold", [2, 4]), ("level is unknown", [4]), ("level is known", [1, 2]),
    ("level in (gold, silver)", [1, 2]),
    ("level = gold or level is unknown and tag = fund", [1]),
    ("(level = gold or level is unknown) and tag = fund", [1]),
    ("not (level = gold or level = silver)", [4]), ("not not level = gold", [1]),
    ("risk >= C3", [1, 2]), ("risk > C3", [2]), ("risk < C5", [1]), ("risk between C1 and C3", [1]),
    ("risk in (C3, C5)", [1, 2]),
    ("risk is unknown", [4]), ("status = dormant and risk is unknown", [3]), ("risk != C3", [2]),
    ("assets >= 500000 CNY", [1]), ("assets < 500000 CNY", [2]), ("status is known and assets >= 500000 USD", [3]),
    ("assets between 499999.9999 CNY and 500000 CNY", [1, 2]), ("assets = 500000 CNY", [1]),
    ("assets != 500000 CNY", [2]),
    ("assets in (500000 CNY, 1 CNY)", [1]), ("assets is unknown", [4]), ("assets >= 1 EUR", []),
    ("tag = vip", [1]), ("tag != vip", [2, 4]), ("tag in (vip, fund)", [1, 2]), ("tag is unknown", [4]),
    ("tag is known", [1, 2]),
    ("age >= 30", [1]), ("age = 30", [1]), ("age = 29", [2]), ("age < 30", [2]), ("age <= 29", [2]),
    ("age > 29", [1]), ("age != 30", [2]),
    ("age between 29 and 30", [1, 2]), ("age in (29, 50)", [2]), ("age is unknown", [4]),
    ("status = dormant and birthday = 01-05", [3]), ("status = dormant and birthday between 12-20 and 01-10", [3]),
    ("status = dormant and birthday between 01-06 and 12-31", []), ("status = dormant and birthday < 01-06", [3]),
    ("branch = SH", [1]), ("branch under SH", [1, 2]), ("branch != SH", [2]), ("branch in (SH, SH-PD)", [1, 2]),
    ("branch is unknown", [4]), ("branch = NOWHERE", []), ("branch != NOWHERE", [1, 2]), ("branch under NOWHERE", []),
    ("manager = P-1", [1]), ("manager != P-1", [2]), ("manager is unknown", [4]),
    ("region under CN-JS", [1, 2]), ("region = CN-JS", [2]), ("region is unknown", [4]),
    ("region in (CN-JS, CN-GD)", [2]),
    ("region under CN", [1, 2]), ("language = zh-CN", [1, 4]), ("number = 8802", [2]),
    ("changed > 30 days ago and level is known", [1]), ("changed < 30 days ago and level is known", [2]),
    ("changed <= 1 months ago and level is known", [2]), ("changed >= 2 weeks ago and level = gold", [1]),
    ("status is known and changed = 2017-01-31", [3, 4]),
    ("status is known and changed >= 2017-01-31 and changed < 2017-02-01", [3, 4]),
    ("status is known and changed > 2017-01-31", [1, 2]), ("status is known and changed <= 2017-01-30", []),
    ("status is known and changed between 2017-01-31 and 2017-01-31", [3, 4]),
    ("status is known and changed != 2017-01-31", [1, 2]),
  ]

  @Test("leads are found by their own fields; those who have become customers only where their state is asked for")
  func leads() throws {
    try Firm.open(
      """
      insert into lead (id, phone, region, name, source, product, state, branch_id, owner_id, protected_since, protected_until, version,
        registered_at, level, value_amount, value_currency, contacted_at, held_reason, held_since, customer_id, converted_at) values
        (1, 8613800000001, 'CN-JS', '王', 'web', 'bonds', 'owned', 2, 1, now(), now(), 1, now(), 'hot', 5, 'CNY', null, null, null, null, null),
        (2, 8613800000002, 'CN-SH', '李', 'app', null, 'held', null, null, null, null, 1, now() - interval '1 year', null, null, null, now(),
          'vacant', now(), null, null),
        (3, 8613800000003, 'CN-JS', '张', 'web', null, 'converted', 3, 2, null, null, 1, now(), null, null, null, null, null, null, 9, now());
      """
    ) { (firm: Firm) throws in
      for (filter, expected) in [
        ("source = web", [1]), ("source = web and state in (owned, converted)", [1, 3]), ("state = held", [2]),
        ("owner = P-1", [1]),
        ("registered < 6 months ago", [2]), ("contacted is unknown", [1]), ("value >= 5 CNY", [1]),
        ("product = bonds", [1]),
        ("level = hot", [1]), ("region under CN-SH", [2]), ("branch under SH", [1]),
      ] as [(String, [Int64])] { #expect(try firm.people(filter, .leads) == expected, "\(filter)") }
      // Whoever is of no branch belongs to the head office's campaigns alone.
      #expect(try firm.people("state is known", .leads, branch: 2) == [1, 3])
      #expect(try firm.people("state is known", .leads, branch: 1) == [1, 2, 3])
      #expect(try firm.people("state is known", .leads, branch: 4) == [])
    }
  }

  @Test("no value of a definition is ever in the SQL, whatever it looks like")
  func injection() throws {
    var random = Seeded()
    let hostile = [
      "'", "''", "\"", "\\", "$1", "$$", "--", "/*", "*/", ";", "%", "\u{2019}", "') or true --",
      "};drop table customer;",
    ]
    for _ in 0..<500 {
      var texts: [String] = []
      let first = Int.random(in: hostile.indices, using: &random)
      let filter = FilterSQLTests.filter(&random, depth: 4) {
        let text = "zq\(texts.count)" + hostile[(first + texts.count) % hostile.count] + "qz\(texts.count)"
        texts.append(text)
        return text
      }
      let definition = try CampaignDefinition.of(
        filter, .customers,
        #", "exclude": "level = zqex", "variants": [{"name": "zqva", "share": 50}, {"name": "zqvb", "share": 50}], "control": {"share": 1}"#
      )
      let audience = Audience(
        definition, AudienceScope(branches: [77_777_777], timeZone: "zqzone"), seed: "zqseed",
        needs: [TemplateNeed(variant: 0, place: 0, language: "zqla", variables: ["zqname", "name"])])
      for restriction: AudienceSQL.Restriction in [
        .none, .after(88_888_888, through: .max, limit: 99_999_999), .rivals, .people([66_666_666]),
      ] {
        var building = AudienceSQL(audience: audience, places: 0..<1)
        building.appendJudged {
          $0.appendReachable(restriction)
        } _: {
          $0.sql.append("false")
        }
        let sql = building.sql.text
        // A value that takes part in the SQL would bring its own marks, a quote that is not the source's, or its digits.
        #expect(!sql.contains("zq") && !sql.contains("qz"), "\(filter)")
        for number in ["66666666", "77777777", "88888888", "99999999"] { #expect(!sql.contains(number)) }
        #expect(sql.utf8.count { $0 == UInt8(ascii: "'") } % 2 == 0)
      }
    }
  }

  /// A filter of any shape whose texts are what `text` answers.
  private static func filter(_ random: inout Seeded, depth: Int, _ text: () -> String) -> String {
    func quoted() -> String {
      "\"" + text().replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    func inner() -> String { filter(&random, depth: depth - 1, text) }
    let shape = Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random)
    switch shape {
    case 0: return "level = \(quoted())"
    case 1: return "tag in (\(quoted()), \(quoted()))"
    case 2: return "branch under \(quoted())"
    case 3: return "manager != \(quoted())"
    case 4: return "language = \(quoted()) or assets > 5 CNY"
    case 5: return "(" + inner() + " and " + inner() + ")"
    case 6: return "(" + inner() + " or " + inner() + ")"
    default: return "not (" + inner() + ")"
    }
  }

  @Test("a value that looks like SQL is a value")
  func hostile() throws {
    try Firm.open { (firm: Firm) throws in
      let levels = ["gold", "x' or true --", "$1", "a\"b", "\\", "'); drop table customer; --"]
      for (number, level) in levels.enumerated() {
        try firm.add(Customer(Int64(number + 1), ["level": "'\(level.replacing("'", with: "''"))'"]))
      }
      for (number, level) in levels.enumerated() {
        let written = level.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        #expect(try firm.people("level = \"\(written)\"") == [Int64(number + 1)])
        #expect(try firm.people("level in (\"\(written)\", none)") == [Int64(number + 1)])
      }
    }
  }
}
