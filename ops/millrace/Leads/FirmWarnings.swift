internal import Values

/// What may be meant as it is, and mostly is not.
struct FirmWarnings {
  struct Warning: Equatable {
    let about: String
    let sentence: String
  }

  private let firm: Firm
  private let whole: Firm
  private let now: Timestamp
  private(set) var all: [Warning] = []

  /// - Parameters:
  ///   - firm: what the files say.
  ///   - whole: as it would be once that is loaded.
  init(_ firm: Firm, _ whole: Firm, now: Timestamp) {
    self.firm = firm
    self.whole = whole
    self.now = now
    calendars()
    people()
    branches()
    if let rules = whole.rules { judge(rules) }
    steps()
  }

  private mutating func add(_ about: String, _ sentence: String) {
    all.append(Warning(about: about, sentence: sentence))
  }

  private mutating func calendars() {
    let today = CalendarDate(of: now)
    for calendar in whole.calendars ?? [] {
      if calendar.hours.isEmpty {
        add("calendar \(calendar.code)", "it has no hours: nobody who uses it is ever at work")
      }
      guard let end = calendar.knownUntil, end.days - today.days <= 30 else { continue }
      add(
        "calendar \(calendar.code)",
        end < today
          ? "it ended on \(end): nobody who uses it is at work"
          : "it ends on \(end): afterwards nobody who uses it is at work")
    }
  }

  private mutating func people() {
    let active = (whole.people ?? []).filter(\.active)
    for (what, wrong) in [
      ("weight 0", active.filter { $0.weight == 0 }), ("capacity 0", active.filter { $0.capacity == 0 }),
      ("dailyCap 0", active.filter { $0.dailyCap == 0 }), ("weeklyCap 0", active.filter { $0.weeklyCap == 0 }),
    ] where !wrong.isEmpty {
      add("people", "with \(what) these take no leads: \(listed(wrong.map(\.code)))")
    }
  }

  private mutating func branches() {
    let staffed = Set((whole.people ?? []).filter(\.takesLeads).map(\.branch))
    let targets = Set((whole.rules ?? []).filter { $0.how == "direct" }.map(\.branch))
      .union((whole.sources ?? []).compactMap(\.branch))
    let empty = (whole.branches ?? []).map(\.code).filter { targets.contains($0) && !staffed.contains($0) }
    if !empty.isEmpty {
      add("branches", "leads are sent there, and nobody there takes any, so that they are held: \(listed(empty))")
    }
    let peopled = Set((whole.people ?? []).map(\.branch))
    let vacant = (whole.branches ?? []).map(\.code).filter { !targets.contains($0) && !peopled.contains($0) }
    if !vacant.isEmpty { add("branches", "without anybody: \(listed(vacant))") }
  }

  private mutating func judge(_ rules: [Firm.Rule]) {
    if !rules.contains(where: { $0.key == "any lead" }) {
      add("rules", "none is without conditions: leads that match no rule are held as no-rule")
    }
    for hidden in RuleReach.hidden(rules) {
      let others = hidden.by.prefix(5).map { "\(name($0)) (\(rules[$0].key))" }.joined(separator: ", ")
      let more = hidden.by.count > 5 ? " and \(hidden.by.count - 5) more" : ""
      add(
        name(hidden.rule),
        "no lead reaches it (\(rules[hidden.rule].key)): what it would take goes to \(others)\(more) before")
    }
    let partners = Dictionary(
      (whole.sources ?? []).compactMap { source in source.branch.map { (source.code, $0) } }
    ) { first, _ in first }
    for (place, rule) in rules.enumerated() {
      if let end = rule.validUntil, end <= now { add(name(place), "no lead reaches it: it ended on \(end.rfc3339)") }
      if let source = rule.source, let branch = partners[source] {
        add(
          name(place), "no lead reaches it: the leads of \(source) go to its partner branch \(branch) before any rule")
      }
    }
  }

  private func name(_ place: Int) -> String {
    firm.rules == nil ? "rule \(place + 1)" : firm.place("rules", place)
  }

  /// Where leads wait to be passed down: at the branch of a rule with steps, and at all below it.
  private mutating func steps() {
    let starts = Set((whole.rules ?? []).filter { $0.how == "steps" }.map(\.branch))
    guard !starts.isEmpty else { return }
    let parents = Dictionary((whole.branches ?? []).map { ($0.code, $0.parent) }) { first, _ in first }
    let waiting = (whole.branches ?? []).map(\.code).filter { code in
      sequence(first: code) { parents[$0] ?? nil }.prefix(parents.count).contains { starts.contains($0) }
    }
    let managed = Set((whole.people ?? []).filter { $0.active && $0.manager }.map(\.branch))
    let unmanaged = waiting.filter { !managed.contains($0) }
    if !unmanaged.isEmpty {
      add("branches", "leads wait there to be passed down, and there is no manager to do it: \(listed(unmanaged))")
    }
    let known = StepPolicies(whole)
    let endless = waiting.filter { !known.covers($0) }
    if !endless.isEmpty {
      add("steps", "leads can be passed down to these, for which there is no deadline: \(listed(endless))")
    }
  }

  private func listed(_ codes: [String]) -> String {
    codes.prefix(10).joined(separator: ", ") + (codes.count > 10 ? " and \(codes.count - 10) more" : "")
  }
}
