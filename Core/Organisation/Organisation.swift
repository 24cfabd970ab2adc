internal import Values

/// The firm's people and branches, as far as what is being said needs them, and what that changes.
///
/// Invariants of this room:
/// - Nothing else writes a person's name, branch, leave, whether they are active or a manager; nor a branch's name,
///   level, time zone, parent, or what has taken it over.
/// - The rows are a function of what was said, by its own times. The order of arrival never counts.
/// - Whoever changes them holds the row of table `organisation`, then those of `branch_load` of every branch that a
///   person leaves or comes to: no lead is given to somebody who is no longer there.
/// - What is to be handed over is written in the same transaction, and done later in chunks.
public struct Organisation: Sendable {
  /// What became of one event or one row of a file.
  public enum Outcome: String, Sendable {
    case changed
    /// Known, or something later was said already.
    case unchanged
    /// Kept until it can be true.
    case waits
  }

  var tree: BranchTree
  private var branchRows: [String: BranchRecord]
  private var branchFacts: [String: [Fact]]
  private var people: [String: Known] = [:]

  private struct Known {
    var row: PersonRecord?
    var facts: [Fact] = []
    var successor: String?
  }

  // MARK: What is to be written, in the end

  private(set) var newFacts: [Fact] = []
  private(set) var changedBranches: [String: BranchRecord] = [:]
  private(set) var changedPeople: [String: PersonRecord] = [:]
  /// As they were spoken of: new ones get their numbers in this order.
  private var spokenOf: [Fact.Subject: Int] = [:]
  private(set) var handOvers: [HandOver] = []
  /// Who is back before everything was handed over.
  private(set) var returned: Set<String> = []
  /// By person who has left.
  private(set) var newSuccessors: [String: String?] = [:]
  private(set) var pending: [Fact.Subject: Pending?] = [:]
  /// Branches whose people are to be looked at again: they are new, or another is open for them than before.
  private(set) var unsettled: Set<String> = []
  /// By id, those whose people come or go.
  private(set) var touchedBranches: Set<Int64> = []

  struct HandOver: Equatable, Sendable {
    let person: String
    let cause: String
    /// Of `moved`.
    let from: String?
    let follows: Bool
    let successor: String?
  }

  public init(branches: [BranchRecord], branchFacts: [Fact], people: [PersonRecord] = [], personFacts: [Fact] = []) {
    branchRows = Dictionary(branches.map { ($0.code, $0) }, uniquingKeysWith: { $1 })
    self.branchFacts = [:]
    for fact in branchFacts {
      if case .branch(let code) = fact.subject { self.branchFacts[code, default: []].append(fact) }
    }
    for person in people { self.people[person.code] = Known(row: person) }
    for fact in personFacts {
      if case .person(let code) = fact.subject { self.people[code, default: Known()].facts.append(fact) }
    }
    tree = BranchTree(rows: branchRows, facts: self.branchFacts)
    for (code, known) in self.people {
      self.people[code]?.successor = PersonStory(code, row: known.row, known.facts, in: tree).successor
    }
  }

  /// Takes in what was said at once of one subject. Whoever calls has read that subject.
  public mutating func take(_ said: [Fact]) -> Outcome {
    guard let subject = said.first?.subject else { return .unchanged }
    speak(of: subject)
    switch subject {
    case .person(let code):
      var known = people[code] ?? Known()
      let isNew = add(said, to: &known.facts) { known.row?.before($0) }
      people[code] = known
      return isNew ? settle(person: code) : .unchanged
    case .branch(let code): return add(said, toBranch: code) ? settleBranches(because: code) : .unchanged
    }
  }

  /// Takes in what was said of many branches, in one go: the tree is made once.
  mutating func take(branches said: [[Fact]]) {
    var last: String?
    for facts in said {
      guard case .branch(let code)? = facts.first?.subject, add(facts, toBranch: code) else { continue }
      last = code
    }
    if let last { _ = settleBranches(because: last) }
  }

  private mutating func speak(of subject: Fact.Subject) {
    if spokenOf[subject] == nil { spokenOf[subject] = spokenOf.count }
  }

  var branchRowsToWrite: [BranchRecord] { changedBranches.values.sorted(by: order { .branch($0.code) }) }
  var personRowsToWrite: [PersonRecord] { changedPeople.values.sorted(by: order { .person($0.code) }) }

  private func order<Row>(_ subject: @escaping (Row) -> Fact.Subject) -> (Row, Row) -> Bool {
    { a, b in
      let (first, second) = (subject(a), subject(b))
      return (spokenOf[first] ?? .max, first) < (spokenOf[second] ?? .max, second)
    }
  }

  private mutating func add(_ said: [Fact], toBranch code: String) -> Bool {
    speak(of: .branch(code))
    let row = branchRows[code]
    var facts = branchFacts[code] ?? []
    let isNew = add(said, to: &facts) { row?.before($0) }
    branchFacts[code] = facts
    return isNew
  }

  /// Looks at a person again, because a branch has come up or gone.
  public mutating func look(atPerson code: String) -> Outcome { settle(person: code) }

  /// Answers whether anything was not known. What was there before is written down with the first that is said of it.
  private mutating func add(_ said: [Fact], to facts: inout [Fact], before: (Fact.Field) -> Fact?) -> Bool {
    var isNew = false
    for fact in said where !facts.contains(where: fact.isRepeat) {
      if !facts.contains(where: { $0.field == fact.field }), let before = before(fact.field) {
        facts.append(before)
        newFacts.append(before)
      }
      facts.append(fact)
      newFacts.append(fact)
      isNew = true
    }
    return isNew
  }

  private mutating func settle(person code: String) -> Outcome {
    guard let known = people[code] else { return .unchanged }
    let story = PersonStory(code, row: known.row, known.facts, in: tree)
    pending[.person(code)] = .some(story.pending)
    guard let person = story.person else { return .waits }
    people[code]?.successor = story.successor
    let outcome: Outcome = story.pending == nil ? .unchanged : .waits
    if person == known.row {
      guard !person.active, story.successor != known.successor else { return outcome }
      newSuccessors[code] = .some(story.successor)
      return .changed
    }
    changedPeople[code] = person
    people[code]?.row = person
    for branch in [known.row?.branch, person.branch] {
      if let id = branch.flatMap({ branchRows[$0]?.id }) { touchedBranches.insert(id) }
    }
    guard let before = known.row else { return .changed }
    if before.branch != person.branch {
      if !known.facts.contains(where: { $0.field == .branch }) {
        // The branch was closed under them: written down, so that they come back should it open again.
        people[code]?.facts.append(before.before(.branch))
        newFacts.append(before.before(.branch))
      }
      move(person, from: before, leadsStay: story.leadsStay)
    }
    if before.active != person.active {
      handOvers.removeAll { $0.person == code && $0.cause == "left" }
      if person.active {
        returned.insert(code)
      } else {
        handOvers.append(
          HandOver(person: code, cause: "left", from: nil, follows: false, successor: story.successor))
      }
    } else if !person.active, story.successor != known.successor {
      newSuccessors[code] = .some(story.successor)
    }
    return story.pending == nil ? .changed : .waits
  }

  /// The leads follow, unless it was said that they stay, and the branch is still there for them to stay in.
  private mutating func move(_ person: PersonRecord, from before: PersonRecord, leadsStay: Bool) {
    let isOpen = tree.open(before.branch) == before.branch
    handOvers.append(
      HandOver(
        person: person.code, cause: "moved", from: before.branch, follows: !(leadsStay && isOpen), successor: nil))
  }

  private mutating func settleBranches(because code: String) -> Outcome {
    let before = tree
    tree = BranchTree(rows: branchRows, facts: branchFacts)
    for place in Set(tree.pending.keys).union(before.pending.keys) where tree.pending[place] != before.pending[place] {
      pending[.branch(place)] = .some(tree.pending[place])
    }
    var hasChanged = false
    for (place, branch) in tree.branches where branchRows[place] != branch {
      hasChanged = true
      changedBranches[place] = branch
      branchRows[place] = branch
    }
    // Also those whose successor's successor is another now: their people have not been in the branch that changed.
    for place in tree.branches.keys where tree.open(place) != before.open(place) { unsettled.insert(place) }
    if tree.pending[code] != nil { return .waits }
    return hasChanged ? .changed : .unchanged
  }
}
