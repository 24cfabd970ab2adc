import Testing

@testable import allocate_leads

@Suite struct RotationTests {
  @Test("people of equal weight are never more than one lead apart, at any moment")
  func equal() {
    for count in 1...30 {
      var rotation = Rotation((0..<count).map { person(Int64($0)) })
      for _ in 0..<200 {
        _ = rotation.choose()
        let given = rotation.people.map(\.allocated)
        #expect((given.max() ?? 0) - (given.min() ?? 0) <= 1)
      }
    }
  }

  @Test("whatever the weights, nobody is ever a lead or more ahead of their share, and after a full turn all have it")
  func weighted() {
    for number in 0..<300 {
      var chance = Seed(UInt64(number))
      let weights = (0..<Int.random(in: 1...12, using: &chance)).map { _ in Int32.random(in: 1...9, using: &chance) }
      var rotation = Rotation(weights.enumerated().map { person(Int64($0), weight: $1) })
      let total = weights.reduce(0, +)
      for choice in 1...3 * total {
        _ = rotation.choose()
        for (place, weight) in weights.enumerated() {
          // Both sides times the total, so that nothing is rounded.
          let ahead = rotation.people[place].allocated * total - choice * weight
          #expect(ahead < total, "seed \(number)")
          if choice % total == 0 { #expect(ahead == 0, "seed \(number)") }
        }
      }
    }
  }

  @Test("turns are spread evenly: nobody waits as long as two of their turns more than their share")
  func behind() {
    var most = 0.0
    for number in 0..<300 {
      var chance = Seed(UInt64(number))
      let weights = (0..<Int.random(in: 2...40, using: &chance)).map { _ in
        Int32.random(in: 1...(Bool.random(using: &chance) ? 5 : 1000), using: &chance)
      }
      var rotation = Rotation(weights.enumerated().map { person(Int64($0), weight: $1) })
      let total = weights.reduce(0, +)
      for choice in 1...400 {
        _ = rotation.choose()
        for (place, weight) in weights.enumerated() {
          let share = Double(choice) * Double(weight) / Double(total)
          most = max(most, share - Double(rotation.people[place].allocated))
        }
      }
    }
    #expect(most < 2, "\(most)")
  }

  @Test("capacity is never exceeded, and what one cannot take goes to the others")
  func capacity() {
    for number in 0..<200 {
      var chance = Seed(UInt64(number))
      var rotation = Rotation(
        (0..<Int64.random(in: 1...8, using: &chance)).map {
          person(
            $0, weight: Int32.random(in: 1...5, using: &chance), capacity: Int32.random(in: 0...6, using: &chance),
            open: Int32.random(in: 0...6, using: &chance))
        })
      let room = rotation.people.reduce(0) { $0 + max(0, ($1.capacity ?? 0) - $1.openLeads) }
      let before = rotation.people.map(\.openLeads)
      for _ in 0..<room { #expect(rotation.choose() != nil) }
      let winner = rotation.choose()
      #expect(winner == nil && rotation.want == "full", "seed \(number)")
      for (person, open) in zip(rotation.people, before) {
        #expect(person.openLeads <= max(person.capacity ?? 0, open))
      }
      #expect(rotation.choices == room)
    }
  }

  @Test("who may not be chosen is not, and says why nobody was")
  func excluded() {
    var rotation = Rotation([person(1, excluded: .inactive), person(2), person(3, excluded: .onLeave)])
    #expect((0..<3).map { _ in rotation.choose()?.id } == [2, 2, 2])
    #expect(rotation.changed.map(\.id) == [2])
    #expect(Rotation([]).want == "vacant")
    #expect(Rotation([person(1, excluded: .noWeight), person(2, excluded: .onLeave)]).want == "nobody-available")
    #expect(Rotation([person(1, excluded: .inactive), person(2, capacity: 0)]).want == "full")
  }

  @Test("credits survive a restart: batches of any size choose as one long batch would")
  func restart() {
    let people = [person(1, weight: 5), person(2, weight: 3), person(3, weight: 1, capacity: 7), person(4, weight: 2)]
    var whole = Rotation(people)
    let expected = (0..<120).map { _ in whole.choose()?.id }
    for number in 0..<50 {
      var chance = Seed(UInt64(number))
      var kept = people
      var chosen: [Int64?] = []
      while chosen.count < 120 {
        var rotation = Rotation(kept)
        for _ in 0..<min(120 - chosen.count, Int.random(in: 1...9, using: &chance)) {
          chosen.append(rotation.choose()?.id)
        }
        for changed in rotation.changed {
          kept = kept.map { $0.id == changed.id ? changed : $0 }
        }
      }
      #expect(chosen == expected)
    }
  }

  @Test("people who were full and have room again are back in their turn, without a run of leads")
  func back() {
    var rotation = Rotation([person(1), person(2, capacity: 0)])
    for _ in 0..<50 { _ = rotation.choose() }
    var again = Rotation(
      rotation.people.map { person($0.id, capacity: nil, open: $0.openLeads, credit: $0.credit) })
    let next = (0..<6).map { _ in again.choose()?.id }
    #expect(next == [1, 2, 1, 2, 1, 2])
  }

  @Test("the same people in the same state give the same choices, the lowest id first among equals")
  func deterministic() {
    var one = Rotation([person(4), person(7), person(9)])
    var other = Rotation([person(4), person(7), person(9)])
    let first = (0..<9).map { _ in one.choose()?.id }
    #expect(first == (0..<9).map { _ in other.choose()?.id })
    #expect(first.prefix(3) == [4, 7, 9])
    #expect(one.before.map(\.openLeads) == [0, 0, 0], "what was found stays as it was found")
  }

  private func person(
    _ id: Int64, weight: Int32 = 1, capacity: Int32? = nil, open: Int32 = 0, credit: Int32 = 0,
    excluded: Rotation.Exclusion? = nil
  ) -> Rotation.Person {
    Rotation.Person(
      id: id, code: "P\(id)", weight: weight, capacity: capacity, excluded: excluded, openLeads: open, credit: credit)
  }
}
