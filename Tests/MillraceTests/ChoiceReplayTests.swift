import Testing

@testable import millrace

@Suite struct ChoiceReplayTests {
  private func choices(
    _ people: [ChoiceReplay.Person], _ count: Int, _ method: ChoiceReplay.Method = .roundRobin
  ) -> [Int64?] {
    var replay = ChoiceReplay(people, method)
    return (0..<count).map { _ in
      let winner = replay.winner.map { replay.people[$0].id }
      let isMade = replay.choose()
      #expect(isMade == (winner != nil))
      return winner
    }
  }

  @Test("turns are spread by weight, the lowest id first among equals")
  func spread() {
    #expect(choices([.init(id: 3), .init(id: 1, weight: 5), .init(id: 2)], 7) == [1, 2, 1, 1, 3, 1, 1])
    #expect(choices([.init(id: 2), .init(id: 1)], 4) == [1, 2, 1, 2])
  }

  @Test("who is excluded, full or at a cap takes no part")
  func excluded() {
    let people: [ChoiceReplay.Person] = [
      .init(id: 1, capacity: 1), .init(id: 2, excluded: "on-leave"), .init(id: 3, capacity: 0), .init(id: 4),
      .init(id: 5, dailyCap: 3, today: 3), .init(id: 6, weeklyCap: 0),
    ]
    #expect(choices(people, 4) == [1, 4, 4, 4])
    var replay = ChoiceReplay(people)
    for _ in 0..<4 { _ = replay.choose() }
    #expect(replay.people.map(\.obstacle) == ["full", "on-leave", "full", nil, "daily-cap", "weekly-cap"])
  }

  @Test("nobody is chosen where nobody can be")
  func nobody() {
    #expect(choices([], 1) == [nil])
    #expect(choices([.init(id: 1, excluded: "inactive"), .init(id: 2, capacity: 2, openLeads: 2)], 2) == [nil, nil])
  }

  @Test("offsets from before count: who is ahead waits, who is owed comes first")
  func offsets() {
    #expect(
      choices([.init(id: 1, offset: 55_440_000), .init(id: 2), .init(id: 3, offset: -110_880_000)], 4) == [3, 3, 2, 3])
  }

  @Test("the least loaded for their weight comes first")
  func leastLoaded() {
    let people: [ChoiceReplay.Person] = [
      .init(id: 1, openLeads: 3), .init(id: 2, weight: 3, openLeads: 5), .init(id: 3),
    ]
    #expect(choices(people, 6, .leastLoaded) == [3, 2, 3, 2, 2, 2])
  }

  @Test("who had the lead not long ago takes no part in that choice, and in the next again")
  func passed() {
    var replay = ChoiceReplay([.init(id: 1), .init(id: 2)])
    replay.passed = [1]
    #expect(replay.obstacle(at: 0) == "cooling-off" && replay.choose() && replay.people[1].openLeads == 1)
    #expect(replay.obstacle(at: 0) == nil && replay.choose() && replay.people[0].openLeads == 1)
    replay.passed = [1, 2]
    #expect(replay.winner == nil)
  }

  @Test("choices of before are made again by credits")
  func credits() {
    #expect(choices([.init(id: 1, offset: -3), .init(id: 2, offset: 1)], 3, .credits) == [2, 2, 1])
    #expect(choices([.init(id: 3), .init(id: 1, weight: 5), .init(id: 2)], 7, .credits) == [1, 1, 2, 1, 3, 1, 1])
  }
}
