import Contract
import Kafka
import Postgres
import Settings
import Synchronization
import Testing
import Values

@testable import Runtime

/// What a batch does when all goes well: each event once, rows, emissions, dead letters and position in one transaction.
@Suite struct LaneCommitTests {
  @Test("events take effect once, in order, over restarts, and Kafka is told the position in the end")
  func once() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<5))
      let first = try scene.lane(["BATCH_EVENTS": "2"])
      try scene.awaitPosition(5)
      #expect(try scene.notes() == [0, 1, 2, 3, 4])
      try first.awaitReady()
      first.end()
      #expect(try scene.text("select owner::text from position") == nil)
      #expect(try scene.number("select starts from position") == 0, "an orderly end is no start that failed")
      #expect(try scene.number("select last_offset from position") == 4)

      try scene.publish(Scene.notes(5..<7))
      let second = try scene.lane()
      try scene.awaitPosition(7)
      #expect(try scene.notes() == [0, 1, 2, 3, 4, 5, 6])
      second.end()
      #expect(try scene.toldToKafka() == 7)
    }
  }

  @Test("what was applied is let go of, also where nothing comes after it")
  func letGo() async throws {
    try await Scene.play { scene in
      _ = try scene.lane(of: CountedWorker.self, ["BATCH_EVENTS": "2"])
      for end in [3, 10] as [Int64] {
        try scene.publish(Scene.notes(Int(try max(0, scene.position()))..<Int(end)))
        try scene.awaitPosition(end)
        try scene.session.waitUntil("nothing to be held") { CountedWorker.held.load(ordering: .acquiring) == 0 }
      }
      #expect(CountedWorker.read.load(ordering: .acquiring) == 10)
    }
  }

  @Test("what waited in a batch is told to Kafka at an orderly end")
  func toldAtTheEnd() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<3))
      let lane = try scene.lane()
      try scene.awaitPosition(3)
      lane.end()
      #expect(try scene.toldToKafka() == 3)
    }
  }

  @Test("rows and position are kept or lost together: nobody ever sees one without the other")
  func together() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<300))
      let lane = try scene.lane(["BATCH_EVENTS": "7"])
      try scene.session.waitUntil("the end") {
        let row = try scene.session.rows(
          "select (select count(*) from note), (select coalesce(min(next_offset), 0) from position)")[0]
        #expect(row.integer(0) == row.integer(1))
        return row.integer(1) == 300
      }
      lane.end()
      #expect(try scene.notes() == (0..<300).map(Int64.init))
    }
  }

  @Test("each topic gets one row of a batch in the outbox, its events in order, with the trace of what caused them")
  func emissions() async throws {
    try await Scene.play { scene in
      try scene.publish(
        Scene.event("a", #"{"key": "x", "deed": "emit", "amount": 2}"#, more: [("traceparent", Array("00-a".utf8))]),
        Scene.event("b", #"{"key": "y", "deed": "emit", "amount": 1}"#),
        Scene.event("c", #"{"key": "z"}"#))
      let lane = try scene.lane()
      try scene.awaitPosition(3)
      lane.end()
      let rows = try scene.session.rows(
        """
        select topic, source, types::text, keys::text, (select string_agg(convert_from(p, 'UTF8'), ' ') from unnest(payloads) p),
          traces::text
        from outbox order by id
        """
      ).map { row in (0..<6).map { row.text(Int32($0)) } }
      #expect(
        rows == [
          [
            "test.echo", "/millrace/test-noted", "{test.echo}", "{x,x,y}",
            #"{"key":"x","number":0} {"key":"x","number":1} {"key":"y","number":0}"#, "{00-a,00-a,NULL}",
          ],
          [
            "test.other", "/millrace/test-noted", "{test.other}", "{x,y}", #"{"key":"x"} {"key":"y"}"#, "{00-a,NULL}",
          ],
        ])
    }
  }

  @Test("an event for later waits in scheduled_event, once for its key and generation, and not in the outbox")
  func scheduled() async throws {
    try await Scene.play { scene in
      let event = #"{"key": "x", "deed": "schedule", "amount": 2}"#
      try scene.publish(
        Scene.event("a", event), Scene.event("b", event),
        Scene.event("c", #"{"key": "x", "deed": "schedule", "amount": 3}"#))
      let lane = try scene.lane()
      try scene.awaitPosition(3)
      lane.end()
      let rows = try scene.session.rows(
        """
        select format('%s %s %s %s %s %s %s', key, generation, due_at, topic, source, type, event_key)
        from scheduled_event order by generation
        """
      ).map { $0.text(0) }
      let rest = "2030-03-17 17:46:40+00 test.echo /millrace/test-noted test.echo x"
      #expect(rows == ["later-x 2 \(rest)", "later-x 3 \(rest)"])
      #expect(try scene.number("select count(*) from outbox") == 0)
    }
  }

  @Test("a refused event becomes a dead letter with its bytes and headers, its neighbours are applied")
  func deadLetters() async throws {
    try await Scene.play { scene in
      let bytes: [UInt8] = [0, 1, 0xFF]
      let bad = Scene.event(
        "bad", "{\"key\": 7}", more: [("twice", [1]), ("twice", bytes), ("null", nil), ("empty", [])])
      try scene.publish(
        Scene.notes(0..<1) + [bad, Scene.event("no", #"{"key": "k", "deed": "reject"}"#)] + Scene.notes(1..<2)
          + [Scene.event("done", #"{"key": "k", "deed": "ignore"}"#)])
      let lane = try scene.lane()
      try scene.awaitPosition(5)
      lane.end()
      #expect(try scene.notes() == [0, 1])
      #expect(try scene.deadLetters() == ["1 key wrong-type", "2 deed unwanted"])
      let letter = try scene.session.rows(
        """
        select worker, topic, convert_from(key, 'UTF8'), convert_from(value, 'UTF8'), header_names[5:]::text,
          header_values[5:]::text, source, event_id, state, header_names[1:4]::text
        from dead_letter where "offset" = 1
        """)[0]
      #expect(
        (0..<10).map { letter.text(Int32($0)) } == [
          "test-noted", "test.noted", "k", #"{"key": 7}"#, #"{content-type,twice,twice,"null",empty}"#,
          #"{"\\x6170706c69636174696f6e2f6a736f6e","\\x01","\\x0001ff",NULL,"\\x"}"#, "/tests", "bad", "open",
          "{ce_specversion,ce_type,ce_source,ce_id}",
        ])
      let announced = try scene.session.rows(
        "select topic, dead_letters = (select array_agg(id order by id) from dead_letter), events from outbox")
      #expect(
        announced.map { [$0.text(0), "\($0.boolean(1))", "\($0.small(2))"] } == [["test.noted.dlq", "true", "2"]])
    }
  }

  @Test("the same source and id is one event: same data are dropped, other data are a dead letter")
  func identity() async throws {
    try await Scene.play { scene in
      let event = Scene.event("a", #"{"key": "k", "amount": 1}"#)
      let other = Scene.event("a", #"{"key": "k", "amount": 2}"#)
      try scene.publish(event, event, other)
      let lane = try scene.lane()
      try scene.awaitPosition(3)
      try scene.publish(event, other, Scene.event("a", #"{"key": "k", "amount": 3}"#, source: "/others"))
      try scene.awaitPosition(6)
      lane.end()
      #expect(try scene.notes() == [1, 3])
      #expect(try scene.deadLetters() == ["2 id identity-reused", "4 id identity-reused"])
    }
  }

  @Test("an event that went to the dead letters has had no effect: its identity is free for the mended one")
  func released() async throws {
    try await Scene.play { scene in
      try scene.publish(
        Scene.event("a", #"{"key": "k", "deed": "reject"}"#), Scene.event("b", #"{"key": "k", "amount": 666}"#))
      let lane = try scene.lane()
      try scene.awaitPosition(2)
      #expect(try scene.number("select count(*) from seen_event") == 0)
      try scene.publish(
        Scene.event("a", #"{"key": "k", "amount": 1}"#), Scene.event("b", #"{"key": "k", "amount": 2}"#))
      try scene.awaitPosition(4)
      lane.end()
      #expect(try scene.deadLetters() == ["0 deed unwanted", "1 - not-storable"])
      #expect(try scene.notes() == [1, 2])
    }
  }

  @Test("two lanes with the same event at once: the second waits for the first, and it takes effect once")
  func twins() async throws {
    try await Scene.play(partitions: 2) { scene in
      let gate = Gate.named("\(scene.database.name)")
      let data = #"{"key": "k", "amount": 1, "gate": "\#(scene.database.name)"}"#
      let lanes = [try scene.lane(), try scene.lane()]
      // A lane that waits at the gate cannot let another one into the group: first both must be in.
      try scene.session.waitUntil("a partition for each lane") {
        try lanes.allSatisfy(\.isReady) && scene.number("select count(distinct owner) from position") == 2
      }
      try scene.publish(Scene.event("a", data, partition: 0), Scene.event("a", data, partition: 1))
      try gate.awaitArrival()
      try scene.session.waitUntil("the second lane waits for the first") {
        try scene.number(
          "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 1
      }
      gate.open()
      try scene.session.waitUntil("both partitions") {
        try scene.number("select count(*) from position where next_offset = 1") == 2
      }
      for lane in lanes { lane.end() }
      #expect(try scene.notes() == [1])
      #expect(try scene.deadLetters() == [])
      #expect(try scene.number("select count(distinct partition) from position") == 2)
    }
  }

  @Test("of our own relay's events those are taken that are above the highest run and index, whatever comes again")
  func relayed() async throws {
    try await Scene.play { scene in
      func echo(_ run: Int, _ index: Int, _ number: Int) -> Scene.Made {
        let headers = [
          ("ce_specversion", "1.0"), ("ce_type", "test.echo"), ("ce_source", "/millrace/x"),
          ("ce_id", "\(run).\(index)"),
          ("millrace_run", "\(run)"), ("millrace_index", "\(index)"),
        ]
        return Scene.Made(
          key: "k", value: #"{"key": "k", "number": \#(number)}"#, headers: headers.map { ($0.0, Array($0.1.utf8)) })
      }
      let topic = Echo.topic.name
      try scene.publish([echo(3, 0, 10), echo(3, 1, 11), echo(3, 0, 10), echo(3, 1, 11), echo(3, 2, 12)], on: topic)
      let first = try scene.lane(of: EchoWorker.self)
      try scene.awaitPosition(5)
      first.end()
      try scene.publish([echo(3, 2, 12), echo(2, 9, 9), echo(4, 0, 13), echo(3, 5, 14)], on: topic)
      let second = try scene.lane(of: EchoWorker.self)
      try scene.awaitPosition(9)
      second.end()
      #expect(try scene.notes() == [10, 11, 12, 13])
      #expect(try scene.number("select count(*) from seen_event") == 0)
      #expect(try scene.text("select run || '.' || run_index from position") == "4.0")
    }
  }

  @Test("without partitions, Kafka or a database a lane says so, and it is ready once it has them")
  func readiness() async throws {
    try await Scene.play { scene in
      try scene.cluster.setDown()
      let lane = try scene.lane()
      try lane.awaitSentence("admitted to the group test-noted")
      try lane.awaitSentence("has no Kafka")
      try scene.cluster.setUp()
      try lane.awaitReady()
      try scene.publish(Scene.notes(0..<1))
      try scene.awaitPosition(1)
    }
  }
}

/// Counts what it holds of its events.
private enum CountedWorker: Worker {
  typealias Input = Noted
  static let name = "test-counted"
  static let read = Atomic<Int>(0)
  static let held = Atomic<Int>(0)

  final class Reading: Sendable {
    init() {
      CountedWorker.read.add(1, ordering: .relaxed)
      CountedWorker.held.add(1, ordering: .acquiringAndReleasing)
    }
    deinit { CountedWorker.held.subtract(1, ordering: .acquiringAndReleasing) }
  }

  static func reader(_ settings: Settings) -> (Noted, Timestamp) -> Reading { { _, _ in Reading() } }

  static func load(
    _ items: [Delivery<Reading>], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(_ item: Delivery<Reading>, _ state: inout Void, _ now: Timestamp) -> Decision<Reading> {
    .apply(item.event)
  }

  static let writes: [Write<Void, Reading>] = []
}
