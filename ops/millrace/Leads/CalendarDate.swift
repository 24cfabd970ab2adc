internal import Values

/// A day of the calendar, without a zone.
struct CalendarDate: Hashable, Comparable, CustomStringConvertible {
  /// Since 1970-01-01.
  let days: Int64

  init(days: Int64) { self.days = days }

  /// Reads `2026-10-01`.
  init?(_ text: String) {
    guard text.utf8.count == 10, let midnight = Timestamp(rfc3339: Array((text + "T00:00:00Z").utf8)) else {
      return nil
    }
    days = midnight.microseconds / 86_400_000_000
  }

  /// In UTC.
  init(of moment: Timestamp) { days = Int64((Double(moment.microseconds) / 86_400_000_000).rounded(.down)) }

  var description: String { String(Timestamp(microseconds: days * 86_400_000_000).rfc3339.prefix(10)) }

  static func < (a: CalendarDate, b: CalendarDate) -> Bool { a.days < b.days }
}
