import Seeding
import Testing

@testable import LeadAllocation

@Suite struct RotationTests {
  @Test("people of equal weight are never more than one lead apart, at any moment")
  func equal() {
    for count in 1...30 {
      var rotation = Rotation((0..<count).map { .made(Int64($0)) })
      for _ in 0..<200 {
        _ = rotation.choose()
        let given = rotation.people.map(\.allocated)
        #expect((given.max() ?? 0) - (given.min() ?? 0) <= 1)
      }
    }
  }

  @Test("whatever the weights and the batches, everybody is less than one lead from their share at any moment")
  func weighted() {
    for number in 0..<100 {
      var chance = Seeded(number)
      let widest: Int32 = [3, 12, 1000][Int.random(in: 0..<3, using: &chance)]
      let weights = (0..<Int.random(in: 1...40, using: &chance)).map { _ in Int32.random(in: 1...widest, using: &chance)
      }
      var desk = Desklet(weights.enumerated().map { .made(Int64($0), weight: $1) })
      let total = Int(weights.reduce(0, +))
      while desk.choices < 600 {
        desk.batch(of: Int.random(in: 1...50, using: &chance)) { given, choices in
          for (place, weight) in weights.enumerated() {
            // Both sides times the total, so that nothing is rounded.
            let ahead = Int(given[place]) * total - choices * Int(weight)
            #expect(ahead < total && ahead > -total, "seed \(number), choice \(choices), weights \(weights)")
          }
        }
      }
    }
  }

  @Test("who was passed over is owed at most so many leads as can be caught up and one, and is given them")
  func catchUp() {
    for number in 0..<200 {
      var chance = Seeded(number)
      let catchUp = Int64.random(in: 0...6, using: &chance)
      let count = Int.random(in: 2...20, using: &chance)
      let weights = (0..<count).map { _ in Int32.random(in: 1...9, using: &chance) }
      var desk = Desklet(weights.enumerated().map { .made(Int64($0), weight: $1) }, catchUp: catchUp)
      desk.batch(of: Int.random(in: 1...40, using: &chance))
      let total = Int(weights.reduce(0, +))
      let weight = Int(weights[0])
      desk.exclude(0, .onLeave)
      // Long enough to be owed more than can be caught up.
      let enough = desk.choices + Int(catchUp + 4) * total / weight
      while desk.choices < enough { desk.batch(of: Int.random(in: 1...20, using: &chance)) }
      desk.exclude(0, nil)
      let before = desk.given[0]
      let leads = Int(catchUp + 3) * total
      for _ in 0..<leads { desk.batch(of: 1) }
      // Times the total: so many leads more than their share, but for the share of these that is their own.
      let more = Int(desk.given[0] - before) * total - leads * weight
      #expect(abs(more - Int(catchUp + 1) * (total - weight)) < total, "seed \(number)")
    }
  }

  @Test("who cools off for a lead is passed over in that choice alone, and gets the next", arguments: [true, false])
  func coolingOff(byTurns: Bool) {
    var rotation = Rotation([.made(1), .made(2), .made(3)], byTurns ? .roundRobin : .leastLoaded)
    #expect([1, 9].map { rotation.choose(passing: [$0])?.id } == [2, 1])
    #expect(rotation.choose(passing: [1, 2])?.id == 3)
    #expect(rotation.passed.map { [Int64($0.choice), $0.person] } == [[0, 1], [2, 1], [2, 2]])
    #expect(rotation.choose(passing: [1, 2, 3]) == nil)
    #expect(rotation.want == "cooling-off" && rotation.choices == 3 && rotation.passed.count == 3)
    #expect(rotation.choose()?.id == 1)
  }

  @Test("somebody new joins at the branch's turn: nothing is owed for the time before")
  func joining() {
    var desk = Desklet((0..<4).map { .made(Int64($0)) })
    desk.batch(of: 403)
    desk.join(.made(9))
    let before = desk.given
    desk.batch(of: 50)
    #expect(zip(desk.given, before + [0]).allSatisfy { (9...11).contains($0 - $1) }, "\(desk.given)")
  }

  @Test("capacity and caps are never exceeded, and what one cannot take goes to the others")
  func bounds() {
    for number in 0..<300 {
      var chance = Seeded(number)
      func bound() -> Int32? {
        Int.random(in: 0..<3, using: &chance) == 0 ? nil : Int32.random(in: 0...6, using: &chance)
      }
      func count() -> Int32 { Int32.random(in: 0...6, using: &chance) }
      let people = (0..<Int64.random(in: 1...8, using: &chance)).map { id -> Rotation.Person in
        .made(
          id, weight: Int32.random(in: 1...5, using: &chance), capacity: count(), daily: bound(), weekly: bound(),
          open: count(), today: count(), thisWeek: count())
      }
      var rotation = Rotation(people, number % 2 == 0 ? .roundRobin : .leastLoaded)
      let room = people.reduce(Int32(0)) { sum, person in
        let rooms = [
          person.capacity.map { $0 - person.openLeads }, person.dailyCap.map { $0 - person.givenToday },
          person.weeklyCap.map { $0 - person.givenThisWeek },
        ]
        return sum + max(0, rooms.compactMap { $0 }.min() ?? 0)
      }
      for _ in 0..<room { #expect(rotation.choose() != nil) }
      let winner = rotation.choose()
      #expect(winner == nil && rotation.choices == room, "seed \(number)")
      for (now, then) in zip(rotation.people, people) where now.allocated > 0 {
        #expect(now.openLeads <= now.capacity ?? .max && now.givenToday <= now.dailyCap ?? .max)
        #expect(now.givenThisWeek <= now.weeklyCap ?? .max && then.obstacle == nil)
      }
    }
  }

  @Test("the least loaded for their weight is chosen, by turns where several are")
  func leastLoaded() {
    var rotation = Rotation([.made(1, open: 3), .made(2, weight: 3, open: 5), .made(3)], .leastLoaded)
    #expect((0..<6).map { _ in rotation.choose()?.id } == [3, 2, 3, 2, 2, 2])
    var equal = Rotation((1...3).map { .made($0, offset: $0 == 1 ? 1 : 0) }, .leastLoaded)
    #expect((0..<4).map { _ in equal.choose()?.id } == [2, 3, 1, 2])
    for number in 0..<100 {
      var chance = Seeded(number)
      var many = Rotation(
        (0..<12).map { .made($0, weight: Int32.random(in: 1...9, using: &chance), open: 7) }, .leastLoaded)
      for _ in 0..<500 {
        let loads = many.people.map { Double($0.openLeads + 1) / Double($0.weight) }
        let winner = many.choose()
        #expect(winner.map { Double($0.openLeads) / Double($0.weight) } == loads.min(), "seed \(number)")
      }
    }
  }

  @Test("who was given much out of turn does not wait long when turns decide again")
  func fromLeastLoaded() {
    var desk = Desklet([.made(1), .made(2, open: 100)], method: .leastLoaded)
    desk.batch(of: 90)
    #expect(desk.given == [90, 0])
    desk.method = .roundRobin
    for _ in 0..<20 { desk.batch(of: 1) }
    #expect(desk.given[0] > 95, "\(desk.given)")
  }

  @Test("why nobody was chosen is the obstacle that ends first")
  func want() {
    func want(_ people: Rotation.Person...) -> String { Rotation(people).want }
    #expect(Rotation([]).want == "vacant")
    #expect(want(.made(1, excluded: .noWeight), .made(2, excluded: .onLeave)) == "nobody-available")
    #expect(want(.made(1, excluded: .inactive), .made(2, capacity: 0)) == "full")
    #expect(want(.made(1, capacity: 0), .made(2, daily: 0)) == "daily-cap")
    #expect(want(.made(1, weekly: 0), .made(2, capacity: 0)) == "weekly-cap")
    #expect(want(.made(1, excluded: .holiday), .made(2, weekly: 0), .made(3, capacity: 0)) == "holiday")
    #expect(want(.made(1, excluded: .offHours), .made(2, daily: 0)) == "off-hours")
    #expect(want(.made(1, excluded: .calendarEnded), .made(2, excluded: .onLeave)) == "calendar-ended")
  }

  @Test("offsets survive a restart: batches of any size choose as one long batch would")
  func restart() {
    let people: [Rotation.Person] = [
      .made(1, weight: 5), .made(2, weight: 3), .made(3, weight: 1, capacity: 7), .made(4, weight: 2),
    ]
    var whole = Rotation(people)
    let expected = (0..<120).map { _ in whole.choose()?.id }
    for number in 0..<50 {
      var chance = Seeded(number)
      var desk = Desklet(people)
      while desk.choices < 120 { desk.batch(of: min(120 - desk.choices, Int.random(in: 1...9, using: &chance))) }
      #expect(desk.chosen == expected, "seed \(number)")
    }
  }

  @Test("only winners are written, and once those who are new")
  func written() {
    var desk = Desklet((0..<30).map { .made(Int64($0)) })
    desk.batch(of: 1)
    #expect(desk.written == 30)
    desk.batch(of: 3)
    #expect(desk.written == 3)
    desk.batch(of: 0)
    #expect(desk.written == 0)
  }
}

/// A branch as batches leave it behind: only what is written outlasts them.
private struct Desklet {
  private var people: [Rotation.Person]
  private var turns: [Int64: Int64] = [:]
  private var turn: Int64 = 0
  private let catchUp: Int64
  var method: Rotation.Method
  private(set) var given: [Int32]
  private(set) var chosen: [Int64?] = []
  private(set) var written = 0
  var choices: Int { chosen.count }

  init(_ people: [Rotation.Person], catchUp: Int64 = 3, method: Rotation.Method = .roundRobin) {
    self.people = people
    self.catchUp = catchUp
    self.method = method
    given = people.map { _ in 0 }
  }

  mutating func exclude(_ place: Int, _ why: Rotation.Exclusion?) {
    let was = people[place]
    people[place] = .made(was.id, weight: was.weight, capacity: was.capacity, open: was.openLeads, excluded: why)
  }

  mutating func join(_ person: Rotation.Person) {
    people.append(person)
    given.append(0)
  }

  mutating func batch(of count: Int, _ each: (_ given: [Int32], _ choices: Int) -> Void = { _, _ in }) {
    var rotation = Rotation(
      people.map { person in
        let (offset, isMoved) = Rotation.Person.offset(
          of: turns[person.id], from: turn, stride: person.stride, catchUp: catchUp)
        return .made(
          person.id, weight: person.weight, capacity: person.capacity, open: person.openLeads,
          excluded: person.excluded, offset: offset, isMoved: isMoved)
      }, method)
    for _ in 0..<count {
      chosen.append(rotation.choose()?.id)
      each(zip(given, rotation.people).map { $0 + $1.allocated }, choices)
    }
    written = rotation.changed.count
    for person in rotation.changed {
      guard let place = people.firstIndex(where: { $0.id == person.id }) else { continue }
      people[place].openLeads = person.openLeads
      given[place] += person.allocated
      turns[person.id] = turn + person.offset
    }
    turn += rotation.elapsed
  }
}

extension Rotation.Person {
  static func made(
    _ id: Int64, weight: Int32 = 1, capacity: Int32? = nil, daily: Int32? = nil, weekly: Int32? = nil, open: Int32 = 0,
    today: Int32 = 0, thisWeek: Int32 = 0, excluded: Rotation.Exclusion? = nil, offset: Int64 = 0,
    isMoved: Bool = false
  ) -> Rotation.Person {
    Rotation.Person(
      id: id, code: "P\(id)", weight: weight, capacity: capacity, dailyCap: daily, weeklyCap: weekly,
      excluded: excluded, openLeads: open, givenToday: today, givenThisWeek: thisWeek, offset: offset,
      isMoved: isMoved)
  }
}
