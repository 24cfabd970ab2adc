internal import Glibc

// How the outside sees a process: logs, metrics, and the HTTP listener that shows health.
//
// Invariants of this room:
// - No person is seen: every text in a log line and every sentence of readiness passes `Masker`; a label value is a
//   word from a short closed set.
// - Nothing here is global. A `Log`, a `Metrics` and a `Listener` are values that somebody made and handed on.
// - Decisions (what to mask, what to hold back, what a request is, when a connection has to go) are pure and take the
//   time as an argument. Only `Moment.now`, the log's writer, `ProcessMetrics` and `Listener` touch the system.
// - The listener never runs on a lane's thread, and a lane never waits for it.

/// A point in time on both clocks: the calendar's for printing, the steady one for measuring.
public struct Moment: Sendable, Equatable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public let unixMilliseconds: Int64
  /// Since boot, time asleep included; never steps back.
  public let sinceBoot: Duration

  public init(unixMilliseconds: Int64, sinceBoot: Duration) {
    self.unixMilliseconds = unixMilliseconds
    self.sinceBoot = sinceBoot
  }

  public static func now() -> Moment {
    var wall = timespec()
    var steady = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    clock_gettime(CLOCK_BOOTTIME, &steady)
    return Moment(
      unixMilliseconds: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000,
      sinceBoot: .seconds(Int64(steady.tv_sec)) + .nanoseconds(Int64(steady.tv_nsec)))
  }
}

/// A calendar date in UTC. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
struct CalendarDate {
  let year: Int64
  let month: Int64
  let day: Int64
  /// 0 is Sunday.
  let weekday: Int64
  let millisecondOfDay: Int64

  init(unixMilliseconds: Int64) {
    let (quotient, remainder) = unixMilliseconds.quotientAndRemainder(dividingBy: 86_400_000)
    let days = remainder < 0 ? quotient - 1 : quotient
    millisecondOfDay = unixMilliseconds - days * 86_400_000
    weekday = ((days + 4) % 7 + 7) % 7
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  /// `19:44:03`
  var clock: String {
    let seconds = millisecondOfDay / 1000
    return "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
  }

  /// `2026-11-21T19:44:03.123Z` (RFC 3339).
  var rfc3339: String {
    "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(clock).\(padded(millisecondOfDay % 1000, 3))Z"
  }
}

func padded(_ number: Int64, _ width: Int) -> String {
  let digits = String(number)
  return digits.utf8.count >= width ? digits : String(repeating: "0", count: width - digits.utf8.count) + digits
}
