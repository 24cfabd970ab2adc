import Kafka
import Postgres
import TestKit
import Testing

@testable import Relay

/// What the relay does with a database that is an older one of itself.
@Suite(.serialized) struct RestoredTests {
  @Test("a relay publishes nothing while Kafka was told more than the database knows, and goes on once it is recovered")
  func older() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      try cluster.createTopic("inputs")
      let session = try database.connect()
      try session.run(
        script: """
          insert into position (worker, topic, partition, next_offset, highest_offset) values ('taker', 'inputs', 0, 2, 2)
          """)
      try tell(3, cluster)
      try database.emit("things", 0..<5)
      let relay = RunningRelay(database, try cluster.properties())
      let sentence = try eventually("the finding") {
        relay.status.sentences(quietAfter: .seconds(60)).first { $0.contains("restored, copied or promoted") }
      }
      #expect(sentence.contains("Kafka was told position 3 of inputs/0 by taker, this database knows 2"))
      #expect(try session.rows("select run from relay")[0].integer(0) == 0)
      #expect(try database.outboxIsEmpty() == false)
      _ = try session.rows("select recover_database('{taker}', '{inputs}', '{0}', '{3}')")
      try database.awaitEmptyOutbox()
      let late = try database.emit("things", 5..<7)
      try database.awaitEmptyOutbox()
      relay.stop()
      let found = try published(["things": 1], cluster.properties())
      #expect(found.map(\.number) == Array(0..<7))
      let beginning = Int64(1) << 36
      #expect(late > beginning)
      #expect(found.last?.id == "\(late).1")
      #expect(found.allSatisfy { (Int64($0.header("millrace_run") ?? "") ?? 0) > beginning })
    }
  }

  @Test("a position that Kafka was told, or less, is no finding")
  func same() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      try cluster.createTopic("inputs")
      try database.connect().run(
        script: """
          insert into position (worker, topic, partition, next_offset, highest_offset) values
            ('taker', 'inputs', 0, 3, 3), ('never-told', 'inputs', 0, 0, 0)
          """)
      try tell(3, cluster)
      try database.emit("things", 0..<5)
      try RunningRelay.drain(database, cluster.properties())
      #expect(try database.connect().rows("select from database_identity where suspicion is not null").count == 0)
    }
  }

  @Test("a schedule made after a recovery has the epoch in its id, one from before keeps its own")
  func scheduled() throws {
    try TestDatabase.with { database in
      let cluster = try MockCluster()
      try cluster.createTopic("things")
      let insert = """
        insert into scheduled_event (key, generation, due_at, topic, source, type, event_key, payload)
        values ('a', 1, now(), 'things', '/s', 't', 'k', '0')
        """
      let session = try database.connect()
      try session.run(script: insert)
      _ = try session.rows("select recover_database('{}', '{}', '{}', '{}')")
      try session.run(script: insert.replacing("1, now()", with: "2, now()"))
      let relay = RunningRelay(database, try cluster.properties())
      _ = try eventually("both") {
        try session.rows("select from scheduled_event").count == 0 && database.outboxIsEmpty() ? true : nil
      }
      relay.stop()
      #expect(try published(["things": 1], cluster.properties()).map(\.id).sorted() == ["a/1", "a/2@1"])
    }
  }

  /// As a worker of the group `taker` tells Kafka how far it came.
  private func tell(_ offset: Int64, _ cluster: MockCluster) throws {
    let producer = try Producer(properties: cluster.properties())
    for _ in 0..<offset {
      try Array("x".utf8).withUnsafeBytes { try producer.send(topic: "inputs", partition: 0, key: nil, value: $0) }
    }
    try producer.flush(within: .seconds(30))
    producer.close(within: .seconds(5))
    let consumer = try Consumer(group: "taker", topics: ["inputs"], properties: cluster.properties())
    defer { consumer.close(within: .seconds(5)) }
    let batch = RecordBatch()
    let partition = TopicPartition("inputs", 0)
    _ = try eventually("an assignment") {
      _ = consumer.poll(into: batch, upTo: PollLimit(records: 1), wait: .milliseconds(20))
      return consumer.rebalance
    }
    try consumer.assign([partition: offset])
    try consumer.tell([partition: offset])
    _ = try eventually("Kafka to know it") {
      _ = consumer.poll(into: batch, upTo: PollLimit(records: 1), wait: .milliseconds(20))
      return try consumer.committed([partition], within: .seconds(60))[partition] == offset ? true : nil
    }
  }
}

extension String {
  fileprivate func replacing(_ words: String, with others: String) -> String {
    guard let range = firstRange(of: words) else { return self }
    var text = self
    text.replaceSubrange(range, with: others)
    return text
  }
}
