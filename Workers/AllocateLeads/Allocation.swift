import Contract
import PhoneNumbers
import Postgres
package import Settings
import Topics
import Values

/// What one transaction knows of the branches it may give leads to. The branches' rows are locked while it lives, so
/// nobody else gives or takes there.
package struct Allocation {
  struct Branch {
    let id: Int64
    let code: String
    let heldBefore: Int32
    var held: Int32
    /// Virtual time when the branch was locked.
    let turn: Int64
    /// The branch's local date then, in days since 2000.
    let day: Int32
    var rotation: Rotation
    let snapshot: Int64
    var isUsed = false

    var isChanged: Bool { held != heldBefore || rotation.choices > 0 }

    /// With their turns as they are kept.
    var changedPeople: [(person: Rotation.Person, turn: Int64, day: Int32)] {
      rotation.changed.map { ($0, turn + $0.offset, day) }
    }

    mutating func place(behindHeld: Bool) -> Placement {
      isUsed = true
      let choice = rotation.choices
      if behindHeld, held > 0 {
        held += 1
        return .held(branch: id, "behind-held", branchCode: code, snapshot: snapshot, choice: choice)
      }
      guard let person = rotation.choose() else {
        if behindHeld { held += 1 }
        return .held(branch: id, rotation.want, branchCode: code, snapshot: snapshot, choice: choice)
      }
      if !behindHeld { held -= 1 }
      return .owner(branch: id, branchCode: code, person, snapshot: snapshot, choice: choice)
    }
  }

  enum Placement {
    case owner(branch: Int64, branchCode: String, Rotation.Person, snapshot: Int64, choice: Int32)
    case held(branch: Int64?, String, branchCode: String? = nil, snapshot: Int64? = nil, choice: Int32? = nil)
  }

  let ruleset: Ruleset
  /// In the order in which they will be decided.
  private let registrations: [Registration]
  private var next = 0
  /// Leads by the digits of their phone.
  var known: [Int64: Int64]
  private(set) var branches: [Int64: Branch]
  /// The moment at which the branches and their people were read; nil where none were. What is decided is decided then.
  let at: Timestamp?
  private let deadlines: [BranchProduct: Timestamp]
  private var leadNumbers: NumberStock

  init(
    known: [Int64: Int64] = [:], _ registrations: [Registration] = [],
    wanted: Set<BranchProduct>, _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) {
    self.known = known
    self.registrations = registrations
    ruleset = cache.ruleset
    leadNumbers = try cache.leadNumbers(registrations.count, transaction)
    let ids = Set(wanted.map(\.branch)).sorted()
    let snapshots = try cache.snapshotNumbers(ids.count, transaction)
    (branches, at) = try Statements.lockedBranches(ids, snapshots, transaction)
    deadlines =
      try at.map { at throws(PostgresError) in
        try Statements.deadlines(wanted.sorted(), at: at, transaction)
      } ?? [:]
  }

  /// From values, as a transaction would have found them.
  init(
    _ ruleset: Ruleset, known: [Int64: Int64] = [:], _ branches: [Branch], deadlines: [BranchProduct: Timestamp] = [:],
    _ leadNumbers: NumberStock
  ) {
    self.ruleset = ruleset
    self.known = known
    self.branches = Dictionary(uniqueKeysWithValues: branches.map { ($0.id, $0) })
    self.deadlines = deadlines
    at = nil
    self.leadNumbers = leadNumbers
    registrations = []
  }

  /// What the lead says. Leads are decided in the order in which they were loaded, not necessarily all of them.
  mutating func registration(of lead: Delivery<LeadRegistered>) -> Registration {
    while next < registrations.count {
      let registration = registrations[next]
      next += 1
      if registration.lead === lead { return registration }
    }
    let registration = Registration(lead)
    registration.rule = ruleset.match(registration.region, lead.event.source, lead.event.product)
    return registration
  }

  /// Finds somebody in the branch.
  /// - Parameter behindHeld: a new lead does not overtake those that wait.
  mutating func place(in id: Int64, behindHeld: Bool) -> Placement {
    // In place: a copy of the branch would copy all its people when one of them changes.
    branches[id]?.place(behindHeld: behindHeld) ?? .held(branch: nil, "no-branch")
  }

  func deadline(_ branch: Int64, _ product: String?, _ now: Timestamp) -> Timestamp {
    deadlines[BranchProduct(branch: branch, product: product)] ?? now
  }

  /// A new lead, placed or held, with the event that says so.
  mutating func open(
    _ lead: Delivery<LeadRegistered>, _ registration: Registration, _ placement: Placement, _ rule: Ruleset.Rule?,
    _ now: Timestamp
  ) -> Decision<LeadChange> {
    let id = leadNumbers.next()
    if let phone = registration.phone { known[phone.digits] = id }
    let region = registration.regionName
    let judgement = Judgement(
      placement, id, 1, now, ruleset: ruleset.version, rule: rule?.position, source: lead.source, event: lead.id)
    let version = LeadVersion(id: id, version: 1, region: region, at: now)
    switch placement {
    case .owner(let branch, let code, let person, _, _):
      let until = deadline(branch, lead.event.product, now)
      let opened = OpenedLead(lead, id, registration, protectedUntil: until, judgement)
      let event = LeadOwnership.allocated(
        .init(lead: version, branch: code, owner: person.code, protectedUntil: until))
      return .apply(.opened(opened), emit: [Emission(event)], outcome: "allocated")
    case .held(_, let reason, let code, _, _):
      let opened = OpenedLead(lead, id, registration, protectedUntil: nil, judgement)
      let event = LeadOwnership.held(.init(lead: version, branch: code, reason: reason))
      return .apply(.opened(opened), emit: [Emission(event)], outcome: "held")
    }
  }
}

struct BranchProduct: Hashable, Comparable {
  let branch: Int64
  let product: String?

  static func < (a: BranchProduct, b: BranchProduct) -> Bool {
    (a.branch, a.product ?? "") < (b.branch, b.product ?? "")
  }
}

/// What a lane keeps between batches.
package struct AllocationCache: LaneCache {
  private var rules = RuleMemory(.none)
  private var leads = NumberStock()
  private var snapshots = NumberStock()

  init() {}
  package init(_ settings: Settings) {}

  /// Reads newer rules if there are any.
  mutating func refresh(_ transaction: Transaction) throws(PostgresError) {
    let version = try transaction.rows("select coalesce(max(version), 0) from ruleset")[0].small(0)
    if version != ruleset.version { rules = RuleMemory(try Ruleset.load(Int32(version), transaction)) }
  }

  var ruleset: Ruleset { rules.ruleset }

  mutating func rule(for lead: Registration) -> Ruleset.Rule? {
    rules.match(lead.region, lead.lead.event.source, lead.lead.event.product)
  }

  mutating func leadNumbers(_ count: Int, _ transaction: Transaction) throws(PostgresError) -> NumberStock {
    try leads.take(count) { () throws(PostgresError) in
      try transaction.rows("select nextval('lead_block')")[0].integer(0)
    }
  }

  mutating func snapshotNumbers(_ count: Int, _ transaction: Transaction) throws(PostgresError) -> NumberStock {
    try snapshots.take(count) { () throws(PostgresError) in
      try transaction.rows("select nextval('snapshot_block')")[0].integer(0)
    }
  }
}
