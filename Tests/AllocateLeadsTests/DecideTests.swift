import Contract
import LeadClock
import PhoneNumbers
import Testing
import Topics
import Values

@testable import LeadAllocation

/// `AllocateLeads.decide` and `AllocateHeldLeads.decide` as tables of values.
@Suite struct DecideTests {
  private let now = Timestamp(microseconds: 1_790_000_000_000_000)
  private let until = Timestamp(microseconds: 1_790_600_000_000_000)

  struct Case: Sendable {
    let about: String
    let phone: String
    var country: String?
    var source = "web"
    /// `outcome what region branch owner reason rule`, or path and reason.
    let expected: String
  }

  @Test(
    "each registration is decided by its phone, its rule and the branch's people",
    arguments: [
      Case(
        about: "a city's branch", phone: "+8613802880000", expected: "allocated allocated CN-GD/Guangzhou GZ P1 - 1"),
      Case(
        about: "national form", phone: "138 0288 0000", country: "CN",
        expected: "allocated allocated CN-GD/Guangzhou GZ P1 - 1"),
      Case(
        about: "national form without country", phone: "13802880000",
        expected: "allocated allocated CN-GD/Guangzhou GZ P1 - 1"),
      Case(about: "vacant", phone: "+8613901000000", expected: "held held CN-BJ BJ - vacant 2"),
      Case(about: "full", phone: "+8613901600000", expected: "held held CN-SH SH - full 3"),
      Case(
        about: "nobody available", phone: "+14155552671",
        expected: "held held US-CA/San Francisco US - nobody-available 4"),
      Case(about: "behind held", phone: "+442079460958", expected: "held held GB/London UK - behind-held 5"),
      Case(about: "no rule", phone: "+33142685300", expected: "held held FR/Paris - - no-rule -"),
      Case(
        about: "a rule for the source", phone: "+33142685300", source: "import",
        expected: "allocated allocated FR/Paris GZ P1 - 6"),
      Case(about: "too short to exist", phone: "+8613", expected: "held held - - - phone-too-short -"),
      Case(about: "too long", phone: "+86138028800001234", expected: "held held - - - phone-too-long -"),
      Case(about: "no number", phone: "call me", expected: "phone not-a-number"),
      Case(about: "no such country", phone: "+9991234567", expected: "phone unknown-country"),
    ])
  func table(_ row: Case) {
    var allocation = firm()
    let decision = AllocateLeads.decide(
      lead(row.phone, country: row.country, source: row.source), &allocation, now)
    #expect(line(decision) == row.expected, "\(row.about)")
  }

  @Test("what is emitted says what is written")
  func emitted() throws {
    var allocation = firm()
    let decision = AllocateLeads.decide(lead("+8613802880000", name: "王小明", id: "e7"), &allocation, now)
    guard case .apply(.opened(let opened), let emit, _) = decision else {
      Issue.record("\(decision)")
      return
    }
    #expect(opened.id == 1000 && opened.phone == 8_613_802_880_000 && opened.phoneText == nil)
    #expect(opened.lead.event.said.name == "王小明" && opened.lead.happened == now.adding(seconds: -60))
    #expect(opened.protection?.until == until && opened.state == "owned")
    let judgement = opened.judgement
    #expect(judgement.lead == 1000 && judgement.version == 1 && judgement.at == now)
    #expect(judgement.ruleset == 3 && judgement.rule == 1 && judgement.snapshot == 501 && judgement.choice == 0)
    #expect(judgement.source == "/s" && judgement.event == "e7")
    let event = try #require(emit.first)
    #expect(
      emit.count == 1 && event.topic == LeadOwnership.topic && event.type == "lead.allocated" && event.key == "1000")
    let text = String(decoding: event.payload, as: UTF8.self)
    #expect(text.contains(#""branch":"GZ","owner":"P1","protectedUntil":"\#(until.rfc3339)""#))
  }

  @Test("a phone that already has a lead is a duplicate, also within one batch, however it is written")
  func duplicates() {
    var allocation = firm(known: [8_613_802_880_001: 77])
    #expect(line(AllocateLeads.decide(lead("+8613802880001"), &allocation, now)) == "duplicate of 77")
    _ = AllocateLeads.decide(lead("+8613802880000"), &allocation, now)
    #expect(
      line(AllocateLeads.decide(lead("0086-138 0288 0000", country: "CN"), &allocation, now)) == "duplicate of 1000")
    #expect(allocation.branches[1]?.rotation.choices == 1)
  }

  @Test("impossible phones are not folded: nobody knows whether they are the same person's")
  func impossible() {
    var allocation = firm()
    let ids = (0..<2).map { _ -> Int64 in
      guard case .apply(.opened(let opened), _, _) = AllocateLeads.decide(lead("+8613"), &allocation, now) else {
        return 0
      }
      #expect(opened.phone == nil && opened.phoneText == "+8613")
      return opened.id
    }
    #expect(ids == [1000, 1001])
  }

  @Test("once a lead is held, later ones of the branch wait behind it: nobody overtakes")
  func noOvertaking() {
    var allocation = firm(capacity: 2)
    let lines = (0..<4).map { line(AllocateLeads.decide(lead("+861380288000\($0)"), &allocation, now)) }
    #expect(
      lines.map { $0.split(separator: " ")[5] } == ["-", "-", "full", "behind-held"])
    #expect(allocation.branches[1]?.held == 2)
  }

  @Test("a rejected registration changes nothing")
  func rejected() {
    var allocation = firm()
    _ = AllocateLeads.decide(lead("x"), &allocation, now)
    #expect(allocation.known.isEmpty && !allocation.branches.values.contains { $0.isUsed || $0.held != $0.heldBefore })
    guard case .apply(.opened(let opened), _, _) = AllocateLeads.decide(lead("+8613802880000"), &allocation, now) else {
      Issue.record("it was not opened")
      return
    }
    #expect(opened.id == 1000)
  }

  // MARK: Held leads

  @Test("a held lead goes to its branch's next person, and the queue gets shorter")
  func placed() throws {
    var allocation = firm(held: 2)
    let decision = AllocateHeldLeads.decide(held(branch: 1), &allocation, now)
    guard case .apply(.moved(let placed), let emit, _) = decision else {
      Issue.record("\(decision)")
      return
    }
    #expect(placed.protection?.until == until && placed.state == "owned")
    #expect(placed.judgement.version == 5 && placed.judgement.owner == 1 && placed.judgement.branch == 1)
    #expect(placed.judgement.rule == nil && placed.judgement.ruleset == 3)
    #expect(emit.map(\.type) == ["lead.allocated"])
    #expect(allocation.branches[1]?.held == 1)
  }

  @Test("a held lead whose room is gone waits on as it was: nothing is written or emitted")
  func stillHeld() {
    var allocation = firm(capacity: 0, held: 2)
    guard case .ignore(let reason) = AllocateHeldLeads.decide(held(branch: 1), &allocation, now) else {
      Issue.record("it was not left alone")
      return
    }
    #expect(reason.description == "still-held")
    #expect(allocation.branches[1]?.held == 2)
  }

  @Test("a lead that no rule wanted gets the branch of newer rules, a person there if nobody waits before it")
  func rerouted() {
    var free = firm()
    free.routes[40] = Route(byRule: RulesetTests.rule(1, "CN-GD", to: 1))
    guard case .apply(.moved(let placed), _, _) = AllocateHeldLeads.decide(held(region: "CN-GD"), &free, now) else {
      Issue.record("it was not placed")
      return
    }
    #expect(placed.judgement.rule == 1 && placed.judgement.branch == 1 && free.branches[1]?.held == 0)

    var waiting = firm(held: 1)
    waiting.routes = free.routes
    let decision = AllocateHeldLeads.decide(held(region: "CN-GD"), &waiting, now)
    guard case .apply(.moved(let routed), let emit, _) = decision else {
      Issue.record("\(decision)")
      return
    }
    #expect(routed.judgement.version == 5 && routed.judgement.branch == 1 && routed.judgement.reason == "behind-held")
    #expect(emit.map(\.type) == ["lead.held"])
    #expect(waiting.branches[1]?.held == 2)
  }

  @Test("a lead that newer rules do not want either notes their version, so that it is not looked at again")
  func rejudged() {
    var allocation = firm()
    let decision = AllocateHeldLeads.decide(held(region: "FR"), &allocation, now)
    guard case .apply(.rejudged(let lead), let emit, _) = decision else {
      Issue.record("\(decision)")
      return
    }
    #expect(lead.lead == 40 && lead.ruleset == 3 && emit.isEmpty)
  }

  // MARK: The firm

  private func firm(known: [Int64: Int64] = [:], capacity: Int32? = nil, held: Int32 = 0) -> Allocation {
    func person(_ id: Int64, capacity: Int32? = nil, open: Int32 = 0, _ excluded: Rotation.Exclusion? = nil)
      -> Rotation.Person
    {
      Rotation.Person.made(id, capacity: capacity, open: open, excluded: excluded)
    }
    func branch(_ id: Int64, _ code: String, held: Int32 = 0, _ people: [Rotation.Person]) -> Branch {
      Branch(
        id: id, code: code, heldBefore: held, held: held, turn: 0, day: 0, rotation: Rotation(people),
        snapshot: 500 + id)
    }
    let rule = { RulesetTests.rule($0, $1, source: $2, product: $3, to: $4) }
    let rules = [
      rule(1, "CN-GD", nil, nil, 1), rule(2, "CN-BJ", nil, nil, 2), rule(3, "CN-SH", nil, nil, 3),
      rule(4, "US", nil, nil, 4),
      rule(5, "GB", nil, nil, 5), rule(6, nil, "import", nil, 1),
    ]
    var stock = NumberStock()
    stock.add([1])
    return Allocation(
      Ruleset(version: 3, rules: rules), known: known,
      [
        branch(1, "GZ", held: held, [person(1, capacity: capacity)]), branch(2, "BJ", []),
        branch(3, "SH", [person(3, capacity: 2, open: 2), person(4, .inactive)]),
        branch(4, "US", [person(5, .onLeave)]),
        branch(5, "UK", held: 1, [person(6)]),
      ], clocks: .init(known: [.init(branch: 1, product: nil): .init(until: until, checkAt: nil)]), stock.take(10))
  }

  private func lead(
    _ phone: String, country: String? = nil, name: String? = nil, source: String = "web", id: String = "1"
  ) -> Delivery<Registration> {
    Delivery(
      Registration(LeadRegistered(phone: phone, country: country, name: name, source: source), nil), source: "/s",
      id: id,
      happened: now.adding(seconds: -60))
  }

  private func held(branch: Int64? = nil, region: String? = nil) -> StandingLead {
    StandingLead(
      id: 40, version: 4, branch: branch, facts: LeadFacts(region: region.flatMap { RegionPath($0) }, source: "web"))
  }

  private func line(_ decision: Decision<LeadChange>) -> String {
    switch decision {
    case .reject(let refusal): return "\(refusal.path) \(refusal.reason)"
    case .ignore(let reason): return "ignored \(reason)"
    case .apply(.duplicate(let duplicate), _, _): return "duplicate of \(duplicate.lead)"
    case .apply(.opened(let opened), let emit, let outcome):
      let judgement = opened.judgement
      let codes = [1: "GZ", 2: "BJ", 3: "SH", 4: "US", 5: "UK"]
      let what = emit.map { $0.type.dropFirst(5) }.joined(separator: "+")
      let branch = judgement.branch.flatMap { codes[Int($0)] } ?? "-"
      let owner = judgement.owner.map { "P\($0)" } ?? "-"
      let rule = judgement.rule.map { "\($0)" } ?? "-"
      return "\(outcome) \(what) \(opened.region ?? "-") \(branch) \(owner) \(judgement.reason ?? "-") \(rule)"
    case .apply: return "another change"
    }
  }
}
