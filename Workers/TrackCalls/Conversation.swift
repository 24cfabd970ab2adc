import Calls
import Contract
import LeadClock
import Reminders
import Topics
import Values

/// What a conversation makes of its lead's clock.
struct Conversation {
  /// As the call's row says it; only `contacted` and `told` are the last word.
  var outcome: String
  var step: LeadStep?
  /// That the person was in contact while the lead was theirs, for reclaim-leads to decide over.
  var late: LateContact?
  var emissions: [Emission] = []
}

struct LeadStep: Sendable {
  let lead: Int64
  let version: Int32
  let at: Timestamp
  let branch: Int64?
  let owner: Int64?
  let source: String
  let event: String
}

struct LateContact: Sendable {
  let person: Int64
  let lead: Int64
  let at: Timestamp
}

extension CallBook {
  /// Runs the lead's clock for the conversations of a call: as a contact that its owner tells, because it is one.
  mutating func converse(_ use: Use, _ event: (source: String, id: String)) -> Conversation? {
    guard let id = use.memory.who.lead else { return nil }
    let talks = use.story.conversations(atLeast: terms.talk)
    guard !talks.isEmpty else { return nil }
    guard let lead = leads[id] else { return Conversation(outcome: "no-lead") }
    if lead.isConverted { return Conversation(outcome: "converted") }
    var outcome = "not-an-agent"
    for talk in talks {
      guard let person = people[talk.agent] else { continue }
      if lead.isOwned, lead.owner == person.id { return extend(lead, person, at: talk.since, event) }
      if lead.wasProtected(for: person.id, at: talk.since) {
        return Conversation(
          outcome: "told", late: LateContact(person: person.id, lead: lead.id, at: talk.since))
      }
      outcome = "not-the-owner"
    }
    return Conversation(outcome: outcome)
  }

  private mutating func extend(
    _ standing: Lead, _ person: Person, at happened: Timestamp, _ event: (source: String, id: String)
  ) -> Conversation {
    var lead = standing
    guard let since = lead.protectedSince, let until = lead.protectedUntil, let branch = lead.branch else {
      return Conversation(outcome: "not-the-owner")
    }
    if happened < since { return Conversation(outcome: "before-ownership") }
    if happened >= until { return Conversation(outcome: "after-the-end") }
    lead.contactedAt = max(lead.contactedAt ?? happened, happened)
    lead.isChanged = true
    var conversation = Conversation(outcome: "contacted")
    if let clock = clocks[LeadContact(lead: lead.id, at: happened)], clock.until > until {
      lead.version += 1
      lead.protectedUntil = clock.until
      lead.checkAt = clock.checkAt
      conversation.step = LeadStep(
        lead: lead.id, version: lead.version, at: at, branch: branch, owner: person.id, source: event.source,
        event: event.id)
      conversation.emissions = [
        Emission(
          LeadOwnership.extended(
            .init(
              lead: LeadVersion(id: lead.id, version: lead.version, region: lead.region, at: at), owner: person.code,
              protectedUntil: clock.until)))
      ]
    }
    leads[lead.id] = lead
    return conversation
  }
}
