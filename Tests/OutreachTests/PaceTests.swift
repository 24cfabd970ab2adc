import Postgres
import TestKit
import Testing
import Values

@Suite struct PaceTests {
  @Test("moments are so far apart that with ten milliseconds of lateness no second has more than the rate")
  func spacing() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into gateway (name, channel, place, description) values ('a', 'sms', 1, '{}');
          insert into gateway_pace (gateway) values ('a')
          """)
      for rate in Array(1...1000) + [1234, 7777, 99_999] {
        let row = try session.rows(
          "select (extract(epoch from spacing) * 1000000)::bigint from take_pace('a', 3, $1::integer)"
        ) { $0.small(Int32(rate)) }[0]
        #expect(row.integer(0) * Int64(rate) >= 1_010_000, "\(rate) a second")
      }
    }
  }

  @Test("who asks next gets what comes after, without a hole and without a moment twice")
  func handedOut() throws {
    try TestDatabase.with { database in
      let one = try database.connect()
      let other = try database.connect()
      try one.run(
        script: """
          insert into gateway (name, channel, place, description) values ('a', 'sms', 1, '{}');
          insert into gateway_pace (gateway) values ('a')
          """)
      var next: Timestamp?
      for (number, session) in [one, other, other, one].enumerated() {
        let row = try session.rows(
          "select first_at, first_at + 1000 * spacing from take_pace('a', 1000, 10)")[0]
        if number > 0 { #expect(row.timestamp(0) == next) }
        next = row.timestamp(1)
      }
    }
  }
}
