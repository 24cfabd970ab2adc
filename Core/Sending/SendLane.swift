internal import Contract
internal import Observe
internal import Outreach
internal import Postgres
internal import Runtime
internal import Values

/// A lane of the shape *send*: claims messages in one transaction, calls their gateways outside of any, and writes what came of it in
/// a second; one thread, one database session, one loop that drives all calls at once.
///
/// Invariants:
/// - A call begins only after its claim is on PostgreSQL's disk, and only while the claim is young: `LostSends` settles older ones as
///   uncertain, after the longest time that a call begun in time could take.
/// - What a lane has claimed it calls once, or gives back uncalled; never both, and nothing else is ever called.
/// - Records are written until they are written: a lost database session costs none of them.
final class SendLane: Lane {
  /// How old a claim may be when its call begins, by the clock since boot.
  static let claimHolds: Duration = .seconds(10)
  /// How late after its moment a call of a gateway with a rate may begin.
  static let momentHolds: Duration = .milliseconds(10)

  private let share: Share
  let channel: Channel
  let carrier: Carrier
  let settings: WorkerSettings
  let status: LaneStatus
  let stopping: Stopping
  let log: Log
  let metrics: SendMetrics

  var connection: Connection?
  var lines: [String: Line] = [:]
  var book = GatewayBook()
  var rules = ContactRules()
  var resting = RestingCampaigns()
  /// Claimed, and not begun.
  var waiting: [Claimed] = []
  /// Begun, by message.
  var flying: [Int64: Claimed] = [:]
  /// Ended, and not written.
  var ended: [EndedCall] = []
  var endedSince: Duration?
  /// Moments are being asked for, by place in `waiting`.
  var isPacing = false
  private var backoff = Backoff()
  private var rest = Rest()
  private var nextNews: Duration = .zero
  private var nextLook: Duration = .zero
  /// There may be more in the queues than there was room for.
  private var mayHaveMore = false
  /// What is emitted does not leave: nothing more is claimed. What is under way is written down all the same.
  private var isFull = false
  /// Messages that a claim, and a record, take at most. Halved to find one that the database refuses.
  var limit = SendLane.most
  var recordLimit = SendLane.most
  static let most = 500

  struct Claimed {
    let message: DueMessage
    /// Before the claim was sent, by the clock since boot.
    let claimedAt: Duration
    /// When it may begin at a gateway with a rate; nil at once.
    var moment: Moment?
    var beganAt: Duration = .zero

    struct Moment {
      let from: Duration
      let until: Duration
    }
  }

  init(
    _ share: Share, _ channel: Channel, _ settings: WorkerSettings, _ status: LaneStatus, _ stopping: Stopping,
    _ log: Log, _ metrics: SendMetrics
  ) {
    self.share = share
    self.channel = channel
    carrier = Carrier(settings.settings)
    self.settings = settings
    self.status = status
    self.stopping = stopping
    self.log = log
    self.metrics = metrics
  }

  func run() {
    while !stopping.isRequested { attempt { () throws(LaneFailure) in try turn() } }
    leave()
  }

  private func attempt(_ body: () throws(LaneFailure) -> Void) {
    status.beat()
    do throws(LaneFailure) {
      try body()
      backoff.succeeded()
      status.obstacle("failure", nil)
    } catch {
      recover(from: error)
    }
  }

  private func turn() throws(LaneFailure) {
    try connect()
    advance()
    if isTimeToRecord {
      try record()
      // What is written down makes room.
      if mayHaveMore { nextLook = .zero }
    }
    if BootClock.now >= nextNews { try readNews() }
    if BootClock.now >= nextLook { try look() }
    begin()
    carrier.wait(atMost: pause)
  }

  // MARK: When to do what

  private var isTimeToRecord: Bool {
    guard let endedSince else { return false }
    return ended.count >= min(200, flying.count / 4) || BootClock.now - endedSince >= .milliseconds(20)
  }

  /// Until something is to be done that no socket announces.
  private var pause: Duration {
    let now = BootClock.now
    var until = min(nextLook, nextNews)
    if let endedSince { until = min(until, endedSince + .milliseconds(20)) }
    for call in waiting { until = min(until, call.moment?.from ?? until) }
    return max(.zero, min(until - now, .milliseconds(100)))
  }

  private func look() throws(LaneFailure) {
    let now = BootClock.now
    guard !isFull else {
      nextLook = now + .milliseconds(250)
      return
    }
    var found = 0
    var wanted = 0
    var hasFullLine = false
    for name in lines.keys.sorted() {
      guard let room = lines[name]?.room(now) else { continue }
      guard room > 0 else {
        hasFullLine = true
        continue
      }
      let most = min(room, limit)
      wanted += most
      found += try claim(most, for: name)
    }
    // Where there was as much as was wanted there is more; where nothing could be taken, a place has to become free first.
    let foundAll = wanted > 0 && found == wanted
    mayHaveMore = hasFullLine || foundAll
    nextLook = BootClock.now + (foundAll ? .milliseconds(2) : rest.next(foundSome: found > 0))
  }

  private func readNews() throws(LaneFailure) {
    guard let connection else { return }
    let asked = BootClock.now
    let campaigns = Set(waiting.map(\.message.campaign)).subtracting([0])
    let (news, rules, resting) = try LaneFailure.postgres { () throws(PostgresError) in
      try Transaction(open: connection).ask(
        book.news(channel), ContactRules.ask(channel), RestingCampaigns.among(campaigns))
    }
    self.rules = rules
    self.resting.take(resting, askedAt: asked)
    let full = try LaneFailure.postgres { () throws(PostgresError) in try settings.fullOutbox(connection) }
    status.obstacle("outbox", full)
    isFull = full != nil
    let before = book.broken
    book.take(news)
    let longest = settings.settings[.lostAfter] - SendLane.claimHolds
    book.leaveOut("limits.total has to lie below LOST_AFTER by \(SendLane.claimHolds)") { $0.limits.total >= longest }
    for (name, reason) in book.broken where before[name] != reason {
      log.error("a gateway's description cannot be read", ["gateway": .text(name), "cause": .text(reason)])
    }
    for gateway in book.gateways where lines[gateway.name]?.gateway.version != gateway.version {
      lines[gateway.name] = Line(gateway, share, after: lines[gateway.name])
    }
    for gateway in book.gateways { lines[gateway.name]?.gateway = gateway }
    for name in lines.keys where book[name] == nil { lines[name]?.close() }
    let now = BootClock.now
    for (name, line) in lines {
      metrics.show(name, inFlight: line.inFlight, isOpen: line.breaker.isOpen(now))
    }
    nextNews = now + .milliseconds(250)
  }

  // MARK: Beginning and end

  private func connect() throws(LaneFailure) {
    guard connection == nil else { return }
    let (opened, obstacle) = try LaneFailure.postgres { () throws(PostgresError) in
      let opened = try settings.connect("send \(channel.rawValue)", durable: true)
      return (opened, try settings.obstacle(opened))
    }
    if let obstacle { throw .unready(obstacle) }
    // Calls go on while PostgreSQL works.
    opened.whileWaiting = { [unowned self] in
      guard !flying.isEmpty else { return false }
      advance()
      if !isPacing { begin() }
      carrier.wait(atMost: .milliseconds(1))
      return true
    }
    connection = opened
    status.obstacle("start", nil)
  }

  private func recover(from failure: LaneFailure) {
    metrics.failures.add()
    if let open = connection {
      do { _ = try open.rows("rollback") } catch { connection = nil }
    }
    let isConflict = if case .postgres(let error) = failure { error.kind == .conflict } else { false }
    if isConflict, limit > 1 {
      limit = max(1, limit / 2)
      return
    }
    let wait = failure.isPassing ? backoff.failed() : .seconds(5)
    status.obstacle("failure", failure.isPassing ? "waits: \(failure)" : "stopped: \(failure)")
    log.warning("the send lane waits and tries again", ["cause": .text(failure.description)])
    let until = BootClock.now + wait
    // Calls go on: their gateways know nothing of our trouble.
    while BootClock.now < until, !stopping.isRequested {
      status.beat()
      advance()
      carrier.wait(atMost: min(until - BootClock.now, .milliseconds(100)))
    }
  }

  /// In order: nothing more is claimed, what waits is given back, what flies may end, and all of it is written.
  private func leave() {
    for call in waiting { giveBack(call, Reason("sender-ended")) }
    waiting.removeAll()
    carrier.leave()
    while !flying.isEmpty || !ended.isEmpty {
      // Calls go on, whatever becomes of the database.
      advance()
      carrier.wait(atMost: .milliseconds(20))
      attempt { () throws(LaneFailure) in
        try connect()
        if isTimeToRecord { try record() }
      }
    }
    connection = nil
  }
}

/// How soon to look for messages again: at once while there are some, slower the longer none come.
private struct Rest {
  private var time = Duration.milliseconds(10)

  mutating func next(foundSome: Bool) -> Duration {
    time = foundSome ? .milliseconds(10) : min(.milliseconds(100), time * 1.2)
    return time
  }
}
