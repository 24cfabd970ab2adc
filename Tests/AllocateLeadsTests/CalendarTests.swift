import Postgres
import TestKit
import Testing
import Topics

/// The SQL functions of calendars, as tables of values.
@Suite struct CalendarTests {
  /// 1: Monday to Friday 9 to 12 and 13 to 17, New York, until 2026-12-31; 2026-03-11 is a holiday, Saturday 2026-03-14 is
  /// worked like a Friday. 2: around the clock. 3: no hours. 4: evenings to midnight.
  private static let calendars = """
    insert into calendar (id, code, name, known_until) values (1, 'w', 'w', '2026-12-31'), (2, 'a', 'a', null),
      (3, 'n', 'n', null), (4, 'e', 'e', null);
    insert into calendar_hours select 1, d, '09:00', '12:00' from generate_series(1, 5) d;
    insert into calendar_hours select 1, d, '13:00', '17:00' from generate_series(1, 5) d;
    insert into calendar_hours select 2, d, '00:00', '24:00' from generate_series(1, 7) d;
    insert into calendar_hours select 4, d, '20:00', '24:00' from generate_series(1, 7) d;
    insert into calendar_day values (1, '2026-03-11', null, 'holiday'), (1, '2026-03-14', 5, 'make-up day');
    """

  @Test("who is at work when: hours, holidays, make-up days, midnight, the calendar's end, no calendar")
  func atWork() async throws {
    try await Desk.open(CalendarTests.calendars) { desk in
      let cases: [(Int64?, String, String)] = [
        (1, "2026-03-10 09:00", "-"), (1, "2026-03-10 08:59:59", "off-hours"), (1, "2026-03-10 12:00", "off-hours"),
        (1, "2026-03-10 13:00", "-"), (1, "2026-03-10 17:00", "off-hours"), (1, "2026-03-11 10:00", "holiday"),
        (1, "2026-03-14 10:00", "-"), (1, "2026-03-15 10:00", "off-hours"), (1, "2026-12-31 10:00", "-"),
        (1, "2027-01-01 10:00", "calendar-ended"), (2, "2026-03-15 23:59:59.999", "-"), (2, "2026-03-15 00:00", "-"),
        (3, "2026-03-10 10:00", "off-hours"), (4, "2026-03-10 23:59:59", "-"), (4, "2026-03-11 00:00", "off-hours"),
        (nil, "2026-03-15 03:00", "-"),
      ]
      for (calendar, local, expected) in cases {
        let row = try desk.session.rows(
          "select obstacle from obstacle_at_work($1, 'America/New_York', $2::timestamp at time zone 'America/New_York')"
        ) {
          $0.integer(calendar)
          $0.text(local)
        }
        #expect(row[0].optionalText(0) ?? "-" == expected, "\(calendar ?? 0) \(local)")
      }
    }
  }

  @Test("a policy that changed counts for the next lead of a lane that remembers its clocks")
  func remembered() async throws {
    let firm = """
      insert into branch (id, code, name, level) values (1, 'B', 'b', 'city');
      insert into person (id, code, branch_id, name) values (1, 'P', 1, 'p');
      insert into ruleset default values;
      insert into allocation_rule (ruleset, position, branch_id) values (1, 1, 1);
      """
    try await Desk.open(firm) { desk in
      let lane = try desk.lane()
      for (number, days) in [7, 7, 3, 3, 9].enumerated() {
        if number == 2 { try desk.session.run(script: "update protection_policy set period_days = 3") }
        if number == 4 {
          try desk.session.run(script: "insert into protection_policy (branch_id, period_days) values (1, 9)")
        }
        try lane.register([LeadRegistered(phone: "+861380288000\(number)", source: "web")])
        let kept = try desk.number(
          """
          select ((protected_until - interval '1 microsecond') at time zone 'Asia/Shanghai')::date
            - (protected_since at time zone 'Asia/Shanghai')::date
          from lead order by id desc limit 1
          """)
        #expect(kept == days, "lead \(number): \(kept)")
      }
    }
  }

  @Test("when so many working minutes have passed: over nights, holidays, changes of the clock and the calendar's end")
  func deadlines() async throws {
    try await Desk.open(CalendarTests.calendars) { desk in
      let cases: [(Int64?, String, Int32, String)] = [
        (1, "2026-03-10 09:00", 60, "2026-03-10 10:00"), (1, "2026-03-10 11:30", 60, "2026-03-10 13:30"),
        (1, "2026-03-10 11:00", 60, "2026-03-10 12:00"), (1, "2026-03-10 16:30", 60, "2026-03-12 09:30"),
        (1, "2026-03-13 16:30", 60, "2026-03-14 09:30"), (1, "2026-03-14 18:00", 60, "2026-03-16 10:00"),
        (1, "2026-03-10 02:00", 420, "2026-03-10 17:00"),
        // Summer time begins on 2026-03-08 at 2, ends on 2026-11-01 at 2.
        (2, "2026-03-08 01:30", 60, "2026-03-08 03:30"), (2, "2026-11-01 00:30", 120, "2026-11-01 01:30"),
        (4, "2026-03-10 23:30", 60, "2026-03-11 20:30"),
        // The rest after the last known day passes by the clock.
        (1, "2026-12-31 16:30", 60, "2027-01-01 00:30"), (1, "2027-06-01 10:00", 60, "2027-06-01 11:00"),
        (nil, "2026-03-15 03:00", 90, "2026-03-15 04:30"),
      ]
      for (calendar, local, minutes, expected) in cases {
        let row = try desk.session.rows(
          """
          select to_char(working_deadline($1, 'America/New_York', $2::timestamp at time zone 'America/New_York', $3)
            at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI')
          """
        ) {
          $0.integer(calendar)
          $0.text(local)
          $0.small(minutes)
        }
        #expect(row[0].text(0) == expected, "\(calendar ?? 0) \(local) \(minutes)")
      }
      let never = try desk.session.rows(
        "select extract(days from working_deadline(3, 'UTC', '2026-01-01Z', 60) - '2026-01-01Z'::timestamptz)::bigint")
      #expect(never[0].integer(0) >= 366, "where nobody ever works it takes a year")
    }
  }
}
