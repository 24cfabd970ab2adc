internal import Values

/// A use of a call's id: what was told of one call, and what that comes to. A telephone system that is restarted and counts
/// anew uses its ids again; each use is a call, has a row, and counts.
///
/// Invariant: the uses of a set of facts are a pure function of it. Each fact belongs to one of them, and they follow each
/// other in time.
public struct CallUse: Equatable, Sendable {
  /// From 1, in order of time.
  public let number: Int32
  public let facts: CallFacts
  public let story: CallStory
}

extension CallUse {
  /// Seconds: a start so long after an end is another use of the id, a start sooner one clock beside another.
  static let restart: Int64 = 60
  /// Seconds: the same where nobody told the end, as a telephone system does not that went down. What was missed in one queue
  /// may come to the next.
  static let silence: Int64 = 3600
  /// Seconds: no call is silent for so long and then goes on.
  static let longest: Int64 = 12 * 3600

  public static func uses(of facts: CallFacts) -> [CallUse] {
    let pieces = pieces(of: facts)
    guard pieces.count > 1 else {
      return pieces.map { CallUse(number: 1, facts: facts, story: $0.story) }
    }
    // Each use begins with a piece that has a start; others go with the one before, and at the beginning with the first.
    let started = pieces.indices.filter { !pieces[$0].story.flags.contains(.noStart) }
    let firsts = started.isEmpty ? [pieces.startIndex] : [pieces.startIndex] + started.dropFirst()
    return firsts.indices.map { place in
      let own = pieces[firsts[place]..<(place + 1 < firsts.count ? firsts[place + 1] : pieces.endIndex)]
      var story = (own.first { !$0.story.flags.contains(.noStart) } ?? own[own.endIndex - 1]).story
      if firsts.count > 1 { story.flags.insert(.idReused) }
      if own.count > 1 { story.flags.insert(.apart) }
      let range = own[own.startIndex].range.lowerBound..<own[own.endIndex - 1].range.upperBound
      return CallUse(number: Int32(place + 1), facts: facts[range], story: story)
    }
  }

  /// Whether the use that the fact would belong to has as many as are taken.
  public static func isFull(_ facts: CallFacts, for fact: CallFact) -> Bool {
    guard facts.all.count >= CallFacts.most else { return false }
    var more = facts
    more.add(fact)
    return uses(of: more).contains { $0.facts.all.count > CallFacts.most && $0.facts.contains(fact) }
  }

  typealias Piece = (range: Range<Int>, story: CallStory)

  static func pieces(of facts: CallFacts) -> [Piece] {
    guard let first = facts.all.first else { return [] }
    var pieces: [Piece] = []
    var begin = facts.all.startIndex
    var endedAt: Timestamp?
    var before = first.at
    for place in facts.all.indices {
      let fact = facts.all[place]
      let isRestart =
        fact.kind == .started
        && (endedAt.map { fact.at >= $0.adding(seconds: restart) } ?? false
          || fact.at > before.adding(seconds: silence))
      if isRestart || fact.at > before.adding(seconds: longest) {
        pieces.append((begin..<place, CallStory(facts.all[begin..<place], isOver: true)))
        begin = place
        endedAt = nil
      }
      if endedAt == nil, fact.kind == .ended || fact.kind == .closed { endedAt = fact.at }
      before = fact.at
    }
    pieces.append((begin..<facts.all.endIndex, CallStory(facts.all[begin...], isOver: false)))
    return pieces
  }
}
