internal import JSON
internal import Values

/// On which days a campaign comes again, and how: each of them an occasion, which is a campaign of its own.
///
/// Which days those are the database works out, from the same definition (`occasions` in the migrations).
public struct Recurrence: Hashable, Sendable {
  public enum Weekday: String, Sendable, CaseIterable { case mon, tue, wed, thu, fri, sat, sun }

  /// `09:00`, by the clock of the campaign's branch.
  public let at: String
  /// In the order of the week; without any every day, or those of the month.
  public let weekdays: [Weekday]
  /// Days of the month; a month that is too short for one has its last day for it.
  public let days: [Int]
  /// How long an occasion is open: what has not been sent by then expires.
  public let open: Duration
  /// How long somebody is left alone after an occasion has written to them or had them called; nil: each occasion is anew.
  public let again: Duration?

  init(_ data: JSONObject) throws(Refusal) {
    try data.refuseOthers("at", "weekdays", "days", "open", "again")
    at = try Recurrence.time(data)
    weekdays = try Recurrence.weekdays(data)
    days = try Recurrence.days(data)
    guard weekdays.isEmpty || days.isEmpty else {
      throw Refusal("wrong-parts", at: data.path("days"), "either days of the week or of the month were expected")
    }
    open = try data.optionalPeriod("open", .seconds(3_600)...(.seconds(31 * 86_400))) ?? .seconds(86_400)
    again = try data.optionalPeriod("again", .seconds(3_600)...(.seconds(3_660 * 86_400)))
  }

  private static func time(_ data: JSONObject) throws(Refusal) -> String {
    let text = try data.text("at", 1...20)
    let digits = Array(text.utf8)
    guard digits.count == 5, digits[2] == UInt8(ascii: ":"),
      digits.enumerated().allSatisfy({ $0 == 2 || (48...57).contains($1) }), let hour = Int(text.prefix(2)),
      let minute = Int(text.suffix(2)), (0...23).contains(hour), (0...59).contains(minute)
    else { throw Refusal("not-a-time", at: data.path("at"), "an hour and a minute were expected, as in 09:00") }
    return text
  }

  private static func weekdays(_ data: JSONObject) throws(Refusal) -> [Weekday] {
    var wanted: Set<Weekday> = []
    for word in try data.texts("weekdays", atMost: 7, 1...10) {
      guard let day = Weekday(rawValue: word) else {
        let known = Weekday.allCases.map(\.rawValue).joined(separator: ", ")
        throw Refusal("unknown-word", at: data.path("weekdays"), "some of these were expected: \(known)")
      }
      wanted.insert(day)
    }
    if case .array([])? = try data.optionalValue("weekdays") {
      throw Refusal("too-few", at: data.path("weekdays"), "one day at least was expected")
    }
    return Weekday.allCases.filter(wanted.contains)
  }

  private static func days(_ data: JSONObject) throws(Refusal) -> [Int] {
    guard let value = try data.optionalValue("days") else { return [] }
    guard case .array(let values) = value, (1...31).contains(values.count) else {
      throw Refusal("wrong-type", at: data.path("days"), "days of the month were expected, as in [1, 15]")
    }
    var wanted: Set<Int> = []
    for value in values {
      guard case .number(let number) = value, let day = Int(number), (1...31).contains(day) else {
        throw Refusal("out-of-range", at: data.path("days"), "days of the month are 1 to 31")
      }
      wanted.insert(day)
    }
    return wanted.sorted()
  }
}
