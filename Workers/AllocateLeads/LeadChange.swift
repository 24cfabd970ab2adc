import Contract
import Customers
import Digest
import LeadClock
import Postgres
import Reminders
import Topics
import Values

/// What one decision writes. Its rows are classes: each is looked at once for every column.
package enum LeadChange: Sendable {
  case opened(OpenedLead)
  case duplicate(DuplicateLead)
  /// A lead that was held or waiting, and what has become of it.
  case moved(MovedLead)
  /// A held lead for which newer rules have no branch either.
  case rejudged(RejudgedLead)
  /// A waiting lead whose branch is reminded to pass it on.
  case reminded(RemindedLead)
  /// Held leads that a manager is told of.
  case told(ToldQueue)
}

package final class OpenedLead: Sendable {
  let id: Int64
  let lead: Delivery<Registration>
  let phone: Int64?
  let phoneText: String?
  let region: String?
  let identity: Fingerprint?
  let customer: Int64?
  let suggested: [Int64]
  let importer: Int64?
  let state: String
  let protection: LeadClock.Protection?
  let step: Step?
  let stepPolicy: Int64
  let judgement: Judgement

  init(
    _ lead: Delivery<Registration>, _ id: Int64, _ placement: Placement, _ conversion: Conversion, importer: Int64?,
    protection: LeadClock.Protection?, _ policy: FirmPolicy, _ judgement: Judgement
  ) {
    self.id = id
    self.lead = lead
    let registration = lead.event
    phone = registration.phone?.digits
    phoneText = registration.phone == nil ? registration.said.phone : nil
    region = registration.facts.region?.description
    identity = registration.identity
    self.importer = importer
    state = placement.state
    stepPolicy = policy.stepPolicy
    self.judgement = judgement
    if case .owner = placement { self.protection = protection } else { self.protection = nil }
    if case .waiting(let step, _) = placement { self.step = step } else { step = nil }
    if case .customer(let known, _) = conversion { customer = known.id } else { customer = nil }
    switch conversion {
    case .suggested(let ids), .disagreement(let ids): suggested = ids
    case .none, .customer: suggested = []
    }
  }
}

package final class MovedLead: Sendable {
  let id: Int64
  let state: String
  let protection: LeadClock.Protection?
  let step: Step?
  let stepPolicy: Int64
  let judgement: Judgement
  /// Whoever was to pass it on has to no longer; whoever is now, because others did not in time, is told.
  let wasWaiting: Bool

  init(
    _ id: Int64, _ placement: Placement, protection: LeadClock.Protection?, _ policy: FirmPolicy, wasWaiting: Bool,
    _ judgement: Judgement
  ) {
    self.id = id
    state = placement.state
    stepPolicy = policy.stepPolicy
    self.wasWaiting = wasWaiting
    self.judgement = judgement
    if case .owner = placement { self.protection = protection } else { self.protection = nil }
    if case .waiting(let step, _) = placement { self.step = step } else { step = nil }
  }
}

package struct RejudgedLead: Sendable {
  let lead: Int64
  let ruleset: Int32
  let stepPolicy: Int64
}

package struct RemindedLead: Sendable {
  let lead: Int64
  let version: Int32
  let branch: Int64
  let due: Timestamp
  let at: Timestamp
}

package struct ToldQueue: Sendable {
  let leads: [Int64]
  let branch: Int64
  let branchCode: String
  /// The branch's local date.
  let day: String
  let oldest: Timestamp
  let at: Timestamp
}

package struct DuplicateLead: Sendable {
  let lead: Int64
  let at: Timestamp
  let delivery: Delivery<Registration>

  init(_ lead: Int64, _ delivery: Delivery<Registration>, _ now: Timestamp) {
    self.lead = lead
    self.delivery = delivery
    at = now
  }
}

extension LeadChange {
  var judgement: Judgement? {
    switch self {
    case .opened(let lead): lead.judgement
    case .moved(let lead): lead.judgement
    case .duplicate, .rejudged, .reminded, .told: nil
    }
  }

  var opened: OpenedLead? { if case .opened(let lead) = self { lead } else { nil } }
  var moved: MovedLead? { if case .moved(let lead) = self { lead } else { nil } }
  var duplicate: DuplicateLead? { if case .duplicate(let lead) = self { lead } else { nil } }
  var rejudged: RejudgedLead? { if case .rejudged(let lead) = self { lead } else { nil } }
  var reminded: RemindedLead? { if case .reminded(let lead) = self { lead } else { nil } }
  var told: ToldQueue? { if case .told(let queue) = self { queue } else { nil } }
}
