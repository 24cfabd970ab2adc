import Contract
import Customers
import Glibc
import Postgres
import Settings
import Synchronization
import TestKit
import Topics
import Values

@testable import LeadAllocation

/// A firm in a database of its own, and the worker's turns on it, made with the worker's own rights.
final class Desk {
  let database: TestDatabase
  /// The test's own session.
  let session: Connection

  static func open(_ firm: String, _ body: @escaping @Sendable (Desk) throws -> Void) async throws {
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

  /// A lane's session, as the worker has it.
  func lane(waiting: Duration? = nil) throws -> Turns {
    var limits = TestDatabase.limits
    if let waiting { limits.lock = waiting }
    limits.role = "millrace_allocate_leads"
    return Turns(try database.connect(as: "allocate-leads", limits: limits))
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  func number(_ statement: Statement) throws -> Int64 { try session.rows(statement)[0].optionalInteger(0) ?? -1 }
}

/// The worker's turns as the runtime makes them, without Kafka.
final class Turns {
  private let connection: Connection
  private var cache = Turns.freshCache

  static let key = IdentityKey(Secret("a key for tests and for nothing else"))
  private static var freshCache: AllocationCache { AllocationCache(key) }

  init(_ connection: Connection) { self.connection = connection }

  /// What became of each registration.
  @discardableResult
  func register(_ leads: [LeadRegistered], beforeCommit: () -> Void = {}) throws(PostgresError) -> [String] {
    let items = leads.enumerated().map { number, lead in
      Delivery(
        Registration(lead, Turns.key), source: "/tests", id: "\(number)",
        happened: Timestamp(microseconds: 1_790_000_000_000_000))
    }
    return try turn(AllocateLeads.self, beforeCommit) { _ in items }
  }

  /// What became of each held lead that was claimed, with its number.
  @discardableResult
  func sweep(_ limit: Int = 500) throws(PostgresError) -> [String] { try sweep(AllocateHeldLeads.self, limit) }

  @discardableResult
  func sweep<S: Sweep>(
    _ sweep: S.Type, _ limit: Int = 500
  ) throws(PostgresError) -> [String] where S.State == Allocation, S.Change == LeadChange, S.Cache == AllocationCache {
    var labels: [String] = []
    let outcomes = try turn(sweep) { transaction throws(PostgresError) in
      let items = try S.claim(limit, transaction)
      labels = items.map(S.label)
      return items
    }
    return zip(labels, outcomes).map { "\($0) \($1)" }
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ beforeCommit: () -> Void = {}, _ claim: (Transaction) throws(PostgresError) -> [D.Item]
  ) throws(PostgresError) -> [String] where D.State == Allocation, D.Change == LeadChange, D.Cache == AllocationCache {
    do throws(PostgresError) {
      _ = try connection.rows("begin")
      let transaction = Transaction(open: connection)
      let items = try claim(transaction)
      var state = try D.load(items, &cache, transaction)
      let now = try connection.rows("select clock_timestamp()")[0].timestamp(0)
      var changes: [LeadChange] = []
      var outcomes: [String] = []
      for item in items {
        switch D.decide(item, &state, now) {
        case .apply(let change, _, let outcome):
          changes.append(change)
          outcomes.append(outcome.description)
        case .ignore(let reason): outcomes.append(reason.description)
        case .reject(let refusal): outcomes.append(refusal.reason)
        }
      }
      for write in D.writes {
        var arguments = Arguments()
        let rows = write.bind(state, changes[...], &arguments)
        guard rows > 0 else { continue }
        let touched = try connection.rows(write.statement, arguments).affected
        if write.touchesEach, touched != rows { throw PostgresError.changedMeanwhile }
      }
      beforeCommit()
      _ = try connection.rows("commit")
      return outcomes
    } catch {
      cache = Turns.freshCache
      _ = try connection.rows("rollback")
      throw error
    }
  }
}

/// Runs each on a thread of its own and waits for all; the first error is thrown.
func together(_ bodies: [@Sendable () throws -> Void]) throws {
  let errors = Errors()
  let threads = bodies.map { body in
    let work = Unmanaged.passRetained(Work { do { try body() } catch { errors.all.withLock { $0.append(error) } } })
    var thread = pthread_t()
    let made = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    precondition(made == 0, "no thread could be made")
    return thread
  }
  for thread in threads { pthread_join(thread, nil) }
  if let first = errors.all.withLock({ $0.first }) { throw first }
}

private final class Work {
  let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
}

private final class Errors: Sendable {
  let all = Mutex<[any Error]>([])
}
