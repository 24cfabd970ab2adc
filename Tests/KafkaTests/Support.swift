import Kafka
import Synchronization
import TestKit
import Testing

extension Consumer {
  /// Polls until the group asks for something.
  func awaitRebalance(_ what: String = "a rebalance") throws -> Rebalance {
    let batch = RecordBatch()
    return try eventually(what) {
      if let rebalance { return rebalance }
      _ = poll(into: batch, upTo: PollLimit(records: 1000), wait: .milliseconds(50))
      return rebalance
    }
  }

  /// Takes the first assignment, all from this offset.
  @discardableResult
  func start(at offset: Int64 = 0) throws -> [TopicPartition] {
    let partitions = try awaitRebalance("an assignment").partitions
    try assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, offset) }))
    return partitions
  }

  /// Polls until `count` records are in the batch; returns the notices met.
  @discardableResult
  func read(_ count: Int, into batch: RecordBatch) throws -> [Notice] {
    var notices: [Notice] = []
    return try eventually("\(count) records") {
      notices += poll(into: batch, upTo: PollLimit(records: count), wait: .milliseconds(50))
      return batch.count >= count ? notices : nil
    }
  }

  /// Polls until such a notice comes.
  func await<Found>(_ what: String, into batch: RecordBatch, _ match: (Notice) -> Found?) throws -> Found {
    try eventually(what) {
      poll(into: batch, upTo: PollLimit(records: 100_000), wait: .milliseconds(50)).lazy.compactMap(match).first
    }
  }
}

extension Producer {
  func send(_ topic: String, partition: Int32? = 0, key: String? = nil, _ value: String?, tag: Int = 0) throws {
    try withBytes(key) { key in
      try withBytes(value) { value in
        try send(topic: topic, partition: partition, key: key, value: value, tag: tag)
      }
    }
  }

  /// Sends the numbers as values and waits until the broker has them.
  func fill(_ topic: String, partition: Int32 = 0, with numbers: Range<Int>) throws {
    for number in numbers { try send(topic, partition: partition, "\(number)") }
    try flush(within: .seconds(60))
    let deliveries = takeDeliveries()
    #expect(deliveries.delivered == numbers.count)
    #expect(deliveries.failures.isEmpty)
  }
}

func withBytes<Result>(_ text: String?, _ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows -> Result {
  guard let text else { return try body(nil) }
  return try Array(text.utf8).withUnsafeBytes { try body($0) }
}

extension UnsafeRawBufferPointer {
  var text: String { String(decoding: self, as: UTF8.self) }
}

extension RecordBatch {
  var values: [String?] { indices.map { self[$0].value?.text } }
  var offsets: [Int64] { indices.map { self[$0].offset } }
}
