import Contract
import Digest
import Postgres
import TestKit
import Testing
import Topics
import Values

@testable import reclaim_leads

/// A firm in a database of its own, and the worker's turns on it, made with the worker's own rights.
final class LifeDesk {
  let database: TestDatabase
  /// The test's own session.
  let session: Connection
  private let lane: Connection
  private var cache: LifeCache
  /// A lane has one of its own.
  private var checkCache: LifeCache
  private var number = 0
  /// What was emitted in the last turn.
  private(set) var emitted: [String] = []

  /// Guangdong above Shenzhen, with a manager in each; P1 and P2 in Shenzhen, P3 in Beijing.
  static let firm = """
    insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'h', null, 'head-office'),
      (2, 'GD', 'g', 1, 'province'), (3, 'SZ', 's', 2, 'city'), (4, 'BJ', 'b', 1, 'province');
    insert into person (id, code, branch_id, name, manager, login) values (1, 'P1', 3, 'a', false, 'one'),
      (2, 'P2', 3, 'b', false, 'two'), (3, 'P3', 4, 'c', false, null), (8, 'M2', 2, 'm', true, 'manager'),
      (9, 'M3', 3, 'n', true, null), (7, 'M4', 4, 'o', true, null);
    """

  static func open(_ more: String = "", grace: Duration = .zero, _ body: @escaping @Sendable (LifeDesk) throws -> Void)
    async throws
  {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try LifeDesk(database, grace)
        try desk.session.run(script: firm + more)
        try body(desk)
      }
    }
  }

  static let secret = "0123456789abcdef0123456789abcdef"

  private init(_ database: TestDatabase, _ grace: Duration) throws {
    self.database = database
    session = try database.connect()
    var limits = TestDatabase.limits
    limits.role = "millrace_reclaim_leads"
    lane = try database.connect(as: "reclaim-leads", limits: limits)
    let secrets = CommandSecrets("https://app=\(LifeDesk.secret)")
    cache = LifeCache(secrets: try #require(secrets), grace: grace)
    checkCache = cache
  }

  /// A lead that a person has had since `since` (an SQL expression) until `until`, with all that is counted.
  func own(
    _ lead: Int64, _ person: Int64, since: String = "now() - interval '2 days'",
    until: String = "now() + interval '5 days'"
  ) throws {
    try session.run(
      script: """
        insert into lead (id, phone, source, state, branch_id, owner_id, protected_since, protected_until, version, registered_at)
        select \(lead), 8613800000000 + \(lead), 'web', 'owned', branch_id, id, \(since), \(until), 1, now() from person
        where id = \(person);
        insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
        select \(lead), 1, \(since), 'allocated', branch_id, id, 'test' from person where id = \(person);
        update person_load set open_leads = open_leads + 1 where person_id = \(person)
        """)
  }

  /// A lead in the pool of a branch.
  func pool(_ lead: Int64, _ branch: Int64 = 3, since: String = "now() - interval '1 hour'", due: String = "null")
    throws
  {
    try session.run(
      script: """
        insert into lead (id, phone, source, state, branch_id, pooled_at, pool_due_at, version, registered_at)
        values (\(lead), 8613800000000 + \(lead), 'web', 'pooled', \(branch), \(since), \(due), 1, now());
        insert into lead_history (lead_id, version, at, what, branch_id, worker)
        values (\(lead), 1, \(since), 'pooled', \(branch), 'test')
        """)
  }

  // MARK: Events

  func event(
    _ event: LeadActivity, _ happened: Timestamp? = nil, source: String = "/front-end", signed: Bool = false
  ) throws -> Delivery<LeadActivity> {
    number += 1
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let signature = signed ? try LifeDesk.sign("e\(number)") : nil
    return Delivery(event, source: source, id: "e\(number)", happened: happened ?? now, signature: signature)
  }

  /// Signed by the front end `https://app`.
  func signed(_ event: LeadActivity, ago seconds: Int64 = 0) throws -> Delivery<LeadActivity> {
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    return try self.event(event, now.adding(seconds: -seconds), source: "https://app", signed: true)
  }

  private static func sign(_ id: String) throws -> Signature {
    let message = Array("\(id)\nt\n{}".utf8)
    let code = message.withUnsafeBytes { KeyedHash(key: Array(secret.utf8)).code(of: $0) }
    let digits = Array("0123456789abcdef".utf8)
    let hex = code.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return Signature(hex: hex, id: Array(id.utf8), time: Array("t".utf8), data: Array("{}".utf8))
  }

  /// The commands that are in the outbox, as the relay would bring them.
  func commands() throws -> [Delivery<LeadActivity>] {
    let rows = try session.rows(
      """
      select unnest(event_ids), types[1], unnest(keys) from outbox where topic = 'lead.activity' order by id
      """)
    let events = rows.map { ($0.text(0), $0.text(1), Int64($0.text(2)) ?? 0) }
    try session.run(script: "delete from outbox where topic = 'lead.activity'")
    return try events.map { id, type, lead in
      let deed = LeadActivity.Deed(lead: lead, command: id)
      switch type {
      case "lead.claimed": return try event(.claimed(deed), source: "/millrace/people")
      case "lead.released": return try event(.released(deed), source: "/millrace/people")
      case "lead.assigned": return try event(.assigned(deed, branch: nil, person: nil), source: "/millrace/people")
      default: return try event(.contacted(deed, automatic: false, channel: nil), source: "/millrace/people")
      }
    }
  }

  /// Runs a script as a login that is one of the firm's people.
  func asPerson(_ login: String, _ script: String) throws {
    try session.run(script: "set session authorization \(login); set role millrace_person")
    do { try session.run(script: script) } catch {
      try session.run(script: "reset session authorization; reset role")
      throw error
    }
    try session.run(script: "reset role; reset session authorization")
  }

  // MARK: Turns

  /// As a lane does after any failure.
  func forget() { cache = LifeCache(secrets: cache.secrets, grace: cache.grace) }

  @discardableResult
  func take(_ events: [Delivery<LeadActivity>]) throws -> [String] {
    try turn(ReclaimLeads.self) { _, _ in events }
  }

  @discardableResult
  func reclaim(heard: Timestamp? = nil, limit: Int = 500) throws -> [String] {
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    return try turn(ReclaimDueLeads.self) { cache, transaction in
      try ReclaimDueLeads.claim(limit, heard: heard ?? now, &cache, transaction)
    }
  }

  /// Whether the sweep has anything to ask for.
  func isAnyDue() throws -> Bool {
    _ = try lane.rows("begin")
    let isDue = try ReclaimDueLeads.isAnyDue(&cache, Transaction(open: lane))
    _ = try lane.rows("commit")
    return isDue
  }

  /// Pages of leads and of the index of their clocks that an empty look of each sweep reads.
  func pagesOfEmptyLooks() throws -> (reclaim: Int64, check: Int64) {
    func pages() throws -> Int64 {
      try lane.rows(
        """
        select pg_stat_get_xact_blocks_fetched('lead'::regclass) + pg_stat_get_xact_blocks_fetched('lead_clock'::regclass)
        """)[0].integer(0)
    }
    _ = try lane.rows("begin")
    let transaction = Transaction(open: lane)
    let before = try pages()
    let isDue = try ReclaimDueLeads.isAnyDue(&cache, transaction)
    let between = try pages()
    let items = try CheckLeads.claim(500, &checkCache, transaction)
    let after = try pages()
    _ = try lane.rows("commit")
    guard !isDue, items.isEmpty else { throw Wrong(description: "due: \(isDue); to be checked: \(items.count)") }
    return (between - before, after - between)
  }

  @discardableResult
  func check() throws -> [String] {
    try turn(CheckLeads.self) { _, transaction in try CheckLeads.claim(500, &checkCache, transaction) }
  }

  @discardableResult
  func passOn() throws -> [String] {
    try turn(PassOnPooledLeads.self) { _, transaction in try PassOnPooledLeads.claim(500, transaction) }
  }

  func unheard() throws {
    _ = try lane.rows("begin")
    try ReclaimDueLeads.isUnheard(since: Timestamp(microseconds: 1_790_000_000_000_000), Transaction(open: lane))
    _ = try lane.rows("commit")
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ claim: (inout LifeCache, Transaction) throws -> [D.Item]
  ) throws -> [String] where D.Cache == LifeCache {
    _ = try lane.rows("begin")
    do {
      let transaction = Transaction(open: lane)
      let items = try claim(&cache, transaction)
      var state = try D.load(items, &cache, transaction)
      let now = try lane.rows("select clock_timestamp()")[0].timestamp(0)
      var changes: [D.Change] = []
      var outcomes: [String] = []
      emitted = []
      for item in items {
        switch D.decide(item, &state, now) {
        case .apply(let change, let emit, let outcome):
          changes.append(change)
          outcomes.append(outcome.description)
          emitted += emit.map(\.type)
        case .ignore(let reason): outcomes.append(reason.description)
        case .reject(let refusal): outcomes.append(refusal.reason)
        }
      }
      for write in D.writes {
        var arguments = Arguments()
        let rows = write.bind(state, changes[...], &arguments)
        guard rows > 0 else { continue }
        let touched = try lane.rows(write.statement, arguments).affected
        if write.touchesEach, touched != rows { throw PostgresError.changedMeanwhile }
      }
      _ = try lane.rows("commit")
      try checkCounts()
      return outcomes
    } catch {
      _ = try lane.rows("rollback")
      throw error
    }
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  func lead(_ id: Int64) throws -> String {
    try session.rows(
      "select format('%s %s %s v%s', state, branch_id, coalesce(owner_id::text, '-'), version) from lead where id = $1"
    ) { $0.integer(id) }[0].text(0)
  }

  /// What is counted equals the rows, and each lead's history ends in what the lead is.
  private func checkCounts() throws {
    let wrong = try lines(
      """
      select format('%s has %s open leads', person_id, open_leads) from person_load l
      where open_leads <> (select count(*) from lead where owner_id = l.person_id and state = 'owned')
      union all
      select format('branch %s has %s held', branch_id, held) from branch_load l
      where held <> (select count(*) from lead where branch_id = l.branch_id and state = 'held')
      union all
      select format('lead %s has %s rows of history at version %s', id, (select count(*) from lead_history h where h.lead_id = l.id), version)
      from lead l where version <> (select count(*) from lead_history h where h.lead_id = l.id)
        or (branch_id, coalesce(owner_id, 0)) is distinct from (select (h.branch_id, coalesce(h.owner_id, 0))
          from lead_history h where h.lead_id = l.id and h.version = l.version)
      """)
    guard wrong.isEmpty else { throw Wrong(description: wrong.joined(separator: "; ")) }
  }
}

struct Wrong: Error, CustomStringConvertible { let description: String }
