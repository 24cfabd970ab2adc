import Calls
import Seeding
import Testing
import Values

@Suite struct FoldTests {
  /// A call's events one after the other, as a worker takes them: what is concluded at the end, and what all the changes of
  /// figures on the way come to.
  private func take(_ facts: [CallFact]) -> (CallFacts, CallFigures) {
    var known = CallFacts()
    var figures = CallFigures()
    for fact in facts {
      figures.add(CallStory.stories(of: known), times: -1)
      // As it is read from its row.
      known = CallFacts(text: known.text) ?? CallFacts()
      known.add(fact)
      figures.add(CallStory.stories(of: known))
    }
    return (known, figures)
  }

  private func expectSame(_ taken: (CallFacts, CallFigures), as ordered: CallFacts, _ comment: Comment) {
    #expect(taken.0 == ordered, comment)
    #expect(taken.0.text == ordered.text, comment)
    var difference = taken.1
    difference.add(CallStory.stories(of: ordered), times: -1)
    let isSame = difference.sums.values.allSatisfy(\.isNothing)
    #expect(isSame, comment)
  }

  @Test("every order of a call's events, with any of them repeated, comes to the same", arguments: Script.all.indices)
  func everyOrder(script: Int) {
    let (name, facts) = Script.all[script]
    let ordered = CallFacts(facts)
    #expect(ordered.all.count == facts.count)
    for (number, order) in permutations(facts.count).enumerated() {
      var told = order.map { facts[$0] }
      told.append(facts[number % facts.count])
      told.insert(facts[(number / 7) % facts.count], at: number % told.count)
      expectSame(take(told), as: ordered, "\(name): \(order)")
    }
  }

  @Test("long calls in random orders come to the same", arguments: 0..<60)
  func randomOrders(stream: Int) {
    var random = Seeded(stream)
    let agents = ["8001", "8002", "8003", ""]
    let facts = (0..<Int.random(in: 7...40, using: &random)).map { _ in
      CallFact(
        CallFact.Kind.allCases.filter { $0 != .closed }.randomElement(using: &random) ?? .rang,
        at: second(Double(Int.random(in: -100...5000, using: &random))),
        agent: agents.randomElement(using: &random) ?? "", queue: Bool.random(using: &random) ? "sales" : "",
        word: ["inbound", "outbound", "agent", "automatic", ""].randomElement(using: &random) ?? "")
    }
    let ordered = CallFacts(facts)
    for _ in 0..<4 {
      var told = facts + facts.filter { _ in Bool.random(using: &random) }
      told.shuffle(using: &random)
      expectSame(take(told), as: ordered, "seed \(Seeded.seed), stream \(stream)")
    }
    let uses = CallUse.uses(of: ordered)
    #expect(uses.flatMap(\.facts.all) == ordered.all, "seed \(Seeded.seed), stream \(stream)")
    #expect(uses.map(\.number) == (1...uses.count).map { Int32($0) }, "seed \(Seeded.seed), stream \(stream)")
    for story in CallStory.stories(of: ordered) {
      for time in [story.ring, story.wait, story.talk, story.hold, story.wrapUp] {
        #expect(time >= 0 && time <= 5_100_000_000, "seed \(Seeded.seed), stream \(stream)")
      }
    }
  }

  @Test("a set of facts is read as it was written, whatever is in its texts")
  func text() {
    let odd = ["", "a", "tab\tin it", "line\nfeed", "back\\slash", "\\t", "字 😀", "\t\t", "\\"]
    var facts: [CallFact] = []
    for (place, text) in odd.enumerated() {
      for kind in CallFact.Kind.allCases {
        facts.append(CallFact(kind, at: second(Double(place)), agent: text, word: text))
        facts.append(CallFact(kind, at: Timestamp(microseconds: -5), queue: text, from: text, to: text, other: text))
      }
    }
    let set = CallFacts(facts)
    #expect(CallFacts(text: set.text) == set)
    #expect(CallFacts(text: "") == CallFacts())
    for broken in ["x", "12", "12\tz", "12\ts\ta\tb\tc\td\te\tf\tg", "\ts", "9999999999999999999\ts"] {
      #expect(CallFacts(text: broken) == nil, "\(broken)")
    }
  }

  @Test("a conclusion that nothing more comes is gone with whatever comes")
  func reopened() {
    var facts = CallFacts([.inbound(0), .answered(3)])
    let before = facts
    facts.add(CallFact(.closed, at: second(3)))
    #expect(CallUse.uses(of: facts).last?.story.flags == .closedByRule)
    facts.add(.ended(60))
    var ordered = before
    ordered.add(.ended(60))
    #expect(facts == ordered)
    #expect(CallUse.uses(of: facts).last?.story.flags == [])
  }
}
