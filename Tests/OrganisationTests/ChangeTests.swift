import Testing

@testable import Organisation

/// What is to be written besides the rows.
@Suite struct ChangeTests {
  private func firm() -> Organisation {
    Organisation(
      branches: [
        BranchRecord(id: 1, code: "A", name: "A", level: "city"),
        BranchRecord(id: 2, code: "B", name: "B", level: "city"),
      ],
      branchFacts: [],
      people: [PersonRecord(id: 7, code: "P", name: "P", branch: "A")])
  }

  private func handOver(
    _ cause: String, from: String? = nil, follows: Bool = false, to successor: String? = nil
  ) -> Organisation.HandOver {
    Organisation.HandOver(person: "P", cause: cause, from: from, follows: follows, successor: successor)
  }

  @Test("whoever leaves is inactive at once, in a branch that is locked, and hands everything over")
  func leaves() {
    var organisation = firm()
    #expect(organisation.take(Saying.left("P", at: 5, to: "Q").facts) == .changed)
    #expect(organisation.changedPeople["P"]?.active == false)
    #expect(organisation.touchedBranches == [1])
    #expect(organisation.handOvers == [handOver("left", to: "Q")])
  }

  @Test("left twice hands over once; another successor who was named later counts, an earlier one does not")
  func successors() {
    var organisation = firm()
    _ = organisation.take(Saying.left("P", at: 5, to: "Q").facts)
    #expect(organisation.take(Saying.left("P", at: 4, to: "X").facts) == .unchanged)
    #expect(organisation.newSuccessors.isEmpty)
    #expect(organisation.take(Saying.left("P", at: 6, to: "R").facts) == .changed)
    #expect(organisation.handOvers == [handOver("left", to: "Q")])
    #expect(organisation.newSuccessors == ["P": "R"])
  }

  @Test("another successor counts though something else is said of the person with it")
  func successorAndMore() {
    var organisation = firm()
    _ = organisation.take(Saying.left("P", at: 5, to: "Q").facts)
    #expect(
      organisation.take(Saying(.person("P"), at: 6, (.active, "no", "R"), (.name, "P.", nil)).facts) == .changed)
    #expect(organisation.changedPeople["P"]?.name == "P.")
    #expect(organisation.newSuccessors == ["P": "R"])
  }

  @Test("who is back ends the hand-over; who joined before leaving does not")
  func back() {
    var organisation = firm()
    _ = organisation.take(Saying.left("P", at: 5).facts)
    #expect(organisation.take(Saying.joined("P", "A", at: 4).facts) == .unchanged)
    #expect(organisation.returned.isEmpty)
    #expect(organisation.take(Saying.joined("P", "A", at: 6).facts) == .changed)
    #expect(organisation.returned == ["P"] && organisation.handOvers.isEmpty)
  }

  @Test("leads follow who moves, or stay where it was said, but not in a branch that is no more")
  func moves() {
    var organisation = firm()
    _ = organisation.take(Saying.moved("P", "B", at: 5).facts)
    #expect(organisation.handOvers == [handOver("moved", from: "A", follows: true)])
    #expect(organisation.touchedBranches == [1, 2])
    organisation = firm()
    _ = organisation.take(Saying(.person("P"), at: 5, (.branch, "B", "stay")).facts)
    #expect(organisation.handOvers == [handOver("moved", from: "A")])
    organisation = firm()
    _ = organisation.take(Saying.merged("A", "B", at: 4).facts)
    #expect(organisation.unsettled == ["A"])
    _ = organisation.take(Saying(.person("P"), at: 5, (.branch, "B", "stay")).facts)
    #expect(organisation.handOvers == [handOver("moved", from: "A", follows: true)])
  }

  @Test("what was there before anything was said is written down once, and something older never counts against it")
  func before() {
    var organisation = firm()
    _ = organisation.take(Saying.moved("P", "B", at: 5).facts)
    _ = organisation.take(Saying.moved("P", "A", at: 4).facts)
    #expect(
      organisation.newFacts.map { "\($0.field) \($0.value ?? "-") \($0.event)" } == [
        "branch A ", "branch B 5", "branch A 4",
      ])
    #expect(organisation.changedPeople["P"]?.branch == "B")
  }

  @Test("what is already so changes nothing but the history")
  func same() {
    var organisation = firm()
    #expect(organisation.take(Saying.joined("P", "A", at: 5).facts) == .unchanged)
    #expect(organisation.changedPeople.isEmpty && organisation.handOvers.isEmpty && organisation.newFacts.count == 6)
    #expect(organisation.take(Saying.opened("A", at: 5).facts) == .unchanged)
    #expect(organisation.changedBranches.isEmpty)
    #expect(organisation.take([]) == .unchanged)
  }
}
