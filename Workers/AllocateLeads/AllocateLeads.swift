package import Contract
import Customers
import PhoneNumbers
package import Postgres
import Runtime
package import Settings
package import Topics
package import Values

/// Gives each registered lead to a person: whoever is a customer already to their manager; else source, importer or ordered
/// rules name a branch, and a person there is chosen by turns, or the branch passes the lead down. Who cannot be placed is
/// held with the reason.
package struct AllocateLeads: Worker {
  package typealias Input = LeadRegistered
  package static let name = "allocate-leads"
  package static var sweeps: [any Sweep.Type] {
    [AllocateHeldLeads.self, AdvanceWaitingLeads.self, RemindOfHeldLeads.self]
  }
  package static var settings: SettingGroup? { SettingGroup("allocate-leads", .identityKey) }
  package static var secret: Setting<Secret>? { .identityKey }

  package static func load(
    _ leads: [Delivery<LeadRegistered>], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    let registrations = leads.map { Registration($0, cache.identityKey) }
    let findings = try Findings.load(registrations, &cache, transaction)
    let fresh = registrations.filter { !$0.isRefused && ($0.phone.map { findings.known[$0.digits] == nil } ?? true) }
    for registration in fresh where registration.phone != nil {
      registration.route = findings.sources.route(
        registration.facts.source, importer: registration.lead.event.importer,
        byRules: cache.match(registration.facts))
    }
    return try Allocation(
      findings.policy, known: findings.known, findings.customers, findings.sources, registrations,
      routes: fresh.map { ($0.route, $0.facts) }, &cache, transaction)
  }

  package static func decide(
    _ lead: Delivery<LeadRegistered>, _ allocation: inout Allocation, _ now: Timestamp
  ) -> Decision<LeadChange> {
    let registration = allocation.registration(of: lead)
    if case .refused(let refusal) = registration.reading { return .reject(refusal) }
    if let phone = registration.phone, let known = allocation.known[phone.digits] {
      return .apply(.duplicate(DuplicateLead(known, lead, allocation.at ?? now)), outcome: "duplicate")
    }
    let conversion = allocation.conversion(of: registration)
    let placement: Placement
    switch (conversion, registration.reading) {
    case (.customer(let customer, let by), _):
      placement = .converted(customer, allocation.policy.convertedOwner.place(of: customer), by)
    case (.disagreement, _): placement = .held(branch: nil, "keys-disagree")
    case (_, .impossible(let reason)): placement = .held(branch: nil, "phone-\(reason)")
    default: placement = allocation.place(registration.route)
    }
    return allocation.open(registration, placement, conversion, now)
  }

  package static let writes = LeadChange.writes
}
