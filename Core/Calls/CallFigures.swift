internal import Values

/// What calls add to the figures of queues and agents, by quarter of an hour. Sums only, so that a call that turns out to have
/// been otherwise is taken out as it was and put in as it is, and late events leave no trace.
public struct CallFigures: Equatable, Sendable {
  public struct Key: Hashable, Comparable, Sendable {
    /// A queue's or an agent's.
    public let isAgent: Bool
    public let name: String
    /// Since 1970. Every zone's quarters of an hour are the same.
    public let quarter: Int64

    public init(isAgent: Bool, name: String, quarter: Int64) {
      self.isAgent = isAgent
      self.name = name
      self.quarter = quarter
    }

    public static func < (a: Key, b: Key) -> Bool {
      if a.isAgent != b.isAgent { return !a.isAgent }
      return a.name != b.name ? a.name < b.name : a.quarter < b.quarter
    }
  }

  public struct Sums: Equatable, Sendable {
    /// Of a queue the calls that came to it, of an agent those that rang.
    public var offered: Int64 = 0
    /// Of `offered` those that had been in a queue before, in the same call.
    public var passedIn: Int64 = 0
    public var answered: Int64 = 0
    /// Of a queue: the caller gave up.
    public var abandoned: Int64 = 0
    /// Of a queue: to voicemail, passed on before anybody answered, or ended by the system. Of an agent: rung, not answered.
    public var missed: Int64 = 0
    public var transferred: Int64 = 0
    /// Microseconds, all that follow: to the answer, talking, holding, after the end.
    public var answerTime: Int64 = 0
    public var talk: Int64 = 0
    public var hold: Int64 = 0
    public var wrapUp: Int64 = 0
    /// Calls by the second in which they were answered, or given up: 20 is after more than 19 and up to 20.
    public var answeredAfter: [Int: Int64] = [:]
    public var abandonedAfter: [Int: Int64] = [:]

    public init() {}

    public var isNothing: Bool { self == Sums() }

    mutating func add(_ other: Sums, times factor: Int64) {
      offered += other.offered * factor
      passedIn += other.passedIn * factor
      answered += other.answered * factor
      abandoned += other.abandoned * factor
      missed += other.missed * factor
      transferred += other.transferred * factor
      answerTime += other.answerTime * factor
      talk += other.talk * factor
      hold += other.hold * factor
      wrapUp += other.wrapUp * factor
      Sums.add(other.answeredAfter, times: factor, to: &answeredAfter)
      Sums.add(other.abandonedAfter, times: factor, to: &abandonedAfter)
    }

    mutating func count(_ waited: Int64, in counts: WritableKeyPath<Sums, [Int: Int64]>) {
      self[keyPath: counts][Int(min(max(1, (waited + 999_999) / 1_000_000), Sums.longest)), default: 0] += 1
    }

    /// Whole seconds; whoever waits longer is counted here.
    static let longest: Int64 = 3600

    private static func add(_ counts: [Int: Int64], times factor: Int64, to sums: inout [Int: Int64]) {
      for (seconds, calls) in counts {
        let sum = sums[seconds, default: 0] + calls * factor
        sums[seconds] = sum == 0 ? nil : sum
      }
    }
  }

  public private(set) var sums: [Key: Sums] = [:]

  public init() {}

  public mutating func add(_ stories: [CallStory], times factor: Int64 = 1) {
    for story in stories { add(story, factor) }
  }

  public mutating func add(_ other: CallFigures, times factor: Int64 = 1) {
    for (key, sums) in other.sums { change(key) { $0.add(sums, times: factor) } }
  }

  private mutating func add(_ story: CallStory, _ factor: Int64) {
    for (place, stay) in story.stays.enumerated() { add(stay, isPassedIn: place > 0, factor) }
    for ring in story.rings where ring.fate != .ringing { add(ring, factor) }
    for span in story.spans {
      add(span, factor) { span.isHold ? \.hold : \.talk }
    }
    if let span = story.wrapUpSpan { add(span, factor) { \.wrapUp } }
    if story.transfers > 0, let agent = story.agent, !agent.isEmpty {
      change(CallFigures.key(agent, story.answeredAt ?? story.startedAt)) {
        $0.transferred += Int64(story.transfers) * factor
      }
    }
  }

  private mutating func add(_ stay: CallStory.Stay, isPassedIn: Bool, _ factor: Int64) {
    var sums = Sums()
    sums.offered = 1
    sums.passedIn = isPassedIn ? 1 : 0
    switch stay.fate {
    case .waiting: break
    case .answered:
      sums.answered = 1
      sums.answerTime = stay.waited
      sums.talk = stay.talked
      sums.hold = stay.held
      sums.transferred = stay.wasPassedOn ? 1 : 0
      sums.count(stay.waited, in: \.answeredAfter)
    case .abandoned:
      sums.abandoned = 1
      sums.count(stay.waited, in: \.abandonedAfter)
    case .lost: sums.missed = 1
    }
    let key = Key(isAgent: false, name: stay.queue, quarter: CallFigures.quarter(stay.from))
    change(key) { $0.add(sums, times: factor) }
  }

  private mutating func add(_ ring: CallStory.Ring, _ factor: Int64) {
    var sums = Sums()
    sums.offered = 1
    switch ring.fate {
    case .answered:
      sums.answered = 1
      if let waited = ring.waited {
        sums.answerTime = waited
        sums.count(waited, in: \.answeredAfter)
      }
    case .missed: sums.missed = 1
    case .lost, .ringing: break
    }
    change(CallFigures.key(ring.agent, ring.from)) { $0.add(sums, times: factor) }
  }

  /// Cut at the quarters' ends, so that nobody talks for twenty minutes in fifteen.
  private mutating func add(
    _ span: CallStory.Span, _ factor: Int64, _ sum: () -> WritableKeyPath<Sums, Int64>
  ) {
    let sum = sum()
    var from = span.from.microseconds
    while from < span.until.microseconds {
      let quarter = CallFigures.quarter(Timestamp(microseconds: from))
      let until = min(span.until.microseconds, (quarter + 1) * CallFigures.length)
      change(Key(isAgent: true, name: span.agent, quarter: quarter)) { $0[keyPath: sum] += (until - from) * factor }
      from = until
    }
  }

  private mutating func change(_ key: Key, _ body: (inout Sums) -> Void) {
    body(&sums[key, default: Sums()])
  }

  private static func key(_ agent: String, _ at: Timestamp) -> Key {
    Key(isAgent: true, name: agent, quarter: quarter(at))
  }

  /// Microseconds.
  private static let length: Int64 = 900_000_000

  private static func quarter(_ at: Timestamp) -> Int64 {
    let (quotient, rest) = at.microseconds.quotientAndRemainder(dividingBy: length)
    return rest < 0 ? quotient - 1 : quotient
  }
}
