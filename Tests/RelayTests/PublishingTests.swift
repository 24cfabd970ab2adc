import Kafka
import Postgres
import TestKit
import Testing

@testable import Relay

@Suite(.serialized) struct PublishingTests {
  @Test("events arrive under stable ids as CloudEvents, keyed, in order, their pairs rising")
  func envelope() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things", partitions: 4)
      let rows = try (0..<5).map { try database.emit("things", $0 * 20..<$0 * 20 + 20, keys: 7) }
      try RunningRelay.drain(database, cluster.properties())
      let found = try published(["things": 4], cluster.properties())
      #expect(found.count == 100)
      found.expectOnce(0..<100)
      let one = try #require(found.first { $0.number == 45 })
      #expect(one.key == "k3")
      #expect(
        one.headers.map(\.name) == [
          "ce_specversion", "ce_source", "ce_time", "content-type", "millrace_run", "ce_id", "ce_type",
          "millrace_index",
        ])
      #expect(one.id == "\(rows[2]).5")
      #expect(one.header("ce_specversion") == "1.0" && one.header("content-type") == "application/json")
      #expect(one.header("ce_source") == "/millrace/test" && one.header("ce_type") == "thing.done")
      #expect(one.header("ce_time")?.hasSuffix("Z") == true)
    }
  }

  @Test("types, traces and ids of their own belong to each event")
  func columns() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      try database.connect().run(
        script: """
          insert into outbox (topic, source, types, keys, payloads, traces, event_ids)
          values ('things', '/s', '{a,b}', '{k,k}', array['0','1']::bytea[], '{00-1-2-01,""}', '{"",own}')
          """)
      try RunningRelay.drain(database, cluster.properties())
      let found = try published(["things": 1], cluster.properties())
      #expect(found.map { $0.header("ce_type") } == ["a", "b"])
      #expect(found.map { $0.header("traceparent") } == ["00-1-2-01", nil])
      #expect(found.map(\.id) == ["1.0", "own"])
    }
  }

  @Test("large rows, small rows and many rows come through runs and portions of any size")
  func portions() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things", partitions: 3)
      var next = 0
      for count in [1, 1, 50, 3, 200, 1, 7] {
        try database.emit("things", next..<next + count, bytes: 100)
        next += count
      }
      try RunningRelay.drain(database, cluster.properties()) {
        $0.runEvents = 60
        $0.portionBytes = 2000
        $0.portionEvents = 16
      }
      try published(["things": 3], cluster.properties()).expectOnce(0..<next)
    }
  }

  @Test("what the client refuses as too large is put aside; the others keep order and index")
  func tooLarge() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      try database.emit("things", 0..<3)
      try database.emit("things", 3..<4, bytes: 20_000)
      try database.emit("things", 4..<6)
      let relay = RunningRelay(database, try cluster.properties(["message.max.bytes": "10000"]))
      try database.awaitEmptyOutbox()
      relay.stop()
      let found = try published(["things": 1], cluster.properties())
      #expect(found.map(\.number) == [0, 1, 2, 4, 5])
      #expect(found.map(\.index) == [0, 1, 2, 4, 5])
      let kept = try database.connect().rows(
        "select topic, type, event_id, key, octet_length(payload), run_index, reason from outbox_refused")
      #expect(kept.count == 1)
      #expect(kept[0].text(0) == "things" && kept[0].text(1) == "thing.done" && kept[0].text(2) == "2.0")
      #expect(kept[0].text(3) == "k0" && kept[0].integer(4) == 20_001 && kept[0].integer(5) == 3)
      #expect(kept[0].text(6).contains("MSG_SIZE_TOO_LARGE"))
      #expect(relay.metrics.exposition().contains("millrace_relay_refused_total{topic=\"things\"} 1"))
    }
  }

  @Test("a batch that the broker refuses is split until only the culprit is left out")
  func split() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      try database.emit("things", 0..<40)
      // 87, INVALID_RECORD: for the batch as a whole, for its halves, and at last for single records.
      cluster.fail(.produce, with: [87, 87, 87, 87, 87, 87, 87])
      try RunningRelay.drain(database, cluster.properties())
      let found = try published(["things": 1], cluster.properties())
      let refused = try database.connect().rows("select run_index from outbox_refused order by 1").map { $0.small(0) }
      #expect((1...2).contains(refused.count))
      #expect((found.taken.map(\.number) + refused).sorted() == Array(0..<40))
      #expect(found.taken.map(\.number) == found.taken.map(\.number).sorted())
    }
  }

  @Test("a passing failure of the broker sends the run again, under the same pairs")
  func passing() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things", partitions: 2)
      try database.emit("things", 0..<50)
      // 51, CONCURRENT_TRANSACTIONS; 14, COORDINATOR_LOAD_IN_PROGRESS; 7, REQUEST_TIMED_OUT; -195, a cut connection.
      cluster.fail(.addPartitionsToTransaction, with: [51, 14])
      cluster.fail(.produce, with: [7, -195])
      cluster.fail(.endTransaction, with: [14, -195])
      try RunningRelay.drain(database, cluster.properties())
      try published(["things": 2], cluster.properties()).expectOnce(0..<50)
    }
  }

  @Test("while no broker answers it waits, not ready, and keeps being the active one")
  func away() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      let relay = RunningRelay(database, try cluster.properties()) { $0.lease = .seconds(6) }
      try database.emit("things", 0..<10)
      try database.awaitEmptyOutbox()
      try cluster.setDown()
      try database.emit("things", 10..<20)
      _ = try eventually("an obstacle") {
        relay.status.sentences(quietAfter: .seconds(60)).first { $0.contains("waits for Kafka") }
      }
      let session = try database.connect()
      var lease = try Leadership.remaining(session)
      _ = try eventually("its lease to be renewed") {
        let before = lease
        lease = try Leadership.remaining(session)
        #expect(lease > .zero)
        return lease > before ? true : nil
      }
      try cluster.setUp()
      try database.awaitEmptyOutbox(within: .seconds(60))
      _ = try eventually("readiness") { relay.status.sentences(quietAfter: .seconds(60)).isEmpty ? true : nil }
      relay.stop()
      try published(["things": 1], cluster.properties()).expectOnce(0..<20)
      #expect(try session.rows("select epoch from relay")[0].integer(0) == 1)
    }
  }

  @Test("events of a topic that is not there wait with those behind them, and go out when it is made")
  func missingTopic() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      // Mock brokers before 2.1 make a topic that is asked for: this one is there, and they are told to deny it.
      try cluster.createTopic("others")
      cluster.failTopic("others", with: 3)  // UNKNOWN_TOPIC_OR_PART
      try database.emit("things", 0..<5)
      try database.emit("others", 5..<8)
      try database.emit("things", 8..<10)
      let relay = RunningRelay(database, try cluster.properties(["topic.metadata.propagation.max.ms": "200"]))
      let sentence = try eventually("an obstacle") {
        relay.status.sentences(quietAfter: .seconds(60)).first { $0.contains("others") }
      }
      #expect(sentence == "relay waits: the topic others does not exist; create it with `millrace topics apply`")
      #expect(try !database.outboxIsEmpty())
      cluster.failTopic("others", with: 0)
      try database.awaitEmptyOutbox()
      _ = try eventually("readiness") { relay.status.sentences(quietAfter: .seconds(60)).isEmpty ? true : nil }
      relay.stop()
      let found = try published(["things": 1, "others": 1], cluster.properties()).taken
      #expect(found.filter { $0.topic == "things" }.map(\.number) == [0, 1, 2, 3, 4, 8, 9])
      #expect(found.filter { $0.topic == "others" }.map(\.number) == [5, 6, 7])
      #expect(try database.connect().rows("select from outbox_refused").count == 0)
    }
  }

  @Test("a scheduled event goes out when it is due, once, under key and generation, the oldest first")
  func scheduled() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      let session = try database.connect()
      try session.run(
        script: """
          insert into scheduled_event (key, generation, due_at, topic, source, type, event_key, payload)
          select 'call-' || n, 2, clock_timestamp() - n * interval '1 s', 'things', '/s', 'call.due', 'k',
            n::text::bytea
          from generate_series(1, 5) n
          union all select 'call-1', 3, clock_timestamp() + interval '1 hour', 'things', '/s', 'call.due', 'k', '9'
          """)
      let relay = RunningRelay(database, try cluster.properties())
      _ = try eventually("the due ones' leaving") {
        try session.rows("select count(*) from scheduled_event")[0].integer(0) == 1 ? true : nil
      }
      try database.awaitEmptyOutbox()
      relay.stop()
      let found = try published(["things": 1], cluster.properties())
      #expect(found.map(\.number) == [5, 4, 3, 2, 1])
      #expect(found.map(\.id) == ["call-5/2", "call-4/2", "call-3/2", "call-2/2", "call-1/2"])
      #expect(found.allSatisfy { $0.header("ce_type") == "call.due" && $0.key == "k" })
    }
  }
}
