import Kafka
import TestKit
import Testing

@Suite("Producer")
struct ProducerTests {
  @Test("a record beyond the size limit is refused alone, at once")
  func tooLarge() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties(["message.max.bytes": "2000"]))
      let error = #expect(throws: KafkaError.self) { try producer.send("t", String(repeating: "x", count: 3000)) }
      #expect(error?.isTooLarge == true)
      #expect(error.map { !$0.description.contains("xxx") } == true)
      try producer.fill("t", with: 0..<3)
    }
  }

  @Test("a size that only the broker refuses comes back with its tag")
  func brokerRefuses() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties())
      // MSG_SIZE_TOO_LARGE
      cluster.fail(.produce, with: [10])
      try producer.send("t", "refused", tag: 42)
      try producer.flush(within: .seconds(60))
      let deliveries = producer.takeDeliveries()
      #expect(deliveries.failures.map(\.tag) == [42])
      #expect(deliveries.failures.first?.error.isTooLarge == true)
      #expect(producer.takeDeliveries().failures.isEmpty)
    }
  }

  @Test("a key lands where Java's partitioner puts it")
  func murmur2() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t", partitions: 12)
      let producer = try Producer(properties: cluster.properties())
      // toPositive(murmur2(key)) % 12, from org.apache.kafka.common.utils.Utils; see UtilsTest.testMurmur2.
      let known: [String: Int32] = [
        "21": -973_932_308, "foobar": -790_332_482, "a-little-bit-long-string": -985_981_536,
      ]
      for key in known.keys { try producer.send("t", partition: nil, key: key, key) }
      try producer.flush(within: .seconds(60))
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(3, into: batch)
      for index in batch.indices {
        let hash = known[batch[index].key?.text ?? ""] ?? 0
        #expect(batch[index].partition == (hash & 0x7fff_ffff) % 12)
      }
    }
  }

  @Test("a full queue waits for room, and gives up after its patience")
  func fullQueue() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties(["queue.buffering.max.messages": "100"]))
      try producer.fill("t", with: 0..<1000)
      try cluster.setDown()
      producer.patience = .milliseconds(200)
      let error = #expect(throws: KafkaError.self) {
        for number in 0..<200 { try producer.send("t", "\(number)") }
      }
      #expect(error?.isQueueFull == true && error?.isTransient == true)
      #expect(producer.outstanding == 100)
      #expect(producer.close(within: .seconds(60)))
    }
  }

  @Test("a topic that is not there is an error of the send or of its delivery")
  func unknownTopic() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("missing")
      cluster.failTopic("missing", with: 3)  // UNKNOWN_TOPIC_OR_PART
      let producer = try Producer(properties: cluster.properties(["topic.metadata.propagation.max.ms": "100"]))
      let error = try eventually("the error") { () -> KafkaError? in
        do throws(KafkaError) {
          try producer.send(topic: "missing", key: nil, value: nil, tag: 7)
          try producer.flush(within: .seconds(1))
        } catch  where !error.isTimeout {
          return error
        } catch {}
        return producer.takeDeliveries().failures.first?.error
      }
      #expect(error.isUnknownTopic && error.description.contains("missing"))
    }
  }
}

@Suite("Transactions")
struct TransactionTests {
  // The mock brokers do not fence by themselves; that a real one does is tried with the development broker.
  @Test("a fenced producer learns it at its next commit, and is at an end", arguments: [47, 90] as [Int32])
  func fencing(_ code: Int32) async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties(), transactionalID: "relay")
      try producer.takeOver(within: .seconds(60))
      try producer.begin()
      try producer.send("t", "committed")
      try producer.commit(within: .seconds(60))
      try producer.begin()
      try producer.send("t", "too late")
      // INVALID_PRODUCER_EPOCH from older brokers, PRODUCER_FENCED from newer ones
      cluster.fail(.endTransaction, with: [code])
      let error = #expect(throws: TransactionError.self) { try producer.commit(within: .seconds(60)) }
      guard case .fenced(let cause)? = error else {
        Issue.record("not fenced: \(error.map { "\($0)" } ?? "nothing thrown")")
        return
      }
      #expect(cause.isFenced && cause.isFatal)
      #expect(producer.fatalError?.isFenced == true)
      #expect(throws: TransactionError.self) { try producer.begin() }
      #expect(throws: KafkaError.self) { try producer.send("t", "ghost") }
      #expect(producer.close(within: .seconds(60)))
    }
  }

  @Test("a record that was refused makes the transaction one to abort, after which others go through")
  func abort() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties(), transactionalID: "relay")
      try producer.takeOver(within: .seconds(60))
      try producer.begin()
      // MSG_SIZE_TOO_LARGE
      cluster.fail(.produce, with: [10])
      try producer.send("t", "refused", tag: 9)
      let error = #expect(throws: TransactionError.self) { try producer.commit(within: .seconds(60)) }
      guard case .mustAbort? = error else {
        Issue.record("\(error.map { "\($0)" } ?? "nothing thrown")")
        return
      }
      #expect(producer.takeDeliveries().failures.map(\.tag) == [9])
      try producer.abort(within: .seconds(60))
      // The refused record left a hole in the sequence numbers: the library may ask for one more abort to mend it.
      var aborts = 0
      _ = try eventually("a commit") { () -> Bool? in
        try producer.begin()
        try producer.send("t", "kept")
        do throws(TransactionError) {
          try producer.commit(within: .seconds(60))
          return true
        } catch {
          guard case .mustAbort = error else { throw error }
          try producer.abort(within: .seconds(60))
          aborts += 1
          return nil
        }
      }
      #expect(aborts <= 1)
    }
  }

  @Test("a commit that ran out of time goes on when called again")
  func slowCommit() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties(), transactionalID: "relay")
      try producer.takeOver(within: .seconds(60))
      try producer.begin()
      try producer.send("t", "kept")
      try producer.flush(within: .seconds(60))
      try cluster.setRoundTrip(milliseconds: 1500)
      let error = #expect(throws: TransactionError.self) { try producer.commit(within: .milliseconds(300)) }
      guard case .retriable(let cause)? = error else {
        Issue.record("\(error.map { "\($0)" } ?? "nothing thrown")")
        return
      }
      #expect(cause.isTimeout)
      try producer.commit(within: .seconds(60))
    }
  }

  @Test("transaction calls of a producer without an id say so")
  func noID() async throws {
    try await withMockCluster { cluster in
      let producer = try Producer(properties: cluster.properties())
      #expect(throws: TransactionError.self) { try producer.takeOver(within: .seconds(1)) }
    }
  }
}
