import Contract
import Customers
import Postgres
import Runtime
import Settings
import TestKit
import Topics
import Values

@testable import keep_customers

let testKey = IdentityKey(Secret("a key that is only for tests, 32 bytes"))
let told = Timestamp(microseconds: 1_790_000_000_000_000)

func profile(
  _ id: String, _ version: Int64, _ fill: (inout CustomerProfile.Profile) -> Void = { _ in }
) -> CustomerProfile {
  var profile = CustomerProfile.Profile(CustomerVersion(id: id, version: version))
  fill(&profile)
  return .profile(profile)
}

func removal(_ id: String, _ version: Int64) -> CustomerProfile { .removed(CustomerVersion(id: id, version: version)) }

func delivery(
  _ event: CustomerProfile, _ id: String = "e", _ key: IdentityKey = testKey
) -> Delivery<KeepCustomers.Reading> {
  Delivery(KeepCustomers.reader(key)(event, told), source: "/core", id: id, happened: told)
}

/// A database of its own, and the worker's turns on it, made with the worker's own rights.
final class Desk {
  let database: TestDatabase
  /// The test's own session.
  let session: Connection

  static func open(_ firm: String = "", _ body: @escaping @Sendable (Desk) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try Desk(database)
        try desk.session.run(script: firm)
        try body(desk)
      }
    }
  }

  private init(_ database: TestDatabase) throws {
    self.database = database
    session = try database.connect()
  }

  func lane(key: IdentityKey = testKey) throws -> Turns {
    var limits = TestDatabase.limits
    limits.role = "millrace_keep_customers"
    return Turns(try database.connect(as: "keep-customers", limits: limits), key)
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  func number(_ statement: Statement) throws -> Int64 { try session.rows(statement)[0].optionalInteger(0) ?? -1 }
}

/// The worker's turns as the runtime makes them, without Kafka.
final class Turns {
  private let connection: Connection
  private let key: IdentityKey
  private var cache: CustomerCache
  private(set) var emitted: [Emission] = []

  init(_ connection: Connection, _ key: IdentityKey) {
    self.connection = connection
    self.key = key
    cache = CustomerCache(key: key)
  }

  /// What became of each event.
  @discardableResult
  func take(_ events: CustomerProfile..., beforeCommit: () -> Void = {}) throws(PostgresError) -> [String] {
    try take(events, beforeCommit: beforeCommit)
  }

  @discardableResult
  func take(_ events: [CustomerProfile], beforeCommit: () -> Void = {}) throws(PostgresError) -> [String] {
    let items = events.enumerated().map { delivery($1, "\($0)", key) }
    return try transaction { transaction throws(PostgresError) in
      var book = try KeepCustomers.load(items, &cache, transaction)
      return try turn(KeepCustomers.self, items, &book, beforeCommit)
    }
  }

  @discardableResult
  func resolve() throws(PostgresError) -> [String] {
    try transaction { transaction throws(PostgresError) in
      let found = try ResolveCustomers.claim(500, transaction)
      var nothing = ResolveCustomers.NothingLoaded()
      _ = try turn(ResolveCustomers.self, found, &nothing, {})
      return found.map(ResolveCustomers.label)
    }
  }

  /// What became of phones whose region nobody has looked up.
  func placePhones() throws(PostgresError) -> [String] {
    try transaction { transaction throws(PostgresError) in
      let found = try PlacePhones.claim(500, transaction)
      var nothing = PlacePhones.NothingLoaded()
      return try turn(PlacePhones.self, found, &nothing, {})
    }
  }

  /// What became of each customer who shall have another manager.
  @discardableResult
  func move() throws(PostgresError) -> [String] {
    try transaction { transaction throws(PostgresError) in
      let found = try MoveCustomers.claim(500, transaction)
      var state = try MoveCustomers.load(found, transaction)
      return try turn(MoveCustomers.self, found, &state, {})
    }
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ items: [D.Item], _ state: inout D.State, _ beforeCommit: () -> Void
  ) throws(PostgresError) -> [String] {
    let now = try connection.rows("select clock_timestamp()")[0].timestamp(0)
    var changes: [D.Change] = []
    var outcomes: [String] = []
    for item in items {
      switch D.decide(item, &state, now) {
      case .apply(let change, let emit, let outcome):
        changes.append(change)
        emitted += emit
        outcomes.append(outcome.description)
      case .ignore(let reason): outcomes.append(reason.description)
      case .reject(let refusal): outcomes.append(refusal.reason)
      }
    }
    var writing = try Writing(connection)
    try writing.send(D.writes, of: .changes, state, changes[...])
    try writing.send(D.writes, of: .state, state, changes[...])
    try writing.finish()
    beforeCommit()
    return outcomes
  }

  private func transaction(_ body: (Transaction) throws(PostgresError) -> [String]) throws(PostgresError) -> [String] {
    do throws(PostgresError) {
      _ = try connection.rows("begin")
      let outcomes = try body(Transaction(open: connection))
      _ = try connection.rows("commit")
      return outcomes
    } catch {
      cache = CustomerCache(key: key)
      _ = try connection.rows("rollback")
      throw error
    }
  }
}
