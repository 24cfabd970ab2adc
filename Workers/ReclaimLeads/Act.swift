import Contract
import Digest
import LeadClock
import Runtime
import Topics
import Values

/// Something that a person did about a lead, as it is being decided.
struct Act {
  let lead: Lead
  let person: LeadBook.Person
  let command: Fingerprint?
  let type: String
  let source: String
  let event: String

  init(_ activity: Delivery<LeadActivity>, _ lead: Lead, by person: LeadBook.Person, _ command: Fingerprint?) {
    self.lead = lead
    self.person = person
    self.command = command
    type = activity.event.type
    source = activity.source
    event = activity.id
  }
}

extension LeadBook {
  // MARK: Outcomes

  /// Nothing comes of it, and whoever asked is told why: by the command's row, or by an event where a front end signed.
  func decline(_ act: Act, _ reason: StaticString) -> Decision<LifeChange> {
    if let command = act.command {
      return .apply(LifeChange(settled: (command, reason.description)), outcome: reason)
    }
    let event = LeadOwnership.declined(
      .init(
        lead: act.lead.seen(at: at), what: act.type, by: act.person.code, reason: reason.description,
        eventSource: act.source, eventId: act.event))
    return .apply(LifeChange(), emit: [Emission(event)], outcome: reason)
  }

  /// A contact that counts for nothing. It is a fact, not a wish: nobody is answered but through a command's row.
  func leave(_ act: Act, _ reason: StaticString) -> Decision<LifeChange> {
    guard let command = act.command else { return .ignore(reason) }
    return .apply(LifeChange(settled: (command, reason.description)), outcome: reason)
  }

  func settled(_ act: Act, _ outcome: StaticString) -> (command: Fingerprint, outcome: String)? {
    Sabotage.forgetOutcome.isOn ? nil : act.command.map { ($0, outcome.description) }
  }

  // MARK: Moves
  //
  // Every move takes the lead out of its state, with what is counted there, and into the next.

  /// Takes the lead away from whoever has it.
  mutating func takeOut(_ lead: inout Lead) {
    switch lead.state {
    case .owned: if let owner = lead.owner, !Sabotage.miscount.isOn { people[owner]?.open -= 1 }
    case .held: if let branch = lead.branch { branches[branch]?.heldChange -= 1 }
    case .waiting, .pooled, .converted, .other: break
    }
    let clock = (lead.protectedSince, lead.protectedUntil)
    lead.forgetPlace()
    if Sabotage.keepClock.isOn { (lead.protectedSince, lead.protectedUntil) = clock }
    lead.version += 1
    lead.isChanged = true
  }

  mutating func give(_ lead: inout Lead, to person: Person, _ clock: LeadClock.Protection, since: Timestamp) {
    takeOut(&lead)
    lead.state = .owned
    lead.branch = person.branch
    lead.owner = person.id
    lead.protectedSince = since
    lead.protectedUntil = clock.until
    lead.checkAt = clock.checkAt
    people[person.id]?.open += 1
  }

  mutating func pool(_ lead: inout Lead, in branch: Branch) {
    takeOut(&lead)
    lead.state = .pooled
    lead.branch = branch.id
    lead.pooledAt = at
    lead.poolDueAt = branch.pool.unclaimedAt
  }

  mutating func hold(_ lead: inout Lead, in branch: Int64, _ reason: StaticString) {
    takeOut(&lead)
    lead.state = .held
    lead.branch = branch
    lead.heldReason = reason.description
    lead.heldSince = at
    branches[branch]?.heldChange += 1
  }

  /// As if no rule had a branch for it: the rules are asked anew.
  mutating func reroute(_ lead: inout Lead) {
    takeOut(&lead)
    lead.state = .held
    lead.branch = nil
    lead.heldReason = "no-rule"
    lead.heldSince = at
    lead.heldRuleset = 0
  }

  // MARK: What is told

  func allocated(_ lead: Lead, to person: Person, _ how: LeadOwnership.Allocated.How) -> Emission {
    Emission(
      LeadOwnership.allocated(
        .init(
          lead: lead.seen(at: at), branch: branches[person.branch]?.code ?? "", owner: person.code,
          protectedUntil: lead.protectedUntil ?? at, how: how)))
  }

  func held(_ lead: Lead) -> Emission {
    Emission(
      LeadOwnership.held(
        .init(
          lead: lead.seen(at: at), branch: lead.branch.flatMap { branches[$0]?.code },
          reason: lead.heldReason ?? "no-rule")))
  }

  func pooled(_ lead: Lead, from former: Int64?, _ reason: StaticString) -> Emission {
    Emission(
      LeadOwnership.pooled(
        .init(
          lead: lead.seen(at: at), branch: lead.branch.flatMap { branches[$0]?.code } ?? "",
          formerOwner: former.flatMap { people[$0]?.code }, reason: reason.description)))
  }
}
