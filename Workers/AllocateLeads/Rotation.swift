import Runtime

/// The people of one branch and whose turn it is: earliest eligible virtual deadline first (Stoica and Abdel-Wahab, 1995),
/// every lead a request of the same size.
///
/// Time is virtual. Each person has an offset from it, and each of their leads takes `unit` over their weight of it. Now is
/// the mean of the offsets, by weight, of those who can take a lead. Who is not ahead of now may be chosen; of them the one
/// whose lead would be over first is, the lowest id among equals, and their offset moves on. So while the same people can
/// take leads each is within one lead of their share, to either side, whatever the weights. Only the winner changes, and
/// offsets are kept: fairness outlasts batches, lanes and restarts.
struct Rotation {
  /// The time that a lead takes whoever has the weight 1. Most weights divide it; of the others' shares less than one lead
  /// in fifty thousand is lost by rounding.
  static let unit: Int64 = 55_440_000

  static func stride(of weight: Int32) -> Int64 { unit / Int64(max(1, weight)) }

  enum Method: String {
    case roundRobin = "round-robin"
    /// Who has the fewest open leads for their weight, with this one; turns decide between equals.
    case leastLoaded = "least-loaded"
  }

  struct Person: Equatable {
    let id: Int64
    let code: String
    let weight: Int32
    /// Of open leads; nil is without bound, here and below.
    let capacity: Int32?
    let dailyCap: Int32?
    let weeklyCap: Int32?
    /// Why this person may not be chosen at all; nil for those who may.
    let excluded: Exclusion?
    var openLeads: Int32
    var givenToday: Int32
    var givenThisWeek: Int32
    /// From the branch's turn, in virtual time.
    var offset: Int64
    /// The offset is not that which was kept: whoever is new, or was passed over for longer than can be caught up.
    let isMoved: Bool
    var allocated: Int32 = 0

    var stride: Int64 { Rotation.stride(of: weight) }

    /// What keeps this person from being given another lead.
    var obstacle: Exclusion? { excluded ?? bound }

    var bound: Exclusion? {
      if let capacity, openLeads >= capacity { return .full }
      if let dailyCap, givenToday >= dailyCap { return .dailyCap }
      if let weeklyCap, givenThisWeek >= weeklyCap { return .weeklyCap }
      return nil
    }
  }

  enum Exclusion: String {
    case inactive
    case onLeave = "on-leave"
    case noWeight = "no-weight"
    case calendarEnded = "calendar-ended"
    case holiday
    case offHours = "off-hours"
    case full
    case dailyCap = "daily-cap"
    case weeklyCap = "weekly-cap"
  }

  let method: Method
  private(set) var people: [Person]
  /// As they were before the first choice.
  let before: [Person]
  private(set) var choices: Int32 = 0
  /// Choices that were none: which, and whose.
  private(set) var kept: [(choice: Int32, person: Int64)] = []
  /// Who was passed over in which choice because they cool off for that lead.
  private(set) var passed: [(choice: Int32, person: Int64)] = []
  /// Places in `people` of those who can take a lead, with what the choice looks at.
  private var candidates: [Candidate] = []
  /// Of the candidates' weights, and of their offsets times their weights.
  private var weights: Int64 = 0
  private var weighted: Int64 = 0
  /// How far the branch's turn has moved on since the people were read.
  private(set) var elapsed: Int64 = 0

  private struct Candidate {
    let place: Int
    let weight: Int64
    let stride: Int64
    var offset: Int64
    var openLeads: Int64
  }

  init(_ people: [Person], _ method: Method = .roundRobin) {
    self.method = method
    self.people = people
    before = people
    for (place, person) in people.enumerated() where person.obstacle == nil {
      let candidate = Candidate(
        place: place, weight: Int64(person.weight), stride: person.stride, offset: person.offset,
        openLeads: Int64(person.openLeads))
      candidates.append(candidate)
      weights += candidate.weight
      weighted += candidate.weight * candidate.offset
    }
  }

  /// The person whose turn it is, who now has one lead more; nil when nobody can take one.
  /// - Parameter cooling: who shall not have this lead; in this choice they do not take part.
  mutating func choose(passing cooling: Set<Int64> = []) -> Person? {
    let away = cooling.isEmpty ? [] : cooling.intersection(candidates.map { people[$0.place].id })
    guard let winner = method == .roundRobin ? nextInTurn(away) : leastLoaded(away) else { return nil }
    for person in away.sorted() { passed.append((choices, person)) }
    candidates[winner].offset += candidates[winner].stride
    candidates[winner].openLeads += 1
    weighted += candidates[winner].weight * candidates[winner].stride
    elapsed = weighted.dividedDown(by: weights)
    let place = candidates[winner].place
    people[place].offset = candidates[winner].offset
    add(to: place)
    choices += 1
    if people[place].obstacle != nil {
      leave(winner)
      // When nobody is left, time stands still.
      if weights > 0 { elapsed = weighted.dividedDown(by: weights) }
    }
    return people[place]
  }

  /// This person has one lead more, out of turn: they brought it. Their hours and weight do not matter then.
  /// - Returns: why not, where they cannot take it; nil where they do not belong to the branch.
  mutating func keep(_ id: Int64) -> Result<Person, NotKept> {
    guard let place = people.firstIndex(where: { $0.id == id }) else { return .failure(NotKept(why: nil)) }
    let isHere = [nil, .noWeight, .calendarEnded, .holiday, .offHours].contains(people[place].excluded)
    guard isHere else { return .failure(NotKept(why: people[place].excluded)) }
    if let bound = people[place].bound { return .failure(NotKept(why: bound)) }
    add(to: place)
    kept.append((choices, id))
    choices += 1
    if let candidate = candidates.firstIndex(where: { $0.place == place }) {
      candidates[candidate].openLeads += 1
      if people[place].obstacle != nil { leave(candidate) }
    }
    if weights > 0 { elapsed = weighted.dividedDown(by: weights) }
    return .success(people[place])
  }

  struct NotKept: Error {
    let why: Exclusion?
  }

  private mutating func add(to place: Int) {
    people[place].openLeads += 1
    people[place].givenToday += 1
    people[place].givenThisWeek += 1
    people[place].allocated += 1
  }

  private mutating func leave(_ candidate: Int) {
    weights -= candidates[candidate].weight
    weighted -= candidates[candidate].weight * candidates[candidate].offset
    candidates.remove(at: candidate)
  }

  private func nextInTurn(_ away: Set<Int64>) -> Int? {
    if Sabotage.favour.isOn, choices % 3 == 0, !candidates.isEmpty { return 0 }
    var winner: Int?
    var earliest = Int64.max
    var (weights, weighted) = (weights, weighted)
    if !away.isEmpty {
      for candidate in candidates where away.contains(people[candidate.place].id) {
        weights -= candidate.weight
        weighted -= candidate.weight * candidate.offset
      }
    }
    for place in candidates.indices {
      if !away.isEmpty, away.contains(people[candidates[place].place].id) { continue }
      // Not ahead of the mean, which somebody always is not.
      guard candidates[place].offset * weights <= weighted else { continue }
      let deadline = candidates[place].offset + candidates[place].stride
      if deadline < earliest { (winner, earliest) = (place, deadline) }
    }
    return winner
  }

  private func leastLoaded(_ away: Set<Int64>) -> Int? {
    var winner: Int?
    for place in candidates.indices {
      if !away.isEmpty, away.contains(people[candidates[place].place].id) { continue }
      guard let best = winner else {
        winner = place
        continue
      }
      let load = (candidates[place].openLeads + 1) * candidates[best].weight
      let least = (candidates[best].openLeads + 1) * candidates[place].weight
      let isSooner =
        candidates[place].offset + candidates[place].stride < candidates[best].offset + candidates[best].stride
      if load < least || (load == least && isSooner) { winner = place }
    }
    return winner
  }

  /// Why nobody could be chosen: whoever could take a lead cools off for this one; else of the people's obstacles the one that
  /// can be expected to end first.
  var want: String {
    if people.isEmpty { return "vacant" }
    if !candidates.isEmpty { return "cooling-off" }
    let found = Set(people.compactMap(\.obstacle))
    let order: [Exclusion] = [.offHours, .dailyCap, .holiday, .weeklyCap, .full, .calendarEnded]
    return order.first { found.contains($0) }?.rawValue ?? "nobody-available"
  }

  /// Those whose rows are to be written: who was given leads and, where turns decide, who takes part from another offset than
  /// was kept. Their offsets are from the turn that the people were read at.
  var changed: [Person] {
    guard choices > 0 else { return [] }
    return zip(people, before).filter { now, then in
      now.allocated > 0 || (method == .roundRobin && now.isMoved && then.obstacle == nil)
    }.map { now, _ in
      guard method == .leastLoaded else { return now }
      // Nobody shall have to wait for what they were given out of turn, should turns decide again.
      var now = now
      now.offset = min(now.offset, elapsed + now.stride)
      return now
    }
  }
}

extension Rotation.Person {
  /// As kept: `turn` is nil for somebody new, who joins at the branch's. Who was passed over is owed so many leads at most
  /// and one.
  static func offset(of turn: Int64?, from branch: Int64, stride: Int64, catchUp: Int64) -> (Int64, isMoved: Bool) {
    guard let turn else { return (0, true) }
    let least = -(1 + catchUp) * stride
    return turn - branch < least ? (least, true) : (turn - branch, false)
  }
}

extension Int64 {
  /// Rounded towards minus infinity.
  fileprivate func dividedDown(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
