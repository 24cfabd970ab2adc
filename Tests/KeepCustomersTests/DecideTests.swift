import Contract
import Customers
import Digest
import Testing
import Topics
import Values

@testable import keep_customers

/// The decision alone, on values.
@Suite struct DecideTests {
  private static func stock(_ count: Int) -> NumberStock {
    var all = NumberStock()
    all.add([1])
    return all.take(count)
  }

  private static func outcome(_ decision: Decision<CustomerChange>) -> String {
    switch decision {
    case .apply(_, _, let outcome): outcome.description
    case .ignore(let reason): reason.description
    case .reject(let refusal): "\(refusal.path) \(refusal.reason)"
    }
  }

  private func outcomes(_ events: [CustomerProfile]) -> [String] {
    var book = CustomerBook(standing: [:], numbers: DecideTests.stock(20))
    return events.map { DecideTests.outcome(KeepCustomers.decide(delivery($0), &book, told)) }
  }

  @Test(
    "what becomes of versions in a batch",
    arguments: [
      ([profile("C", 1)], ["kept"]),
      ([profile("C", 1), profile("C", 2)], ["kept", "unchanged"]),
      ([profile("C", 2), profile("C", 1)], ["kept", "older"]),
      ([profile("C", 1), profile("C", 1)], ["kept", "repeat"]),
      ([profile("C", 1), profile("C", 1) { $0.name = "b" }], ["kept", "version version-reused"]),
      ([profile("C", 1), removal("C", 1)], ["kept", "version version-reused"]),
      ([removal("C", 1), profile("C", 1)], ["removed", "version version-reused"]),
      ([removal("C", 2), profile("C", 1)], ["removed", "older"]),
      ([removal("C", 2), removal("C", 2)], ["removed", "repeat"]),
      ([removal("C", 2), removal("C", 3)], ["removed", "removed"]),
      ([removal("C", 2), profile("C", 3)], ["removed", "kept"]),
      ([profile("C", 1), profile("D", 1)], ["kept", "kept"]),
      ([profile("C", 1) { $0.email = "none" }], ["kept-with-flaws"]),
    ] as [([CustomerProfile], [String])])
  func versions(events: [CustomerProfile], expected: [String]) { #expect(outcomes(events) == expected) }

  @Test(
    "what cannot be used is left out and named",
    arguments: [
      (
        profile("C", 1) { $0.phones = [.init("call me"), .init("13812345678"), .init("+86 138 1234 5678")] },
        ["phones[0]: not-a-number"]
      ),
      (profile("C", 1) { $0.phones = [.init("12")] }, ["phones[0]: too-short"]),
      (profile("C", 1) { $0.phones = [.init("5123 4567", country: "ZZ")] }, ["phones[0]: unknown-country"]),
      (profile("C", 1) { $0.idNumber = "110105194912310021" }, ["idNumber: wrong-check-digit"]),
      (profile("C", 1) { $0.idNumber = "--" }, ["idNumber: empty"]),
      (profile("C", 1) { ($0.idNumber, $0.idType) = ("E12345678", "resident") }, ["idNumber: wrong-length"]),
      (profile("C", 1) { ($0.idNumber, $0.idType) = ("E12345678", "passport") }, []),
      (profile("C", 1) { $0.birthday = "1700-01-01" }, ["birthday: implausible"]),
      (profile("C", 1) { $0.birthday = "2200-01-01" }, ["birthday: implausible"]),
      (profile("C", 1) { $0.birthday = "1949-12-31" }, []),
      (profile("C", 1) { $0.email = "a@b" }, ["email: not-an-address"]),
      (profile("C", 1) { $0.email = "a b@example.com" }, ["email: not-an-address"]),
      (profile("C", 1) { $0.email = "王@例子.中国" }, []),
      (profile("C", 1) { $0.assets = .init(Money("-5", "CNY")!, asOf: told) }, []),
    ] as [(CustomerProfile, [String])])
  func flaws(event: CustomerProfile, flaws: [String]) {
    guard case .profile(let said) = event else { return }
    #expect(CustomerFacts(said, testKey, happened: told).flaws == flaws)
  }

  @Test("the data's fingerprint changes with every fact, and not with the version or the ID number's spelling")
  func fingerprints() {
    func data(_ fill: (inout CustomerProfile.Profile) -> Void) -> Fingerprint {
      var said = CustomerProfile.Profile(CustomerVersion(id: "C", version: 1))
      fill(&said)
      return CustomerFacts(said, testKey, happened: told).data
    }
    let changes: [(inout CustomerProfile.Profile) -> Void] = [
      { _ in }, { $0.number = "1" }, { $0.name = "1" }, { $0.otherNames = ["1"] }, { $0.phones = [.init("1")] },
      { $0.email = "1" }, { $0.language = "zh" }, { $0.birthday = "1990-01-01" }, { $0.level = "1" },
      { $0.riskRating = "1" }, { $0.assets = .init(Money("1", "CNY")!, asOf: told) }, { $0.tags = ["1"] },
      { $0.consents = [.init(.sms, .marketing, given: true, at: told, source: "app")] },
      { $0.consents = [.init(.sms, .marketing, given: false, at: told, source: "app")] }, { $0.branch = "1" },
      { $0.manager = "1" }, { $0.status = .closed }, { $0.confidential = true }, { $0.idNumber = "11010519491231002X" },
      { $0.idNumber = "E1" }, { $0.idNumber = "110105194912310021" },
    ]
    #expect(Set(changes.map(data)).count == changes.count)
    #expect(data { $0.idNumber = "11010519491231002X" } == data { $0.idNumber = "11010519491231002x " })
    #expect(data { $0.customer = CustomerVersion(id: "C", version: 9) } == data { _ in })
  }

  @Test("consents are a bit each, in the order of channel and purpose")
  func consents() {
    var said = CustomerProfile.Profile(CustomerVersion(id: "C", version: 1))
    for channel in CustomerProfile.Consent.Channel.allCases {
      for purpose in CustomerProfile.Consent.Purpose.allCases {
        said.consents.insert(.init(channel, purpose, given: purpose == .service, at: told, source: "app"), at: 0)
      }
    }
    let facts = CustomerFacts(said, testKey, happened: told)
    #expect(facts.consented == 0b010_010_010_010)
    #expect(facts.refused == 0b101_101_101_101)
    #expect(facts.consents.map(\.slot) == Array(0..<12))
  }
}
