import Values

/// A row of a lead's history: what was decided, by what, and from which people.
final class Judgement: Sendable {
  let lead: Int64
  let version: Int32
  let at: Timestamp
  /// As `lead_history.what` has it.
  let what: String
  var branch: Int64? { place.branch }
  var owner: Int64? { place.owner }
  let reason: String?
  let basis: String?
  let note: String?
  let ruleset: Int32
  let rule: Int32?
  let snapshot: Int64?
  let choice: Int32?
  let source: String?
  let event: String?
  private let place: (branch: Int64?, owner: Int64?)

  init(
    _ placement: Placement, _ lead: Int64, _ version: Int32, _ now: Timestamp, ruleset: Int32, rule: Int32?,
    source: String? = nil, event: String? = nil
  ) {
    self.lead = lead
    self.version = version
    at = now
    self.ruleset = ruleset
    self.rule = rule
    self.source = source
    self.event = event
    switch placement {
    case .owner(let branch, _, let person, let snapshot, let choice, let basis, let note):
      place = (branch, person.id)
      (what, reason, self.basis, self.note) = ("allocated", nil, basis?.rawValue, note)
      (self.snapshot, self.choice) = (snapshot, choice)
    case .held(let branch, let reason, _, let snapshot, let choice, let basis, let note):
      place = (branch, nil)
      (what, self.reason, self.basis, self.note) = ("held", reason, basis?.rawValue, note)
      (self.snapshot, self.choice) = (snapshot, choice)
    case .waiting(let step, let basis):
      place = (step.branch, nil)
      (what, reason, self.basis, note, snapshot, choice) = ("waiting", nil, basis?.rawValue, nil, nil, nil)
    case .converted(_, let converted, let by):
      place = (converted.branch?.id, converted.owner?.id)
      (what, reason, basis) = ("converted", by.rawValue, Route.Basis.customer.rawValue)
      (note, snapshot, choice) = (nil, nil, nil)
    }
  }
}
