import Postgres
import Values

/// The people of a branch as the batch found them: its choices can be made again from this.
struct Snapshot {
  let branch: Branch
  let at: Timestamp

  static func used(_ state: Allocation) -> [Snapshot] {
    guard let at = state.at else { return [] }
    return state.branches.values.filter(\.isUsed).sorted { $0.id < $1.id }.map { Snapshot(branch: $0, at: at) }
  }

  /// A PostgreSQL array literal of one number of each person; nil, which is NULL, where all have what is usual.
  func list(unless isUsual: (Rotation.Person) -> Bool = { _ in false }, _ number: (Rotation.Person) -> Int64?)
    -> String?
  {
    let people = branch.rotation.before
    guard people.isEmpty || !people.allSatisfy(isUsual) else { return nil }
    var text = "{"
    text.reserveCapacity(people.count * 10)
    for person in people {
      if text.utf8.count > 1 { text += "," }
      if let number = number(person) { text += String(number) } else { text += "null" }
    }
    text += "}"
    return text
  }

  /// Choices that were none, as an array literal; nil, which is NULL, where there were none.
  func kept(_ number: ((choice: Int32, person: Int64)) -> Int64) -> String? {
    branch.rotation.kept.isEmpty ? nil : ArrayLiteral.integers(branch.rotation.kept.map(number))
  }

  /// Likewise, who was passed over in which choice.
  func passed(_ number: ((choice: Int32, person: Int64)) -> Int64) -> String? {
    branch.rotation.passed.isEmpty ? nil : ArrayLiteral.integers(branch.rotation.passed.map(number))
  }

  /// The facts that exclude people from every choice.
  var excluded: String? {
    let people = branch.rotation.before
    guard people.contains(where: { $0.excluded != nil }) else { return nil }
    return "{" + people.map { $0.excluded?.rawValue ?? "null" }.joined(separator: ",") + "}"
  }
}
