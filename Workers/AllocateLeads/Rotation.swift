import Values

/// The people of one branch and whose turn it is: smooth weighted round robin.
///
/// At every choice each eligible person's credit rises by their weight, the greatest credit wins (the lowest id among
/// equals), and the winner pays the sum of the weights. Nobody is ever a lead or more ahead of their share; equals are
/// never more than one lead apart, and after a full turn each has exactly their share. Turns are spread evenly rather
/// than in runs. Credits are kept, so fairness outlasts batches, lanes and restarts.
struct Rotation {
  struct Person: Equatable {
    let id: Int64
    let code: String
    let weight: Int32
    /// nil is without bound.
    let capacity: Int32?
    /// Why this person may not be chosen at all; nil for those who may.
    let excluded: Exclusion?
    var openLeads: Int32
    var credit: Int32
    var allocated: Int32 = 0

    var isFull: Bool { capacity.map { openLeads >= $0 } ?? false }
    var isEligible: Bool { excluded == nil && !isFull }
  }

  enum Exclusion: String {
    case inactive
    case onLeave = "on-leave"
    case noWeight = "no-weight"
  }

  private(set) var people: [Person]
  /// As they were before the first choice.
  let before: [Person]
  private(set) var choices: Int32 = 0

  init(_ people: [Person]) {
    self.people = people
    before = people
  }

  /// The person whose turn it is, who now has one lead more; nil when nobody can take one.
  mutating func choose() -> Person? {
    var total: Int32 = 0
    var winner: Int?
    for place in people.indices where people[place].isEligible {
      total += people[place].weight
      people[place].credit += people[place].weight
      if winner == nil || people[place].credit > people[winner ?? 0].credit { winner = place }
    }
    guard let winner else { return nil }
    people[winner].credit -= total
    people[winner].openLeads += 1
    people[winner].allocated += 1
    choices += 1
    return people[winner]
  }

  /// Why nobody could be chosen.
  var want: String {
    if people.isEmpty { return "vacant" }
    return people.contains { $0.excluded == nil } ? "full" : "nobody-available"
  }

  var changed: [Person] { zip(people, before).filter { $0 != $1 }.map(\.0) }
}
