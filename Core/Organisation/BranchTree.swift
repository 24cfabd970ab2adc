public import Values

/// A branch as the table has it; others are named by their codes.
public struct BranchRecord: Equatable, Sendable {
  /// nil for one that is new.
  public var id: Int64?
  public let code: String
  public var name: String
  public var level: String
  public var timeZone: String
  public var parent: String?
  /// Which branch has taken over, and since when.
  public var mergedInto: String?
  public var closedAt: Timestamp?

  public init(
    id: Int64?, code: String, name: String, level: String, timeZone: String = "Asia/Shanghai", parent: String? = nil,
    mergedInto: String? = nil, closedAt: Timestamp? = nil
  ) {
    self.id = id
    self.code = code
    self.name = name
    self.level = level
    self.timeZone = timeZone
    self.parent = parent
    self.mergedInto = mergedInto
    self.closedAt = closedAt
  }
}

/// All branches, as everything that was said of them makes them: a function of what was said, not of its order.
///
/// Who stands above whom and who has taken over is gone through in the order of its own times, for all branches
/// together: what would close a circle is passed over, and what was so before stays.
struct BranchTree {
  private(set) var branches: [String: BranchRecord] = [:]
  private(set) var pending: [String: Pending] = [:]
  /// What waits in each field, until something later is said that can be true.
  private var waiting: [Place: Pending] = [:]

  private struct Place: Hashable {
    let code: String
    let isParent: Bool
  }

  /// - Parameter rows: as they are now; what nothing was said of stays.
  init(rows: [String: BranchRecord], facts: [String: [Fact]]) {
    for code in Set(rows.keys).union(facts.keys) {
      let said = facts[code] ?? []
      let row = rows[code]
      guard let name = said.latest(.name)?.value ?? row?.name, let level = said.latest(.level)?.value ?? row?.level
      else {
        pending[code] = Pending(reason: .unknownBranch, waitsFor: code)
        continue
      }
      branches[code] = BranchRecord(
        id: row?.id, code: code, name: name, level: level,
        timeZone: said.latest(.timeZone)?.value ?? row?.timeZone ?? "Asia/Shanghai")
    }
    var steps: [(code: String, fact: Fact)] = []
    for code in branches.keys {
      let said = facts[code] ?? []
      for field in [Fact.Field.parent, .merged] {
        let ofField = said.filter { $0.field == field }
        steps += ofField.isEmpty ? rows[code].map { [(code, $0.before(field))] } ?? [] : ofField.map { (code, $0) }
      }
    }
    // Of one time, source and id by code: the order must not hang on a dictionary's.
    steps.sort { a, b in
      (a.fact.at, a.fact.source, a.fact.event, a.code, a.fact.field.rawValue)
        < (b.fact.at, b.fact.source, b.fact.event, b.code, b.fact.field.rawValue)
    }
    for step in steps { apply(step.fact, to: step.code) }
    for (place, reason) in waiting where place.isParent || pending[place.code] == nil { pending[place.code] = reason }
  }

  private mutating func apply(_ fact: Fact, to code: String) {
    let isParent = fact.field == .parent
    let isClosed = fact.field == .merged && fact.value == nil && fact.more == "closed"
    let place = Place(code: code, isParent: isParent)
    guard let target = isClosed ? branches[code]?.parent : fact.value else {
      if isClosed {
        waiting[place] = Pending(reason: .noParent)
      } else {
        set(place, nil, nil)
      }
      return
    }
    guard branches[target] != nil else {
      waiting[place] = Pending(reason: .unknownBranch, waitsFor: target)
      return
    }
    var above: String? = target
    while let next = above {
      guard next != code else {
        waiting[place] = Pending(reason: .circle)
        return
      }
      above = isParent ? branches[next]?.parent : branches[next]?.mergedInto
    }
    set(place, target, fact.at)
  }

  private mutating func set(_ place: Place, _ target: String?, _ at: Timestamp?) {
    if place.isParent {
      branches[place.code]?.parent = target
    } else {
      branches[place.code]?.mergedInto = target
      branches[place.code]?.closedAt = target == nil ? nil : at
    }
    waiting[place] = nil
  }

  /// The branch that has taken over, however often; nil where the code is not known.
  func open(_ code: String) -> String? {
    guard var branch = branches[code] else { return nil }
    while let into = branch.mergedInto, let next = branches[into] { branch = next }
    return branch.code
  }
}

extension BranchRecord {
  /// What it was before anything was said of the field.
  func before(_ field: Fact.Field) -> Fact {
    let subject = Fact.Subject.branch(code)
    switch field {
    case .name: return .before(subject, field, name)
    case .level: return .before(subject, field, level)
    case .timeZone: return .before(subject, field, timeZone)
    case .parent: return .before(subject, field, parent)
    default: return .before(subject, .merged, mergedInto)
    }
  }
}
