import Testing

@testable import millrace

@Suite struct ChoiceReplayTests {
  private func person(
    _ id: Int64, weight: Int64 = 1, capacity: Int64? = nil, excluded: String = "", open: Int64 = 0, credit: Int64 = 0
  ) -> ChoiceReplay.Person {
    .init(id: id, weight: weight, capacity: capacity, excluded: excluded, openLeads: open, credit: credit)
  }

  private func choices(_ people: [ChoiceReplay.Person], _ count: Int) -> [Int64?] {
    var replay = ChoiceReplay(people)
    return (0..<count).map { _ in
      let winner = replay.winner.map { replay.people[$0].id }
      let isMade = replay.choose()
      #expect(isMade == (winner != nil))
      return winner
    }
  }

  @Test("turns are spread by weight, the lowest id first among equals")
  func spread() {
    #expect(choices([person(3), person(1, weight: 5), person(2)], 7) == [1, 1, 2, 1, 3, 1, 1])
    #expect(choices([person(2), person(1)], 4) == [1, 2, 1, 2])
  }

  @Test("who is excluded or full takes no part and gains no credit")
  func excluded() {
    let people = [person(1, capacity: 1), person(2, excluded: "on-leave"), person(3, capacity: 0), person(4)]
    #expect(choices(people, 4) == [1, 4, 4, 4])
    var replay = ChoiceReplay(people)
    for _ in 0..<4 { _ = replay.choose() }
    #expect(replay.people.map(\.credit) == [-1, 0, 0, 1])
    #expect(replay.people.map(\.obstacle) == ["full", "on-leave", "full", nil])
  }

  @Test("nobody is chosen where nobody can be")
  func nobody() {
    #expect(choices([], 1) == [nil])
    #expect(choices([person(1, excluded: "inactive"), person(2, capacity: 2, open: 2)], 2) == [nil, nil])
  }

  @Test("credits from before count")
  func credits() { #expect(choices([person(1, credit: -3), person(2, credit: 1)], 3) == [2, 2, 1]) }
}
