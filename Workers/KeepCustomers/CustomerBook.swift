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

  /// A customer as the last decision left them. A class: most of a batch are looked at once for every column.
  final class Customer {
    let code: String
    let id: Int64
    /// As the table has it; 0 for a new one.
    let storedVersion: Int64
    let storedPhones: [StoredPhone]
    fileprivate(set) var version: Int64
    /// nil for a removed one.
    fileprivate(set) var data: Fingerprint?
    fileprivate(set) var status: Status
    fileprivate(set) var keys: CustomerKeys
    /// What there is to write; nil where nothing but the version may have changed, and for a removed one.
    fileprivate(set) var facts: CustomerFacts?
    /// As the facts name them; nil for one that nobody has heard of.
    fileprivate(set) var branch: Int64?
    fileprivate(set) var manager: Int64?
    fileprivate(set) var isRemovedNow = false

    /// One that the table has.
    init(
      _ code: String, id: Int64, version: Int64, phones: [StoredPhone], data: Fingerprint?, status: Status,
      keys: CustomerKeys
    ) {
      self.code = code
      self.id = id
      (storedVersion, self.version) = (version, version)
      storedPhones = phones
      self.data = data
      self.status = status
      self.keys = keys
    }

    /// A new one.
    fileprivate init(_ told: CustomerVersion, id: Int64) {
      code = told.id
      self.id = id
      storedVersion = 0
      storedPhones = []
      version = told.version
      status = .active
      keys = .none
    }
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

  /// A newer version that says the same.
  mutating func confirm(_ told: CustomerVersion) { customers[told.id]?.version = told.version }

  mutating func remove(_ told: CustomerVersion) {
    let customer = customer(told)
    customer.data = nil
    customer.status = .removed
    customer.keys = .none
    (customer.facts, customer.branch, customer.manager) = (nil, nil, nil)
    customer.isRemovedNow = true
  }

  /// Answers the leads that turn out to be this customer.
  mutating func write(
    _ facts: CustomerFacts, _ profile: Delivery<KeepCustomers.Reading>, _ now: Timestamp
  ) -> [LeadConversion] {
    let customer = customer(facts.told)
    let before = customer.keys
    customer.data = facts.data
    customer.status = Status(rawValue: facts.profile.status.rawValue) ?? .active
    customer.keys = facts.keys
    customer.facts = facts
    customer.branch = facts.profile.branch.flatMap { branches[$0] }
    customer.manager = facts.profile.manager.flatMap { people[$0] }
    customer.isRemovedNow = false
    guard !leads.isEmpty else { return [] }
    let branch = facts.profile.branch.flatMap { code in
      customer.branch.map { ConvertedPlace.Unit(id: $0, code: code) }
    }
    let manager = leads.person(customer.manager)
    return leads.convert(
      to: KnownCustomer(id: customer.id, code: customer.code, branch: branch, manager: manager), id: customer.id,
      keys: customer.keys, new: customer.keys.new(since: before), now, source: profile.source, event: profile.id)
  }

  /// This customer, of this version now.
  private mutating func customer(_ told: CustomerVersion) -> Customer {
    if let customer = customers[told.id] {
      customer.version = told.version
      return customer
    }
    let new = Customer(told, id: numbers.next())
    customers[told.id] = new
    return new
  }

  /// Those with something to write, in the one order of locks.
  var changed: [Customer] {
    customers.values.filter { $0.facts != nil || $0.isRemovedNow }.sorted { $0.id < $1.id }
  }

  /// Those of whom a newer version said the same.
  var confirmed: [Customer] {
    customers.values.filter { $0.facts == nil && !$0.isRemovedNow && $0.version != $0.storedVersion }
      .sorted { $0.id < $1.id }
  }
}
