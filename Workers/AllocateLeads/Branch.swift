import Values

/// A branch whose row this transaction holds, with its people and those who wait there.
struct Branch {
  let id: Int64
  let code: String
  let heldBefore: Int32
  var held: Int32
  /// Virtual time when the branch was locked.
  let turn: Int64
  /// The branch's local date then, in days since 2000.
  let day: Int32
  var rotation: Rotation
  let snapshot: Int64
  var isUsed = false

  /// Why somebody cannot keep what they brought.
  struct Obstacle: Error, ExpressibleByStringLiteral {
    let text: String
    init(stringLiteral text: String) { self.text = text }
    init(_ text: String) { self.text = text }
  }

  var isChanged: Bool { held != heldBefore || rotation.choices > 0 }

  /// With their turns as they are kept.
  var changedPeople: [(person: Rotation.Person, turn: Int64, day: Int32)] {
    rotation.changed.map { ($0, turn + $0.offset, day) }
  }

  /// - Parameter cooling: former owners who shall not have the lead now.
  mutating func place(
    behindHeld: Bool, _ basis: Route.Basis?, _ note: String?, passing cooling: Set<Int64> = []
  ) -> Placement {
    isUsed = true
    let choice = rotation.choices
    if behindHeld, held > 0 {
      held += 1
      return .held(
        branch: id, "behind-held", branchCode: code, snapshot: snapshot, choice: choice, basis: basis, note: note)
    }
    guard let person = rotation.choose(passing: cooling) else {
      if behindHeld { held += 1 }
      return .held(
        branch: id, rotation.want, branchCode: code, snapshot: snapshot, choice: choice, basis: basis, note: note)
    }
    if !behindHeld { held -= 1 }
    return .owner(branch: id, branchCode: code, person, snapshot: snapshot, choice: choice, basis: basis, note: note)
  }

  /// The importer keeps what they brought: no turn of theirs, but within their capacity and caps.
  mutating func kept(by person: Int64) -> Result<Placement, Obstacle> {
    let choice = rotation.choices
    switch rotation.keep(person) {
    case .success(let importer):
      isUsed = true
      return .success(
        .owner(branch: id, branchCode: code, importer, snapshot: snapshot, choice: choice, basis: .importer))
    case .failure(let not): return .failure(Obstacle("importer-\(not.why?.rawValue ?? "left")"))
    }
  }
}
