internal import Values

/// What loading a file would change.
struct FirmDifference {
  struct Change {
    let kind: String
    let key: String
    /// `new`, or `changed`.
    let what: String
    let details: String
  }

  private(set) var branches: [Firm.Branch] = []
  private(set) var people: [Firm.Person] = []
  /// nil where they stay.
  private(set) var rules: [Firm.Rule]?
  private(set) var policies: [Firm.Policy]?
  private(set) var changes: [Change] = []

  var isEmpty: Bool { changes.isEmpty }

  init(from old: Firm, to new: Firm) {
    let oldBranches = Dictionary(uniqueKeysWithValues: (old.branches ?? []).map { ($0.code, $0) })
    for branch in new.branches ?? [] where oldBranches[branch.code] != branch {
      branches.append(branch)
      changes.append(change("branch", branch.code, oldBranches[branch.code].map(facts), facts(branch)))
    }
    let oldPeople = Dictionary(uniqueKeysWithValues: (old.people ?? []).map { ($0.code, $0) })
    for person in new.people ?? [] where oldPeople[person.code] != person {
      people.append(person)
      changes.append(change("person", person.code, oldPeople[person.code].map(facts), facts(person)))
    }
    if let wanted = new.rules, wanted != old.rules {
      rules = wanted
      let count = "\(wanted.count) rules, \(old.rules?.count ?? 0) before"
      changes.append(Change(kind: "rules", key: "all", what: "new", details: "a new set: \(count)"))
    }
    if let wanted = new.policies, Set(wanted.map(key)) != Set((old.policies ?? []).map(key)) {
      policies = wanted
      changes.append(
        Change(
          kind: "policies", key: "all", what: "changed",
          details: "\(wanted.count) periods of protection, \(old.policies?.count ?? 0) before"))
    }
  }

  private func key(_ policy: Firm.Policy) -> [String?] { [policy.branch, policy.product, String(policy.days)] }

  private typealias Facts = [(name: String, value: String)]

  private func change(_ kind: String, _ key: String, _ old: Facts?, _ new: Facts) -> Change {
    guard let old else {
      return Change(
        kind: kind, key: key, what: "new",
        details: new.filter { $0.value != "-" }.map { "\($0.name) \($0.value)" }
          .joined(separator: ", "))
    }
    let details = zip(old, new).filter { $0.value != $1.value }.map { "\($0.name) \($0.value) → \($1.value)" }
    return Change(kind: kind, key: key, what: "changed", details: details.joined(separator: ", "))
  }

  private func facts(_ branch: Firm.Branch) -> Facts {
    [
      ("name", branch.name), ("level", branch.level), ("parent", branch.parent ?? "-"), ("timeZone", branch.timeZone),
      ("dayEnd", branch.dayEnd),
    ]
  }

  private func facts(_ person: Firm.Person) -> Facts {
    [
      ("name", person.name), ("branch", person.branch), ("active", person.active ? "yes" : "no"),
      ("weight", String(person.weight)), ("capacity", person.capacity.map { String($0) } ?? "none"),
      ("leaveFrom", person.leaveFrom?.rfc3339 ?? "-"), ("leaveUntil", person.leaveUntil?.rfc3339 ?? "-"),
    ]
  }
}
