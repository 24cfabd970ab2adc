import Contract
import LeadClock
import Reminders
import Topics
import Values

/// Seconds that a clock elsewhere may be ahead of the database's.
private let skew: Int64 = 300
/// Contacts before that are nobody's any more, in seconds.
private let oldest: Int64 = 366 * 86_400

extension LeadBook {
  /// What counts is when a contact happened, and that the owner made it: a bulk message protects nobody.
  mutating func contact(_ act: Act, at happened: Timestamp, automatic: Bool) -> Decision<LifeChange> {
    if automatic { return leave(act, "by-machine") }
    if happened > at.adding(seconds: skew) {
      return .reject(Refusal("in-the-future", at: "time", "a contact that has not happened yet counts for nothing"))
    }
    if happened < at.adding(seconds: -oldest) { return leave(act, "too-old") }
    switch act.lead.state {
    case .owned where act.lead.owner == act.person.id: return extend(act, at: happened)
    case .owned:
      guard act.lead.wasProtected(for: act.person.id, at: happened) else { return leave(act, "not-the-owner") }
      return tooLate(act)
    case .held, .waiting, .pooled:
      guard act.lead.wasProtected(for: act.person.id, at: happened) else { return leave(act, "not-the-owner") }
      return restore(act, at: happened)
    case .converted: return leave(act, "converted")
    case .other: return leave(act, "closed")
    }
  }

  private mutating func extend(_ act: Act, at happened: Timestamp) -> Decision<LifeChange> {
    var lead = act.lead
    guard let since = lead.protectedSince, let until = lead.protectedUntil, let branch = lead.branch else {
      return leave(act, "not-the-owner")
    }
    if happened < since { return leave(act, "before-ownership") }
    if happened >= until { return leave(act, "after-the-end") }
    lead.contactedAt = max(lead.contactedAt ?? happened, happened)
    lead.isChanged = true
    var change = LifeChange()
    var emissions: [Emission] = []
    if let clock = clocks[ClockKey(lead: lead.id, branch: branch, contact: happened)], clock.until > until {
      lead.version += 1
      lead.protectedUntil = clock.until
      lead.checkAt = clock.checkAt
      change.step = LifeStep(
        lead, "contacted", at: at, by: act.person.id, source: act.source, event: act.event)
      change.gone = [.about(.lead(lead.id), kind: Ladder.kind, because: "contacted")]
      emissions = [
        Emission(
          LeadOwnership.extended(
            .init(lead: lead.seen(at: at), owner: act.person.code, protectedUntil: clock.until)))
      ]
    }
    change.contact = LeadContact(lead: lead.id, person: act.person.id, at: happened)
    change.settled = settled(act, "contacted")
    leads[lead.id] = lead
    return .apply(change, emit: emissions, outcome: "contacted")
  }

  /// Later proof of a contact that would have kept the lead. Capacity is not asked: the lead was theirs all the time.
  private mutating func restore(_ act: Act, at happened: Timestamp) -> Decision<LifeChange> {
    var lead = act.lead
    let key = ClockKey(lead: lead.id, branch: act.person.branch, contact: happened)
    guard act.person.isActive else { return leave(act, "inactive") }
    guard let clock = clocks[key], let since = lead.formerSince, clock.until > at else {
      return leave(act, "over-anyway")
    }
    give(&lead, to: act.person, clock, since: since)
    lead.contactedAt = happened
    lead.formerOwner = nil
    lead.formerSince = nil
    lead.formerUntil = nil
    leads[lead.id] = lead
    var change = LifeChange(
      step: LifeStep(
        lead, "restored", at: at, reason: "later-proof", by: act.person.id, source: act.source, event: act.event),
      settled: settled(act, "restored"),
      reminders: [
        Reminder(
          "lead-restored", key: "lead/\(lead.id)/restored/\(lead.version)", about: .lead(lead.id),
          to: .person(act.person.id), due: clock.until, urgency: .low,
          detail: "The lead is yours again: a contact before its end was told later.")
      ],
      gone: [.about(.lead(lead.id), because: "restored")])
    change.contact = LeadContact(lead: lead.id, person: act.person.id, at: happened)
    return .apply(change, emit: [allocated(lead, to: act.person, .restored)], outcome: "restored")
  }

  /// Somebody else has it by now, and keeps it; both are told.
  private func tooLate(_ act: Act) -> Decision<LifeChange> {
    guard let owner = act.lead.owner else { return leave(act, "not-the-owner") }
    let about = Reminder.Subject.lead(act.lead.id)
    let key = "lead/\(act.lead.id)/late-proof/\(act.lead.version)"
    let change = LifeChange(
      settled: settled(act, "owned-by-another"),
      reminders: [
        Reminder(
          "late-proof", key: "\(key)/former", about: about, to: .person(act.person.id), due: at, urgency: .low,
          detail: "Your contact was told after the lead had gone to somebody else, who keeps it."),
        Reminder(
          "late-proof", key: "\(key)/owner", about: about, to: .person(owner), due: at, urgency: .low,
          detail: "The former owner had contacted this lead before it came to you. It stays yours."),
      ])
    return .apply(change, outcome: "owned-by-another")
  }

  /// An organisation says that all contacts up to a moment have been told.
  mutating func endDay(
    _ code: String, _ until: Timestamp, _ activity: Delivery<LeadActivity>
  ) -> Decision<LifeChange> {
    guard let branch = branchCodes[code] else {
      return .reject(Refusal("unknown-branch", at: "branch", "no branch has this code"))
    }
    if until > at.adding(seconds: skew) {
      return .reject(Refusal("in-the-future", at: "until", "a day that has not ended yet cannot be complete"))
    }
    return .apply(LifeChange(marker: DayMarker(branch: branch, until: until, heard: at)), outcome: "day-ended")
  }
}
