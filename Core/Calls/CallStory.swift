public import Values

/// What a set of facts comes to: a pure function of the set, told as one call from its start to its end.
///
/// Where a call's id was used again, as a telephone system does that was restarted and counts anew, each use is a story of its
/// own: see `CallUse`.
public struct CallStory: Equatable, Sendable {
  public enum Direction: String, Sendable, CaseIterable { case inbound, outbound, `internal` }

  public enum Outcome: String, Sendable, CaseIterable {
    /// A person talked.
    case answered
    /// Only a machine did.
    case automatic
    /// The caller gave up in a queue.
    case abandoned
    /// Nobody took it, and it was not the caller who gave up in a queue.
    case missed
    case voicemail
    /// One of our own calls that nobody took.
    case unanswered
  }

  /// What is odd about it, and kept all the same.
  public struct Flags: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let noStart = Flags(rawValue: 1)
    public static let twoEnds = Flags(rawValue: 2)
    /// Something happened before the start or after the end, by its clock: durations that would be negative are 0.
    public static let negativeDuration = Flags(rawValue: 4)
    public static let idReused = Flags(rawValue: 8)
    /// Its end never came.
    public static let closedByRule = Flags(rawValue: 16)
    /// Told by nobody who knows the direction.
    public static let noDirection = Flags(rawValue: 32)
    /// Something of this id lies more than twelve hours away from the rest, and is left out of it.
    public static let apart = Flags(rawValue: 64)
  }

  /// A stretch in which an agent talked, or held somebody.
  public struct Span: Equatable, Sendable {
    public let agent: String
    public let isHold: Bool
    public let from: Timestamp
    public let until: Timestamp
  }

  /// That a queue had it.
  public struct Stay: Equatable, Sendable {
    public enum Fate: Sendable {
      case waiting, answered, abandoned
      /// Taken on to somewhere else, to voicemail, or ended by the system.
      case lost
    }

    public let queue: String
    public let from: Timestamp
    public internal(set) var fate = Fate.waiting
    /// From entering until the answer or the loss; microseconds.
    public internal(set) var waited: Int64 = 0
    public internal(set) var talked: Int64 = 0
    public internal(set) var held: Int64 = 0
    public internal(set) var wasPassedOn = false
  }

  /// That it rang at an agent.
  public struct Ring: Equatable, Sendable {
    public enum Fate: Sendable {
      case ringing, answered, missed
      /// Somebody else was quicker, or the caller gave up first.
      case lost
    }

    public let agent: String
    public let from: Timestamp
    public internal(set) var fate = Fate.ringing
    /// Microseconds until the answer; nil where it was not told when it began to ring.
    public internal(set) var waited: Int64?
  }

  /// An agent's part in it.
  public struct Talk: Equatable, Sendable {
    public let agent: String
    public let since: Timestamp
    /// Microseconds, without hold.
    public internal(set) var talked: Int64 = 0
  }

  public internal(set) var direction: Direction?
  public internal(set) var from = ""
  public internal(set) var to = ""
  public internal(set) var linked = ""
  public internal(set) var queue = ""
  public internal(set) var disposition = ""
  public internal(set) var startedAt: Timestamp
  /// By a person.
  public internal(set) var answeredAt: Timestamp?
  public internal(set) var endedAt: Timestamp?
  public internal(set) var lastAt: Timestamp
  /// Microseconds, these five: ringing before anybody talked, waiting for the first person, talking, holding, and from the end
  /// to the disposition.
  public internal(set) var ring: Int64 = 0
  public internal(set) var wait: Int64 = 0
  public internal(set) var talk: Int64 = 0
  public internal(set) var hold: Int64 = 0
  public internal(set) var wrapUp: Int64 = 0
  /// nil while it goes on.
  public internal(set) var outcome: Outcome?
  public internal(set) var transfers: Int32 = 0
  public internal(set) var flags: Flags = []
  public internal(set) var spans: [Span] = []
  public internal(set) var stays: [Stay] = []
  public internal(set) var rings: [Ring] = []
  public internal(set) var talks: [Talk] = []
  /// From the end to the disposition.
  public internal(set) var wrapUpSpan: Span?

  init(startedAt: Timestamp, lastAt: Timestamp) {
    self.startedAt = startedAt
    self.lastAt = lastAt
  }

  /// Who talked first.
  public var agent: String? { talks.first?.agent }

  /// The other party's number.
  public var number: String {
    switch direction {
    case .inbound: from
    case .outbound: to
    case .internal, nil: ""
    }
  }

  /// E.164's digits of the other party; nil where they are not known, or the call was between our own.
  public var phone: Int64? {
    guard number.utf8.first == UInt8(ascii: "+"), number.utf8.count <= 16 else { return nil }
    return Int64(number.dropFirst())
  }

  /// The agents with whom it was a conversation, and since when.
  public func conversations(atLeast talk: Duration) -> [Talk] {
    guard answeredAt != nil else { return [] }
    let least = talk.components.seconds * 1_000_000
    return talks.filter { $0.talked >= least }
  }

  /// When each agent talked, without hold, once the call has ended. What goes on without a break is one.
  public var talkTimes: [Span] {
    guard endedAt != nil else { return [] }
    var times: [Span] = []
    for span in spans where !span.isHold {
      if let place = times.lastIndex(where: { $0.agent == span.agent }), times[place].until == span.from {
        times[place] = Span(agent: span.agent, isHold: false, from: times[place].from, until: span.until)
      } else {
        times.append(span)
      }
    }
    return times
  }

  /// Since when somebody waits to be called back: a caller whom nobody talked to in the end.
  public var missedAt: Timestamp? {
    guard direction == .inbound, let endedAt, let outcome, phone != nil else { return nil }
    switch outcome {
    case .abandoned, .missed, .voicemail: return endedAt
    case .answered:
      guard let last = stays.last, let answeredAt, last.from > answeredAt else { return nil }
      return last.fate == .abandoned || last.fate == .lost && !last.wasPassedOn ? endedAt : nil
    case .automatic, .unanswered: return nil
    }
  }
}

extension CallStory {
  /// In order of time: the uses of the id, and what lies too far away from them to belong to one.
  public static func stories(of facts: CallFacts) -> [CallStory] { CallUse.pieces(of: facts).map(\.story) }
}
