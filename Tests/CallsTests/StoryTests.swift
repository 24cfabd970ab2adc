import Calls
import Testing
import Values

@Suite struct StoryTests {
  struct Expected: Sendable, CustomTestStringConvertible {
    let script: String
    let outcome: CallStory.Outcome?
    /// Seconds: ring, wait, talk, hold, wrap-up.
    let times: [Double]
    var flags: CallStory.Flags = []
    var missed = false
    var testDescription: String { script }
  }

  @Test(
    "what calls come to",
    arguments: [
      Expected(script: "plain", outcome: .answered, times: [3, 5, 85, 10, 0]),
      Expected(script: "with wrap-up", outcome: .answered, times: [3, 5, 60, 0, 15]),
      Expected(script: "rings in vain, then elsewhere", outcome: .answered, times: [18, 20, 40, 0, 0]),
      Expected(script: "given up", outcome: .abandoned, times: [19, 21, 0, 0, 0], missed: true),
      Expected(script: "passed on", outcome: .answered, times: [0, 4, 76, 0, 0]),
      Expected(script: "two ends", outcome: .answered, times: [3, 5, 60, 0, 5], flags: .twoEnds),
      Expected(
        script: "told late", outcome: .answered, times: [0, 0, 12, 0, 0], flags: [.twoEnds, .negativeDuration]),
      Expected(script: "id used again", outcome: .answered, times: [4, 5, 395, 0, 0], flags: .idReused),
      Expected(script: "no end", outcome: nil, times: [2, 3, 7, 10, 0]),
      Expected(script: "only an end", outcome: .missed, times: [0, 0, 0, 0, 0], flags: [.noStart, .noDirection]),
      Expected(script: "a day apart", outcome: .answered, times: [0, 3, 0, 0, 0], flags: [.closedByRule, .apart]),
      Expected(script: "our own", outcome: .answered, times: [8, 9, 21, 0, 20]),
      Expected(script: "several at one moment", outcome: .answered, times: [0, 0, 0, 0, 0]),
      Expected(script: "to voicemail", outcome: .voicemail, times: [19, 50, 0, 0, 0], missed: true),
    ])
  func stories(expected: Expected) throws {
    let script = try #require(Script.all.first { $0.name == expected.script })
    let story = try #require(CallUse.uses(of: CallFacts(script.facts)).last?.story)
    #expect(story.outcome == expected.outcome)
    #expect([story.ring, story.wait, story.talk, story.hold, story.wrapUp].map { Double($0) / 1e6 } == expected.times)
    #expect(story.flags == expected.flags)
    #expect((story.missedAt != nil) == expected.missed)
  }

  @Test("only a person who talked for long enough had a conversation")
  func conversations() throws {
    func talks(_ facts: CallFact...) throws -> [String] {
      let story = try #require(CallUse.uses(of: CallFacts(facts)).last?.story)
      return story.conversations(atLeast: .seconds(10)).map(\.agent)
    }
    let enough = try talks(.inbound(0), .answered(5), .ended(15))
    let tooShort = try talks(.inbound(0), .answered(5), .ended(14.9))
    let mostlyHeld = try talks(.inbound(0), .answered(5), .held(10), .resumed(50), .ended(54))
    let withMachine = try talks(.inbound(0), CallFact(.answered, at: second(5), word: "automatic"), .ended(600))
    let ours = try talks(.outbound(0), .answered(5), .ended(30))
    let passed = try talks(
      .inbound(0), .answered(4), .transferred(8, toQueue: "support"), .answered(40, "8002"), .ended(90))
    #expect(enough == ["8001"])
    #expect(tooShort == [])
    #expect(mostlyHeld == [])
    #expect(withMachine == [])
    #expect(ours == ["8001"])
    #expect(passed == ["8002"])
  }

  @Test("the figures of a queue and of its agents")
  func figures() {
    var figures = CallFigures()
    for name in ["plain", "given up", "passed on", "rings in vain, then elsewhere"] {
      guard let script = Script.all.first(where: { $0.name == name }) else { continue }
      figures.add(CallStory.stories(of: CallFacts(script.facts)))
    }
    func sums(_ isAgent: Bool, _ name: String) -> CallFigures.Sums {
      figures.sums.filter { $0.key.isAgent == isAgent && $0.key.name == name }.values.first ?? CallFigures.Sums()
    }
    let sales = sums(false, "sales")
    #expect([sales.offered, sales.answered, sales.abandoned, sales.missed, sales.transferred] == [4, 3, 1, 0, 1])
    #expect(sales.answeredAfter == [4: 1, 5: 1, 20: 1])
    #expect(sales.abandonedAfter == [21: 1])
    #expect(sales.answerTime == 29_000_000)
    let support = sums(false, "support")
    #expect([support.offered, support.passedIn, support.answered, support.talk] == [1, 1, 1, 50_000_000])
    #expect(sales.passedIn == 0)
    let second = sums(true, "8002")
    #expect([second.offered, second.answered, second.missed] == [3, 2, 1])
    #expect(second.talk == 90_000_000)
    let first = sums(true, "8001")
    #expect([first.offered, first.answered, first.missed, first.transferred] == [4, 2, 2, 1])
    #expect([first.talk, first.hold] == [111_000_000, 10_000_000])
  }

  @Test("when agents talked is told without hold, in one piece where nothing came between, of calls that have ended")
  func talkTimes() throws {
    func times(_ facts: CallFact...) throws -> [String] {
      let story = try #require(CallUse.uses(of: CallFacts(facts)).last?.story)
      return story.talkTimes.map { span in
        let ends = [span.from, span.until].map { ($0.microseconds - second(0).microseconds) / 1_000_000 }
        return "\(span.agent) \(ends[0])-\(ends[1])"
      }
    }
    let held = try times(.inbound(0), .answered(5), .rang(7), .held(30), .resumed(40), .ended(100))
    #expect(held == ["8001 5-30", "8001 40-100"])
    let passed = try times(
      .inbound(0), .answered(4), .transferred(8, toQueue: "support"), .answered(40, "8002"), .ended(90))
    #expect(passed == ["8001 4-8", "8002 40-90"])
    #expect(try times(.inbound(0), .answered(5), .held(30)) == [])
  }

  @Test("a start that is told again, by another clock, is no second call to the queue; one that comes back to it is")
  func toldAgain() {
    func offered(_ facts: CallFact...) -> [Int64] {
      var figures = CallFigures()
      figures.add(CallStory.stories(of: CallFacts(facts)))
      return figures.sums.filter { !$0.key.isAgent }.sorted { $0.key < $1.key }.map(\.value.offered)
    }
    #expect(offered(.inbound(0), .answered(5), .inbound(7), .ended(60)) == [1])
    #expect(offered(.inbound(0), .inbound(1), .answered(5), .ended(60)) == [1])
    let loop = offered(.inbound(0), CallFact(.missed, at: second(30)), .inbound(31), .answered(40), .ended(60))
    #expect(loop == [2])
    let back = offered(.inbound(0), .answered(5), .transferred(20, toQueue: "sales"), .answered(30, "8002"), .ended(60))
    #expect(back == [2])
  }

  @Test("what an agent does over the end of a quarter of an hour counts in both")
  func quarters() {
    var figures = CallFigures()
    figures.add(CallStory.stories(of: CallFacts([.inbound(0), .answered(1), .ended(2001), .disposed(2061)])))
    let agent = figures.sums.filter { $0.key.isAgent }.sorted { $0.key < $1.key }.map(\.value)
    #expect(agent.map(\.talk).reduce(0, +) == 2_000_000_000)
    let longest = agent.map { $0.talk + $0.wrapUp }.max() ?? 0
    #expect(longest <= 900_000_000)
    #expect(agent.count == 3)
    #expect(agent.last?.wrapUp == 60_000_000)
  }
}
