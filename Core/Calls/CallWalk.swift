internal import Values

extension CallStory {
  /// - Parameters:
  ///   - facts: of one use of the id, at least one, sorted.
  ///   - isOver: another use follows, so that this one has ended whether it was told or not.
  init(_ facts: ArraySlice<CallFact>, isOver: Bool) {
    let start = facts.first { $0.kind == .started }
    var walk = CallWalk(
      CallStory(startedAt: (start ?? facts[facts.startIndex]).at, lastAt: facts[facts.endIndex - 1].at),
      end: CallStory.end(of: facts, isOver: isOver))
    if start == nil { walk.story.flags.insert(.noStart) }
    if facts[facts.startIndex].at < walk.story.startedAt { walk.story.flags.insert(.negativeDuration) }
    walk.story.readHead(facts)
    for fact in facts { walk.take(fact) }
    self = walk.finished()
  }

  /// The first end that nothing of the call itself comes after; else the last one, with a flag; else that it was missed.
  static func end(
    of facts: ArraySlice<CallFact>, isOver: Bool
  ) -> (at: Timestamp, word: String, flags: Flags)? {
    var last: CallFact?
    var ends = 0
    for fact in facts {
      if fact.isConversation { last = fact }
      if fact.kind == .ended { ends += 1 }
    }
    var flags: Flags = ends > 1 ? .twoEnds : []
    if ends > 0 {
      if let end = facts.first(where: { $0.kind == .ended && $0.at >= last?.at ?? $0.at }) {
        return (end.at, end.word, flags)
      }
      flags.insert(.negativeDuration)
      guard let end = facts.last(where: { $0.kind == .ended }) else { return nil }
      return (end.at, end.word, flags)
    }
    if let closed = facts.first(where: { $0.kind == .closed }) { return (closed.at, "system", .closedByRule) }
    if let last, last.kind == .voicemail || last.isMissedCall { return (last.at, "system", []) }
    if isOver { return (facts[facts.endIndex - 1].at, "system", .closedByRule) }
    return nil
  }

  /// Who calls whom: what is told first counts, of each thing by itself.
  fileprivate mutating func readHead(_ facts: ArraySlice<CallFact>) {
    for fact in facts where fact.kind == .started {
      if direction == nil { direction = Direction(rawValue: fact.word) }
      if from.isEmpty { from = fact.from }
      if to.isEmpty { to = fact.to }
      if linked.isEmpty { linked = fact.other }
    }
    if direction == nil { flags.insert(.noDirection) }
    for fact in facts where !fact.queue.isEmpty && queue.isEmpty { queue = fact.queue }
  }
}

/// Goes through a call in order of time and adds up what passes between one fact and the next.
private struct CallWalk {
  var story: CallStory
  private let end: (at: Timestamp, word: String, flags: CallStory.Flags)?
  private var now: Timestamp
  /// Who talks, by place in `story.talks`.
  private var talking: [Int] = []
  private var isHeld = false
  private var wasAnsweredByMachine = false
  private var hasVoicemail = false
  private var disposedAt: (at: Timestamp, agent: String)?

  init(_ story: CallStory, end: (at: Timestamp, word: String, flags: CallStory.Flags)?) {
    self.story = story
    self.end = end
    now = story.startedAt
    if let end { self.story.flags.formUnion(end.flags) }
  }

  mutating func take(_ fact: CallFact) {
    pass(until: fact.at)
    switch fact.kind {
    case .started:
      if !fact.queue.isEmpty, !isToldAgain(fact.queue) { enter(fact.queue, fact.at) }
    case .rang:
      if !fact.agent.isEmpty, !story.rings.contains(where: { $0.agent == fact.agent && $0.fate == .ringing }) {
        story.rings.append(CallStory.Ring(agent: fact.agent, from: fact.at))
      }
      // Some systems name the queue only here.
      if story.stays.isEmpty, !fact.queue.isEmpty { enter(fact.queue, story.startedAt) }
    case .answered: answer(fact)
    case .held: isHeld = true
    case .resumed: isHeld = false
    case .transferred: transfer(fact)
    case .conferenced: join(fact)
    case .missed: miss(fact)
    case .voicemail:
      hasVoicemail = true
      lose(at: fact.at, .lost)
    case .disposed:
      if !fact.word.isEmpty { story.disposition = fact.word }
      disposedAt = (fact.at, fact.agent)
    case .ended, .closed: break
    }
  }

  /// What went on from the last fact until now. Nothing goes on after the end.
  private mutating func pass(until moment: Timestamp) {
    let until = min(moment, end?.at ?? moment)
    guard until > now else { return }
    let span = until.microseconds - now.microseconds
    if talking.isEmpty {
      if story.answeredAt == nil, story.rings.contains(where: { $0.fate == .ringing }) { story.ring += span }
    } else {
      if isHeld { story.hold += span } else { story.talk += span }
      for place in talking {
        if !isHeld { story.talks[place].talked += span }
        let agent = story.talks[place].agent
        if !agent.isEmpty {
          story.spans.append(CallStory.Span(agent: agent, isHold: isHeld, from: now, until: until))
        }
      }
      if let stay = story.stays.indices.last, story.stays[stay].fate == .answered, !story.stays[stay].wasPassedOn {
        if isHeld { story.stays[stay].held += span } else { story.stays[stay].talked += span }
      }
    }
    now = until
  }

  private mutating func enter(_ queue: String, _ at: Timestamp) {
    if let last = story.stays.last, last.fate == .waiting {
      // Told twice, by two who know.
      if last.queue == queue { return }
      lose(at: at, .lost)
      story.stays[story.stays.count - 1].wasPassedOn = true
    }
    story.stays.append(CallStory.Stay(queue: queue, from: at))
    // Two clocks: somebody talks to the caller already.
    if !talking.isEmpty { lose(at: at, .answered) }
  }

  /// By another clock, when somebody talks to the caller already.
  private func isToldAgain(_ queue: String) -> Bool {
    guard let last = story.stays.last else { return false }
    return last.queue == queue && last.fate == .answered && !last.wasPassedOn
  }

  /// The queue's part ends, if anybody still waits in one.
  private mutating func lose(at: Timestamp, _ fate: CallStory.Stay.Fate) {
    guard let stay = story.stays.indices.last, story.stays[stay].fate == .waiting else { return }
    story.stays[stay].fate = fate
    story.stays[stay].waited = max(0, at.microseconds - story.stays[stay].from.microseconds)
  }

  private mutating func answer(_ fact: CallFact) {
    if fact.word == "automatic" {
      wasAnsweredByMachine = true
      return
    }
    if story.stays.isEmpty, !fact.queue.isEmpty { enter(fact.queue, story.startedAt) }
    let agent = agent(of: fact)
    if story.answeredAt == nil {
      story.answeredAt = fact.at
      story.wait = fact.at.microseconds - story.startedAt.microseconds
      if story.wait < 0 {
        story.wait = 0
        story.flags.insert(.negativeDuration)
      }
    }
    lose(at: fact.at, .answered)
    if let ring = story.rings.lastIndex(where: { $0.agent == agent && $0.fate == .ringing }) {
      story.rings[ring].fate = .answered
      story.rings[ring].waited = fact.at.microseconds - story.rings[ring].from.microseconds
    } else if !agent.isEmpty, !talking.contains(where: { story.talks[$0].agent == agent }) {
      var ring = CallStory.Ring(agent: agent, from: fact.at)
      ring.fate = .answered
      story.rings.append(ring)
    }
    for ring in story.rings.indices where story.rings[ring].fate == .ringing { story.rings[ring].fate = .lost }
    isHeld = false
    bring(in: agent, fact.at)
  }

  /// Systems that know only numbers: an agent's extension is the one that is called, or calls.
  private func agent(of fact: CallFact) -> String {
    if !fact.agent.isEmpty { return fact.agent }
    if let ring = story.rings.last(where: { $0.fate == .ringing }) { return ring.agent }
    if story.answeredAt != nil { return "" }
    switch story.direction {
    case .inbound: return story.to
    case .outbound, .internal: return story.from
    case nil: return ""
    }
  }

  private mutating func bring(in agent: String, _ at: Timestamp) {
    if talking.contains(where: { story.talks[$0].agent == agent }) { return }
    if let place = story.talks.firstIndex(where: { $0.agent == agent }) {
      talking.append(place)
    } else {
      talking.append(story.talks.count)
      story.talks.append(CallStory.Talk(agent: agent, since: at))
    }
  }

  private mutating func transfer(_ fact: CallFact) {
    if story.answeredAt != nil { story.transfers += 1 }
    if fact.agent.isEmpty {
      talking = []
    } else {
      talking.removeAll { story.talks[$0].agent == fact.agent }
    }
    if let stay = story.stays.indices.last {
      lose(at: fact.at, .lost)
      story.stays[stay].wasPassedOn = true
    }
    isHeld = false
    if !fact.queue.isEmpty { enter(fact.queue, fact.at) }
  }

  private mutating func join(_ fact: CallFact) {
    for agent in [fact.agent, fact.other] where !agent.isEmpty && story.answeredAt != nil { bring(in: agent, fact.at) }
    isHeld = false
  }

  private mutating func miss(_ fact: CallFact) {
    guard !fact.agent.isEmpty else { return lose(at: fact.at, .lost) }
    if let ring = story.rings.lastIndex(where: { $0.agent == fact.agent && $0.fate == .ringing }) {
      story.rings[ring].fate = .missed
    } else {
      var ring = CallStory.Ring(agent: fact.agent, from: fact.at)
      ring.fate = .missed
      story.rings.append(ring)
    }
  }

  /// What the end makes of it.
  consuming func finished() -> CallStory {
    if let stay = story.stays.first { story.queue = stay.queue }
    guard let end else { return story }
    pass(until: end.at)
    story.endedAt = end.at
    if story.answeredAt == nil {
      story.wait = max(0, end.at.microseconds - story.startedAt.microseconds)
      // Where nobody answered, everybody at whom it still rang let it ring.
      for ring in story.rings.indices where story.rings[ring].fate == .ringing { story.rings[ring].fate = .missed }
    }
    for ring in story.rings.indices where story.rings[ring].fate == .ringing { story.rings[ring].fate = .lost }
    let isCallers = story.direction == .inbound && end.word != "system" && end.word != "agent"
    lose(at: end.at, isCallers ? .abandoned : .lost)
    story.outcome = outcome(isCallers: isCallers)
    if let disposedAt {
      let agent = disposedAt.agent.isEmpty ? story.talks.last?.agent ?? "" : disposedAt.agent
      story.wrapUp = max(0, disposedAt.at.microseconds - end.at.microseconds)
      if story.wrapUp > 0, !agent.isEmpty {
        story.wrapUpSpan = CallStory.Span(agent: agent, isHold: false, from: end.at, until: disposedAt.at)
      }
    }
    return story
  }

  private func outcome(isCallers: Bool) -> CallStory.Outcome {
    if story.answeredAt != nil { return .answered }
    if hasVoicemail { return .voicemail }
    if story.direction == .outbound || story.direction == .internal { return .unanswered }
    if let last = story.stays.last { return last.fate == .abandoned ? .abandoned : .missed }
    return wasAnsweredByMachine ? .automatic : .missed
  }
}
