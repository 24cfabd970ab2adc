import Customers
import Digest
import Testing
import Values

/// Which leads a customer's new keys convert, and to whom they go.
@Suite struct OpenLeadsTests {
  private static let now = Timestamp(microseconds: 1_790_000_000_000_000)
  private static func mark(_ number: UInt64) -> Fingerprint { Fingerprint(high: number, low: number) }
  private static let here = ConvertedPlace.Unit(id: 1, code: "GZ")
  private static let there = ConvertedPlace.Unit(id: 2, code: "BJ")
  private static let manager = ConvertedPlace.Person(id: 11, code: "M", branch: there)
  private static let seller = ConvertedPlace.Person(id: 12, code: "S", branch: here)

  private static func lead(
    _ id: Int64, identity: UInt64? = nil, number: String? = nil, phone: Int64? = nil, state: String = "owned",
    branch: Int64? = 1, owner: Int64? = 12
  ) -> OpenLead {
    OpenLead(
      id: id, version: 3, identity: identity.map { OpenLeadsTests.mark($0) }, number: number, phone: phone,
      state: state,
      branch: branch, owner: owner)
  }

  private static func having(_ identity: UInt64? = nil, _ number: String? = nil, _ phones: [Int64] = []) -> CustomerKeys
  {
    CustomerKeys(identity: identity.map { mark($0) }, number: number, phones: phones)
  }

  struct Case: Sendable {
    let about: String
    let leads: [OpenLead]
    var others: [OpenLeads.Rival] = []
    let keys: CustomerKeys
    var before = CustomerKeys.none
    var phoneConverts = false
    let converted: [String]
    var disagree: [Int64: Set<Int64>] = [:]
  }

  static let cases = [
    Case(about: "by ID number", leads: [lead(1, identity: 7)], keys: having(7), converted: ["1 identity"]),
    Case(about: "by number", leads: [lead(1, number: "n")], keys: having(nil, "n"), converted: ["1 number"]),
    Case(
      about: "by both, told as the stronger", leads: [lead(1, identity: 7, number: "n")], keys: having(7, "n"),
      converted: ["1 identity"]),
    Case(
      about: "several leads, each once", leads: [lead(2, number: "n"), lead(1, identity: 7), lead(3, identity: 7)],
      keys: having(7, "n"), converted: ["1 identity", "2 number", "3 identity"]),
    Case(
      about: "not by a key it had before", leads: [lead(1, identity: 7)], keys: having(7), before: having(7),
      converted: []),
    Case(
      about: "by the key that is new beside one it had", leads: [lead(1, number: "n")], keys: having(7, "n"),
      before: having(7), converted: ["1 number"]),
    Case(
      about: "not by phone, unless the firm has it so", leads: [lead(1, phone: 86)], keys: having(nil, nil, [86]),
      converted: []),
    Case(
      about: "by phone where the firm has it so", leads: [lead(1, phone: 86)], keys: having(nil, nil, [85, 86]),
      phoneConverts: true, converted: ["1 phone"]),
    Case(
      about: "the number is theirs and the ID number is not", leads: [lead(1, identity: 8, number: "n")],
      keys: having(7, "n"), converted: [], disagree: [1: [100]]),
    Case(
      about: "the ID number is theirs, the number somebody else's", leads: [lead(1, identity: 7, number: "n")],
      others: [.init(id: 5, identity: nil, number: "n")], keys: having(7), converted: [], disagree: [1: [5, 100]]),
    Case(
      about: "the ID number is theirs, the number nobody's", leads: [lead(1, identity: 7, number: "n")],
      keys: having(7, "m"), converted: ["1 identity"]),
    Case(
      about: "the number is theirs, the ID number somebody else's", leads: [lead(1, identity: 7, number: "n")],
      others: [.init(id: 5, identity: mark(7), number: nil)], keys: having(nil, "n"), converted: [],
      disagree: [1: [5, 100]]),
    Case(
      about: "the number is theirs, and of the ID number nothing is known", leads: [lead(1, identity: 7, number: "n")],
      keys: having(nil, "n"), converted: ["1 number"]),
    Case(
      about: "the phone is theirs, the number somebody else's", leads: [lead(1, number: "n", phone: 86)],
      others: [.init(id: 5, identity: nil, number: "n")], keys: having(nil, nil, [86]), phoneConverts: true,
      converted: [], disagree: [1: [5, 100]]),
  ]

  @Test("keys convert, and leave what they disagree on to a person", arguments: cases.indices)
  func matching(index: Int) {
    let each = OpenLeadsTests.cases[index]
    var leads = OpenLeads(
      leads: each.leads, rivals: each.others, units: [1: OpenLeadsTests.here], people: [12: OpenLeadsTests.seller],
      phoneConverts: each.phoneConverts)
    let customer = KnownCustomer(id: 100, code: "C", branch: nil, manager: nil)
    let made = leads.convert(
      to: customer, id: 100, keys: each.keys, new: each.keys.new(since: each.before), OpenLeadsTests.now)
    #expect(made.map { "\($0.lead) \($0.by.rawValue)" } == each.converted, "\(each.about)")
    #expect(leads.disagreements == each.disagree, "\(each.about)")
    #expect(leads.conversions == made)
    #expect(made.allSatisfy { $0.version == 4 })
    let again = leads.convert(to: customer, id: 100, keys: each.keys, new: each.keys, OpenLeadsTests.now)
    #expect(Set(again.map(\.lead)).isDisjoint(with: made.map(\.lead)), "\(each.about): converted once")
  }

  @Test(
    "whose a converted lead is",
    arguments: [
      (ConvertedOwner.manager, true, true, "BJ M"), (.manager, false, true, "GZ S"), (.manager, false, false, "SZ -"),
      (.manager, true, false, "BJ M"), (.owner, true, true, "GZ S"), (.owner, true, false, "BJ M"),
      (.owner, false, true, "GZ S"), (.owner, false, false, "SZ -"),
    ])
  func owners(policy: ConvertedOwner, hasManager: Bool, hadOwner: Bool, expected: String) {
    let customer = KnownCustomer(
      id: 1, code: "C", branch: .init(id: 3, code: "SZ"), manager: hasManager ? OpenLeadsTests.manager : nil)
    let before = ConvertedPlace(branch: OpenLeadsTests.here, owner: hadOwner ? OpenLeadsTests.seller : nil)
    let place = policy.place(of: customer, before: before)
    #expect("\(place.branch?.code ?? "-") \(place.owner?.code ?? "-")" == expected)
  }
}
