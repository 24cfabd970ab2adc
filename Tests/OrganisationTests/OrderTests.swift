import Seeding
import Testing

@testable import Organisation

/// What was said makes the firm, not the order in which it arrived.
@Suite struct OrderTests {
  struct Story: Sendable, CustomTestStringConvertible {
    let about: String
    let said: [Saying]
    let end: [String]
    var testDescription: String { about }
  }

  static let stories: [Story] = [
    Story(
      about: "somebody joins, moves and leaves",
      said: [
        .opened("A", at: 1), .opened("B", at: 2), .joined("P", "A", at: 3), .moved("P", "B", at: 4), .left("P", at: 5),
      ],
      end: ["A A under - into - since 0", "B B under - into - since 0", "P in B false false -"]),
    Story(
      about: "somebody leaves and comes again",
      said: [.opened("A", at: 1), .joined("P", "A", at: 2), .left("P", at: 3), .joined("P", "A", at: 4)],
      end: ["A A under - into - since 0", "P in A true false -"]),
    Story(
      about: "a branch that nobody knows",
      said: [.opened("A", at: 1), .joined("P", "A", at: 2), .moved("P", "X", at: 3), .left("Q", at: 4)],
      end: ["A A under - into - since 0", "P in A true false -", "P unknown-branch X", "Q unknown-person "]),
    Story(
      about: "two branches, each above the other",
      said: [.opened("A", at: 1), .opened("B", under: "A", at: 2), .opened("A", under: "B", at: 3)],
      end: ["A A under - into - since 0", "A circle ", "B B under A into - since 0"]),
    Story(
      about: "a circle of mergers",
      said: [
        .opened("A", at: 1), .opened("B", at: 2), .opened("C", at: 3), .merged("A", "B", at: 4),
        .merged("B", "C", at: 5),
        .merged("C", "A", at: 6),
      ],
      end: [
        "A A under - into B since 4000000", "B B under - into C since 5000000", "C C under - into - since 0",
        "C circle ",
      ]),
    Story(
      about: "people of a branch that is merged twice over, one of whom comes late",
      said: [
        .opened("A", at: 1), .opened("B", at: 2), .joined("P", "A", at: 3), .merged("A", "B", at: 4),
        .joined("Q", "A", at: 5),
      ],
      end: [
        "A A under - into B since 4000000", "B B under - into - since 0", "P in B true false -", "Q in B true false -",
      ]),
    Story(
      about: "a merger undone: people come back, but not who moved meanwhile",
      said: [
        .opened("A", at: 1), .opened("B", at: 2), .joined("P", "A", at: 3), .joined("Q", "A", at: 4),
        .merged("A", "B", at: 5), .moved("Q", "B", at: 6), .opened("A", at: 7),
      ],
      end: ["A A under - into - since 0", "B B under - into - since 0", "P in A true false -", "Q in B true false -"]),
    Story(
      about: "a merger undone behind another one: people come back to where the first had brought them",
      said: [
        .opened("A", at: 1), .opened("B", at: 2), .opened("C", at: 3), .joined("P", "A", at: 4),
        .merged("A", "B", at: 5), .merged("B", "C", at: 6), .opened("B", at: 7),
      ],
      end: [
        "A A under - into B since 5000000", "B B under - into - since 0", "C C under - into - since 0",
        "P in B true false -",
      ]),
    Story(
      about: "a closed branch goes to the one above, the head office to none",
      said: [
        .opened("HQ", at: 1), .opened("A", under: "HQ", at: 2), .closed("A", at: 3), .closed("HQ", at: 4),
        .joined("P", "A", at: 5),
      ],
      end: [
        "A A under HQ into HQ since 3000000", "HQ HQ under - into - since 0", "HQ no-parent ", "P in HQ true false -",
      ]),
    Story(
      about: "leave, back, and a leave that was planned before",
      said: [
        .opened("A", at: 1), .joined("P", "A", at: 2), .leave("P", at: 3, "2026-02-01T00:00:00.000000Z"),
        .leave("P", at: 4, nil), .leave("P", at: 5, "2026-03-01T00:00:00.000000Z"),
      ],
      end: ["A A under - into - since 0", "P in A true false 2026-03-01T00:00:00.000000Z"]),
    Story(
      about: "of one moment, whatever arrives first",
      said: [
        .opened("A", at: 1), .opened("B", at: 1), .joined("P", "A", at: 2),
        Saying(.person("P"), at: 3, source: "/a", (.branch, "A", nil)),
        Saying(.person("P"), at: 3, source: "/b", (.branch, "B", nil)),
      ],
      end: ["A A under - into - since 0", "B B under - into - since 0", "P in B true false -"]),
  ]

  @Test("every order of arrival ends in the same firm, one by one and in batches", arguments: stories)
  func everyOrder(story: Story) {
    let orders = story.said.count <= 5 ? permutations(story.said) : shuffled(story.said, 300)
    for (number, order) in orders.enumerated() {
      var firm = Firm()
      switch number % 3 {
      case 0: for saying in order { firm.turn([saying]) }
      case 1: firm.turn(order)
      default:
        for saying in order {
          firm.turn([saying])
          firm.settle()
        }
      }
      firm.settle()
      #expect(firm.shown == story.end, "order \(order.map { $0.facts[0].at.microseconds / 1_000_000 })")
    }
  }

  @Test("everything said twice changes nothing", arguments: stories)
  func twice(story: Story) {
    var firm = Firm()
    var chance = Seeded()
    for saying in story.said + story.said.shuffled(using: &chance) { firm.turn([saying]) }
    firm.settle()
    #expect(firm.shown == story.end)
    #expect(firm.facts.count { $0.event != "" } == story.said.map(\.facts.count).reduce(0, +))
  }

  @Test("random firms: any two orders end the same", arguments: 1...60)
  func random(seed: UInt64) {
    var chance = Seeded(seed)
    let branches = ["A", "B", "C", "D"]
    let people = ["P", "Q"]
    var said: [Saying] = []
    for second in 1...14 {
      let at = Int64.random(in: 1...12, using: &chance)
      let branch = branches.randomElement(using: &chance) ?? "A"
      let other = branches.filter { $0 != branch }.randomElement(using: &chance) ?? "B"
      let person = people.randomElement(using: &chance) ?? "P"
      // Two sayings of one moment differ in their source.
      let saying: Saying
      switch Int.random(in: 0..<9, using: &chance) {
      case 0...1: saying = .opened(branch, under: Bool.random(using: &chance) ? other : nil, at: at)
      case 2: saying = .merged(branch, other, at: at)
      case 3: saying = .closed(branch, at: at)
      case 4...5: saying = .joined(person, branch, at: at)
      case 6: saying = .moved(person, branch, at: at)
      case 7: saying = .left(person, at: at, to: "R")
      default: saying = .leave(person, at: at, "2026-03-01T00:00:00.000000Z")
      }
      said.append(saying.from("/\(second)"))
    }
    func end(_ order: [Saying], settling: Bool) -> [String] {
      var firm = Firm()
      for saying in order {
        firm.turn([saying])
        if settling { firm.settle() }
      }
      firm.settle()
      return firm.shown
    }
    let first = end(said, settling: false)
    for _ in 0..<20 { #expect(end(said.shuffled(using: &chance), settling: .random(using: &chance)) == first) }
  }

  private func shuffled(_ said: [Saying], _ times: Int) -> [[Saying]] {
    var chance = Seeded(7)
    return (0..<times).map { _ in said.shuffled(using: &chance) }
  }
}

extension Saying {
  fileprivate init(facts: [Fact]) { self.facts = facts }

  fileprivate func from(_ source: String) -> Saying {
    Saying(
      facts: facts.map {
        Fact($0.subject, $0.field, $0.value, more: $0.more, at: $0.at, source: source, event: $0.event)
      })
  }
}
