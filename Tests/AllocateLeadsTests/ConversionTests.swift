import Customers
import Digest
import Testing

@testable import LeadAllocation

/// Who a new lead is, as a table of values.
@Suite struct ConversionTests {
  private static let mine = Fingerprint(high: 1, low: 1)
  private static let other = Fingerprint(high: 2, low: 2)
  private static let one = customer(1, mine)
  private static let two = customer(2, other)
  private static let three = customer(3, nil)

  private static func customer(_ id: Int64, _ identity: Fingerprint?) -> KnownCustomer {
    KnownCustomer(id: id, code: "C\(id)", branch: nil, manager: nil, identity: identity)
  }

  struct Case: Sendable {
    let about: String
    var identity: Fingerprint?
    var number: String?
    var phone: Int64?
    var phoneConverts = false
    let expected: String
  }

  @Test(
    "ID number, then customer number; a phone suggests; keys that disagree are left to a person",
    arguments: [
      Case(about: "no key", expected: "-"),
      Case(about: "ID number", identity: mine, expected: "1 identity"),
      Case(about: "customer number", number: "n2", expected: "2 number"),
      Case(about: "both agree", identity: mine, number: "n1", expected: "1 identity"),
      Case(about: "both name others", identity: mine, number: "n2", expected: "disagree 1 2"),
      Case(about: "ID number known, customer number not", identity: mine, number: "n9", expected: "1 identity"),
      Case(
        about: "ID number unknown, customer number of somebody with another", identity: Fingerprint(high: 9, low: 9),
        number: "n1", expected: "disagree 1"),
      Case(
        about: "ID number unknown, customer number of somebody without one", identity: Fingerprint(high: 9, low: 9),
        number: "n3", expected: "3 number"),
      Case(about: "two have the number", number: "shared", expected: "disagree 1 2"),
      Case(about: "two have the number, the ID number tells", identity: mine, number: "shared", expected: "1 identity"),
      Case(about: "two have the ID number", identity: Fingerprint(high: 5, low: 5), expected: "disagree 2 3"),
      Case(
        about: "two have the ID number, the customer number tells", identity: Fingerprint(high: 5, low: 5),
        number: "n3", expected: "3 identity"),
      Case(about: "a phone suggests", phone: 11, expected: "suggested 1"),
      Case(about: "a phone of two", phone: 12, expected: "suggested 1 2"),
      Case(about: "a phone converts where the firm wants it", phone: 11, phoneConverts: true, expected: "1 phone"),
      Case(about: "a phone of two does not", phone: 12, phoneConverts: true, expected: "suggested 1 2"),
      Case(
        about: "a phone of somebody with another ID number does not", identity: Fingerprint(high: 9, low: 9), phone: 11,
        phoneConverts: true, expected: "suggested 1"),
      Case(
        about: "a phone beside a number nobody has", number: "n9", phone: 11, phoneConverts: true,
        expected: "suggested 1"),
      Case(
        about: "the ID number counts before the phone", identity: other, phone: 11, phoneConverts: true,
        expected: "2 identity"),
    ])
  func table(_ row: Case) {
    let shared = Fingerprint(high: 5, low: 5)
    let known = KnownCustomers(
      byIdentity: [Self.mine: [Self.one], Self.other: [Self.two], shared: [Self.two, Self.three]],
      byNumber: ["n1": [Self.one], "n2": [Self.two], "n3": [Self.three], "shared": [Self.one, Self.two]],
      byPhone: [11: [Self.one], 12: [Self.one, Self.two]])
    let found = Conversion.find(
      identity: row.identity, number: row.number, phone: row.phone, among: known, phoneConverts: row.phoneConverts)
    #expect(line(found) == row.expected, "\(row.about)")
  }

  private func line(_ conversion: Conversion) -> String {
    func list(_ ids: [Int64]) -> String { ids.map { "\($0)" }.joined(separator: " ") }
    return switch conversion {
    case .none: "-"
    case .customer(let customer, let by): "\(customer.id) \(by.rawValue)"
    case .suggested(let ids): "suggested \(list(ids))"
    case .disagreement(let ids): "disagree \(list(ids))"
    }
  }
}

/// Where a source's leads go, as a table of values.
@Suite struct SourcesTests {
  struct Case: Sendable {
    let source: String
    var importer: String?
    let expected: String
  }

  @Test(
    "institutions before rules, imports to their importer or their branch, all others by rules",
    arguments: [
      Case(source: "nobody-knows", expected: "branch 9 rule 1"),
      Case(source: "site", expected: "branch 9 rule 1"),
      Case(source: "bank", expected: "branch 4 institution"),
      Case(source: "list", importer: "P1", expected: "branch 9 rule 1"),
      Case(source: "desk", importer: "P1", expected: "importer 1 of 7"),
      Case(source: "desk", expected: "branch 9 rule 1 importer-missing"),
      Case(source: "desk", importer: "P9", expected: "branch 9 rule 1 importer-unknown"),
      Case(source: "expo", importer: "P1", expected: "branch 7 importer-branch"),
      Case(source: "expo", expected: "branch 9 rule 1 importer-missing"),
    ])
  func table(_ row: Case) {
    var sources = Sources()
    sources.sources = [
      "site": .init(kind: .behaviour), "bank": .init(kind: .institution, branch: 4), "list": .init(kind: .imported),
      "desk": .init(kind: .imported, keeps: .person), "expo": .init(kind: .imported, keeps: .branch),
    ]
    sources.importers = ["P1": .init(id: 1, branch: 7)]
    let route = sources.route(row.source, importer: row.importer, byRules: .init(position: 1, branch: 9))
    #expect(line(route) == row.expected)
  }

  private func line(_ route: Route) -> String {
    switch route {
    case .none: return "none"
    case .importer(let importer): return "importer \(importer.id) of \(importer.branch)"
    case .passing(let branch, _, _): return "passing \(branch)"
    case .branch(let branch, let rule, let basis, let note):
      let words: [String?] = ["branch \(branch)", rule.map { "rule \($0.position)" }, basis?.rawValue, note]
      return words.compactMap { $0 }.joined(separator: " ")
    }
  }
}
