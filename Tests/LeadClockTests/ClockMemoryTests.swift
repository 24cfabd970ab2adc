import Postgres
import Seeding
import TestKit
import Testing
import Values

@testable import LeadClock

/// What a lane remembers of clocks is what the database would say again.
@Suite struct ClockMemoryTests {
  private static func time(_ text: String) -> Timestamp {
    guard let time = Timestamp(rfc3339: Array(text.utf8)) else { preconditionFailure("\(text) is no time") }
    return time
  }

  private static let firm = """
    insert into calendar (id, code, name) values (1, 'C', 'c');
    insert into calendar_hours (calendar_id, weekday, opens, closes) select 1, n, '09:00', '17:00' from generate_series(1, 5) n;
    insert into branch (id, code, name, level, time_zone, day_end, calendar_id) values
      (1, 'SH', 's', 'city', 'Asia/Shanghai', '24:00', null), (2, 'NY', 'n', 'city', 'America/New_York', '24:00', 1),
      (3, 'LD', 'l', 'city', 'Europe/London', '18:00', 1), (4, 'Z', 'z', 'city', 'UTC', '00:30', null),
      (5, 'M', 'm', 'city', 'Asia/Shanghai', '17:00', 1);
    delete from protection_policy;
    insert into protection_policy (branch_id, period_days, working_days, maximum_days, reminder_days, last_morning) values
      (1, 7, false, null, '{3,1}', '09:00'), (2, 2, true, 3, '{1}', null), (3, 0, false, null, '{}', '08:00'),
      (4, 1, false, 0, '{1}', '00:10'), (5, 0, true, 0, '{1}', '16:00');
    """

  @Test("whatever holds until a moment is said alike of every moment before it")
  func holds() async throws {
    try await onThread {
      try TestDatabase.with { database in
        let session = try database.connect()
        try session.run(script: ClockMemoryTests.firm)
        try session.run(script: "begin")
        let transaction = Transaction(open: session)
        let places = (1...5).map { LeadClock.Place(branch: Int64($0), product: nil) }
        // Around both changes of New York's and London's clocks, the year's end and a leap day.
        let days = ["2027-03-13", "2027-11-06", "2027-03-27", "2027-10-30", "2026-12-30", "2028-02-27"]
        var chance = Seeded()
        var seldom: Set<Int64> = []
        for day in days {
          let first = ClockMemoryTests.time("\(day)T00:00:00Z").microseconds
          for _ in 0..<12 {
            let moment = Timestamp(microseconds: first + .random(in: 0..<4 * 86_400_000_000, using: &chance))
            let found = try transaction.ask(LeadClock.beginning(at: places, since: moment))
            for (place, beginning) in found {
              #expect(beginning.holds(at: moment), "\(place) at \(moment)")
              if beginning.until.microseconds - moment.microseconds < 3_600_000_000 { seldom.insert(place.branch) }
              let later = [
                beginning.until.microseconds - 1, .random(in: moment.microseconds..<beginning.until.microseconds),
              ]
              for microseconds in later {
                let again = try transaction.ask(
                  LeadClock.beginning(at: [place], since: Timestamp(microseconds: microseconds)))
                #expect(again[place]?.protection == beginning.protection, "\(place) \(moment) \(microseconds)")
              }
            }
          }
        }
        #expect(!seldom.isEmpty, "some moments came shortly before an end")
      }
    }
  }

  @Test("what is known is not asked again: until its day ends, or another edition counts")
  func memory() {
    let places = [LeadClock.Place(branch: 1, product: nil), LeadClock.Place(branch: 2, product: "fund")]
    func moment(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }
    func beginning(_ from: Int64, _ until: Int64) -> LeadClock.Beginning {
      .init(protection: .init(until: moment(until + 9), checkAt: nil), from: moment(from), until: moment(until))
    }
    var memory = LeadClock.Memory()
    #expect(memory.unknown(places, at: moment(10), edition: 1) == places)
    memory.learn([places[0]: beginning(10, 20), places[1]: beginning(10, 30)])
    #expect(memory[places[0]]?.until == moment(29) && memory[places[1]]?.until == moment(39))
    #expect(memory.unknown(places, at: moment(19), edition: 1) == [])
    #expect(memory.unknown(places, at: moment(20), edition: 1) == [places[0]])
    #expect(memory.unknown(places, at: moment(9), edition: 1) == places, "a clock that was set back")
    #expect(memory.unknown(places, at: moment(19), edition: 2) == places)
    #expect(memory.unknown(places, at: moment(19), edition: 2) == places, "nothing was learnt of it")
  }

  @Test("every change of what clocks are reckoned from makes another edition, and nothing else does")
  func editions() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(script: ClockMemoryTests.firm)
      func edition() throws -> Int64 { try session.rows("select edition from clock_terms")[0].integer(0) }
      let changes = [
        "update protection_policy set period_days = 8 where branch_id = 1",
        "insert into protection_policy (product, period_days) values ('fund', 3)", "delete from protection_policy",
        "update branch set day_end = '17:00' where id = 1", "delete from calendar_hours where weekday = 5",
        "update calendar_hours set closes = '18:00'",
        "insert into calendar_day (calendar_id, day) values (1, '2027-01-01')",
        "update calendar_day set as_weekday = 1", "delete from calendar_day",
      ]
      for change in changes {
        let before = try edition()
        try session.run(script: change)
        #expect(try edition() == before + 1, "\(change)")
      }
      let before = try edition()
      try session.run(script: "update branch_load set held = held; update person set weight = 2")
      #expect(try edition() == before)
    }
  }
}
