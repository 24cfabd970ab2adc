import Digest
import Postgres
import TestKit
import Testing

@testable import Relay

@Suite struct LeadershipTests {
  private let first = Fingerprint(high: 1, low: 1)
  private let second = Fingerprint(high: 2, low: 2)

  @Test("only one relay is the active one, until its lease is over")
  func one() throws {
    try TestDatabase.with { database in
      let (a, b) = (try database.connectAsRelay(), try database.connectAsRelay())
      let active = try #require(try Leadership(a, holder: first, lease: .seconds(60)))
      #expect(try Leadership(b, holder: second, lease: .seconds(60)) == nil)
      #expect(try Leadership.remaining(b) > .seconds(50))
      try active.giveUp()
      #expect(try Leadership.remaining(b) == .zero)
      #expect(try Leadership(b, holder: second, lease: .seconds(60))?.epoch == active.epoch + 1)
    }
  }

  @Test("a relay whose time is over by its own clock stops before it asks anybody")
  func ownClock() throws {
    try TestDatabase.with { database in
      let active = try #require(
        try Leadership(database.connectAsRelay(), holder: first, lease: .milliseconds(1)))
      try database.connect().run(script: "update relay set epoch = epoch + 1")
      #expect(throws: RelayFailure.self) { try active.keep() }
    }
  }

  @Test("a relay that was overtaken can neither begin, end nor move anything, nor give up what is another's")
  func ghost() throws {
    try TestDatabase.with { database in
      let (a, b) = (try database.connectAsRelay(), try database.connectAsRelay())
      let ghost = try #require(try Leadership(a, holder: first, lease: .seconds(60)))
      let ghostRuns = OutboxRuns(leadership: ghost, options: RelayOptions())
      try database.emit("things", 0..<3)
      let run = try #require(try ghostRuns.begin())
      try database.connect().run(
        script: """
          update relay set expires_at = '-infinity';
          insert into scheduled_event (key, generation, due_at, topic, source, type, event_key, payload)
          values ('k', 1, now(), 't', '/s', 'x', 'k', '')
          """)
      let heir = try #require(try Leadership(b, holder: second, lease: .seconds(60)))
      let heirRuns = OutboxRuns(leadership: heir, options: RelayOptions())
      run.refuse(1, "no")
      #expect(throws: RelayFailure.self) { try ghostRuns.end(run) }
      #expect(try database.connect().rows("select from outbox_refused").count == 0)
      #expect(try DueEvents(leadership: ghost, most: 10).move() == 0)
      try ghost.giveUp()
      let left = try #require(try heirRuns.leftByCrash())
      #expect(left.number == run.number && left.rows == run.rows)
      #expect(try heirRuns.end(left) == nil)
      try database.emit("things", 3..<4)
      #expect(try ghostRuns.begin() == nil)
      #expect(try heirRuns.begin()?.number == run.number + 1)
    }
  }

  @Test("no second run begins while one is under way, nor from a relay that does not know the last one")
  func oneRun() throws {
    try TestDatabase.with { database in
      let active = try #require(
        try Leadership(database.connectAsRelay(), holder: first, lease: .seconds(60)))
      let runs = OutboxRuns(leadership: active, options: RelayOptions())
      try database.emit("things", 0..<3)
      #expect(try runs.begin() != nil)
      try database.emit("things", 3..<4)
      #expect(try runs.begin() == nil)
      try database.connect().run(script: "delete from outbox_run; update relay set run = run + 1")
      #expect(try runs.begin() == nil)
    }
  }

  @Test("a run keeps its indexes where a row of it was removed by hand")
  func removed() throws {
    try TestDatabase.with { database in
      let active = try #require(
        try Leadership(database.connectAsRelay(), holder: first, lease: .seconds(60)))
      let runs = OutboxRuns(leadership: active, options: RelayOptions())
      for start in 0..<3 { try database.emit("things", start * 5..<start * 5 + 5) }
      let run = try #require(try runs.begin())
      try database.connect().run(script: "delete from outbox where id = 2")
      let left = try #require(try runs.leftByCrash())
      #expect(left.count == run.count)
      #expect(left.rows.map(\.first) == [0, 5, 10] && left.rows.map(\.count) == [5, 0, 5])
      #expect(left.row(of: 7) == nil && left.row(of: 12)?.id == 3)
    }
  }

  @Test("what is old enough is pruned, and nothing else")
  func pruning() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into seen_event select gen_random_uuid(), 0, clock_timestamp() - n * interval '1 day'
          from generate_series(1, 30) n;
          insert into dead_letter (worker, topic, partition, "offset", path, reason, detail, state, settled_at)
          select 'w', 't', 0, n, '', 'r', '', case when n % 2 = 0 then 'open' else 'discarded' end,
            case when n % 2 = 1 then clock_timestamp() - n * 10 * interval '1 day' end
          from generate_series(1, 20) n
          """)
      let active = try #require(
        try Leadership(database.connectAsRelay(), holder: first, lease: .seconds(60)))
      var pruning = Pruning(RelayOptions())
      try pruning.step(BootClock.now, active, RelayMetrics(.init(process: false)))
      #expect(try session.rows("select count(*) from seen_event")[0].integer(0) == 13)
      #expect(try session.rows("select count(*) from dead_letter where state = 'open'")[0].integer(0) == 10)
      #expect(try session.rows("select max(\"offset\") from dead_letter where state <> 'open'")[0].integer(0) == 7)
    }
  }

  @Test("an outbox that is too old or too large is told in one sentence")
  func obstacle() throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      func obstacle(_ milliseconds: Int64, _ bytes: Int64) throws -> String? {
        try session.rows("select outbox_obstacle($1, $2)") {
          $0.integer(milliseconds)
          $0.integer(bytes)
        }[0].optionalText(0)
      }
      #expect(try obstacle(0, 0) == nil)
      try database.emit("things", 0..<100, bytes: 1000)
      #expect(try obstacle(60_000, 1 << 30) == nil)
      #expect(try obstacle(60_000, 10_000)?.contains("bytes") == true)
      try session.run(script: "update outbox set emitted_at = emitted_at - interval '2 minutes'")
      #expect(try obstacle(60_000, 1 << 30)?.contains("120 s old") == true)
    }
  }
}
