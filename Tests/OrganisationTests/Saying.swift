import Values

@testable import Organisation

/// What was said at one moment of one subject, shortly written.
struct Saying: Sendable {
  let facts: [Fact]

  init(_ subject: Fact.Subject, at second: Int64, source: String = "/hr", _ said: (Fact.Field, String?, String?)...) {
    facts = said.map {
      Fact(
        subject, $0.0, $0.1, more: $0.2, at: Timestamp(microseconds: second * 1_000_000), source: source,
        event: "\(second)")
    }
  }

  static func joined(_ person: String, _ branch: String, at second: Int64) -> Saying {
    Saying(.person(person), at: second, (.name, person, nil), (.branch, branch, nil), (.active, "yes", nil))
  }

  static func moved(_ person: String, _ branch: String, at second: Int64) -> Saying {
    Saying(.person(person), at: second, (.branch, branch, nil))
  }

  static func left(_ person: String, at second: Int64, to successor: String? = nil) -> Saying {
    Saying(.person(person), at: second, (.active, "no", successor), (.manager, "no", nil))
  }

  static func leave(_ person: String, at second: Int64, _ from: String?, _ until: String? = nil) -> Saying {
    Saying(.person(person), at: second, (.leave, from, until))
  }

  static func opened(_ branch: String, under parent: String? = nil, at second: Int64) -> Saying {
    Saying(
      .branch(branch), at: second, (.name, branch, nil), (.level, "city", nil), (.parent, parent, nil),
      (.merged, nil, nil))
  }

  static func merged(_ branch: String, _ into: String, at second: Int64) -> Saying {
    Saying(.branch(branch), at: second, (.merged, into, nil))
  }

  static func closed(_ branch: String, at second: Int64) -> Saying {
    Saying(.branch(branch), at: second, (.merged, nil, "closed"))
  }
}

/// The firm as rows, kept from saying to saying as the database keeps it: each is taken by a state that is loaded anew.
struct Firm {
  var branches: [String: BranchRecord] = [:]
  var people: [String: PersonRecord] = [:]
  var facts: [Fact] = []
  var pending: [Fact.Subject: Pending] = [:]
  var again: Set<String> = []

  /// As a turn of the worker, or of the sweep: load, take, write.
  mutating func turn(_ said: [Saying], look codes: [String] = []) {
    var organisation = Organisation(
      branches: Array(branches.values), branchFacts: facts.filter { $0.subject.kind == "branch" },
      people: Array(people.values), personFacts: facts.filter { $0.subject.kind == "person" })
    for saying in said { _ = organisation.take(saying.facts) }
    for code in codes { _ = organisation.look(atPerson: code) }
    facts += organisation.newFacts
    for (code, branch) in organisation.changedBranches {
      let number = Int64(branches.count)
      branches[code] = branch
      branches[code]?.id = branch.id ?? number
    }
    for (code, person) in organisation.changedPeople {
      let number = Int64(people.count)
      people[code] = person
      people[code]?.id = person.id ?? number
    }
    for (subject, reason) in organisation.pending { pending[subject] = reason }
    let closed = organisation.unsettled
    again.formUnion(people.values.filter { closed.contains($0.branch) }.map(\.code))
    again.formUnion(facts.filter { $0.field == .branch && $0.value.map(closed.contains) == true }.map(\.subject.code))
  }

  /// The sweep, until nothing is due.
  mutating func settle() {
    for _ in 0..<20 {
      let due = pending.filter { $0.key.kind == "person" && $0.value.waitsFor.map { branches[$0] != nil } == true }
      let codes = Set(due.map(\.key.code)).union(again).sorted()
      again = []
      if codes.isEmpty { return }
      turn([], look: codes)
    }
  }

  /// Everything that does not depend on which number somebody got.
  var shown: [String] {
    let branches = branches.values.map { branch in
      "\(branch.code) \(branch.name) under \(branch.parent ?? "-") into \(branch.mergedInto ?? "-")"
        + " since \(branch.closedAt?.microseconds ?? 0)"
    }
    let people = people.values.map { person in
      "\(person.code) in \(person.branch) \(person.active) \(person.manager) \(person.leaveFrom?.rfc3339 ?? "-")"
    }
    let waiting = pending.map { "\($0.key.code) \($0.value.reason.rawValue) \($0.value.waitsFor ?? "")" }
    return (branches + people + waiting).sorted()
  }
}

func permutations<Element>(_ elements: [Element]) -> [[Element]] {
  guard elements.count > 1 else { return [elements] }
  return elements.indices.flatMap { place in
    var rest = elements
    let first = rest.remove(at: place)
    return permutations(rest).map { [first] + $0 }
  }
}
