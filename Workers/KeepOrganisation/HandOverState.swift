import Contract
import LeadClock
import Postgres
import Topics
import Values

/// What one chunk of a hand-over knows. The branches' rows are locked while it lives, so that nobody else gives leads
/// to these people or takes them away.
struct HandOverState {
  struct Person {
    let id: Int64
    let code: String
    let branch: Int64
    let capacity: Int32?
    let openBefore: Int32
    var open: Int32

    init(id: Int64, code: String, branch: Int64, capacity: Int32?, open: Int32) {
      self.id = id
      self.code = code
      self.branch = branch
      self.capacity = capacity
      openBefore = open
      self.open = open
    }

    var hasRoom: Bool { capacity.map { open < $0 } ?? true }
  }

  struct Branch {
    let id: Int64
    let code: String
    /// The one that has taken over; itself where it is open.
    let open: Int64
    let heldBefore: Int32
    var held: Int32
  }

  var giver: Person?
  var receiver: Person?
  var branches: [Int64: Branch]
  let clocks: [LeadClock.Place: LeadClock.Protection]

  /// Gives a lead on.
  mutating func hand(_ lead: HandOver.LeadInHand, of task: HandOver.Task, _ now: Timestamp) -> Decision<HandOverChange>
  {
    let version = LeadVersion(id: lead.id, version: lead.version + 1, region: lead.region, at: now)
    if task.follows {
      guard let giver, let branch = branches[giver.branch] else { return .ignore("nobody-there") }
      let kept = LeadClock.Protection(until: lead.protectedUntil, checkAt: lead.checkAt)
      let moved = HandedLead(
        task, lead, version, branch: branch.id, owner: giver.id, since: lead.since, protection: kept)
      return .apply(
        .lead(moved), emit: [allocated(version, branch, giver, kept)], outcome: "followed")
    }
    let home = branches[lead.branch]?.open
    if let taker = receiver, task.successor != nil || (taker.branch == home && taker.hasRoom),
      let branch = branches[taker.branch],
      let protection = clocks[HandOverState.place(of: lead, in: taker.branch)]
    {
      giver?.open -= 1
      receiver?.open += 1
      let handed = HandedLead(
        task, lead, version, branch: taker.branch, owner: taker.id, since: now, protection: protection)
      return .apply(.lead(handed), emit: [allocated(version, branch, taker, protection)], outcome: "handed-over")
    }
    guard let home, let branch = branches[home] else { return .ignore("no-branch") }
    giver?.open -= 1
    branches[home]?.held += 1
    let held = HandedLead(task, lead, version, branch: branch.id, owner: nil, since: nil, protection: nil)
    let event = LeadOwnership.held(.init(lead: version, branch: branch.code, reason: "handed-over"))
    return .apply(.lead(held), emit: [Emission(event)], outcome: "held")
  }

  private func allocated(
    _ version: LeadVersion, _ branch: Branch, _ owner: Person, _ protection: LeadClock.Protection
  ) -> Emission {
    Emission(
      LeadOwnership.allocated(
        .init(
          lead: version, branch: branch.code, owner: owner.code, protectedUntil: protection.until,
          how: .transferred)))
  }

  static func place(of lead: HandOver.LeadInHand, in branch: Int64) -> LeadClock.Place {
    LeadClock.Place(branch: branch, product: lead.place.product, level: lead.place.level)
  }
}

extension HandOver {
  static func load(
    _ items: [Item], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) -> HandOverState {
    guard let task = items.first?.task else { return HandOverState(branches: [:], clocks: [:]) }
    let leads = items.compactMap { item -> LeadInHand? in if case .lead(_, let lead) = item { lead } else { nil } }
    let people = [task.person, task.receiver].compactMap { $0 }
    let locked = try transaction.rows(
      """
      select l.branch_id, b.code, open_branch(b.id), l.held from branch_load l join branch b on b.id = l.branch_id
      where l.branch_id in (
        select unnest($1::bigint[]) union select open_branch(u) from unnest($1::bigint[]) u
        union select branch_id from person where id = any($2::bigint[]))
      order by l.branch_id for update of l
      """
    ) {
      $0.integers(leads.isEmpty ? [] : Set(leads.map(\.branch)).sorted()) { $0 }
      $0.integers(leads.isEmpty ? [] : people) { $0 }
    }
    var branches: [Int64: HandOverState.Branch] = [:]
    for row in locked {
      let held = Int32(row.small(3))
      branches[row.integer(0)] = HandOverState.Branch(
        id: row.integer(0), code: row.text(1), open: row.integer(2), heldBefore: held, held: held)
    }
    let found = try transaction.rows(
      """
      select p.id, p.code, p.branch_id, p.capacity, l.open_leads, p.active
      from person p join person_load l on l.person_id = p.id where p.id = any($1)
      """
    ) { $0.integers(people) { $0 } }
    var state = HandOverState(branches: branches, clocks: try clocks(leads, found, task, transaction))
    for row in found {
      let person = HandOverState.Person(
        id: row.integer(0), code: row.text(1), branch: row.integer(2),
        capacity: row.optionalInteger(3).map { Int32($0) },
        open: Int32(row.small(4)))
      let isThere = leads.isEmpty || branches[person.branch] != nil
      // Who moved or left since the claim has no lock here: the next turn sees them as they are.
      guard isThere, person.id == task.person || row.boolean(5) else { throw .changedMeanwhile }
      if person.id == task.person { state.giver = person } else { state.receiver = person }
    }
    return state
  }

  /// A new owner's clock begins now: nobody answers for what somebody else has not done.
  private static func clocks(
    _ leads: [LeadInHand], _ people: Rows, _ task: Task, _ transaction: Transaction
  ) throws(PostgresError) -> [LeadClock.Place: LeadClock.Protection] {
    guard let receiver = people.first(where: { $0.integer(0) == task.receiver }) else { return [:] }
    let places = Set(leads.map { HandOverState.place(of: $0, in: receiver.integer(2)) })
    return try transaction.ask(LeadClock.beginning(at: places.sorted())).mapValues(\.protection)
  }
}
