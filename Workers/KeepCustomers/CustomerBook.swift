import Contract
import Customers
import Digest
import Topics
import Values

/// What one transaction knows of the customers in its batch. Their rows are locked; what is new belongs to whoever commits
/// first.
struct CustomerBook {
  enum Status: String {
    case active, dormant, closed, removed
  }

  /// A customer as the last decision left them.
  struct Customer {
    let id: Int64
    let isNew: Bool
    /// As the table has it; 0 for a new one.
    let storedVersion: Int64
    let storedPhones: [StoredPhone]
    var version: Int64
    /// nil for a removed one.
    var data: Fingerprint?
    var status: Status
    var keys: CustomerKeys
    /// What there is to write; nil where nothing but the version may have changed, and for a removed one.
    var facts: CustomerFacts?
    var isRemovedNow = false
  }

  struct StoredPhone: Equatable {
    let digits: Int64
    let place: Int32
    let kind: String?
  }

  private(set) var customers: [String: Customer]
  private(set) var leads: OpenLeads
  private let branches: [String: Int64]
  private let people: [String: Int64]
  private var numbers: NumberStock

  init(
    standing customers: [String: Customer], leads: OpenLeads = .none, branches: [String: Int64] = [:],
    people: [String: Int64] = [:],
    numbers: NumberStock
  ) {
    self.customers = customers
    self.leads = leads
    self.branches = branches
    self.people = people
    self.numbers = numbers
  }

  func branch(_ code: String?) -> Int64? { code.flatMap { branches[$0] } }
  func person(_ code: String?) -> Int64? { code.flatMap { people[$0] } }

  /// A newer version that says the same.
  mutating func confirm(_ told: CustomerVersion) { customers[told.id]?.version = told.version }

  mutating func remove(_ told: CustomerVersion) {
    change(told) { customer in
      customer.data = nil
      customer.status = .removed
      customer.keys = .none
      customer.facts = nil
      customer.isRemovedNow = true
    }
  }

  /// Answers the leads that turn out to be this customer.
  mutating func write(
    _ facts: CustomerFacts, _ profile: Delivery<KeepCustomers.Reading>, _ now: Timestamp
  ) -> [LeadConversion] {
    let told = facts.told
    let before = customers[told.id]?.keys ?? .none
    let keys = facts.keys
    change(told) { customer in
      customer.data = facts.data
      customer.status = Status(rawValue: facts.profile.status.rawValue) ?? .active
      customer.keys = keys
      customer.facts = facts
      customer.isRemovedNow = false
    }
    guard !leads.isEmpty, let id = customers[told.id]?.id else { return [] }
    let branch = facts.profile.branch.flatMap { code in
      branches[code].map { ConvertedPlace.Unit(id: $0, code: code) }
    }
    let manager = leads.person(person(facts.profile.manager))
    return leads.convert(
      to: KnownCustomer(id: id, code: told.id, branch: branch, manager: manager), id: id, keys: keys,
      new: keys.new(since: before), now, source: profile.source, event: profile.id)
  }

  private mutating func change(_ told: CustomerVersion, _ body: (inout Customer) -> Void) {
    var customer =
      customers[told.id]
      ?? Customer(
        id: numbers.next(), isNew: true, storedVersion: 0, storedPhones: [], version: told.version, data: nil,
        status: .active, keys: .none, facts: nil)
    customer.version = told.version
    body(&customer)
    customers[told.id] = customer
  }
}
