internal import Postgres

/// Makes the choices of one snapshot again, as allocation made them: smooth weighted round robin.
///
/// At every choice each eligible person's credit rises by their weight; the greatest credit wins, the lowest id among
/// equals; the winner pays the sum of the eligible weights. Eligible is who is not excluded and has fewer open leads,
/// with those of earlier choices, than their capacity.
struct ChoiceReplay {
  struct Person: Equatable {
    let id: Int64
    let weight: Int64
    /// nil is without bound.
    let capacity: Int64?
    /// Empty, or why this person may not be chosen at all.
    let excluded: String
    var openLeads: Int64
    var credit: Int64

    /// The fact that keeps this person out of the next choice; nil for who takes part.
    var obstacle: String? {
      if !excluded.isEmpty { return excluded }
      if let capacity, openLeads >= capacity { return "full" }
      return nil
    }
  }

  /// In order of id, as they stand before the next choice.
  private(set) var people: [Person]

  init(_ people: [Person]) { self.people = people.sorted { $0.id < $1.id } }

  /// From a row of `people, weights, capacities, open_leads, credits, excluded`, beginning with `column`.
  init(_ row: Row, from column: Int32) {
    let ids = row.integers(column)
    let weights = row.integers(column + 1)
    let capacities = row.integers(column + 2)
    let open = row.integers(column + 3)
    let credits = row.integers(column + 4)
    let excluded = row.texts(column + 5)
    self.init(
      ids.indices.map { place in
        Person(
          id: ids[place], weight: weights[place], capacity: capacities[place] < 0 ? nil : capacities[place],
          excluded: excluded[place], openLeads: open[place], credit: credits[place])
      })
  }

  /// The place in `people` of whose turn it is; nil when nobody can take a lead.
  var winner: Int? {
    people.indices.filter { people[$0].obstacle == nil }.max { one, other in
      let a = people[one].credit + people[one].weight
      let b = people[other].credit + people[other].weight
      return a < b || (a == b && people[one].id > people[other].id)
    }
  }

  var sumOfWeights: Int64 { people.filter { $0.obstacle == nil }.reduce(0) { $0 + $1.weight } }

  /// Makes the choice; false when nobody can take a lead.
  mutating func choose() -> Bool {
    guard let winner else { return false }
    let sum = sumOfWeights
    for place in people.indices where people[place].obstacle == nil { people[place].credit += people[place].weight }
    people[winner].credit -= sum
    people[winner].openLeads += 1
    return true
  }
}
