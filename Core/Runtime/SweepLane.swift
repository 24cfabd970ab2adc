internal import Contract
internal import Observe
internal import Postgres
internal import Values

/// A lane of the shape *sweep*: claims due rows, decides, writes, emits; one thread, one database session.
///
/// There is no position: a row that was handled is no longer due, and the claim's locks keep other lanes off it.
final class SweepLane<S: Sweep>: Lane {
  private let settings: WorkerSettings
  private let worker: String
  private let status: LaneStatus
  private let stopping: Stopping
  private let log: Log
  private let metrics: WorkerMetrics
  private let claiming: any Claiming<S>
  private var connection: Connection?
  private var cache: S.Cache
  private var backoff = Backoff()
  /// Items a claim takes at most. Halved to find a culprit.
  private var limit = S.chunk
  /// Conflicts in a row at one item alone.
  private var conflicts = 0

  private var nextMeasures: Duration = .zero

  init(
    _ settings: WorkerSettings, _ status: LaneStatus, _ stopping: Stopping, _ log: Log, _ metrics: WorkerMetrics,
    _ claiming: any Claiming<S> = ClaimedAtOnce<S>()
  ) {
    self.claiming = claiming
    self.settings = settings
    cache = S.Cache(settings.settings)
    worker = settings.worker
    self.status = status
    self.stopping = stopping
    self.log = log
    self.metrics = metrics
  }

  func run() {
    while !stopping.isRequested {
      status.beat()
      do throws(LaneFailure) {
        let swept = try turn()
        backoff.succeeded()
        conflicts = 0
        limit = min(S.chunk, limit * 2)
        status.obstacle("failure", nil)
        if swept == 0 { rest(S.pause) }
      } catch {
        recover(from: error)
      }
    }
    connection = nil
  }

  /// A lane that rests is well, however long.
  private func rest(_ duration: Duration) {
    let end = Monotonic.now + duration
    while !stopping.isRequested, Monotonic.now < end {
      status.beat()
      _ = stopping.wait(min(end - Monotonic.now, .seconds(1)))
    }
  }

  /// Answers how many items were decided.
  private func turn() throws(LaneFailure) -> Int {
    if connection == nil {
      let (opened, obstacle) = try LaneFailure.postgres { () throws(PostgresError) in
        let opened = try settings.connect(S.name, durable: false)
        return (opened, try settings.obstacle(opened))
      }
      if let obstacle { throw .unready(obstacle) }
      connection = opened
      status.obstacle("start", nil)
    }
    guard let connection else { return 0 }
    try measure(connection)
    let full = try LaneFailure.postgres { () throws(PostgresError) in try settings.fullOutbox(connection) }
    if let full { throw .unready(full) }
    switch try claiming.prepare(&cache, connection) {
    case .ready: break
    case .nothing: return 0
    case .listening:
      _ = stopping.wait(min(S.pause, .milliseconds(200)))
      return 1
    }
    let began = Monotonic.now
    var fold = SweepFold<S>()
    let (items, state) = try LaneFailure.postgres { () throws(PostgresError) in
      try claimAndDecide(&fold, connection)
    }
    if let sentence = fold.tooLarge { throw .broken(sentence) }
    try LaneFailure.postgres { () throws(PostgresError) in
      guard let state else {
        _ = try connection.rows("rollback")
        return
      }
      try write(fold, state, connection)
      _ = try connection.rows("commit")
      FailPoint.pass(.sweepCommitted, event: S.name)
    }
    let count = items.count
    if count > 0 { metrics.count(fold.outcomes, [:], count, Monotonic.now - began) }
    // Items that were only looked at again do not call for another turn at once.
    return fold.changes.isEmpty && fold.aside.isEmpty ? 0 : count
  }

  private func measure(_ connection: Connection) throws(LaneFailure) {
    guard !S.measures.isEmpty, Monotonic.now >= nextMeasures else { return }
    for measure in S.measures {
      let value = try LaneFailure.postgres { () throws(PostgresError) in
        try connection.rows(measure.statement)[0].double(0)
      }
      metrics.measured(measure, value)
    }
    nextMeasures = Monotonic.now + .seconds(10)
  }

  private func claimAndDecide(
    _ fold: inout SweepFold<S>, _ connection: Connection
  ) throws(PostgresError) -> ([S.Item], S.State?) {
    try connection.enterPipeline()
    try connection.send("begin")
    try connection.push()
    let transaction = Transaction(opening: connection) { () throws(PostgresError) in _ = try connection.receive() }
    do {
      let items = try claiming.claim(limit, &cache, transaction)
      try transaction.settle()
      guard !items.isEmpty else { return ([], nil) }
      FailPoint.pass(.sweepClaimed, event: S.name)
      var state = try S.load(items, &cache, transaction)
      let now = try transaction.moment()
      for item in items { fold.decide(item, &state, now) }
      return (items, state)
    } catch {
      transaction.discard()
      throw error
    }
  }

  private func write(_ fold: SweepFold<S>, _ state: S.State, _ connection: Connection) throws(PostgresError) {
    var writing = try Writing(connection)
    try writing.send(S.writes, of: .changes, state, fold.changes[...])
    try writing.send(S.writes, of: .state, state, fold.changes[...])
    try writing.send(fold.emissions, from: worker)
    if !fold.aside.isEmpty {
      try writing.send(SetAside.insert, touching: nil) { SetAside.bind(&$0, S.name, fold.aside) }
    }
    FailPoint.pass(.sweepWritten, event: S.name)
    try writing.finish()
  }

  // MARK: Failure

  private func recover(from failure: LaneFailure) {
    cache = S.Cache(settings.settings)
    metrics.failures.add()
    if let open = connection {
      do { _ = try open.rows("rollback") } catch { connection = nil }
    }
    if case .postgres(let error) = failure, error.kind == .data || error.kind == .conflict, limit > 1 {
      limit = max(1, limit / 2)
      return
    }
    if case .postgres(let error) = failure, isHopeless(error), let open = connection {
      do { try putAside(open) } catch { connection = nil }
      return
    }
    let wait = failure.isPassing ? backoff.failed() : .seconds(5)
    status.obstacle("failure", failure.isPassing ? "waits: \(failure)" : "stopped: \(failure)")
    log.warning("the sweep waits and tries again", ["sweep": .text(S.name), "cause": .text(failure.description)])
    rest(wait)
  }

  /// Bad data is bad at once, a conflict only when fresh loads did not mend it.
  private func isHopeless(_ error: PostgresError) -> Bool {
    guard error.kind == .conflict else { return error.kind == .data }
    conflicts += 1
    return conflicts > Splitting.freshLoads
  }

  /// The oldest due item alone cannot be written: it is put aside, visibly, so that the others go on. Another lane may hold it by now,
  /// and what is claimed instead is at fault only if the database refuses that too.
  private func putAside(_ connection: Connection) throws(PostgresError) {
    _ = try connection.rows("begin")
    let items = try claiming.claim(1, &cache, Transaction(open: connection))
    if let item = items.first, let error = try refusal(of: items, connection) {
      let refusal = Refusal("not-storable", "the database refused it: \(error.sqlState)")
      var arguments = Arguments()
      SetAside.bind(&arguments, S.name, [SetAside.Item(label: S.label(item), refusal: refusal)])
      _ = try connection.rows(SetAside.insert, arguments)
      log.error("an item was put aside", ["sweep": .text(S.name), "cause": .text(error.description)])
    }
    _ = try connection.rows("commit")
  }

  /// Why the database does not take what becomes of these; nil where it does, and then that is written.
  private func refusal(of items: [S.Item], _ connection: Connection) throws(PostgresError) -> PostgresError? {
    _ = try connection.rows("savepoint trial")
    do throws(PostgresError) {
      var fold = SweepFold<S>()
      let transaction = Transaction(open: connection)
      var state = try S.load(items, &cache, transaction)
      let now = try transaction.moment()
      for item in items { fold.decide(item, &state, now) }
      // What may not be written the next turn tells.
      if fold.tooLarge == nil { try write(fold, state, connection) }
      return nil
    } catch {
      guard error.kind == .data || error.kind == .conflict else { throw error }
      cache = S.Cache(settings.settings)
      _ = try connection.rows("rollback to savepoint trial")
      return error
    }
  }
}

private struct SweepFold<S: Sweep> {
  private(set) var changes: [S.Change] = []
  private(set) var emissions: [TracedEmission] = []
  private(set) var aside: [SetAside.Item] = []
  private(set) var outcomes: [String: Int] = [:]
  /// A fault of the sweep's own: nothing of the fold may be written.
  private(set) var tooLarge: String?

  mutating func decide(_ item: S.Item, _ state: inout S.State, _ now: Timestamp) {
    switch S.decide(item, &state, now) {
    case .apply(let change, let emit, let outcome):
      changes.append(change)
      emissions += emit.map { TracedEmission(emission: $0, trace: nil) }
      if let large = emit.first(where: { $0.payload.count > $0.topic.largestValue }) {
        tooLarge = "\(S.name) emits \(large.payload.count) bytes to \(large.topic.name), which takes less"
      }
      outcomes[outcome.description, default: 0] += 1
    case .ignore(let reason): outcomes[reason.description, default: 0] += 1
    case .reject(let refusal):
      aside.append(SetAside.Item(label: S.label(item), refusal: refusal))
      outcomes["set-aside", default: 0] += 1
    }
  }
}

enum SetAside {
  struct Item {
    let label: String
    let refusal: Refusal
  }

  static let insert: Statement = """
    insert into set_aside (sweep, item, path, reason, detail)
    select $1, a.item, a.path, a.reason, a.detail
    from unnest($2::text[], $3::text[], $4::text[], $5::text[]) a (item, path, reason, detail)
    on conflict do nothing
    """

  static func bind(_ arguments: inout Arguments, _ sweep: String, _ items: [Item]) {
    arguments.text(sweep)
    arguments.texts(items) { $0.label }
    arguments.texts(items) { $0.refusal.path }
    arguments.texts(items) { $0.refusal.reason }
    arguments.texts(items) { $0.refusal.detail }
  }
}
