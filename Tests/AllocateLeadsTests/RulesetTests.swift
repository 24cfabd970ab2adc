import Contract
import PhoneNumbers
import Testing

@testable import LeadAllocation

@Suite struct RulesetTests {
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
    #expect(ruleset.match(region, row.source, row.product)?.position == row.position)
  }

  @Test("a set without rules matches nothing")
  func none() {
    #expect(Ruleset.none.match(RegionPath("CN"), "web", nil) == nil)
  }

  static func rule(
    _ position: Int32, _ region: String? = nil, source: String? = nil, product: String? = nil, to branch: Int64
  ) -> Ruleset.Rule {
    let path = region.flatMap { RegionPath($0) }
    return Ruleset.Rule(
      position: position, region: path, isNowhere: region != nil && path == nil, source: source, product: product,
      branch: branch)
  }
}

@Suite struct NumberStockTests {
  private struct Out: Error {}

  @Test("numbers come from blocks of a thousand, each once, whatever sizes are taken")
  func unique() {
    var stock = NumberStock()
    var block: Int64 = 6
    var seen: Set<Int64> = []
    var chance = Seed(1)
    for _ in 0..<60 {
      let count = Int.random(in: 0...700, using: &chance)
      var taken = stock.take(count) {
        block += 1
        return block
      }
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
    var stock = NumberStock()
    _ = stock.take(0) {
      Issue.record("a block was fetched")
      return 1
    }
  }

  @Test("when no block can be had, nothing is given twice afterwards")
  func failure() throws {
    var stock = NumberStock()
    var first = stock.take(10) { 1 }
    #expect(throws: Out.self) { try stock.take(2000) { () throws(Out) in throw Out() } }
    var second = stock.take(10) { 2 }
    #expect(Set((0..<10).map { _ in first.next() }).isDisjoint(with: (0..<10).map { _ in second.next() }))
  }
}
