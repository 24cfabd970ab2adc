import Kafka
import Synchronization
import TestKit
import Testing

@Suite("Properties")
struct PropertyTests {
  @Test(
    "a wrong property is named",
    arguments: [
      ("no.such.property", "1"), ("session.timeout.ms", "soon"), ("session.timeout.ms", "-1"),
      ("enable.auto.commit", "true"), ("auto.offset.reset", "latest"), ("isolation.level", "read_uncommitted"),
      ("partitioner", "random"), ("acks", "1"), ("transactional.id", "x"), ("group.id", "x"),
      ("partition.assignment.strategy", "cooperative-sticky"),
    ])
  func wrong(_ name: String, _ value: String) {
    let error = #expect(throws: KafkaError.self) { try KafkaProperties(["bootstrap.servers": "x:1", name: value]) }
    #expect(error.map { $0.description.contains(name) && $0.reason.count > 10 } == true)
  }

  @Test("a secret's value is never shown")
  func secret() throws {
    let pem = "-----BEGIN hush"
    do {
      let properties = try KafkaProperties([
        "bootstrap.servers": "127.0.0.1:1", "security.protocol": "ssl", "ssl.key.pem": pem,
      ])
      _ = try Producer(properties: properties)
      Issue.record("a broken key was taken")
    } catch {
      #expect(!"\(error)".contains("hush"))
    }
  }

  @Test("without brokers there is one clear sentence")
  func noBrokers() throws {
    let error = #expect(throws: KafkaError.self) {
      try Consumer(group: "g", topics: ["t"], properties: KafkaProperties())
    }
    #expect(error?.description.contains("bootstrap.servers is not set") == true)
  }

  @Test("what a person sets goes over our defaults, and a default of the caller under both")
  func layers() async throws {
    try await withMockCluster { cluster in
      var properties = try cluster.properties(["queued.min.messages": "77"])
      try properties.setDefault("session.timeout.ms", to: "7000")
      try properties.setDefault("max.poll.interval.ms", to: "61000")
      let consumer = try Consumer(
        group: "g", topics: ["t"], properties: properties, bounds: ConsumerBounds(batchRecords: 500))
      #expect(consumer.setting("queued.min.messages") == "77")
      #expect(consumer.setting("session.timeout.ms") == "6000")
      #expect(consumer.setting("max.poll.interval.ms") == "61000")
      #expect(consumer.setting("auto.offset.reset") == "error" || consumer.setting("auto.offset.reset") == nil)
      #expect(consumer.setting("socket.nagle.disable") == "true")
      #expect(consumer.setting("no.such") == nil)
    }
  }

  @Test("a producer's largest message has no say in what a consumer fetches, and no client counts for brokers")
  func fetching() async throws {
    try await withMockCluster { cluster in
      let properties = try cluster.properties(["message.max.bytes": "5000000"])
      let consumer = try Consumer(group: "g", topics: ["t"], properties: properties)
      #expect(consumer.setting("fetch.max.bytes") == "262144")
      #expect(consumer.setting("fetch.message.max.bytes") == "262144")
      let producer = try Producer(properties: properties)
      #expect(producer.setting("message.max.bytes") == "5000000")
      for push in [consumer.setting("enable.metrics.push"), producer.setting("enable.metrics.push")] {
        #expect(push == nil || push == "false")
      }
    }
  }

  @Test("log lines reach the caller, and none tells that the properties of the other kind of client are unused")
  func log() throws {
    let lines = Mutex<[String]>([])
    let properties = try KafkaProperties(["bootstrap.servers": "127.0.0.1:1", "fetch.wait.max.ms": "10"])
    let producer = try Producer(properties: properties) { level, facility, message in
      lines.withLock { $0.append("\(level) \(facility) \(message)") }
    }
    let errors = try eventually("the refused connection") { () -> [KafkaError]? in
      let errors = producer.poll(wait: .milliseconds(50))
      return errors.isEmpty ? nil : errors
    }
    #expect(errors.allSatisfy { $0.isTransient })
    #expect(producer.close(within: .seconds(60)))
    let seen = lines.withLock { $0 }
    #expect(seen.contains { $0.contains("127.0.0.1:1") })
    #expect(!seen.contains { $0.contains("fetch.wait.max.ms") })
  }
}

@Suite("Closing")
struct ClosingTests {
  @Test("a close is bounded when the brokers do not answer")
  func bounded() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try consumer.start()
      try cluster.setRoundTrip(milliseconds: 60_000)
      let started = ContinuousClock.now
      _ = consumer.close(within: .seconds(1))
      #expect(ContinuousClock.now - started < .seconds(30))
      try cluster.setRoundTrip(milliseconds: 0)
    }
  }

  @Test("a close with a rebalance unanswered, and one with brokers away, come to an end")
  func closes() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let pending = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      _ = try pending.awaitRebalance()
      #expect(pending.close(within: .seconds(60)))
      let other = try Consumer(group: "h", topics: ["t"], properties: cluster.properties())
      try other.start()
      try cluster.setDown()
      #expect(other.close(within: .seconds(60)))
      let never = try Consumer(group: "i", topics: ["t"], properties: cluster.properties())
      #expect(never.close(within: .seconds(60)))
    }
  }

  @Test("records stay readable after the consumer is closed, until their batch lets go")
  func recordsOutlive() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties())
      try producer.fill("t", with: 0..<3)
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(3, into: batch)
      #expect(!consumer.close(within: .milliseconds(500)))
      #expect(batch.values == ["0", "1", "2"])
      batch.removeAll()
    }
  }

  @Test("a closed client says so")
  func closed() async throws {
    try await withMockCluster { cluster in
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      #expect(consumer.close(within: .seconds(60)))
      #expect(consumer.close(within: .seconds(60)))
      #expect(consumer.poll(into: RecordBatch(), upTo: PollLimit(records: 1), wait: .seconds(60)).isEmpty)
      #expect(consumer.hasLostAssignment)
      #expect(throws: KafkaError.self) { try consumer.assign([:]) }
    }
  }
}
