/// How much a consumer may fetch ahead of its owner. librdkafka's own defaults hold 100 MB.
public struct ConsumerBounds: Sendable, Equatable {
  /// Records a batch takes at most.
  public var batchRecords: Int
  /// Bytes a batch takes at most.
  public var batchBytes: Int

  public init(batchRecords: Int = 2_000, batchBytes: Int = 1 << 20) {
    self.batchRecords = batchRecords
    self.batchBytes = batchBytes
  }

  /// A batch ahead, at most 4 MB, overshot by one answer of a broker. A small record takes five times its bytes while
  /// it waits, so that what bounds memory is the number of records and the size of an answer: a quarter of a batch, so
  /// that the next answers come while a batch is filled. A record that is larger comes all the same, alone. One
  /// partition may fill an answer, as with Kafka's defaults: the next answer begins with another one.
  ///
  /// Before 2.2.0 a full queue is looked at again only after up to a second, so that two batches would mean two
  /// batches a second: there the queue has to hold what is worked off in a second.
  var properties: [(name: String, value: String)] {
    let old = !KafkaLibrary.isAtLeast(2, 2)
    let kilobytes = max(512, min(batchBytes / 1024 * 2, 4_096))
    let records = max(1, min(batchRecords, 5_000_000))
    let answer = String(max(ConsumerBounds.smallestAnswer, min(batchBytes / 4, 1 << 20)))
    var properties: [(name: String, value: String)] = [
      ("queued.min.messages", String(old ? max(records, 50_000) : records)),
      ("queued.max.messages.kbytes", String(old ? max(kilobytes, 16_384) : kilobytes)),
      ("fetch.message.max.bytes", answer),
      ("fetch.max.bytes", answer),
    ]
    // A full queue holds a batch: looked at every 5 ms it is filled again while the one before is applied.
    if !old { properties.append(("fetch.queue.backoff.ms", "5")) }
    return properties
  }

  /// librdkafka wants no answer to be smaller than the largest message that the client sends (`message.max.bytes`). A
  /// consumer sends none, so that it may say this, whatever is set for the producers of the same environment.
  static let smallestAnswer = 256 << 10
}
