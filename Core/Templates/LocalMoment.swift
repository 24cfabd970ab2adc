public import Values

/// Seconds east of UTC at a moment: of the place whose clock a message speaks of.
public typealias TemplateZone = @Sendable (Timestamp) -> Int

/// A date, perhaps with a time of day, on somebody's clock.
struct LocalMoment {
  private let year, month, day: Int
  private var hour = 0
  private var minute = 0

  /// From a date (`2026-01-31`), which is the same everywhere, or RFC 3339, which is told by the zone's clock; without a zone
  /// as it is written. nil for what is neither.
  init?(_ value: TemplateValue, _ zone: TemplateZone?, needsTime: Bool) {
    guard let text = value.plain else { return nil }
    var written = text
    if !needsTime, text.utf8.count == 10 {
      guard Timestamp(rfc3339: "\(text)T00:00:00Z".utf8) != nil else { return nil }
    } else {
      guard let moment = value.moment else { return nil }
      if let zone { written = moment.adding(seconds: Int64(zone(moment))).rfc3339 }
    }
    let digits = Array(written.utf8)
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + Int($1) - 0x30 } }
    (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
    if digits.count > 10 { (hour, minute) = (number(11..<13), number(14..<16)) }
  }

  func date(_ style: Format.DateStyle, _ locale: TemplateLocale) -> String {
    let dates = locale.dates
    return switch style {
    case .short: written(dates.short, locale)
    case .medium: written(dates.medium, locale)
    case .long: written(dates.long, locale)
    case .full: written(dates.full, locale)
    }
  }

  func time(_ locale: TemplateLocale) -> String { written(locale.time, locale) }

  /// The pattern with its fields filled in: runs of one letter.
  private func written(_ pattern: String, _ locale: TemplateLocale) -> String {
    var text = ""
    var rest = pattern[...]
    while let letter = rest.first {
      let run = rest.prefix { $0 == letter }
      rest = rest.dropFirst(run.count)
      text += field(letter, run.count, locale) ?? String(run)
    }
    return text
  }

  private func field(_ letter: Character, _ width: Int, _ locale: TemplateLocale) -> String? {
    switch letter {
    case "y": width == 2 ? padded(year % 100, 2) : String(year)
    case "M" where width == 4: locale.words.months[month - 1]
    case "M" where width == 3: locale.words.shortMonths[month - 1]
    case "M": padded(month, width)
    case "d": padded(day, width)
    case "E": locale.words.weekdays[weekday]
    case "H": padded(hour, width)
    case "h": padded((hour + 11) % 12 + 1, width)
    case "m": padded(minute, width)
    case "a": locale.words.halves[hour < 12 ? 0 : 1]
    default: nil
    }
  }

  private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// From Sunday, 0 (Sakamoto's method).
  private var weekday: Int {
    let shifts = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
    let y = month < 3 ? year - 1 : year
    return (y + y / 4 - y / 100 + y / 400 + shifts[month - 1] + day) % 7
  }
}
