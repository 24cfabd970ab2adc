import Contract
import LeadClock
import Runtime
import Topics
import Values

extension LeadBook {
  /// First come, first served: whoever's event is taken first finds the lead in the pool, everybody after finds its owner.
  mutating func claim(_ act: Act) -> Decision<LifeChange> {
    var lead = act.lead
    let person = act.person
    if lead.state == .owned, !Sabotage.claimTaken.isOn {
      return decline(act, lead.owner == person.id ? "yours-already" : "taken")
    }
    guard lead.state == .pooled || Sabotage.claimTaken.isOn, let branch = lead.branch,
      let terms = branches[branch]?.pool
    else {
      return decline(act, lead.isOpen ? "not-in-the-pool" : "closed")
    }
    guard person.isActive else { return decline(act, "inactive") }
    guard members.contains(PersonBranch(person: person.id, branch: branch)) else {
      return decline(act, "another-branch")
    }
    if let pooled = lead.pooledAt, at < pooled.adding(seconds: terms.claimDelayMinutes * 60) {
      return decline(act, "too-early")
    }
    if let until = coolOffs[PersonLead(person: person.id, lead: lead.id)], at < until, !Sabotage.forgetCoolOff.isOn {
      return decline(act, "cooling-off")
    }
    let own = branches[person.branch]?.pool.claimsADay ?? terms.claimsADay
    if let cap = own, person.claimed >= cap { return decline(act, "claim-cap") }
    if person.isFull { return decline(act, "full") }
    guard let clock = clocks[ClockKey(lead: lead.id, branch: person.branch, contact: nil)] else {
      return decline(act, "another-branch")
    }
    give(&lead, to: person, clock, since: at)
    if !Sabotage.forgetClaim.isOn { people[person.id]?.claimed += 1 }
    leads[lead.id] = lead
    let change = LifeChange(
      step: LifeStep(lead, "claimed", at: at, by: person.id, source: act.source, event: act.event),
      settled: settled(act, "claimed"), gone: [.about(.lead(lead.id), because: "claimed")])
    return .apply(change, emit: [allocated(lead, to: person, .claimed)], outcome: "claimed")
  }

  /// The owner, or who manages the branch, gives the lead back.
  mutating func release(_ act: Act) -> Decision<LifeChange> {
    var lead = act.lead
    guard lead.state == .owned, let owner = lead.owner, let place = lead.branch, let branch = branches[place] else {
      return decline(act, lead.isOpen ? "not-owned" : "closed")
    }
    guard owner == act.person.id || managers.contains(PersonBranch(person: act.person.id, branch: place)) else {
      return decline(act, "not-yours")
    }
    guard act.person.isActive else { return decline(act, "inactive") }
    pool(&lead, in: branch)
    lead.formerOwner = nil
    lead.formerSince = nil
    lead.formerUntil = nil
    leads[lead.id] = lead
    let change = LifeChange(
      step: LifeStep(
        lead, "released", at: at, formerOwner: owner, by: act.person.id, source: act.source, event: act.event),
      settled: settled(act, "released"), gone: [.about(.lead(lead.id), because: "released")])
    return .apply(change, emit: [pooled(lead, from: owner, "released")], outcome: "released")
  }
}
