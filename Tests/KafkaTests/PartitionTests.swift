import Kafka
import TestKit
import Testing

@Suite("Partitions")
struct PartitionTests {
  private func filled(_ count: Int, _ cluster: MockCluster) throws -> (Producer, Consumer) {
    try cluster.createTopic("t")
    let producer = try Producer(properties: cluster.properties())
    try producer.fill("t", with: 0..<count)
    return (producer, try Consumer(group: "g", topics: ["t"], properties: cluster.properties()))
  }

  private let partition = TopicPartition("t", 0)

  @Test("an offset beyond the end fails the partition, until it is assigned anew")
  func outOfRange() async throws {
    try await withMockCluster { cluster in
      let (_, consumer) = try filled(10, cluster)
      try consumer.start(at: 1000)
      let batch = RecordBatch()
      let error = try consumer.await("the failure", into: batch) { notice -> KafkaError? in
        if case .partitionFailed(partition, let error) = notice { error } else { nil }
      }
      #expect(error.isOffsetOutOfRange && !error.isTransient && !error.isFatal)
      #expect(batch.isEmpty)
      try consumer.assign([partition: 8])
      try consumer.read(2, into: batch)
      #expect(batch.offsets == [8, 9])
    }
  }

  @Test("a seek goes back and forth, and what had been fetched before it does not come")
  func seek() async throws {
    try await withMockCluster { cluster in
      let (_, consumer) = try filled(1000, cluster)
      try consumer.start()
      let batch = RecordBatch()
      for offset in [500, 20, 990, 0] as [Int64] {
        try consumer.read(5, into: batch)
        batch.removeAll()
        try consumer.seek(partition, to: offset, within: .seconds(60))
        try consumer.read(1, into: batch)
        #expect(batch[0].offset == offset)
        batch.removeAll()
      }
    }
  }

  @Test("a paused partition is silent, and goes on where it stopped when resumed")
  func pause() async throws {
    try await withMockCluster { cluster in
      let (producer, consumer) = try filled(1000, cluster)
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(5, into: batch)
      try consumer.pause([partition])
      try producer.fill("t", with: 1000..<1010)
      for _ in 0..<10 {
        _ = consumer.poll(into: batch, upTo: PollLimit(records: 10_000), wait: .milliseconds(50))
      }
      #expect(batch.count == 5)
      try consumer.resume([partition])
      try consumer.read(1010, into: batch)
      #expect(batch.offsets == Array(0..<1010))
    }
  }

  @Test("resuming a partition that was not paused repeats nothing")
  func resumeUnpaused() async throws {
    try await withMockCluster { cluster in
      let (_, consumer) = try filled(1000, cluster)
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(100, into: batch)
      try consumer.resume([partition])
      try consumer.read(1000, into: batch)
      #expect(batch.offsets == Array(0..<1000))
    }
  }

  @Test("a sought partition that is paused starts at the new place when resumed")
  func seekWhilePaused() async throws {
    try await withMockCluster { cluster in
      let (_, consumer) = try filled(1000, cluster)
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(100, into: batch)
      batch.removeAll()
      try consumer.pause([partition])
      try consumer.seek(partition, to: 40, within: .seconds(60))
      try consumer.resume([partition])
      try consumer.read(3, into: batch)
      #expect(batch.offsets == [40, 41, 42])
    }
  }

  @Test("a pause ends with the assignment", arguments: [true, false])
  func pauseEnds(_ unassigns: Bool) async throws {
    try await withMockCluster { cluster in
      let (_, consumer) = try filled(1000, cluster)
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(500, into: batch)
      batch.removeAll()
      try consumer.pause([partition])
      if unassigns { try consumer.unassign() }
      try consumer.assign([partition: 3])
      try consumer.resume([partition])
      try consumer.read(600, into: batch)
      #expect(batch.offsets == Array(3..<603))
    }
  }

  @Test("a pause right after an assignment or a seek keeps their place", arguments: [true, false])
  func pauseAtOnce(_ seeks: Bool) async throws {
    try await withMockCluster { cluster in
      let (_, consumer) = try filled(1000, cluster)
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(500, into: batch)
      batch.removeAll()
      if seeks {
        try consumer.seek(partition, to: 3, within: .seconds(60))
      } else {
        try consumer.assign([partition: 3])
      }
      try consumer.pause([partition])
      for _ in 0..<10 {
        _ = consumer.poll(into: batch, upTo: PollLimit(records: 10_000), wait: .milliseconds(50))
      }
      #expect(batch.isEmpty)
      try consumer.resume([partition])
      try consumer.read(600, into: batch)
      #expect(batch.offsets == Array(3..<603))
    }
  }

  @Test("partitions left out of an answer stay idle and can be started later")
  func partial() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t", partitions: 2)
      let producer = try Producer(properties: cluster.properties())
      try producer.fill("t", partition: 0, with: 0..<3)
      try producer.fill("t", partition: 1, with: 0..<3)
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      _ = try consumer.awaitRebalance()
      try consumer.assign([partition: 0])
      let batch = RecordBatch()
      _ = try consumer.await("the end of 0", into: batch) { notice -> Bool? in
        if case .reachedEnd(partition, 3) = notice { true } else { nil }
      }
      #expect(batch.count == 3)
      try consumer.assign([partition: 3, TopicPartition("t", 1): 1])
      try consumer.read(5, into: batch)
      #expect(batch.offsets == [0, 1, 2, 1, 2])
    }
  }

  @Test("an error in a fetch answer skips and repeats nothing")
  func fetchErrors() async throws {
    try await withMockCluster { cluster in
      let (_, consumer) = try filled(3000, cluster)
      // NOT_LEADER_FOR_PARTITION, a cut connection, UNKNOWN_SERVER_ERROR
      cluster.fail(.fetch, with: [6, -195, -1])
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(3000, into: batch)
      #expect(batch.offsets == Array(0..<3000))
    }
  }

  @Test("a topic that is not there is named")
  func missingTopic() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("missing")
      cluster.failTopic("missing", with: 3)  // UNKNOWN_TOPIC_OR_PART
      let consumer = try Consumer(
        group: "g", topics: ["missing"],
        properties: cluster.properties(["topic.metadata.propagation.max.ms": "100"]))
      let error = try consumer.await("a notice of it", into: RecordBatch()) { notice -> KafkaError? in
        if case .topicFailed("missing", let error) = notice { error } else { nil }
      }
      #expect(error.isUnknownTopic && !error.isTransient && error.description.contains("missing"))
    }
  }
}
