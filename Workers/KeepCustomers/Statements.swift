import Contract
import Customers
import Digest
import Postgres
import Topics

extension CustomerBook {
  /// Locks the customers, then, where one of them has a new key, the gate and the leads that it finds.
  init(
    _ profiles: [Delivery<KeepCustomers.Reading>], _ cache: inout CustomerCache, _ transaction: Transaction
  ) throws(PostgresError) {
    let codes = Set(profiles.map(\.event.told.id))
    let said = profiles.compactMap { profile -> CustomerFacts? in
      if case .facts(let facts) = profile.event { facts } else { nil }
    }
    let customers = try Statements.lockedCustomers(codes.sorted(), transaction)
    try Statements.learn(said.compactMap(\.profile.branch), said.compactMap(\.profile.manager), &cache, transaction)
    let candidates = said.compactMap { facts -> OpenLeads.Candidate? in
      let new = facts.keys.new(since: customers[facts.told.id]?.keys ?? .none)
      guard !new.isEmpty else { return nil }
      return OpenLeads.Candidate(newKeys: new, manager: facts.profile.manager.flatMap { cache.people[$0] })
    }
    self.init(
      standing: customers, leads: candidates.isEmpty ? .none : try OpenLeads.lock(candidates, transaction),
      branches: cache.branches, people: cache.people,
      numbers: try cache.numbers(codes.count - customers.count, transaction))
  }
}

/// What keep-customers reads.
enum Statements {
  static func lockedCustomers(
    _ codes: [String], _ transaction: Transaction
  ) throws(PostgresError) -> [String: CustomerBook.Customer] {
    let rows = try transaction.rows(
      """
      select id, code, version, data, status, number, identity from customer
      where code = any($1) order by id for update
      """
    ) { $0.texts(codes) { $0 } }
    guard !rows.isEmpty else { return [:] }
    let phones = try phones(of: rows.map { $0.integer(0) }, transaction)
    var customers: [String: CustomerBook.Customer] = [:]
    customers.reserveCapacity(rows.count)
    for row in rows {
      guard let status = CustomerBook.Status(rawValue: row.text(4)) else {
        throw .unfit("a customer has the status \(row.text(4)), which this program does not know")
      }
      let phones = phones[row.integer(0)] ?? []
      let isKnown = status == .active || status == .dormant
      customers[row.text(1)] = CustomerBook.Customer(
        id: row.integer(0), isNew: false, storedVersion: row.integer(2), storedPhones: phones, version: row.integer(2),
        data: status == .removed ? nil : row.fingerprint(3), status: status,
        keys: isKnown
          ? CustomerKeys(
            identity: row.optionalFingerprint(6), number: row.optionalText(5), phones: phones.map(\.digits)) : .none,
        facts: nil)
    }
    return customers
  }

  private static func phones(
    of customers: [Int64], _ transaction: Transaction
  ) throws(PostgresError) -> [Int64: [CustomerBook.StoredPhone]] {
    let rows = try transaction.rows(
      "select customer_id, phone, place, kind from customer_phone where customer_id = any($1) order by customer_id, place"
    ) { $0.integers(customers) { $0 } }
    var phones: [Int64: [CustomerBook.StoredPhone]] = [:]
    for row in rows {
      let phone = CustomerBook.StoredPhone(
        digits: row.integer(1), place: Int32(row.small(2)), kind: row.optionalText(3))
      phones[row.integer(0), default: []].append(phone)
    }
    return phones
  }

  /// Kept at most: some ten megabytes.
  private static var mostCodes: Int { 100_000 }

  /// Finds the numbers of codes that the lane has not met.
  static func learn(
    _ branches: [String], _ people: [String], _ cache: inout CustomerCache, _ transaction: Transaction
  ) throws(PostgresError) {
    // All of them at once, so that what this batch needs is there afterwards.
    if cache.branches.count + cache.people.count > mostCodes { (cache.branches, cache.people) = ([:], [:]) }
    let newBranches = Set(branches.filter { cache.branches[$0] == nil }).sorted()
    if !newBranches.isEmpty {
      for row in try transaction.rows(
        "select code, id from branch where code = any($1)", { $0.texts(newBranches) { $0 } })
      { cache.branches[row.text(0)] = row.integer(1) }
    }
    let newPeople = Set(people.filter { cache.people[$0] == nil }).sorted()
    if !newPeople.isEmpty {
      for row in try transaction.rows(
        "select code, id from person where code = any($1)", { $0.texts(newPeople) { $0 } })
      { cache.people[row.text(0)] = row.integer(1) }
    }
  }
}
