import Contract
import LeadClock
import Reminders
import Topics
import Values

extension LeadBook {
  /// A manager gives a lead of their branches to one of their branches or people. What a command of the database wants is in
  /// its row; the codes are a front end's.
  mutating func assign(_ act: Act, branch code: String?, person receiver: String?) -> Decision<LifeChange> {
    let stamped = act.command.flatMap { commands[$0] }
    let branch = stamped.map(\.toBranch) ?? code.flatMap { branchCodes[$0] }
    let person = (stamped.map(\.toPerson) ?? receiver.flatMap { codes[$0] }).flatMap { people[$0] }
    guard act.lead.isOpen else { return decline(act, "closed") }
    if let place = act.lead.branch, !manages(act.person, place) { return decline(act, "not-your-branch") }
    if let person {
      guard manages(act.person, person.branch) else { return decline(act, "not-your-branch") }
      return assign(act, to: person, transfer: stamped?.transfer)
    }
    guard let branch, branches[branch] != nil else { return decline(act, "nobody-named") }
    guard manages(act.person, branch) else { return decline(act, "not-your-branch") }
    return assign(act, toBranch: branch, transfer: stamped?.transfer)
  }

  private func manages(_ person: Person, _ branch: Int64) -> Bool {
    managers.contains(PersonBranch(person: person.id, branch: branch))
  }

  private mutating func assign(_ act: Act, to person: Person, transfer: Int64?) -> Decision<LifeChange> {
    var lead = act.lead
    if lead.owner == person.id { return decline(act, "theirs-already") }
    guard person.isActive else { return decline(act, "inactive") }
    if person.isFull { return decline(act, "full") }
    guard let fresh = clocks[ClockKey(lead: lead.id, branch: person.branch, contact: nil)] else {
      return decline(act, "nobody-named")
    }
    var clock = fresh
    var since = at
    // The new owner of a transferred lead has what time was left, unless it is over.
    if transfer != nil, branches[person.branch]?.pool.keepsClock == true, let until = lead.protectedUntil,
      let begun = lead.protectedSince, until > at
    {
      clock = LeadClock.Protection(until: until, checkAt: lead.checkAt)
      since = begun
    }
    let former = lead.owner
    // Of whom it was taken back stays known: proof of theirs that comes now is answered to both.
    give(&lead, to: person, clock, since: since)
    leads[lead.id] = lead
    let about: Reminder
    if let transfer {
      about = Reminder(
        "leads-transferred", key: "transfer/\(transfer)/\(person.id)", about: .person(person.code),
        to: .person(person.id), due: clock.until,
        detail: "Leads were transferred to you (transfer \(transfer)): millrace leads list --owner \(person.code)")
    } else {
      about = Reminder(
        "lead-assigned", key: "lead/\(lead.id)/assigned/\(lead.version)", about: .lead(lead.id), to: .person(person.id),
        due: clock.until, detail: "A manager assigned this lead to you.")
    }
    let change = LifeChange(
      step: LifeStep(
        lead, transfer == nil ? "assigned" : "transferred", at: at, formerOwner: former, by: act.person.id,
        source: act.source, event: act.event),
      settled: settled(act, transfer == nil ? "assigned" : "transferred"), reminders: [about],
      gone: [.about(.lead(lead.id), because: "assigned")])
    return .apply(
      change, emit: [allocated(lead, to: person, transfer == nil ? .assigned : .transferred)],
      outcome: transfer == nil ? "assigned" : "transferred")
  }

  /// A lead on its way down goes on waiting there under a deadline of its own; any other is given to whoever's turn it is.
  private mutating func assign(_ act: Act, toBranch id: Int64, transfer: Int64?) -> Decision<LifeChange> {
    var lead = act.lead
    let former = lead.owner
    let wasWaiting = lead.state == .waiting
    if wasWaiting, lead.branch == id { return decline(act, "theirs-already") }
    let emission: Emission
    if wasWaiting, let branch = branches[id], let due = branch.pool.stepDueAt {
      takeOut(&lead)
      lead.state = .waiting
      lead.branch = id
      lead.stepDueAt = due
      lead.stepRemindAt = branch.pool.stepRemindAt
      emission = Emission(LeadOwnership.passed(.init(lead: lead.seen(at: at), branch: branch.code, dueAt: due)))
    } else {
      hold(&lead, in: id, "assigned")
      emission = held(lead)
    }
    // Nothing restores an owner of whom a manager took it.
    if let former {
      lead.formerOwner = former
      lead.formerSince = nil
      lead.formerUntil = nil
    }
    leads[lead.id] = lead
    let what: StaticString = lead.state == .waiting ? "waiting" : "held"
    let change = LifeChange(
      step: LifeStep(
        lead, what, at: at, formerOwner: former, reason: transfer == nil ? "assigned" : "transferred",
        by: act.person.id, source: act.source, event: act.event),
      settled: settled(act, transfer == nil ? "assigned" : "transferred"),
      gone: [.about(.lead(lead.id), because: "assigned")])
    return .apply(change, emit: [emission], outcome: transfer == nil ? "assigned" : "transferred")
  }
}
