internal import JSON
internal import Values

extension Firm.Policy {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers(
      "branch", "product", "level", "days", "workingDays", "extension", "maximum", "reminders", "lastMorning",
      "reclaimTo")
    self.init(
      branch: try row.optionalText("branch", 1...60), product: try row.optionalText("product", 1...60),
      level: try row.optionalText("level", 1...60), days: try row.integer("days", 0...3650))
    workingDays = try row.optionalBoolean("workingDays") ?? workingDays
    extensionDays = try row.optionalInteger("extension", 0...3650)
    maximum = try row.optionalInteger("maximum", 0...3650)
    reminders = try row.dayList("reminders") ?? reminders
    if try row.optionalText("lastMorning", 5...5) == "never" {
      lastMorning = nil
    } else {
      lastMorning = try row.optionalTime("lastMorning") ?? lastMorning
    }
    reclaimTo = try row.optionalChoice("reclaimTo", of: Firm.ReclaimTo.self)?.rawValue ?? reclaimTo
  }
}

extension Firm.Pool {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers(
      "branch", "claimDelay", "claimsADay", "coolOff", "unclaimed", "unclaimedTo", "transferClock")
    branch = try row.optionalText("branch", 1...60)
    claimDelay = try row.optionalInteger("claimDelay", 0...1_000_000) ?? claimDelay
    claimsADay = try row.optionalInteger("claimsADay", 0...1_000_000)
    coolOff = try row.optionalInteger("coolOff", 0...3650) ?? coolOff
    if try row.optionalText("unclaimed", allowing: "never") {
      unclaimed = nil
    } else {
      unclaimed = try row.optionalInteger("unclaimed", 0...3650) ?? unclaimed
    }
    unclaimedTo = try row.optionalChoice("unclaimedTo", of: Firm.UnclaimedTo.self)?.rawValue ?? unclaimedTo
    transferClock = try row.optionalChoice("transferClock", of: Firm.TransferClock.self)?.rawValue ?? transferClock
  }
}

extension JSONObject {
  /// Whether the member is this very word; any other text is left to the reading that follows, which refuses it.
  fileprivate func optionalText(_ name: StaticString, allowing word: String) throws(Refusal) -> Bool {
    guard let raw = try raw(name) else { return false }
    return String(decoding: raw, as: UTF8.self) == "\"\(word)\""
  }

  /// `3,1`: days, the most first; empty for none.
  fileprivate func dayList(_ name: StaticString) throws(Refusal) -> [Int64]? {
    guard let text = try optionalText(name, 0...60) else { return nil }
    let days = text.split(separator: ",", omittingEmptySubsequences: false).map { Int64($0) ?? -1 }
    if text.isEmpty { return [] }
    guard days.count <= 10, days.allSatisfy({ (0...365).contains($0) }), zip(days, days.dropFirst()).allSatisfy(>)
    else {
      throw Refusal("not-days", at: path(name), "days before the end in quotes were expected, the most first: \"3,1\"")
    }
    return days
  }
}
