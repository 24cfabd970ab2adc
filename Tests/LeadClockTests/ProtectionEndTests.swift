import Postgres
import TestKit
import Testing
import Values

/// The reckoning of days, as tables of values.
@Suite struct ProtectionEndTests {
  struct Row: Sendable {
    let what: String
    let start: String
    let days: Int32
    var working = false
    var calendar: Int64?
    var zone = "Asia/Shanghai"
    var dayEnd = "24:00"
    let ends: String
  }

  static let rows: [Row] = [
    Row(what: "seven days to midnight", start: "2026-03-02T10:00:00+08:00", days: 7, ends: "2026-03-09T16:00:00Z"),
    Row(
      what: "to the end of the day at 18:00", start: "2026-03-02T10:00:00+08:00", days: 1, dayEnd: "18:00",
      ends: "2026-03-03T10:00:00Z"),
    Row(what: "no day: this day", start: "2026-03-02T10:00:00+08:00", days: 0, ends: "2026-03-02T16:00:00Z"),
    Row(
      what: "no day, after the day's end: the next", start: "2026-03-02T19:00:00+08:00", days: 0, dayEnd: "18:00",
      ends: "2026-03-03T10:00:00Z"),
    Row(
      what: "no day, in the moment of the day's end: the next", start: "2026-03-02T18:00:00+08:00", days: 0,
      dayEnd: "18:00", ends: "2026-03-03T10:00:00Z"),
    Row(what: "into a leap day", start: "2028-02-22T10:00:00+08:00", days: 7, ends: "2028-02-29T16:00:00Z"),
    Row(what: "over no leap day", start: "2026-02-22T10:00:00+08:00", days: 7, ends: "2026-03-01T16:00:00Z"),
    Row(what: "from a leap day, a year", start: "2028-02-29T10:00:00+08:00", days: 365, ends: "2029-02-28T16:00:00Z"),
    Row(what: "the day is the branch's", start: "2026-03-01T17:00:00Z", days: 1, ends: "2026-03-03T16:00:00Z"),
    Row(
      what: "spring forward: a day of 23 hours", start: "2026-03-28T12:00:00+01:00", days: 1, zone: "Europe/Berlin",
      ends: "2026-03-29T22:00:00Z"),
    Row(
      what: "an end that does not exist is an hour later", start: "2026-03-28T12:00:00+01:00", days: 1,
      zone: "Europe/Berlin", dayEnd: "02:30", ends: "2026-03-29T01:30:00Z"),
    Row(
      what: "fall back: a day of 25 hours", start: "2026-10-24T12:00:00+02:00", days: 1, zone: "Europe/Berlin",
      ends: "2026-10-25T23:00:00Z"),
    Row(
      what: "an end that exists twice is the second", start: "2026-10-24T12:00:00+02:00", days: 1,
      zone: "Europe/Berlin", dayEnd: "02:30", ends: "2026-10-25T01:30:00Z"),
    Row(
      what: "midnight that does not exist", start: "2026-09-04T12:00:00-04:00", days: 1, zone: "America/Santiago",
      ends: "2026-09-06T04:00:00Z"),
    Row(
      what: "half an hour off", start: "2026-03-02T10:00:00+05:30", days: 1, zone: "Asia/Kolkata",
      ends: "2026-03-03T18:30:00Z"),
    // Working days. 2026-03-02 is a Monday.
    Row(
      what: "five working days go over a weekend", start: "2026-03-04T10:00:00+08:00", days: 5, working: true,
      calendar: 1, ends: "2026-03-11T16:00:00Z"),
    Row(
      what: "a holiday is none", start: "2026-04-30T10:00:00+08:00", days: 1, working: true, calendar: 1,
      ends: "2026-05-04T16:00:00Z"),
    Row(
      what: "a Saturday worked like a Monday is one", start: "2026-05-08T10:00:00+08:00", days: 1, working: true,
      calendar: 1, ends: "2026-05-09T16:00:00Z"),
    Row(
      what: "from a Sunday", start: "2026-03-01T10:00:00+08:00", days: 1, working: true, calendar: 1,
      ends: "2026-03-02T16:00:00Z"),
    Row(
      what: "no working day: this day, worked or not", start: "2026-03-01T10:00:00+08:00", days: 0, working: true,
      calendar: 1, ends: "2026-03-01T16:00:00Z"),
    Row(
      what: "beyond the calendar's end the regular week counts", start: "2026-12-30T10:00:00+08:00", days: 3,
      working: true, calendar: 1, ends: "2027-01-04T16:00:00Z"),
    Row(
      what: "a calendar in which nobody works counts every day", start: "2026-03-04T10:00:00+08:00", days: 5,
      working: true, calendar: 2, ends: "2026-03-09T16:00:00Z"),
    Row(
      what: "without a calendar every day counts", start: "2026-03-04T10:00:00+08:00", days: 5, working: true,
      ends: "2026-03-09T16:00:00Z"),
  ]

  @Test("protection ends with the organisation's day, by days and by working days")
  func ends() async throws {
    try await onThread {
      try TestDatabase.with { database in
        let session = try database.connect()
        try session.run(
          script: """
            insert into calendar (id, code, name, known_until) values (1, 'cn', 'China', '2026-12-31'), (2, 'none', 'x', null);
            insert into calendar_hours select 1, d, time '09:00', time '12:00' from generate_series(1, 5) d
              union all select 1, d, time '13:00', time '17:00' from generate_series(1, 5) d;
            insert into calendar_day values (1, '2026-05-01', null, 'Labour day'), (1, '2026-05-09', 1, 'worked')
            """)
        for row in ProtectionEndTests.rows {
          let found = try session.rows("select ends from protection_end($1, $2, $3, $4, $5, $6::text::time)") {
            $0.timestamp(Timestamp(rfc3339: Array(row.start.utf8)))
            $0.small(row.days)
            $0.boolean(row.working)
            $0.integer(row.calendar)
            $0.text(row.zone)
            $0.text(row.dayEnd)
          }
          #expect(found[0].timestamp(0) == Timestamp(rfc3339: Array(row.ends.utf8)), "\(row.what)")
        }
      }
    }
  }
}
