import Contract
import Customers
import LeadClock
import PhoneNumbers
import Postgres
import Topics
import Values

/// What one transaction knows of the branches it may give leads to. The branches' rows are locked while it lives, so
/// nobody else gives or takes there.
package struct Allocation {
  let policy: FirmPolicy
  /// What others may be customers by, found under the conversion gate.
  private let customers: KnownCustomers
  private let importers: [String: Sources.Importer]
  private var registered: RoutedLeads
  /// Leads by the digits of their phone.
  var known: [Int64: Int64]
  private(set) var branches: [Int64: Branch]
  /// Where leads go that stood somewhere.
  var routes: [Int64: Route] = [:]
  /// Former owners of leads that stood somewhere, who shall not have them now.
  private let cooling: [Int64: Set<Int64>]
  /// How long each branch that passes leads down may take; none for those without a policy.
  let steps: [Int64: Step]
  /// The moment at which rules and people were read. What is decided is decided then.
  let at: Timestamp?
  private let clocks: LeadClock.Memory
  private var leadNumbers: NumberStock
  private let byRules: (LeadFacts) -> Ruleset.Rule?

  init(
    _ policy: FirmPolicy, known: [Int64: Int64] = [:], _ customers: KnownCustomers = KnownCustomers(),
    _ sources: Sources = Sources(), _ registered: RoutedLeads = RoutedLeads(), standing: [StandingLead] = [],
    routes: [(route: Route, facts: LeadFacts)],
    _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) {
    self.policy = policy
    self.known = known
    self.customers = customers
    self.registered = registered
    importers = sources.importers
    leadNumbers = cache.takeLeadNumbers(registered.count)
    var wanted: Set<LeadClock.Place> = []
    var passing: Set<Int64> = []
    for (route, facts) in routes {
      guard let branch = route.branch else { continue }
      if case .passing = route {
        passing.insert(branch)
      } else {
        wanted.insert(policy.clock(of: branch, facts))
      }
    }
    let ids = Set(wanted.map(\.branch)).sorted()
    let locked = try Statements.lockedBranches(ids, try cache.snapshotNumbers(ids.count, transaction), transaction)
    branches = locked.branches
    let at = locked.at ?? policy.moment
    self.at = at
    // Rules are judged before branches are locked: if others are valid by now, all is done again.
    guard cache.rules.validUntil.map({ at < $0 }) ?? true else { throw .changedMeanwhile }
    let unknown = cache.clocks.unknown(wanted, at: at, edition: locked.clockEdition)
    let beginnings: [LeadClock.Place: LeadClock.Beginning]
    (steps, cooling, beginnings) = try transaction.ask(
      Step.of(passing.sorted(), at: at), Statements.cooling(standing, at: at),
      LeadClock.beginning(at: unknown, since: at))
    guard beginnings.count == unknown.count else { throw .changedMeanwhile }
    cache.clocks.learn(beginnings)
    clocks = cache.clocks
    let ruleset = cache.ruleset
    byRules = { ruleset.match($0, at: at) }
  }

  /// From values, as a transaction would have found them.
  init(
    _ ruleset: Ruleset, policy: FirmPolicy = .usual, known: [Int64: Int64] = [:], customers: KnownCustomers = .init(),
    _ branches: [Branch], steps: [Step] = [], clocks: LeadClock.Memory = LeadClock.Memory(),
    cooling: [Int64: Set<Int64>] = [:], _ leadNumbers: NumberStock
  ) {
    var policy = policy
    policy.ruleset = ruleset.version
    self.policy = policy
    self.known = known
    self.customers = customers
    self.branches = Dictionary(uniqueKeysWithValues: branches.map { ($0.id, $0) })
    self.steps = Dictionary(uniqueKeysWithValues: steps.map { ($0.branch, $0) })
    self.clocks = clocks
    self.cooling = cooling
    self.leadNumbers = leadNumbers
    at = nil
    importers = [:]
    registered = RoutedLeads()
    byRules = { ruleset.match($0, at: policy.moment) }
  }

  /// Where a new lead goes unless it turns out to be a customer.
  mutating func route(of lead: Delivery<Registration>) -> Route {
    registered.route(of: lead) ?? byRules(lead.event.facts).map { Route(byRule: $0) } ?? .none
  }

  func conversion(of registration: Registration) -> Conversion {
    Conversion.find(
      identity: registration.identity, number: registration.said.customerNumber,
      phone: registration.phone?.digits, among: customers, phoneConverts: policy.phoneConverts)
  }

  /// A lead's place, where it comes to a branch: it does not overtake those that wait there.
  /// - Parameter lead: where it stood before.
  mutating func place(_ route: Route, of lead: StandingLead? = nil) -> Placement {
    switch route {
    case .none: return .held(branch: nil, "no-rule")
    case .importer(let importer):
      let obstacle = branches[importer.branch]?.kept(by: importer.id) ?? .failure("importer-left")
      switch obstacle {
      case .success(let placement): return placement
      case .failure(let note):
        return place(in: importer.branch, behindHeld: true, .importerBranch, note.text, of: lead)
      }
    case .branch(let branch, _, let basis, let note): return place(in: branch, behindHeld: true, basis, note, of: lead)
    case .passing(let branch, _, let basis):
      return steps[branch].map { .waiting($0, basis: basis) } ?? .held(branch: nil, "no-step-policy")
    }
  }

  /// Finds somebody in the branch.
  /// - Parameter behindHeld: whether the lead waits behind those that wait there already.
  mutating func place(
    in id: Int64, behindHeld: Bool, _ basis: Route.Basis? = nil, _ note: String? = nil, of lead: StandingLead? = nil
  ) -> Placement {
    // In place: a copy of the branch would copy all its people when one of them changes.
    branches[id]?.place(behindHeld: behindHeld, basis, note, passing: lead.flatMap { cooling[$0.id] } ?? [])
      ?? .held(branch: nil, "no-branch")
  }

  func protection(_ branch: Int64, _ lead: LeadFacts, _ now: Timestamp) -> LeadClock.Protection {
    clocks[policy.clock(of: branch, lead)] ?? LeadClock.Protection(until: now, checkAt: nil)
  }

  /// A lead that was held or waited goes on, with the event that says so.
  func move(
    _ lead: StandingLead, _ placement: Placement, _ rule: Ruleset.Rule?, _ now: Timestamp
  ) -> Decision<LeadChange> {
    let now = at ?? now
    let judgement = Judgement(
      placement, lead.id, lead.version + 1, now, ruleset: policy.ruleset, rule: rule?.position)
    let version = LeadVersion(
      id: lead.id, version: lead.version + 1, region: lead.facts.region?.description, at: now)
    let moved = MovedLead(
      lead.id, placement, protection: judgement.branch.map { protection($0, lead.facts, now) }, policy,
      wasWaiting: lead.due != nil, judgement)
    return .apply(
      .moved(moved), emit: [Emission(placement.event(version, moved.protection))], outcome: placement.outcome)
  }

  /// A new lead, with the event that says what became of it.
  mutating func open(
    _ lead: Delivery<Registration>, _ route: Route, _ placement: Placement, _ conversion: Conversion, _ now: Timestamp
  ) -> Decision<LeadChange> {
    let registration = lead.event
    let now = at ?? now
    let id = leadNumbers.next()
    if let phone = registration.phone { known[phone.digits] = id }
    let judgement = Judgement(
      placement, id, 1, now, ruleset: policy.ruleset, rule: route.rule?.position, source: lead.source,
      event: lead.id)
    let version = LeadVersion(id: id, version: 1, region: registration.facts.region?.description, at: now)
    let opened = OpenedLead(
      lead, id, placement, conversion, importer: registration.said.importer.flatMap { importers[$0]?.id },
      protection: judgement.branch.map { protection($0, registration.facts, now) }, policy, judgement)
    return .apply(
      .opened(opened), emit: [Emission(placement.event(version, opened.protection))], outcome: placement.outcome)
  }
}

extension Placement {
  var outcome: StaticString {
    switch self {
    case .owner: "allocated"
    case .held: "held"
    case .waiting: "waiting"
    case .converted: "converted"
    }
  }

  func event(_ version: LeadVersion, _ protection: LeadClock.Protection?) -> LeadOwnership {
    switch self {
    case .owner(_, let code, let person, _, _, _, _):
      .allocated(
        .init(lead: version, branch: code, owner: person.code, protectedUntil: protection?.until ?? version.at))
    case .held(_, let reason, let code, _, _, _, _): .held(.init(lead: version, branch: code, reason: reason))
    case .waiting(let step, _): .passed(.init(lead: version, branch: step.branchCode, dueAt: step.due))
    case .converted(let customer, let place, let by):
      .converted(
        .init(
          lead: version, customer: customer.code, branch: place.branch?.code, owner: place.owner?.code,
          by: LeadOwnership.Converted.Key(by)))
    }
  }
}

extension LeadOwnership.Converted.Key {
  fileprivate init(_ key: ConversionKey) {
    self =
      switch key {
      case .identity: .identity
      case .number: .number
      case .phone: .phone
      }
  }
}
