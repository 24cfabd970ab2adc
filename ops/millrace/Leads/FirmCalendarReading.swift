internal import JSON
internal import Values

extension Firm.Calendar {
  init(_ row: JSONObject) throws(Refusal) {
    try row.refuseOthers("code", "name", "knownUntil", "hours", "days")
    self.init(code: try row.text("code", 1...60), name: try row.text("name"))
    knownUntil = try row.optionalDate("knownUntil")
    for (place, span) in try row.objects("hours", atMost: 1000).enumerated() {
      try add(span, "\(row.path("hours"))[\(place)]")
    }
    hours.sort { ($0.weekday, $0.opens) < ($1.weekday, $1.opens) }
    for (place, span) in try row.objects("days", atMost: 10_000).enumerated() {
      try add(days: span, "\(row.path("days"))[\(place)]")
    }
    days.sort { $0.day < $1.day }
    for (day, next) in zip(days, days.dropFirst()) where day.day == next.day {
      throw Refusal("twice", at: row.path("days"), "\(day.day) stands there twice")
    }
  }

  /// `{"weekdays": "1-5", "opens": "09:00", "closes": "17:30"}`
  private mutating func add(_ span: JSONObject, _ path: String) throws(Refusal) {
    try span.refuseOthers("weekdays", "opens", "closes")
    let weekdays = try span.weekdays()
    guard let opens = try span.optionalTime("opens"), let closes = try span.optionalTime("closes") else {
      throw Refusal("missing", at: path, "opens and closes are required")
    }
    guard opens < closes else {
      throw Refusal(
        "out-of-order", at: span.path("closes"),
        "it closes after it opens; hours that pass midnight are two: until 24:00, and from 00:00 of the next weekday")
    }
    for weekday in weekdays {
      if let other = hours.first(where: { $0.weekday == weekday && opens < $0.closes && $0.opens < closes }) {
        throw Refusal(
          "overlap", at: path, "on weekday \(weekday) the hours overlap those from \(other.opens) to \(other.closes)")
      }
      hours.append(Firm.Calendar.Hours(weekday: weekday, opens: opens, closes: closes))
    }
  }

  /// `{"day": "2026-10-01", "until": "2026-10-07", "name": "国庆节"}`, or with `"asWeekday": 4` a day that is worked.
  private mutating func add(days span: JSONObject, _ path: String) throws(Refusal) {
    try span.refuseOthers("day", "until", "asWeekday", "name")
    guard let first = try span.optionalDate("day") else {
      throw Refusal("missing", at: span.path("day"), "the field is required")
    }
    let last = try span.optionalDate("until") ?? first
    guard first <= last, last.days - first.days < 1000 else {
      throw Refusal("out-of-order", at: span.path("until"), "the last day comes after the first, within 1000 days")
    }
    let asWeekday = try span.optionalInteger("asWeekday", 1...7)
    let name = try span.optionalText("name", 1...200)
    for number in first.days...last.days {
      let day = CalendarDate(days: number)
      if let knownUntil, day > knownUntil {
        throw Refusal("out-of-order", at: path, "\(day) lies beyond knownUntil, \(knownUntil)")
      }
      days.append(Firm.Calendar.Day(day: day, asWeekday: asWeekday, name: name))
    }
  }
}

extension JSONObject {
  /// `18:30`; `24:00` is midnight.
  func optionalTime(_ name: StaticString) throws(Refusal) -> String? {
    guard let text = try optionalText(name, 5...5) else { return nil }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24 || (hour == 24 && minute == 0), minute < 60
    else { throw Refusal("not-a-time", at: path(name), "hours and minutes were expected, as in 18:30 or 24:00") }
    return text
  }

  func optionalDate(_ name: StaticString) throws(Refusal) -> CalendarDate? {
    guard let text = try optionalText(name, 1...40) else { return nil }
    guard let date = CalendarDate(text) else {
      throw Refusal("not-a-date", at: path(name), "a day was expected, as in 2026-10-01")
    }
    return date
  }

  /// `1-5`, or `6`.
  fileprivate func weekdays() throws(Refusal) -> ClosedRange<Int64> {
    let parts = try text("weekdays", 1...3).split(separator: "-", omittingEmptySubsequences: false)
      .map { Int64($0) ?? 0 }
    guard parts.count <= 2, parts.allSatisfy({ (1...7).contains($0) }), let first = parts.first, let last = parts.last,
      first <= last
    else {
      throw Refusal(
        "not-weekdays", at: path("weekdays"), "ISO weekdays in quotes were expected, 1 is Monday: \"1-5\", or \"6\"")
    }
    return first...last
  }
}
