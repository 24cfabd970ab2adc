internal import Values

/// A row of the firm as people compare it: what it is known by, and its fields in words.
protocol FirmRow: Equatable {
  static var kind: String { get }
  var key: String { get }
  var facts: [(name: String, value: String)] { get }
  /// What is another than it was.
  func told(from old: Self) -> String
}

extension FirmRow {
  var told: String { facts.filter { $0.value != "-" }.map { "\($0.name) \($0.value)" }.joined(separator: ", ") }

  func told(from old: Self) -> String {
    zip(old.facts, facts).filter { $0.value != $1.value }.map { "\($0.name) \($0.value) → \($1.value)" }
      .joined(separator: ", ")
  }
}

/// Absent and zero are not the same, and must not look it.
private func bound(_ number: Int64?) -> String {
  switch number {
  case nil: "no bound"
  case 0: "0 (takes none)"
  case let number?: String(number)
  }
}

private func minutes(_ number: Int64?) -> String { number.map { "\($0) min" } ?? "never" }

private func yes(_ value: Bool) -> String { value ? "yes" : "no" }

private func time(_ moment: Timestamp?) -> String { moment?.rfc3339 ?? "-" }

extension Firm.Terms: FirmRow {
  static let kind = "firm"
  var key: String { "all" }
  var facts: [(name: String, value: String)] {
    [("phoneConverts", yes(phoneConverts)), ("convertedOwner", convertedOwner)]
  }
}

extension Firm.Calendar: FirmRow {
  static let kind = "calendar"
  var key: String { code }
  var facts: [(name: String, value: String)] {
    regular + [("days", Firm.Calendar.listed(days))]
  }

  private var regular: [(name: String, value: String)] {
    [("name", name), ("knownUntil", knownUntil?.description ?? "no end"), ("hours", week)]
  }

  /// Of its days, only those that are others.
  func told(from old: Firm.Calendar) -> String {
    var all = zip(old.regular, regular).filter { $0.value != $1.value }.map { "\($0.name) \($0.value) → \($1.value)" }
    let before = Set(old.days)
    let now = Set(days)
    let new = days.filter { !before.contains($0) }
    let gone = old.days.filter { !now.contains($0) }
    if !gone.isEmpty { all.append("without days \(Firm.Calendar.listed(gone))") }
    if !new.isEmpty { all.append("with days \(Firm.Calendar.listed(new))") }
    return all.joined(separator: ", ")
  }

  /// `1-5 09:00-11:30 13:00-17:30`: weekdays with the same hours together.
  private var week: String {
    var spans: [(first: Int64, last: Int64, hours: String)] = []
    for weekday in Int64(1)...7 {
      let own = hours.filter { $0.weekday == weekday }.map { "\($0.opens)-\($0.closes)" }.joined(separator: " ")
      if own.isEmpty { continue }
      if let last = spans.last, last.last == weekday - 1, last.hours == own {
        spans[spans.count - 1].last = weekday
      } else {
        spans.append((weekday, weekday, own))
      }
    }
    if spans.isEmpty { return "none" }
    return spans.map { ($0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)") + " " + $0.hours }
      .joined(separator: "; ")
  }

  /// The first few, and how many there are.
  private static func listed(_ days: [Day]) -> String {
    if days.isEmpty { return "none" }
    let shown = days.prefix(4).map { day in
      "\(day.day)" + (day.asWeekday.map { " as weekday \($0)" } ?? "") + (day.name.map { " \($0)" } ?? "")
    }
    return shown.joined(separator: ", ") + (days.count > 4 ? " and \(days.count - 4) more" : "")
  }
}

extension Firm.Branch: FirmRow {
  static let kind = "branch"
  var key: String { code }
  var facts: [(name: String, value: String)] {
    [
      ("name", name), ("level", level), ("parent", parent ?? "-"), ("timeZone", timeZone), ("dayEnd", dayEnd),
      ("calendar", calendar ?? "-"), ("method", method), ("catchUp", String(catchUp)),
      ("heldReminder", minutes(heldReminder)),
    ]
  }
}

extension Firm.Person: FirmRow {
  static let kind = "person"
  var key: String { code }
  var facts: [(name: String, value: String)] {
    [
      ("name", name), ("branch", branch), ("active", yes(active)),
      ("weight", weight == 0 ? "0 (takes none)" : String(weight)), ("capacity", bound(capacity)),
      ("dailyCap", bound(dailyCap)), ("weeklyCap", bound(weeklyCap)), ("calendar", calendar ?? "-"),
      ("manager", manager ? "yes" : "-"), ("login", login ?? "-"), ("leaveFrom", time(leaveFrom)),
      ("leaveUntil", time(leaveUntil)),
    ]
  }
}

extension Firm.Source: FirmRow {
  static let kind = "source"
  var key: String { code }
  var facts: [(name: String, value: String)] { [("kind", kind), ("branch", branch ?? "-"), ("keeps", keeps)] }

}

extension Firm.Rule: FirmRow {
  static let kind = "rule"
  /// The conditions.
  var key: String {
    var all: [String] = []
    for (name, value) in [("region", region), ("source", source), ("product", product), ("language", language)] {
      if let value { all.append("\(name) \(value)") }
    }
    if let value { all.append("value \(value)") }
    if let validFrom { all.append("from \(validFrom.rfc3339)") }
    if let validUntil { all.append("until \(validUntil.rfc3339)") }
    return all.isEmpty ? "any lead" : all.joined(separator: ", ")
  }
  var facts: [(name: String, value: String)] { [("branch", branch), ("how", how)] }
}

extension Firm.ValueBand: CustomStringConvertible {
  var description: String {
    func amount(_ value: Int64) -> String { Money(tenThousandths: value, currency: currency).amount }
    switch (from, below) {
    case (let from?, let below?): return "\(amount(from)) to below \(amount(below)) \(currency)"
    case (let from?, nil): return "from \(amount(from)) \(currency)"
    case (nil, let below?): return "below \(amount(below)) \(currency)"
    case (nil, nil): return "any \(currency)"
    }
  }
}

extension Firm.Policy: FirmRow {
  static let kind = "policy"
  var key: String { [branch, product, level].compactMap { $0 }.joined(separator: ", ").orElse("all others") }
  var facts: [(name: String, value: String)] {
    [
      ("days", String(days)), ("workingDays", workingDays ? "yes" : "-"),
      ("extension", extensionDays.map { String($0) } ?? "-"),
      ("maximum", maximum.map { String($0) } ?? "-"),
      (
        "reminders",
        reminders.isEmpty ? "none" : reminders.map { String($0) }.joined(separator: " and ") + " days before"
      ),
      ("lastMorning", lastMorning ?? "never"), ("reclaimTo", reclaimTo),
    ]
  }
}

extension Firm.Pool: FirmRow {
  static let kind = "pool"
  var key: String { branch ?? "all others" }
  var facts: [(name: String, value: String)] {
    [
      ("claimDelay", "\(claimDelay) min"), ("claimsADay", bound(claimsADay)), ("coolOff", "\(coolOff) days"),
      ("unclaimed", unclaimed.map { "\($0) days" } ?? "never"), ("unclaimedTo", unclaimedTo),
      ("transferClock", transferClock),
    ]
  }
}

extension Firm.Step: FirmRow {
  static let kind = "step"
  var key: String { branch ?? "level \(level ?? "")" }
  var facts: [(name: String, value: String)] {
    [("within", minutes(within)), ("remind", remind.map { "\($0) min before" } ?? "never"), ("then", then)]
  }
}

extension String {
  fileprivate func orElse(_ other: String) -> String { isEmpty ? other : self }
}
