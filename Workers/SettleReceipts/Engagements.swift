import Topics

/// What recipients have done so far with the messages of a batch.
struct Engagements {
  private var known: Set<EngagementKey>
  /// Messages that somebody has responded to.
  private var answered: Set<Int64>

  struct News {
    /// The first of its kind and link, or the first that is not a machine's: it is to be told.
    let isFirst: Bool
    /// The first thing that somebody did in answer to the message.
    let isFirstResponse: Bool
  }

  init(_ known: Set<EngagementKey> = []) {
    self.known = known
    answered = Set(known.lazy.filter(\.isResponse).map(\.message))
  }

  mutating func note(_ key: EngagementKey) -> News {
    let before = OutreachReceipts.Engagement.Agent.allCases.filter { agent in
      known.contains(EngagementKey(message: key.message, kind: key.kind, link: key.link, agent: agent))
    }
    known.insert(key)
    return News(
      isFirst: before.isEmpty || key.agent != .machine && before == [.machine],
      isFirstResponse: key.isResponse && answered.insert(key.message).inserted)
  }
}
