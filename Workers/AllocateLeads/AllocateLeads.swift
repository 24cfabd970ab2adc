import Contract
import PhoneNumbers
import Postgres
import Runtime
import Topics
import Values

/// Gives each registered lead to a person: phone to region, region to branch by ordered rules, branch to person by
/// weighted round robin under capacity. Who cannot be placed is held with the reason.
@main
struct AllocateLeads: Worker {
  typealias Input = LeadRegistered
  static let name = "allocate-leads"
  static var sweeps: [any Sweep.Type] { [AllocateHeldLeads.self] }

  static func load(
    _ leads: [Delivery<LeadRegistered>], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    try cache.refresh(transaction)
    let registrations = leads.map { Registration($0.event) }
    let known = try Statements.leads(of: registrations.compactMap(\.phone), transaction)
    var wanted: Set<BranchProduct> = []
    for (lead, registration) in zip(leads, registrations) {
      guard let phone = registration.phone, known[phone.digits] == nil,
        let rule = cache.ruleset.match(registration.region, lead.event.source, lead.event.product)
      else { continue }
      wanted.insert(BranchProduct(branch: rule.branch, product: lead.event.product))
    }
    let read = Dictionary(uniqueKeysWithValues: zip(leads.map { ObjectIdentifier($0) }, registrations))
    return try Allocation(known: known, read, wanted: wanted, &cache, transaction)
  }

  static func decide(
    _ lead: Delivery<LeadRegistered>, _ allocation: inout Allocation, _ now: Timestamp
  ) -> Decision<LeadChange> {
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
      guard let rule = allocation.ruleset.match(registration.region, lead.event.source, lead.event.product) else {
        return allocation.open(lead, registration, .held(branch: nil, "no-rule"), nil, now)
      }
      let placement = allocation.place(in: rule.branch, behindHeld: true)
      return allocation.open(lead, registration, placement, rule, now)
    }
  }

  static let writes = LeadChange.writes
}
