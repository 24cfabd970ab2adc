import Kafka
import TestKit
import Testing

@Suite("Rebalance")
struct RebalanceTests {
  @Test("an assignment waits, with no record delivered, until it is answered with offsets of ours")
  func deferredAssign() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t", partitions: 2)
      let producer = try Producer(properties: cluster.properties())
      try producer.fill("t", partition: 0, with: 0..<10)
      try producer.fill("t", partition: 1, with: 0..<10)
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      let (first, second) = (TopicPartition("t", 0), TopicPartition("t", 1))
      #expect(try consumer.awaitRebalance() == .assigned([first, second]))
      let batch = RecordBatch()
      for _ in 0..<10 {
        #expect(consumer.poll(into: batch, upTo: PollLimit(records: 100), wait: .milliseconds(100)).isEmpty)
      }
      #expect(batch.isEmpty)
      #expect(consumer.rebalance != nil)
      try consumer.assign([first: 4, second: 9])
      #expect(consumer.rebalance == nil)
      try consumer.read(7, into: batch)
      #expect(batch.indices.filter { batch[$0].partition == 0 }.map { batch[$0].offset } == Array(4..<10))
      #expect(batch.indices.filter { batch[$0].partition == 1 }.map { batch[$0].offset } == [9])
    }
  }

  @Test("a committed group offset starts nothing")
  func committedStartsNothing() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties())
      try producer.fill("t", with: 0..<10)
      let partition = TopicPartition("t", 0)
      let earlier = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try earlier.start()
      try earlier.tell([partition: 7])
      _ = try eventually("the committed position") {
        let positions = try earlier.committed([partition], within: .seconds(60))
        return positions[partition] == 7 ? true : nil
      }
      #expect(earlier.close(within: .seconds(60)))
      let later = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try later.start(at: 2)
      let batch = RecordBatch()
      try later.read(8, into: batch)
      #expect(batch.offsets == Array(2..<10))
      #expect(try later.committed([partition], within: .seconds(60)) == [partition: 7])
    }
  }

  @Test("a second member takes its share only after the first has answered its revocation")
  func deferredRevoke() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t", partitions: 2)
      let producer = try Producer(properties: cluster.properties())
      let first = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try first.start()
      try producer.fill("t", partition: 0, with: 0..<10)
      try producer.fill("t", partition: 1, with: 0..<10)
      let batch = RecordBatch()
      try first.read(20, into: batch)

      let second = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      let others = RecordBatch()
      let revoked = try eventually("a revocation") { () -> Rebalance? in
        _ = first.poll(into: batch, upTo: PollLimit(records: 1000), wait: .milliseconds(20))
        _ = second.poll(into: others, upTo: PollLimit(records: 1000), wait: .milliseconds(20))
        return first.rebalance
      }
      #expect(revoked == .revoked([TopicPartition("t", 0), TopicPartition("t", 1)], lost: false))
      // Not answered yet: the records in hand stay readable, nothing new comes, and the other gets nothing.
      try producer.fill("t", partition: 0, with: 10..<15)
      for _ in 0..<10 {
        _ = first.poll(into: batch, upTo: PollLimit(records: 1000), wait: .milliseconds(50))
        _ = second.poll(into: others, upTo: PollLimit(records: 1000), wait: .milliseconds(20))
      }
      #expect(batch.count == 20 && batch[0].value != nil)
      #expect(second.rebalance == nil)
      try first.unassign()

      batch.removeAll()
      let owned = try settle([first, second], [1, 1], starts: [3, 5], into: [batch, others])
      #expect(Set(owned.flatMap { $0 }) == [TopicPartition("t", 0), TopicPartition("t", 1)])
      try first.read(owned[0][0].partition == 0 ? 12 : 7, into: batch)
      try second.read(owned[1][0].partition == 0 ? 10 : 5, into: others)
      #expect(batch[0].offset == 3 && others[0].offset == 5)
    }
  }

  /// Answers every rebalance until each consumer has that many partitions; tells which.
  private func settle(
    _ consumers: [Consumer], _ counts: [Int], starts: [Int64], into batches: [RecordBatch]
  ) throws -> [[TopicPartition]] {
    var owned = consumers.map { _ in [TopicPartition]() }
    return try eventually("shares of \(counts)") {
      for (index, consumer) in consumers.enumerated() {
        _ = consumer.poll(into: batches[index], upTo: PollLimit(records: 1000), wait: .milliseconds(20))
        switch consumer.rebalance {
        case .assigned(let partitions):
          batches[index].removeAll()
          try consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, starts[index]) }))
          owned[index] = partitions
        case .revoked:
          try consumer.unassign()
          owned[index] = []
        case nil: break
        }
      }
      return owned.map(\.count) == counts ? owned : nil
    }
  }

  @Test("when one member leaves, the other is given its partitions")
  func leaving() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t", partitions: 2)
      let first = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      let second = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      let batches = [RecordBatch(), RecordBatch()]
      _ = try settle([first, second], [1, 1], starts: [0, 0], into: batches)
      #expect(first.close(within: .seconds(60)))
      _ = try settle([second], [2], starts: [0], into: batches)
    }
  }

  @Test("a member that was not polled for too long is told that its partitions are lost")
  func lost() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let consumer = try Consumer(
        group: "g", topics: ["t"],
        properties: cluster.properties(["max.poll.interval.ms": "6000", "session.timeout.ms": "6000"]))
      try consumer.start()
      let batch = RecordBatch()
      #expect(!consumer.hasLostAssignment)
      // Not polling is what is tested; the library tells when it has noticed.
      _ = try eventually("the loss") { consumer.hasLostAssignment ? true : nil }
      var notices: [Notice] = []
      let rebalance = try eventually("the revocation") { () -> Rebalance? in
        notices += consumer.poll(into: batch, upTo: PollLimit(records: 10), wait: .milliseconds(50))
        return consumer.rebalance
      }
      #expect(rebalance == .revoked([TopicPartition("t", 0)], lost: true))
      #expect(
        notices.contains { notice in
          if case .failed(let error) = notice { error.isPolledTooLate } else { false }
        })
      try consumer.unassign()
      #expect(try consumer.awaitRebalance("a new assignment") == .assigned([TopicPartition("t", 0)]))
    }
  }

  @Test("a group whose broker went away and came back goes on")
  func brokerGone() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties())
      try producer.fill("t", with: 0..<5)
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(5, into: batch)
      try cluster.setDown()
      let error = try consumer.await("a notice of it", into: batch) { notice -> KafkaError? in
        if case .failed(let error) = notice { error } else { nil }
      }
      #expect(error.isTransient && !error.isFatal)
      try cluster.setUp()
      try producer.fill("t", with: 5..<10)
      _ = try eventually("the rest") { () -> Bool? in
        _ = consumer.poll(into: batch, upTo: PollLimit(records: 100), wait: .milliseconds(50))
        switch consumer.rebalance {
        case .assigned: try consumer.assign([TopicPartition("t", 0): Int64(batch.count)])
        case .revoked: try consumer.unassign()
        case nil: break
        }
        return batch.count >= 10 ? true : nil
      }
      #expect(batch.values == (0..<10).map { "\($0)" })
    }
  }
}
