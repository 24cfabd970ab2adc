internal import Values

/// What only the whole can show: refusals, of which the first is thrown.
extension Firm {
  /// - Parameters:
  ///   - whole: as it would be once this is loaded.
  ///   - now: the database's.
  func check(_ whole: Firm, now: Timestamp) throws(Refusal) {
    try checkDoubles(whole)
    try checkNames(whole)
    try checkCircles(whole)
    for (row, calendar) in (calendars ?? []).enumerated() {
      if let end = calendar.knownUntil, end < CalendarDate(of: now) {
        throw Refusal(
          "ended", at: place("calendars", row, "knownUntil"),
          "after \(end) nobody who uses this calendar would be at work; add the holidays that have become known")
      }
    }
    if policies != nil,
      whole.policies?.contains(where: { $0.branch == nil && $0.product == nil && $0.level == nil }) != true
    {
      throw Refusal(
        "missing", at: place("policies", 0),
        "one policy without branch, product and level is needed: it holds for all others")
    }
    try checkContradictions()
    try checkSteps(whole)
  }

  private func checkDoubles(_ whole: Firm) throws(Refusal) {
    try once("calendars", calendars?.map(\.code) ?? [])
    try once("branches", branches?.map(\.code) ?? [])
    try once("people", people?.map(\.code) ?? [])
    try once("sources", sources?.map(\.code) ?? [])
    try once("policies", policies?.map { "\($0.branch ?? "")/\($0.product ?? "")/\($0.level ?? "")" } ?? [])
    try once("pools", pools?.map(\.key) ?? [])
    try once("steps", steps?.map(\.key) ?? [])
    try once("agents", agents?.map(\.key) ?? [])
    try once("queues", queues?.map(\.key) ?? [])
    var logins: [String: String] = [:]
    for person in whole.people ?? [] {
      guard let login = person.login else { continue }
      guard let other = logins.updateValue(person.code, forKey: login) else { continue }
      let row = people?.firstIndex { $0.login == login && $0.code == person.code } ?? 0
      throw Refusal(
        "twice", at: place("people", row, "login"), "\(shown(other)) acts by this login already; one acts for one")
    }
  }

  private func once(_ section: String, _ keys: [String]) throws(Refusal) {
    var seen: Set<String> = []
    for (row, key) in keys.enumerated() where !seen.insert(key).inserted {
      throw Refusal("twice", at: place(section, row), "\(shown(key)) stands there twice")
    }
  }

  private func checkNames(_ whole: Firm) throws(Refusal) {
    let branchCodes = Set((whole.branches ?? []).map(\.code))
    let calendarCodes = Set((whole.calendars ?? []).map(\.code))
    func branch(_ code: String?, _ section: String, _ row: Int, _ field: String = "branch") throws(Refusal) {
      guard let code, !branchCodes.contains(code) else { return }
      throw Refusal("unknown-branch", at: place(section, row, field), "no branch has the code \(shown(code))")
    }
    func calendar(_ code: String?, _ section: String, _ row: Int) throws(Refusal) {
      guard let code, !calendarCodes.contains(code) else { return }
      throw Refusal("unknown-calendar", at: place(section, row, "calendar"), "no calendar has the code \(shown(code))")
    }
    for (row, one) in (branches ?? []).enumerated() {
      try branch(one.parent, "branches", row, "parent")
      try calendar(one.calendar, "branches", row)
    }
    for (row, one) in (people ?? []).enumerated() {
      try branch(one.branch, "people", row)
      try calendar(one.calendar, "people", row)
    }
    for (row, one) in (sources ?? []).enumerated() { try branch(one.branch, "sources", row) }
    for (row, one) in (rules ?? []).enumerated() { try branch(one.branch, "rules", row) }
    for (row, one) in (policies ?? []).enumerated() { try branch(one.branch, "policies", row) }
    for (row, one) in (pools ?? []).enumerated() { try branch(one.branch, "pools", row) }
    for (row, one) in (steps ?? []).enumerated() { try branch(one.branch, "steps", row) }
    for (row, one) in (queues ?? []).enumerated() { try branch(one.branch, "queues", row) }
    let known = Set((whole.people ?? []).map(\.code))
    for (row, one) in (agents ?? []).enumerated() where !known.contains(one.person) {
      throw Refusal(
        "unknown-person", at: place("agents", row, "person"), "nobody has the code \(shown(one.person))")
    }
  }

  private func checkCircles(_ whole: Firm) throws(Refusal) {
    let all = whole.branches ?? []
    let parents = Dictionary(all.map { ($0.code, $0.parent) }) { first, _ in first }
    for (row, branch) in (branches ?? []).enumerated() {
      var above = branch.parent
      var climbed = 0
      while let code = above {
        guard code != branch.code, climbed < all.count else {
          throw Refusal("circle", at: place("branches", row, "parent"), "the branch would stand above itself")
        }
        above = parents[code] ?? nil
        climbed += 1
      }
    }
  }

  private func checkContradictions() throws(Refusal) {
    guard let rules else { return }
    for hidden in RuleReach.hidden(rules) where hidden.isSame {
      let rule = rules[hidden.rule]
      let first = rules[hidden.by[0]]
      guard rule.facts.map(\.value) != first.facts.map(\.value) else { continue }
      throw Refusal(
        "contradiction", at: place("rules", hidden.rule),
        "the same conditions (\(rule.key)) as \(place("rules", hidden.by[0])), but \(rule.told(from: first))")
    }
  }

  /// A rule that passes leads down needs to know how long its branch may keep them.
  private func checkSteps(_ whole: Firm) throws(Refusal) {
    let known = StepPolicies(whole)
    for (row, rule) in (whole.rules ?? []).enumerated() where rule.how == "steps" && !known.covers(rule.branch) {
      let at = rules == nil ? "rule \(row + 1), loaded before" : place("rules", row, "how")
      throw Refusal(
        "no-step", at: at,
        "`steps` has no row for the branch \(shown(rule.branch)) or its level: how long may a lead wait there?")
    }
  }
}

/// Which branches have a deadline for what waits there.
struct StepPolicies {
  private let branches: Set<String>
  private let levels: Set<String>
  private let levelOf: [String: String]

  init(_ firm: Firm) {
    branches = Set((firm.steps ?? []).compactMap(\.branch))
    levels = Set((firm.steps ?? []).compactMap(\.level))
    levelOf = Dictionary((firm.branches ?? []).map { ($0.code, $0.level) }) { first, _ in first }
  }

  func covers(_ branch: String) -> Bool {
    branches.contains(branch) || levelOf[branch].map { levels.contains($0) } ?? false
  }
}
