import Kafka
import TestKit
import Testing

@Suite("Reading and writing")
struct RoundTripTests {
  @Test("a record comes back with its key, value, headers and time, byte by byte")
  func roundTrip() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("leads", partitions: 2)
      let producer = try Producer(properties: cluster.properties())
      let binary: [UInt8] = [0, 255, 10, 0, 13]
      var headers = MessageHeaders()
      headers.append("ce_id", "é1")
      headers.append("twice", "first")
      headers.append("twice", "last")
      headers.append("empty", "")
      headers.append("null", nil as UnsafeRawBufferPointer?)
      binary.withUnsafeBytes { headers.append("binary", $0) }
      try binary.withUnsafeBytes {
        try producer.send(
          topic: "leads", partition: 1, key: $0, value: $0, headers: headers, timestamp: 1_700_000_000_123)
      }
      try producer.send("leads", partition: 1, key: nil, nil)
      try producer.send("leads", partition: 1, key: "", "")
      try producer.flush(within: .seconds(60))
      #expect(producer.takeDeliveries().delivered == 3)

      let consumer = try Consumer(group: "g", topics: ["other", "leads"], properties: cluster.properties())
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(3, into: batch)
      let full = batch[0]
      #expect(full.topic == "leads" && full.topicIndex == 1 && full.partition == 1 && full.offset == 0)
      #expect(full.key.map { Array($0) } == binary)
      #expect(full.value.map { Array($0) } == binary)
      #expect(full.timestampMilliseconds == 1_700_000_000_123)
      #expect(full.timestampType == .created)
      #expect(full.header("ce_id")?.text == "é1")
      #expect(full.header("twice")?.text == "last")
      #expect(full.header("empty")?.count == 0)
      #expect(full.header("null") == nil && full.header("missing") == nil)
      #expect(full.header("binary").map { Array($0) } == binary)
      #expect(full.headers.map(\.name) == ["ce_id", "twice", "twice", "empty", "null", "binary"])
      #expect(full.headers[4].value == nil && full.headers[3].value == [])
      #expect(batch[1].key == nil && batch[1].value == nil && batch[1].headers.isEmpty)
      #expect(batch[2].key?.count == 0 && batch[2].value?.count == 0)
      #expect(batch[1].timestampMilliseconds.map { $0 > 1_700_000_000_000 } == true)
      #expect(batch.bytes == 10)
      batch.removeAll()
      #expect(consumer.close(within: .seconds(60)))
      #expect(producer.close(within: .seconds(60)))
    }
  }

  @Test("a poll stops at its count, at its bytes, and when nothing is left")
  func limits() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t")
      let producer = try Producer(properties: cluster.properties())
      try producer.fill("t", with: 100..<200)
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try consumer.start()
      let batch = RecordBatch()
      try consumer.read(10, into: batch)
      #expect(batch.offsets == Array(0..<10))
      _ = consumer.poll(into: batch, upTo: PollLimit(records: 10), wait: .seconds(5))
      #expect(batch.count == 10)
      batch.removeAll()
      _ = consumer.poll(into: batch, upTo: PollLimit(records: 100, bytes: 7), wait: .seconds(5))
      #expect(batch.count == 3 && batch.bytes == 9)
      let end = try consumer.await("the end", into: batch) { notice -> Int64? in
        if case .reachedEnd(let partition, let offset) = notice {
          #expect(partition == TopicPartition("t", 0))
          return offset
        }
        return nil
      }
      #expect(end == 100)
      #expect(batch.count == 90)
      batch.removeAll { $0.offset % 2 == 0 }
      #expect(batch.count == 45 && batch.bytes == 135)
      #expect(batch[0].offset == 11 && batch[44].offset == 99)
      #expect(consumer.cachedHighWatermark(TopicPartition("t", 0)) == 100)
      #expect(try consumer.watermarks(TopicPartition("t", 0), within: .seconds(60)) == (0, 100))
    }
  }
}
