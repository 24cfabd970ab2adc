internal import Values

/// What loading files would change.
struct FirmDifference {
  struct Change {
    let kind: String
    let key: String
    /// `new`, `changed` or `removed`.
    let what: String
    let details: String
  }

  /// Rows to write; nil where the section stays as it is.
  private(set) var terms: Firm.Terms?
  private(set) var calendars: [Firm.Calendar] = []
  private(set) var branches: [Firm.Branch] = []
  private(set) var people: [Firm.Person] = []
  private(set) var sources: [Firm.Source] = []
  /// These replace all that there are.
  private(set) var rules: [Firm.Rule]?
  private(set) var policies: [Firm.Policy]?
  private(set) var pools: [Firm.Pool]?
  private(set) var steps: [Firm.Step]?
  private(set) var agents: [Firm.Agent]?
  private(set) var queues: [Firm.Queue]?
  private(set) var changes: [Change] = []

  var isEmpty: Bool { changes.isEmpty }

  init(from old: Firm, to new: Firm) {
    terms = differing(old.terms.map { [$0] }, new.terms.map { [$0] }).first
    calendars = differing(old.calendars, new.calendars)
    branches = differing(old.branches, new.branches)
    people = differing(old.people, new.people)
    sources = differing(old.sources, new.sources)
    if let wanted = new.rules, wanted != old.rules {
      rules = wanted
      compare(rules: old.rules ?? [], wanted)
    }
    policies = replacing(old.policies, new.policies)
    pools = replacing(old.pools, new.pools)
    steps = replacing(old.steps, new.steps)
    agents = replacing(old.agents, new.agents)
    queues = replacing(old.queues, new.queues)
  }

  /// Of rows that have codes: those that are new or not as they were.
  private mutating func differing<Row: FirmRow>(_ old: [Row]?, _ new: [Row]?) -> [Row] {
    let known = Dictionary((old ?? []).map { ($0.key, $0) }) { first, _ in first }
    var rows: [Row] = []
    for row in new ?? [] where known[row.key] != row {
      rows.append(row)
      changes.append(FirmDifference.change(row, from: known[row.key]))
    }
    return rows
  }

  /// Of rows that replace all: what is new, changed and gone.
  private mutating func replacing<Row: FirmRow>(_ old: [Row]?, _ new: [Row]?) -> [Row]? {
    guard let new else { return nil }
    let before = changes.count
    _ = differing(old, new)
    let wanted = Set(new.map(\.key))
    for row in old ?? [] where !wanted.contains(row.key) { changes.append(FirmDifference.removed(row)) }
    return changes.count == before ? nil : new
  }

  /// Rules have no name but their conditions, and their order counts.
  private mutating func compare(rules old: [Firm.Rule], _ new: [Firm.Rule]) {
    var places: [String: [Int]] = [:]
    for (place, rule) in old.enumerated().reversed() { places[rule.key, default: []].append(place) }
    var kept: [Int] = []
    for (place, rule) in new.enumerated() {
      let key = "\(place + 1): \(rule.key)"
      guard let known = places[rule.key]?.popLast() else {
        changes.append(Change(kind: "rule", key: key, what: "new", details: rule.told))
        continue
      }
      kept.append(known)
      if old[known] != rule {
        changes.append(
          Change(kind: "rule", key: key, what: "changed", details: rule.told(from: old[known])))
      }
    }
    for place in places.values.joined().sorted() {
      let rule = old[place]
      changes.append(
        Change(
          kind: "rule", key: "\(place + 1): \(rule.key)", what: "removed", details: rule.told))
    }
    let moved = kept.count - longestRising(kept)
    if moved > 0 {
      changes.append(Change(kind: "rules", key: "order", what: "changed", details: "\(moved) stand at another place"))
    }
  }

  private static func change<Row: FirmRow>(_ row: Row, from old: Row?) -> Change {
    Change(
      kind: Row.kind, key: row.key, what: old == nil ? "new" : "changed",
      details: old.map { row.told(from: $0) } ?? row.told)
  }

  private static func removed<Row: FirmRow>(_ row: Row) -> Change {
    Change(kind: Row.kind, key: row.key, what: "removed", details: row.told)
  }
}

/// How many of these, at most, stand in rising order (patience sorting).
func longestRising(_ numbers: [Int]) -> Int {
  var ends: [Int] = []
  for number in numbers {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] < number { low = middle + 1 } else { high = middle }
    }
    if low == ends.count { ends.append(number) } else { ends[low] = number }
  }
  return ends.count
}
