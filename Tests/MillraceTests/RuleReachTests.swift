import Testing
import Values

@testable import millrace

@Suite struct RuleReachTests {
  private static func rules(_ texts: [String]) throws -> [Firm.Rule] {
    let rows = texts.map { "{\($0)\($0.isEmpty ? "" : ", ")\"branch\": \"HQ\"}" }.joined(separator: ", ")
    return try #require(try Firm(reading: Array(#"{"rules": [\#(rows)]}"#.utf8)).rules)
  }

  @Test(
    "a rule is hidden by those before it that take all it would",
    arguments: [
      ([#""region": "CN-GD""#, #""region": "CN-GD/Shenzhen""#], [1: [0]]),
      ([#""region": "CN-GD/Shenzhen""#, #""region": "CN-GD""#], [:]),
      ([#""region": "CN""#, #""region": "CN-GD/Shenzhen", "source": "web""#], [1: [0]]),
      ([#""region": "CN-GD", "source": "web""#, #""region": "CN-GD/Shenzhen", "source": "app""#], [:]),
      ([#""region": "CN-GD", "source": "web""#, #""region": "CN-GD/Shenzhen""#], [:]),
      // A lead without a region matches only what names none.
      ([#""region": "CN""#, ""], [:]),
      (["", #""language": "en""#, #""product": "fund""#], [1: [0], 2: [0]]),
      ([#""language": "zh""#, #""language": "en""#], [:]),
      // Values: the currency counts, and a lead may have none.
      ([#""valueFrom": "100", "currency": "CNY""#, #""valueFrom": "500", "currency": "CNY""#], [1: [0]]),
      ([#""valueFrom": "100", "currency": "CNY""#, #""valueFrom": "99.99", "currency": "CNY""#], [:]),
      ([#""valueFrom": "100", "currency": "CNY""#, #""valueFrom": "500", "currency": "USD""#], [:]),
      (
        [
          #""valueBelow": "100", "currency": "CNY""#, #""valueFrom": "100", "currency": "CNY""#, "",
          #""valueFrom": "50", "valueBelow": "150", "currency": "CNY""#,
        ], [3: [2]]
      ),
      (
        [
          #""valueBelow": "100", "currency": "CNY""#, #""valueFrom": "100", "currency": "CNY""#,
          #""valueFrom": "50", "valueBelow": "150", "currency": "CNY""#, "",
        ], [2: [0, 1]]
      ),
      (
        [
          #""valueBelow": "100", "currency": "CNY""#, #""valueFrom": "100.01", "currency": "CNY""#,
          #""valueFrom": "50", "valueBelow": "150", "currency": "CNY""#,
        ], [:]
      ),
      // Dates: together two halves of a year hide what lies in it.
      (
        [
          #""validFrom": "2026-01-01T00:00:00Z", "validUntil": "2026-07-01T00:00:00Z""#,
          #""validFrom": "2026-07-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z""#,
          #""region": "CN", "validFrom": "2026-06-01T00:00:00Z", "validUntil": "2026-08-01T00:00:00Z""#,
          #""region": "CN", "validFrom": "2026-06-01T00:00:00Z", "validUntil": "2027-08-01T00:00:00Z""#,
        ], [2: [0, 1]]
      ),
      // Values by dates: four quarters of the plane.
      (
        [
          #""valueBelow": "9", "currency": "CNY", "validUntil": "2026-07-01T00:00:00Z""#,
          #""valueFrom": "9", "currency": "CNY", "validUntil": "2026-07-01T00:00:00Z""#,
          #""valueBelow": "9", "currency": "CNY", "validFrom": "2026-07-01T00:00:00Z""#,
          #""source": "web", "valueFrom": "8", "valueBelow": "10", "currency": "CNY""#,
          #""valueFrom": "9", "currency": "CNY", "validFrom": "2026-07-01T00:00:00Z""#,
          #""source": "app", "valueFrom": "8", "valueBelow": "10", "currency": "CNY""#,
        ], [5: [0, 1, 2, 4]]
      ),
    ] as [([String], [Int: [Int]])])
  func hidden(texts: [String], expected: [Int: [Int]]) throws {
    let hidden = RuleReach.hidden(try Self.rules(texts))
    #expect(Dictionary(uniqueKeysWithValues: hidden.map { ($0.rule, $0.by) }) == expected)
  }

  @Test("ten thousand rules are judged at once: each looks only at those around it")
  func many() throws {
    var rules: [Firm.Rule] = []
    for source in 0..<2500 {
      for region in ["CN-GD/Shenzhen", "CN-GD", "CN", nil] {
        rules.append(Firm.Rule(region: region, source: "s\(source)", branch: "HQ"))
      }
    }
    rules.append(Firm.Rule(region: "CN-GD/Guangzhou", source: "s7", branch: "HQ"))
    let hidden = RuleReach.hidden(rules)
    #expect(hidden == [RuleReach.Hidden(rule: 10_000, by: [29], isSame: false)])
  }
}
