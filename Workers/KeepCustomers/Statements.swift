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
    cache.forgetWhenFull()
    let (locked, branches, people, numbers) = try transaction.ask(
      Statements.lockedCustomers(Array(codes)),
      Statements.branches(said.compactMap(\.profile.branch).filter { cache.branches[$0] == nil }),
      Statements.people(said.compactMap(\.profile.manager).filter { cache.people[$0] == nil }),
      cache.missingNumbers(codes.count))
    cache.take(branches: branches, people: people, numbers: numbers)
    let customers = try Statements.customers(locked, transaction)
    let candidates = said.compactMap { facts -> OpenLeads.Candidate? in
      let new = customers[facts.told.id].map { facts.keys.new(since: $0.keys) } ?? facts.keys
      guard !new.isEmpty else { return nil }
      return OpenLeads.Candidate(newKeys: new, manager: facts.profile.manager.flatMap { cache.people[$0] })
    }
    self.init(
      standing: customers, leads: candidates.isEmpty ? .none : try OpenLeads.lock(candidates, transaction),
      branches: cache.branches, people: cache.people, numbers: cache.numbers(codes.count - customers.count))
  }
}

/// What keep-customers reads.
enum Statements {
  static func lockedCustomers(_ codes: [String]) -> Question<Rows> {
    Question(
      """
      select id, code, version, data, status, number, identity from customer
      where code = any($1) order by id for update
      """
    ) {
      $0.texts(codes) { $0 }
    } reading: {
      $0
    }
  }

  /// Those locked, with the phones that they have now.
  static func customers(
    _ rows: Rows, _ transaction: Transaction
  ) throws(PostgresError) -> [String: CustomerBook.Customer] {
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
      let code = row.text(1)
      customers[code] = CustomerBook.Customer(
        code, id: row.integer(0), version: row.integer(2), phones: phones,
        data: status == .removed ? nil : row.fingerprint(3), status: status,
        keys: isKnown
          ? CustomerKeys(
            identity: row.optionalFingerprint(6), number: row.optionalText(5), phones: phones.map(\.digits)) : .none)
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

  static func branches(_ codes: [String]) -> Question<[String: Int64]> {
    ids("select code, id from branch where code = any($1)", codes)
  }

  static func people(_ codes: [String]) -> Question<[String: Int64]> {
    ids("select code, id from person where code = any($1)", codes)
  }

  private static func ids(_ statement: Statement, _ codes: [String]) -> Question<[String: Int64]> {
    guard !codes.isEmpty else { return Question(known: [:]) }
    let codes = Set(codes).sorted()
    return Question(statement) {
      $0.texts(codes) { $0 }
    } reading: { rows in
      Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), $0.integer(1)) })
    }
  }
}
