import Contract
import Postgres
import Settings
import TestKit
import Topics
import Values

@testable import keep_organisation

/// A firm in a database of its own, and the worker's turns on it, made with the worker's own rights.
final class Office {
  let database: TestDatabase
  let session: Connection
  private let worker: Connection
  private var serial = 0
  private let settings: Settings

  static let firm = """
    insert into branch (id, code, name, level, parent_id) values (1, 'HQ', 'HQ', 'head-office', null),
      (2, 'GZ', 'GZ', 'city', 1), (3, 'SZ', 'SZ', 'city', 1);
    insert into person (id, code, branch_id, name, manager, login) values (1, 'BOSS', 1, 'a', true, null),
      (2, 'GZM', 2, 'b', true, null), (3, 'P3', 2, 'c', false, 'p3'), (4, 'P4', 2, 'd', false, null),
      (5, 'S5', 3, 'e', false, null);
    alter table branch alter column id restart with 100;
    alter table person alter column id restart with 100;
    insert into ruleset default values;
    insert into allocation_rule (ruleset, position, region, branch_id) values (1, 1, 'CN-GD', 2), (1, 2, 'CN', 3);
    """

  static func open(_ more: String = "", _ body: @escaping @Sendable (Office) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let office = try Office(database)
        try office.session.run(script: firm + more)
        try body(office)
      }
    }
  }

  private init(_ database: TestDatabase) throws {
    self.database = database
    session = try database.connect()
    settings = try Settings(reading: Environment([:]), declared: [])
    var limits = TestDatabase.limits
    limits.role = "millrace_keep_organisation"
    worker = try database.connect(as: "keep-organisation", limits: limits)
  }

  /// Whatever another session holds is not waited for.
  func waitForNothing() throws { _ = try worker.rows("set lock_timeout = '200ms'") }

  static let now = Timestamp(microseconds: 1_790_000_000_000_000)

  /// Events in one batch, each a minute after the other unless told.
  @discardableResult
  func tell(_ events: OrganisationChanged..., at minutes: Int64? = nil) throws -> [String] {
    let items = events.map { event in
      serial += 1
      return Delivery(
        event, source: "/hr", id: "\(serial)",
        happened: Office.now.adding(seconds: (minutes ?? Int64(serial)) * 60))
    }
    // The tests' own now lies in the past for every machine: what is told has happened.
    return try turn(KeepOrganisation.self) { _ in items }
  }

  @discardableResult
  func sweep<S: Sweep>(_ sweep: S.Type, _ limit: Int = 500) throws -> [String] where S.Cache == NoCache {
    try turn(sweep) { transaction throws(PostgresError) in try S.claim(limit, transaction) }
  }

  /// Until nothing is left to do.
  func sweepAll(_ limit: Int = 500) throws {
    for _ in 0..<1000 {
      let outcomes =
        try sweep(SettlePeople.self, limit) + sweep(HandOver.self, limit) + sweep(EmptyClosedBranches.self, limit)
      if outcomes.isEmpty { return }
    }
    throw Endless()
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ claim: (Transaction) throws(PostgresError) -> [D.Item]
  ) throws(PostgresError) -> [String] where D.Cache == NoCache {
    let connection = self.worker
    do throws(PostgresError) {
      _ = try connection.rows("begin")
      let transaction = Transaction(open: connection)
      let items = try claim(transaction)
      guard !items.isEmpty else {
        _ = try connection.rows("rollback")
        return []
      }
      var cache = NoCache(settings)
      var state = try D.load(items, &cache, transaction)
      let now = try connection.rows("select greatest(clock_timestamp(), $1)") {
        $0.timestamp(Office.now.adding(seconds: 864_000))
      }[0].timestamp(0)
      var changes: [D.Change] = []
      var outcomes: [String] = []
      for item in items {
        switch D.decide(item, &state, now) {
        case .apply(let change, let emit, let outcome):
          changes.append(change)
          outcomes.append(outcome.description)
          for emission in emit {
            _ = try connection.rows(
              "insert into outbox (topic, source, types, keys, payloads) values ($1, '/tests', array[$2], array[$3], array[$4])"
            ) {
              $0.text(emission.topic.name)
              $0.text(emission.type)
              $0.text(emission.key)
              $0.bytes(emission.payload)
            }
          }
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
      _ = try connection.rows("commit")
      return outcomes
    } catch {
      _ = try connection.rows("rollback")
      throw error
    }
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  /// Leads of the person, as allocation leaves them.
  func give(_ count: Int, to person: Int, branch: Int) throws {
    let before = try session.rows("select count(*) from lead")[0].integer(0)
    _ = try session.rows(
      """
      with made as (
        insert into lead (id, phone, source, state, branch_id, owner_id, protected_since, protected_until, check_at, version,
          registered_at)
        select n, 8613800000000 + n, 'web', 'owned', $2, $3, now(), now() + interval '1 day', now(), 1, now()
        from generate_series($4 + 1, $4 + $1) n returning id)
      insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
      select id, 1, now(), 'allocated', $2, $3, 'tests' from made
      """
    ) {
      $0.integer(Int64(count))
      $0.integer(Int64(branch))
      $0.integer(Int64(person))
      $0.integer(before)
    }
    _ = try session.rows("update person_load set open_leads = open_leads + $1::int where person_id = $2") {
      $0.integer(Int64(count))
      $0.integer(Int64(person))
    }
  }

  /// What is always so: counters are the rows, histories have no gap, each version has its event.
  func faults() throws -> [String] {
    try lines(
      """
      select 'open_leads of ' || person_id from person_load l
      where open_leads <> (select count(*) from lead where state = 'owned' and owner_id = l.person_id)
      union all
      select 'held of ' || branch_id from branch_load l
      where held <> (select count(*) from lead where state = 'held' and branch_id = l.branch_id)
      union all
      select 'history of ' || id from lead l
      where version <> (select count(*) from lead_history h where h.lead_id = l.id)
        or version <> (select max(version) from lead_history h where h.lead_id = l.id)
      union all
      select 'events of ' || id from lead l
      where version - 1 <> (select count(*) from outbox o where o.topic = 'lead.ownership' and o.keys[1] = l.id::text)
      """)
  }
}

struct Endless: Error {}
