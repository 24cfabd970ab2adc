public import Values

/// One thing that is known of a call. Two that say the same are one: a repeat says nothing new, whatever id it came under.
public struct CallFact: Hashable, Sendable {
  /// In the order in which facts of one moment are read: clocks of telephone systems often have seconds only.
  public enum Kind: UInt8, Sendable, CaseIterable {
    case started, rang, answered, held, resumed, transferred, conferenced, missed, voicemail, ended
    /// Not told but concluded: the end never came. Gone as soon as anything else is told of the call.
    case closed
    case disposed

    public var name: String {
      switch self {
      case .started: "started"
      case .rang: "rang"
      case .answered: "answered"
      case .held: "held"
      case .resumed: "resumed"
      case .transferred: "transferred"
      case .conferenced: "conferenced"
      case .missed: "missed"
      case .voicemail: "voicemail"
      case .ended: "ended"
      case .closed: "closed"
      case .disposed: "disposed"
      }
    }

    /// A letter each, as they are stored.
    static let letters = Array("sranutcmvexd".utf8)
  }

  public let at: Timestamp
  public let kind: Kind
  /// Empty is none, here and below: most have few of these, and an empty text costs nothing.
  public let agent: String
  /// Which it came to, or was passed on to.
  public let queue: String
  /// Numbers: `+` and E.164's digits where they could be read, else as they were told.
  public let from: String
  public let to: String
  /// Of `started` the direction, of `answered` `automatic` for a machine, of `ended` who hung up, of `missed` the reason, of
  /// `disposed` the disposition.
  public let word: String
  /// Of `started` another call that it belongs to, of `transferred` and `conferenced` the agent who is brought in.
  public let other: String

  public init(
    _ kind: Kind, at: Timestamp, agent: String = "", queue: String = "", from: String = "", to: String = "",
    word: String = "", other: String = ""
  ) {
    self.at = at
    self.kind = kind
    self.agent = agent
    self.queue = queue
    self.from = from
    self.to = to
    self.word = word
    self.other = other
  }

  /// Whether it is about the talking itself, not about its end or what comes after.
  var isConversation: Bool {
    switch kind {
    case .ended, .closed, .disposed: false
    default: true
    }
  }

  /// The whole call came to nothing, not only one ringing of one agent.
  var isMissedCall: Bool { kind == .missed && agent.isEmpty }
}

extension CallFact: Comparable {
  /// By time; what follows only makes it one order for all.
  public static func < (a: CallFact, b: CallFact) -> Bool {
    if a.at != b.at { return a.at < b.at }
    if a.kind != b.kind { return a.kind.rawValue < b.kind.rawValue }
    if a.agent != b.agent { return a.agent < b.agent }
    if a.queue != b.queue { return a.queue < b.queue }
    if a.from != b.from { return a.from < b.from }
    if a.to != b.to { return a.to < b.to }
    if a.word != b.word { return a.word < b.word }
    return a.other < b.other
  }
}
