import Contract
import Digest
import LeadClock
import Postgres
import Topics
import Values

/// What one transaction knows of leads, of the people and branches that have them or want them, and of the rules between
/// them. The leads' rows are locked while it lives, and so are the branches wherever a lead may move.
struct LeadBook {
  struct Person {
    let id: Int64
    let code: String
    let branch: Int64
    let isActive: Bool
    /// nil is without bound.
    let capacity: Int32?
    let openBefore: Int32
    var open: Int32
    /// On this day, local time.
    let claimedBefore: Int32
    var claimed: Int32

    var isFull: Bool { capacity.map { open >= $0 } ?? false }
  }

  struct Branch {
    let id: Int64
    let code: String
    let parent: Int64?
    let pool: PoolTerms
    var heldChange: Int32 = 0
  }

  struct PoolTerms {
    let claimDelayMinutes: Int64
    let claimsADay: Int32?
    let unclaimedTo: String
    let keepsClock: Bool
    /// When a lead that comes to the pool now goes on; nil is never.
    let unclaimedAt: Timestamp?
    /// A step's deadline from now on; nil where the branch passes nothing down.
    let stepDueAt: Timestamp?
    /// When its manager is reminded of that; nil is never.
    let stepRemindAt: Timestamp?
  }

  struct PersonBranch: Hashable {
    let person: Int64
    let branch: Int64
  }

  struct PersonLead: Hashable {
    let person: Int64
    let lead: Int64
  }

  var leads: [Int64: Lead]
  var people: [Int64: Person] = [:]
  var codes: [String: Int64] = [:]
  var branches: [Int64: Branch] = [:]
  var branchCodes: [String: Int64] = [:]
  var commands: [Fingerprint: StampedCommand] = [:]
  var callers: [ObjectIdentifier: Caller] = [:]
  /// Commands that were carried out or declined: each is told once, whoever tells it again.
  var decided: Set<Fingerprint> = []
  /// Who manages which branch, or one above it.
  var managers: Set<PersonBranch> = []
  /// Whose own branch it is, or lies below it.
  var members: Set<PersonBranch> = []
  /// Until when a former owner may not claim a lead.
  var coolOffs: [PersonLead: Timestamp] = [:]
  /// Clocks by what was asked.
  var clocks: [ClockKey: LeadClock.Protection] = [:]
  /// The database's clock, after the locks.
  var at = Timestamp(microseconds: 0)

  struct ClockKey: Hashable {
    let lead: Int64
    let branch: Int64
    /// When a contact happened, or the clock began; nil where it begins now.
    let contact: Timestamp?
  }

  /// Locks the leads, sorted.
  init(leads ids: [Int64], _ transaction: Transaction) throws(PostgresError) {
    leads = try Statements.lockedLeads(Set(ids).sorted(), transaction)
  }

  /// Those that a sweep has locked already.
  init(locked: [Lead]) {
    leads = Dictionary(uniqueKeysWithValues: locked.map { ($0.id, $0) })
  }

  /// What must be known beside the leads themselves.
  struct Wanted {
    var people: Set<Int64> = []
    var codes: Set<String> = []
    var branchCodes: Set<String> = []
    /// Whose people and pools must hold still.
    var branches: Set<Int64> = []
    /// Whether leads may move: then their branches are locked.
    var moves = false
    var clocks: [Clock] = []
    var rights: [Right] = []
    var claims: [(person: Caller.Person.Name, lead: Int64)] = []

    /// The clock of a lead at the branch of a person, else at a branch.
    struct Clock {
      let lead: Int64
      var person: Caller.Person.Name?
      var branch: Int64?
      var contact: Timestamp?
      /// The clock begins at `contact`, which is no contact.
      var isBeginning = false
    }

    /// Whether somebody may decide about a lead, and about where it shall go.
    struct Right {
      let person: Caller.Person.Name
      let lead: Int64
      var branch: Int64?
      var branchCode: String?
      var receiver: Caller.Person.Name?
    }

    mutating func add(_ activity: Delivery<LeadActivity>, _ caller: Caller, _ leads: [Int64: Lead]) {
      if case .dayEnded(let branch, _) = activity.event { branchCodes.insert(branch) }
      guard case .person(let person) = caller, let id = activity.event.deed?.lead, let lead = leads[id] else { return }
      add(person.name)
      add(lead)
      switch activity.event {
      case .contacted:
        let isOwned = lead.state == .owned
        clocks.append(
          Clock(lead: id, person: isOwned ? nil : person.name, branch: lead.branch, contact: person.happened))
        if !isOwned { moves = true }
      case .claimed:
        moves = true
        clocks.append(Clock(lead: id, person: person.name))
        claims.append((person.name, id))
      case .released:
        moves = true
        rights.append(Right(person: person.name, lead: id))
      case .assigned(_, let branch, let receiver):
        moves = true
        if let branch { branchCodes.insert(branch) }
        if let receiver {
          codes.insert(receiver)
          clocks.append(Clock(lead: id, person: .code(receiver)))
        }
        rights.append(
          Right(person: person.name, lead: id, branchCode: branch, receiver: receiver.map { .code($0) }))
      case .dayEnded: break
      }
    }

    mutating func add(_ lead: Lead) {
      for known in [lead.owner, lead.formerOwner] { if let known { people.insert(known) } }
      if let branch = lead.branch { branches.insert(branch) }
    }

    mutating func add(_ name: Caller.Person.Name) {
      switch name {
      case .code(let code): codes.insert(code)
      case .id(let id): people.insert(id)
      }
    }

    /// Where a command of the database wants a lead to go is in its row, not in the event.
    mutating func add(_ command: StampedCommand) {
      if let branch = command.toBranch { branches.insert(branch) }
      if let person = command.toPerson {
        people.insert(person)
        clocks.append(Clock(lead: command.lead, person: .id(person)))
      }
      rights.append(
        Right(
          person: .id(command.person), lead: command.lead, branch: command.toBranch,
          receiver: command.toPerson.map { .id($0) }))
    }
  }

  func person(_ caller: Caller.Person) -> Person? { person(caller.name) }

  func person(_ name: Caller.Person.Name) -> Person? {
    switch name {
    case .code(let code): codes[code].flatMap { people[$0] }
    case .id(let id): people[id]
    }
  }

  /// Reads what is wanted, locking branches, sorted, before anything that they guard.
  mutating func fill(_ wanted: Wanted, _ transaction: Transaction) throws(PostgresError) {
    var wanted = wanted
    for command in commands.values where leads[command.lead] != nil { wanted.add(command) }
    branchCodes = try Statements.branches(Array(wanted.branchCodes), transaction)
    var homes = try Statements.homes(people: Array(wanted.people), codes: Array(wanted.codes), transaction)
    let ids = wanted.branches.union(branchCodes.values).union(homes.map(\.branch))
    if wanted.moves {
      try Statements.lock(branches: ids.sorted(), transaction)
      // Whoever moved to another branch meanwhile has moved under that branch's lock.
      homes = try Statements.homes(people: homes.map(\.person), codes: [], transaction)
      guard homes.allSatisfy({ ids.contains($0.branch) }) else { throw .changedMeanwhile }
    }
    at = try transaction.moment()
    people = try Statements.people(homes.map(\.person), transaction)
    codes = Dictionary(people.values.map { ($0.code, $0.id) }, uniquingKeysWith: { first, _ in first })
    branches = try Statements.branches(ids.sorted(), at: at, transaction)
    try fillRights(wanted, transaction)
    try fillClocks(wanted, transaction)
  }

  private mutating func fillRights(_ wanted: Wanted, _ transaction: Transaction) throws(PostgresError) {
    var managing: Set<PersonBranch> = []
    for right in wanted.rights {
      guard let person = person(right.person) else { continue }
      let concerned = [
        leads[right.lead]?.branch, right.branch, right.branchCode.flatMap { branchCodes[$0] },
        right.receiver.flatMap { self.person($0)?.branch },
      ]
      for branch in concerned.compactMap({ $0 }) { managing.insert(PersonBranch(person: person.id, branch: branch)) }
    }
    managers = try Statements.managers(Array(managing), transaction)
    var membership: Set<PersonBranch> = []
    var cooling: [PersonLead] = []
    for (name, id) in wanted.claims {
      guard let person = person(name), let lead = leads[id], let branch = lead.branch else { continue }
      membership.insert(PersonBranch(person: person.id, branch: branch))
      cooling.append(PersonLead(person: person.id, lead: id))
    }
    members = try Statements.members(Array(membership), transaction)
    coolOffs = try Statements.coolOffs(cooling, transaction)
  }

  private mutating func fillClocks(_ wanted: Wanted, _ transaction: Transaction) throws(PostgresError) {
    var keys: [ClockKey] = []
    var runs: [LeadClock.Run] = []
    for clock in wanted.clocks {
      guard let lead = leads[clock.lead], let branch = clock.person.flatMap({ person($0)?.branch }) ?? clock.branch
      else { continue }
      let place = LeadClock.Place(branch: branch, product: lead.product, level: lead.level)
      keys.append(ClockKey(lead: lead.id, branch: branch, contact: clock.contact))
      if clock.isBeginning, let start = clock.contact {
        runs.append(LeadClock.Run(beginning: start, at: place))
      } else if let contact = clock.contact, let since = lead.protectedSince ?? lead.formerSince {
        runs.append(LeadClock.Run(contact: contact, since: since, at: place))
      } else {
        runs.append(LeadClock.Run(beginning: at, at: place))
      }
    }
    for (key, clock) in zip(keys, try LeadClock.running(runs, now: at, transaction)) { clocks[key] = clock }
  }
}
