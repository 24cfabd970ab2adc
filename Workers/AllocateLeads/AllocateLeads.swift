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

  package static func reader(_ settings: Settings) -> (LeadRegistered, Timestamp) -> Registration {
    let key = IdentityKey(settings)
    return { lead, _ in Registration(lead, key) }
  }

  package static func load(
    _ leads: [Delivery<Registration>], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    // While PostgreSQL opens the batch's transaction: behind its answers the rules are nearly always the same.
    var matched = cache.match(leads)
    let findings = try Findings.load(leads.map(\.event), &cache, transaction)
    if matched.edition != cache.rules.edition { matched = cache.match(leads) }
    let routes = zip(leads, matched.rules).map { lead, rule -> Route in
      // Without a phone it goes nowhere; with one that has a lead it joins that.
      guard let phone = lead.event.phone, !lead.event.isRefused, findings.known[phone.digits] == nil else {
        return .none
      }
      let facts = lead.event.facts
      return findings.sources.route(facts.source, importer: lead.event.said.importer, byRules: rule)
    }
    return try Allocation(
      findings.policy, known: findings.known, findings.customers, findings.sources, RoutedLeads(leads, routes),
      routes: zip(routes, leads).map { ($0, $1.event.facts) }, &cache, transaction)
  }

  package static func decide(
    _ lead: Delivery<Registration>, _ allocation: inout Allocation, _ now: Timestamp
  ) -> Decision<LeadChange> {
    let registration = lead.event
    let route = allocation.route(of: lead)
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
    default: placement = allocation.place(route)
    }
    return allocation.open(lead, route, placement, conversion, now)
  }

  package static let writes = LeadChange.writes
}
