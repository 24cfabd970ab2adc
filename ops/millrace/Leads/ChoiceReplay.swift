internal import Postgres

/// Makes the choices of one snapshot again, as allocation made them; written a second time, from the decision page
/// `whose-turn.md`.
struct ChoiceReplay {
  enum Method: String {
    case roundRobin = "round-robin"
    case leastLoaded = "least-loaded"
    /// Smooth weighted round robin, as choices were made up to version 4 of the schema: each who takes part gains their
    /// weight, the greatest credit wins and pays the sum of the weights.
    case credits
  }

  struct Person: Equatable {
    let id: Int64
    var weight: Int64 = 1
    /// nil is without bound, here and below.
    var capacity: Int64?
    var dailyCap: Int64?
    var weeklyCap: Int64?
    /// Why this person may not be chosen at all.
    var excluded: String?
    var openLeads: Int64 = 0
    var today: Int64 = 0
    var thisWeek: Int64 = 0
    /// From the branch's turn; where the method is credits, the credit.
    var offset: Int64 = 0

    /// The fact that keeps this person out of the next choice; nil for who takes part.
    var obstacle: String? {
      if let excluded { return excluded }
      if let capacity, openLeads >= capacity { return "full" }
      if let dailyCap, today >= dailyCap { return "daily-cap" }
      if let weeklyCap, thisWeek >= weeklyCap { return "weekly-cap" }
      return nil
    }

    /// When a lead given now would be over.
    var deadline: Int64 { offset + 55_440_000 / max(1, weight) }
  }

  let method: Method
  /// In order of id, as they stand before the next choice.
  private(set) var people: [Person]
  /// Who does not take part in the next choice alone: they had that lead not long ago.
  var passed: Set<Int64> = []

  init(_ people: [Person], _ method: Method = .roundRobin) {
    self.method = method
    self.people = people.sorted { $0.id < $1.id }
  }

  /// From a row of `method, people, weights, capacities, daily_caps, weekly_caps, open_leads, given_today,
  /// given_this_week, offsets (or credits), excluded`, beginning with `column`.
  init(_ row: Row, from column: Int32) {
    let method = row.optionalText(column).flatMap { Method(rawValue: $0) } ?? .credits
    let ids = row.integers(column + 1)
    func numbers(_ offset: Int32) -> [Int64?] { row.optionalIntegers(column + offset) }
    let (weights, capacities, daily, weekly) = (numbers(2), numbers(3), numbers(4), numbers(5))
    let (open, today, week, offsets) = (numbers(6), numbers(7), numbers(8), numbers(9))
    let excluded = row.texts(column + 10)
    func at(_ place: Int, _ list: [Int64?]) -> Int64? { list.indices.contains(place) ? list[place] : nil }
    self.init(
      ids.indices.map { place in
        let fact = excluded.indices.contains(place) ? excluded[place] : ""
        return Person(
          id: ids[place], weight: at(place, weights) ?? 1,
          // Before there were NULL elements, -1 was no bound.
          capacity: at(place, capacities).flatMap { $0 < 0 ? nil : $0 }, dailyCap: at(place, daily),
          weeklyCap: at(place, weekly), excluded: fact.isEmpty ? nil : fact, openLeads: at(place, open) ?? 0,
          today: at(place, today) ?? 0, thisWeek: at(place, week) ?? 0, offset: at(place, offsets) ?? 0)
      }, method)
  }

  private var free: [Int] { people.indices.filter { obstacle(at: $0) == nil } }

  /// The fact that keeps this person out of the next choice; nil for who takes part.
  func obstacle(at place: Int) -> String? {
    people[place].obstacle ?? (passed.contains(people[place].id) ? "cooling-off" : nil)
  }

  var sumOfWeights: Int64 { free.reduce(0) { $0 + people[$1].weight } }

  /// The mean of the offsets by weight, times the sum of the weights.
  private var weightedNow: Int64 { free.reduce(0) { $0 + people[$1].weight * people[$1].offset } }

  /// Whether this person can take a lead, but has had more than their share: no turn before the others have theirs.
  func isAhead(_ place: Int) -> Bool {
    method == .roundRobin && obstacle(at: place) == nil && people[place].offset * sumOfWeights > weightedNow
  }

  /// The place in `people` of whose turn it is; nil when nobody can take a lead.
  var winner: Int? {
    let (total, now) = (sumOfWeights, weightedNow)
    return free.filter { method != .roundRobin || people[$0].offset * total <= now }.min { one, other in
      let (a, b) = (people[one], people[other])
      switch method {
      case .roundRobin: return (a.deadline, a.id) < (b.deadline, b.id)
      case .leastLoaded:
        let (load, least) = ((a.openLeads + 1) * b.weight, (b.openLeads + 1) * a.weight)
        return load != least ? load < least : (a.deadline, a.id) < (b.deadline, b.id)
      case .credits: return (-a.offset - a.weight, a.id) < (-b.offset - b.weight, b.id)
      }
    }
  }

  /// Makes the choice; false when nobody can take a lead.
  mutating func choose() -> Bool {
    guard let winner else { return false }
    defer { passed = [] }
    if method == .credits {
      let sum = sumOfWeights
      for place in free { people[place].offset += people[place].weight }
      people[winner].offset -= sum
    } else {
      people[winner].offset = people[winner].deadline
    }
    people[winner].openLeads += 1
    people[winner].today += 1
    people[winner].thisWeek += 1
    return true
  }
}

extension ChoiceReplay.Person {
  /// The fact that keeps this person from keeping what they brought: hours and weight do not matter then.
  var keepingObstacle: String? {
    if let excluded, ["inactive", "on-leave"].contains(excluded) { return excluded }
    var here = self
    here.excluded = nil
    return here.obstacle
  }
}

extension ChoiceReplay {
  /// This person kept what they brought: one lead more, no turn.
  mutating func keep(_ id: Int64) {
    guard let place = people.firstIndex(where: { $0.id == id }) else { return }
    people[place].openLeads += 1
    people[place].today += 1
    people[place].thisWeek += 1
  }
}

extension Row {
  fileprivate func optionalIntegers(_ column: Int32) -> [Int64?] {
    array(column) { element in
      guard let element else { return nil }
      return element.count == 8
        ? Int64(bigEndian: element.loadUnaligned(as: Int64.self))
        : Int64(Int32(bigEndian: element.loadUnaligned(as: Int32.self)))
    }
  }
}
