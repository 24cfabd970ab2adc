import Contract
import Postgres
import TestKit
import Topics
import Values

@testable import track_calls

/// A firm in a database of its own, and the worker's turns on it, made with the worker's own rights.
final class CallDesk {
  let database: TestDatabase
  /// The test's own session.
  let session: Connection
  private let connection: Connection
  private var terms: CallTerms
  private(set) var emitted: [Emission] = []

  /// P1 answers at 8001 and P2 under their own code; P3 manages both. Somebody's phone is lead 1's, another's lead 2's.
  private static let firm = """
    insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'h', null, 'head-office'),
      (2, 'CITY', 'c', 1, 'city');
    insert into person (id, code, branch_id, name, manager) values (1, 'P1', 2, 'a', false), (2, 'P2', 2, 'b', false),
      (3, 'BOSS', 2, 'm', true);
    insert into agent values ('8001', 1);
    insert into call_queue (code, branch_id, call_back_minutes) values ('sales', 2, 45);
    insert into lead (id, phone, source, state, branch_id, owner_id, protected_since, protected_until, version, registered_at)
    select n, 8613812345677 + n, 'web', 'owned', 2, n, now() - interval '2 days', now() + interval '2 days', 1, now()
    from generate_series(1, 2) n;
    insert into lead_history (lead_id, version, at, what, branch_id, owner_id, worker)
    select n, 1, now(), 'allocated', 2, n, 'test' from generate_series(1, 2) n;
    """

  static func open(
    _ more: String = "", terms: CallTerms = CallTerms(callBackAfter: .zero),
    _ body: @escaping @Sendable (CallDesk) throws -> Void
  ) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try CallDesk(database, terms)
        try desk.session.run(script: firm + more)
        try body(desk)
      }
    }
  }

  private init(_ database: TestDatabase, _ terms: CallTerms) throws {
    self.database = database
    self.terms = terms
    session = try database.connect()
    var limits = TestDatabase.limits
    limits.role = "millrace_track_calls"
    connection = try database.connect(as: "track-calls", limits: limits)
  }

  /// Several batches, one after the other; what became of each event.
  @discardableResult
  func take(_ batches: [[CallEvents]]) throws(PostgresError) -> [String] {
    var outcomes: [String] = []
    for batch in batches { outcomes += try take(batch) }
    return outcomes
  }

  @discardableResult
  func take(
    _ events: [CallEvents], beforeWrites: () throws(PostgresError) -> Void = {}
  ) throws(PostgresError) -> [String] {
    let items = events.enumerated().map {
      Delivery($1, source: "/pbx", id: String($0), happened: Timestamp(microseconds: 0))
    }
    return try transaction { transaction throws(PostgresError) in
      var book = try TrackCalls.load(items, &terms, transaction)
      try beforeWrites()
      return try turn(TrackCalls.self, items, &book)
    }
  }

  @discardableResult
  func closeCalls() throws(PostgresError) -> [String] {
    try transaction { transaction throws(PostgresError) in
      let found = try CloseCalls.claim(500, transaction)
      var book = try CloseCalls.load(found, &terms, transaction)
      return try turn(CloseCalls.self, found, &book)
    }
  }

  @discardableResult
  func tendCallBacks() throws(PostgresError) -> [String] {
    try transaction { transaction throws(PostgresError) in
      let found = try TendCallBacks.claim(500, transaction)
      var nothing = TendCallBacks.NothingLoaded()
      return try turn(TendCallBacks.self, found, &nothing)
    }
  }

  /// As if a minute had passed since.
  @discardableResult
  func markOverlaps() throws -> [String] {
    try session.run(script: "update call_talk_due set at = at - interval '1 minute'")
    return try transaction { transaction throws(PostgresError) in
      let found = try MarkOverlaps.claim(MarkOverlaps.chunk, transaction)
      var state = try MarkOverlaps.load(found, transaction)
      return try turn(MarkOverlaps.self, found, &state)
    }
  }

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { row in row.optionalText(0) ?? "-" }
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ items: [D.Item], _ state: inout D.State
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
      case .reject(let refusal): outcomes.append("\(refusal.path): \(refusal.reason)")
      }
    }
    for write in D.writes {
      var arguments = Arguments()
      let rows = write.bind(state, changes[...], &arguments)
      guard rows > 0 else { continue }
      let touched = try connection.rows(write.statement, arguments).affected
      if write.touchesEach, touched != rows { throw PostgresError.changedMeanwhile }
    }
    return outcomes
  }

  private func transaction(_ body: (Transaction) throws(PostgresError) -> [String]) throws(PostgresError) -> [String] {
    do throws(PostgresError) {
      _ = try connection.rows("begin")
      let outcomes = try body(Transaction(open: connection))
      _ = try connection.rows("commit")
      return outcomes
    } catch {
      _ = try connection.rows("rollback")
      throw error
    }
  }
}

/// Two hours ago, by the computer's clock, to the second: what tests tell happens from there on.
let start = Timestamp(microseconds: Int64(ContinuousTimes.now - 7200) * 1_000_000)

func moment(_ seconds: Double) -> Timestamp {
  Timestamp(microseconds: start.microseconds + Int64(seconds * 1_000_000))
}

func told(
  _ what: CallEvents.What, _ at: Double, call: String = "a", agent: String? = nil,
  _ fill: (inout CallEvents.Call) -> Void = { _ in }
) -> CallEvents {
  var event = CallEvents.Call(what, call, at: moment(at))
  event.agent = agent
  fill(&event)
  return .call(event)
}

func inbound(
  _ at: Double, call: String = "a", from: String = "13812345678", queue: String? = "sales"
) -> CallEvents {
  told(.started, at, call: call) {
    $0.direction = .inbound
    $0.from = from
    $0.to = "4008001234"
    $0.queue = queue
  }
}

func outbound(_ at: Double, call: String = "b", to: String = "13812345678", agent: String = "8001") -> CallEvents {
  told(.started, at, call: call, agent: agent) {
    $0.direction = .outbound
    $0.from = agent
    $0.to = to
  }
}

/// A conversation with whoever called.
func conversation(
  _ at: Double, call: String = "a", from: String = "13812345678", agent: String = "8001"
) -> [CallEvents] {
  [
    inbound(at, call: call, from: from), told(.rang, at + 1, call: call, agent: agent),
    told(.answered, at + 4, call: call, agent: agent), told(.ended, at + 64, call: call),
  ]
}
