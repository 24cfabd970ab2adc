import Contract
import PhoneNumbers
import Seeding
import Testing
import Values

@testable import LeadAllocation

@Suite struct RulesetTests {
  private let now = Timestamp(microseconds: 1_790_000_000_000_000)
  private let ruleset = Ruleset(
    version: 3,
    rules: [
      RulesetTests.rule(1, "CN-GD/Shenzhen", product: "fund", to: 10),
      RulesetTests.rule(2, "CN-GD/Shenzhen", to: 11),
      RulesetTests.rule(3, "CN-GD", to: 12),
      RulesetTests.rule(4, "CN", source: "wechat", to: 13),
      RulesetTests.rule(5, "nowhere", to: 14),
      RulesetTests.rule(6, nil, source: "import", product: "bond", to: 15),
      RulesetTests.rule(7, "US", to: 16),
    ])

  struct Case: Sendable {
    let region: String?
    let source: String
    let product: String?
    let position: Int32?
  }

  @Test(
    "the first rule whose every condition holds gives the branch",
    arguments: [
      Case(region: "CN-GD/Shenzhen", source: "web", product: "fund", position: 1),
      Case(region: "CN-GD/Shenzhen", source: "web", product: "bond", position: 2),
      Case(region: "CN-GD/Shenzhen", source: "web", product: nil, position: 2),
      Case(region: "CN-GD/Guangzhou", source: "web", product: "fund", position: 3),
      Case(region: "CN-GD", source: "web", product: nil, position: 3),
      Case(region: "CN-BJ", source: "wechat", product: nil, position: 4),
      Case(region: "CN", source: "wechat", product: nil, position: 4),
      Case(region: "CN-BJ", source: "web", product: nil, position: nil),
      Case(region: "CN-BJ", source: "import", product: "bond", position: 6),
      Case(region: nil, source: "import", product: "bond", position: 6),
      Case(region: nil, source: "wechat", product: nil, position: nil),
      Case(region: "US", source: "web", product: nil, position: 7),
      Case(region: "US-CA", source: "web", product: nil, position: 7),
      Case(region: "DE", source: "WECHAT", product: nil, position: nil),
    ])
  func match(_ row: Case) {
    let region = row.region.flatMap { RegionPath($0) }
    #expect((region == nil) == (row.region == nil), "the data have no such region")
    let lead = LeadFacts(region: region, source: row.source, product: row.product)
    #expect(ruleset.match(lead, at: now)?.position == row.position)
    var memory = RuleMemory(ruleset)
    memory.advance(to: now)
    for _ in 0..<2 { #expect(memory.match(lead)?.position == row.position, "remembered") }
  }

  @Test("language and value decide: exactly, and from inclusive to below exclusive in the rule's own currency")
  func languageAndValue() {
    let rules = Ruleset(
      version: 1,
      rules: [
        .init(position: 1, language: "zh-Hant", branch: 1),
        .init(position: 2, currency: "CNY", valueFrom: 5_000_000, branch: 2),
        .init(position: 3, currency: "CNY", valueFrom: 1_000_000, valueBelow: 5_000_000, branch: 3),
        .init(position: 4, currency: "USD", branch: 4),
      ])
    var memory = RuleMemory(rules)
    memory.advance(to: now)
    func position(_ language: String?, _ amount: String?, _ currency: String = "CNY") -> Int32? {
      let value = amount.flatMap { Money($0, currency) }
      let lead = LeadFacts(source: "web", language: language, value: value)
      let found = rules.match(lead, at: now)?.position
      for _ in 0..<2 { #expect(memory.match(lead)?.position == found) }
      return found
    }
    #expect(position("zh-Hant", nil) == 1 && position("zh", nil) == nil && position(nil, nil) == nil)
    #expect(position(nil, "500.0000") == 2 && position(nil, "499.9999") == 3 && position(nil, "100") == 3)
    #expect(position(nil, "99.9999") == nil && position(nil, "1", "USD") == 4 && position(nil, "1000", "EUR") == nil)
  }

  @Test("a rule holds from its first moment to before its last, also for what is remembered")
  func validity() {
    let (from, until) = (now.adding(seconds: 10), now.adding(seconds: 20))
    let rules = Ruleset(
      version: 1,
      rules: [.init(position: 1, validFrom: from, validUntil: until, branch: 1), .init(position: 2, branch: 2)])
    var memory = RuleMemory(rules)
    var editions = [memory.edition]
    for (seconds, expected) in [(0, 2), (9, 2), (10, 1), (19, 1), (20, 2), (30, 2), (15, 1)] as [(Int64, Int32)] {
      let moment = now.adding(seconds: seconds)
      memory.advance(to: moment)
      #expect(memory.match(LeadFacts(source: "web"))?.position == expected)
      #expect(rules.match(LeadFacts(source: "web"), at: moment)?.position == expected)
      #expect(memory.validUntil == (seconds < 10 ? from : seconds < 20 ? until : nil))
      editions.append(memory.edition)
    }
    #expect(zip(editions, editions.dropFirst()).map(!=) == [true, false, true, false, true, false, true])
    #expect(RuleMemory(rules).edition != RuleMemory(.none).edition)
  }

  @Test("a set without rules matches nothing")
  func none() {
    #expect(Ruleset.none.match(LeadFacts(region: RegionPath("CN"), source: "web"), at: now) == nil)
  }

  static func rule(
    _ position: Int32, _ region: String? = nil, source: String? = nil, product: String? = nil, to branch: Int64
  ) -> Ruleset.Rule {
    Ruleset.Rule(position: position, region: region, source: source, product: product, branch: branch)
  }
}

@Suite struct NumberStockTests {
  @Test("numbers come from blocks of a thousand, each once, whatever sizes are taken")
  func unique() {
    var stock = NumberStock()
    var block: Int64 = 6
    var seen: Set<Int64> = []
    var chance = Seeded(1)
    for _ in 0..<60 {
      let count = Int.random(in: 0...700, using: &chance)
      for _ in 0..<stock.blocks(missingFor: count) {
        block += 1
        stock.add([block])
      }
      var taken = stock.take(count)
      for _ in 0..<count {
        let number = taken.next()
        #expect(number >= 7000 && number < block * 1000 + 1000)
        let isNew = seen.insert(number).inserted
        #expect(isNew)
      }
    }
    #expect(Int64(seen.count) > (block - 7) * 1000, "no block is fetched before it is needed")
  }

  @Test("taking none asks the database for nothing")
  func none() {
    #expect(NumberStock().blocks(missingFor: 0) == 0)
    var stock = NumberStock()
    stock.add([1])
    #expect([1, 1000, 1001, 2000, 2001].map { stock.blocks(missingFor: $0) } == [0, 0, 1, 1, 2])
  }
}
