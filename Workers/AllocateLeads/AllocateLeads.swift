package import Contract
import PhoneNumbers
package import Postgres
import Runtime
package import Topics
package import Values

/// Gives each registered lead to a person: phone to region, region to branch by ordered rules, branch to person by
/// weighted round robin under capacity. Who cannot be placed is held with the reason.
package struct AllocateLeads: Worker {
  package typealias Input = LeadRegistered
  package static let name = "allocate-leads"
  package static var sweeps: [any Sweep.Type] { [AllocateHeldLeads.self] }

  package static func load(
    _ leads: [Delivery<LeadRegistered>], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    try cache.refresh(transaction)
    let registrations = leads.map { Registration($0) }
    let known = try Statements.leads(of: registrations.compactMap(\.phone), transaction)
    var wanted: Set<BranchProduct> = []
    for registration in registrations {
      guard let phone = registration.phone, known[phone.digits] == nil else { continue }
      registration.rule = cache.rule(for: registration)
      guard let rule = registration.rule else { continue }
      wanted.insert(BranchProduct(branch: rule.branch, product: registration.lead.event.product))
    }
    return try Allocation(known: known, registrations, wanted: wanted, &cache, transaction)
  }

  package static func decide(
    _ lead: Delivery<LeadRegistered>, _ allocation: inout Allocation, _ now: Timestamp
  ) -> Decision<LeadChange> {
    let now = allocation.at ?? now
    let registration = allocation.registration(of: lead)
    switch registration.reading {
    case .refused(let reason):
      return .reject(Refusal(restoring: reason, at: "phone", "this is no phone number of any country"))
    case .impossible(let reason):
      return allocation.open(lead, registration, .held(branch: nil, "phone-\(reason)"), nil, now)
    case .phone(let phone):
      if let known = allocation.known[phone.digits] {
        return .apply(.duplicate(DuplicateLead(known, lead, now)), outcome: "duplicate")
      }
      guard let rule = registration.rule else {
        return allocation.open(lead, registration, .held(branch: nil, "no-rule"), nil, now)
      }
      let placement = allocation.place(in: rule.branch, behindHeld: true)
      return allocation.open(lead, registration, placement, rule, now)
    }
  }

  package static let writes = LeadChange.writes
}
