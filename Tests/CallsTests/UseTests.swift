import Calls
import Testing
import Values

@Suite struct UseTests {
  struct Expected: Sendable, CustomTestStringConvertible {
    let name: String
    let facts: [CallFact]
    /// How many facts each use has, and its flags.
    let uses: [Int]
    let flags: [CallStory.Flags]
    var testDescription: String { name }
  }

  @Test(
    "an id that was used again is as many calls, each with what was told of it",
    arguments: [
      Expected(name: "once", facts: [.inbound(0), .answered(5), .ended(60)], uses: [3], flags: [[]]),
      Expected(
        name: "two clocks", facts: [.inbound(0), .ended(10), .inbound(69)], uses: [3], flags: [.negativeDuration]),
      Expected(
        name: "again after its end", facts: [.inbound(0), .ended(10), .inbound(70), .answered(75), .ended(90)],
        uses: [2, 3], flags: [.idReused, .idReused]),
      Expected(
        name: "again after a restart that nobody told an end", facts: [.inbound(0), .answered(5), .inbound(3606)],
        uses: [2, 1], flags: [[.idReused, .closedByRule], .idReused]),
      Expected(
        name: "told twice by clocks an hour apart", facts: [.inbound(0), .answered(5), .inbound(3605)], uses: [3],
        flags: [[]]),
      Expected(
        name: "given up by one queue, then in the next",
        facts: [.inbound(0), CallFact(.missed, at: second(60)), .inbound(200, queue: "support"), .ended(220)],
        uses: [4],
        flags: [[]]),
      Expected(
        name: "three times", facts: [.inbound(0), .ended(10), .outbound(100), .ended(120), .inbound(9000)],
        uses: [2, 2, 1], flags: [.idReused, .idReused, .idReused]),
      Expected(
        name: "what lies apart goes with the one before",
        facts: [.inbound(0), .ended(10), .ended(50_000), .inbound(50_100), .ended(50_110)], uses: [3, 2],
        flags: [[.idReused, .apart], .idReused]),
      Expected(
        name: "and at the beginning with the first", facts: [.ended(-50_000), .inbound(0), .ended(10)], uses: [3],
        flags: [.apart]),
      Expected(
        name: "nothing with a start", facts: [.ended(0), .ended(50_000)], uses: [2],
        flags: [[.noStart, .noDirection, .apart]]),
    ])
  func uses(expected: Expected) {
    let ordered = CallUse.uses(of: CallFacts(expected.facts))
    #expect(ordered.map(\.facts.all.count) == expected.uses)
    #expect(ordered.map(\.story.flags) == expected.flags)
    for order in permutations(expected.facts.count) {
      #expect(CallUse.uses(of: CallFacts(order.map { expected.facts[$0] })) == ordered)
    }
  }

  @Test("a use is full by itself, and the next one of its id is not")
  func full() {
    var facts = CallFacts((0..<499).map { .rang(Double($0), "x") } + [.inbound(-1)])
    #expect(CallUse.isFull(facts, for: .rang(600)))
    facts = CallFacts(facts.all.dropLast() + [.ended(700)])
    #expect(CallUse.isFull(facts, for: .rang(600)))
    #expect(!CallUse.isFull(facts, for: .inbound(800)))
  }
}
