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
    let phones = leads.compactMap { Registration($0.event).phone }
    let known = try Statements.leads(of: phones, transaction)
    var wanted: Set<BranchProduct> = []
    for lead in leads {
      let registration = Registration(lead.event)
      guard let phone = registration.phone, known[phone.digits] == nil,
        let rule = cache.ruleset.match(registration.region, lead.event.source, lead.event.product)
      else { continue }
      wanted.insert(BranchProduct(branch: rule.branch, product: lead.event.product))
    }
    return try Allocation(known: known, new: leads.count, wanted: wanted, &cache, transaction)
  }

  static func decide(
    _ lead: Delivery<LeadRegistered>, _ allocation: inout Allocation, _ now: Timestamp
  ) -> Decision<LeadChange> {
    let registration = Registration(lead.event)
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

/// What a registration's phone says.
struct Registration {
  enum Reading {
    case phone(PhoneNumber)
    /// Digits, but none that can be dialled: kept with the reason, for a person to look at.
    case impossible(String)
    case refused(String)
  }

  let reading: Reading

  init(_ event: LeadRegistered) {
    // A national number without a country is one of mainland China, the firm's own.
    let country = PhoneCountry(event.country ?? "CN")
    do {
      let phone = try PhoneNumber(parsing: event.phone, in: country)
      reading = phone.possibility == .possible ? .phone(phone) : .impossible(phone.possibility.rawValue)
    } catch {
      switch error {
      case .tooShort, .tooLong: reading = .impossible(error.rawValue)
      case .notANumber, .unknownCountry: reading = .refused(error.rawValue)
      }
    }
  }

  var phone: PhoneNumber? {
    if case .phone(let phone) = reading { phone } else { nil }
  }

  var region: RegionPath? { phone?.place.regionPath }
}
