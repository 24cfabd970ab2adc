public import Values

/// A person as the table has it; the branch is named by its code.
public struct PersonRecord: Equatable, Sendable {
  /// nil for one who is new.
  public var id: Int64?
  public let code: String
  public var name: String
  public var branch: String
  public var active: Bool
  public var manager: Bool
  public var leaveFrom: Timestamp?
  public var leaveUntil: Timestamp?

  public init(
    id: Int64?, code: String, name: String, branch: String, active: Bool = true, manager: Bool = false,
    leaveFrom: Timestamp? = nil, leaveUntil: Timestamp? = nil
  ) {
    self.id = id
    self.code = code
    self.name = name
    self.branch = branch
    self.active = active
    self.manager = manager
    self.leaveFrom = leaveFrom
    self.leaveUntil = leaveUntil
  }
}

/// A person as everything that was said of them makes them: a function of what was said, not of its order.
struct PersonStory {
  let person: PersonRecord?
  let pending: Pending?
  /// Of who has left: who follows them.
  let successor: String?
  /// Of who came to this branch: the leads stayed in the former one.
  let leadsStay: Bool

  init(_ code: String, row: PersonRecord?, _ said: [Fact], in tree: BranchTree) {
    var waiting: Pending?
    var branch: (open: String, leadsStay: Bool)?
    let branches = said.filter { $0.field == .branch }.sorted { $0.overrides($1) }
    for fact in branches {
      guard let wanted = fact.value else { continue }
      if let open = tree.open(wanted) {
        branch = (open, fact.more == "stay")
        break
      }
      if waiting == nil { waiting = Pending(reason: .unknownBranch, waitsFor: wanted) }
    }
    if branch == nil, branches.isEmpty, let row, let open = tree.open(row.branch) { branch = (open, false) }
    let active = said.latest(.active)
    successor = active?.value == "no" ? active?.more : nil
    leadsStay = branch?.leadsStay ?? false
    guard let name = said.latest(.name)?.value ?? row?.name, let branch else {
      person = nil
      pending = waiting ?? Pending(reason: .unknownPerson)
      return
    }
    let leave = said.latest(.leave)
    person = PersonRecord(
      id: row?.id, code: code, name: name, branch: branch.open,
      active: active.map { $0.value == "yes" } ?? row?.active ?? true,
      manager: said.latest(.manager).map { $0.value == "yes" } ?? row?.manager ?? false,
      leaveFrom: leave.map { time($0.value) } ?? row?.leaveFrom,
      leaveUntil: leave.map { time($0.more) } ?? row?.leaveUntil)
    pending = waiting
  }
}

private func time(_ text: String?) -> Timestamp? { text.flatMap { Timestamp(rfc3339: $0.utf8) } }

extension PersonRecord {
  /// What it was before anything was said of the field.
  func before(_ field: Fact.Field) -> Fact {
    let subject = Fact.Subject.person(code)
    switch field {
    case .name: return .before(subject, field, name)
    case .branch: return .before(subject, field, branch)
    case .manager: return .before(subject, field, manager ? "yes" : "no")
    case .active: return .before(subject, field, active ? "yes" : "no")
    default: return .before(subject, .leave, leaveFrom?.rfc3339, more: leaveUntil?.rfc3339)
    }
  }
}
