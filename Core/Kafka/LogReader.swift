internal import CKafka

/// Looks into partitions without belonging to a group: what stands at an offset, and where the log ends.
///
/// The ends come from fetch answers, which are right on every broker known (ListOffsets is not, see
/// `Consumer.watermarks`). Not Sendable: one thread at a time.
public final class LogReader {
  private var client: Client?

  /// What was seen of one partition.
  public struct Sight: Sendable, Equatable {
    /// The first record at or after the offset that was asked for; nil where the log ends there.
    public internal(set) var offset: Int64?
    /// When that record was made or taken, milliseconds since 1970; nil where the broker keeps no time.
    public internal(set) var time: Int64?
    /// One past the last record; nil where the partition could not be read.
    public internal(set) var end: Int64?
    public internal(set) var failure: KafkaError?

    var isComplete: Bool { end != nil || failure != nil }
  }

  /// In place of an offset: wherever the log begins.
  public static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)

  public init(properties: KafkaProperties, log: KafkaLog? = nil) throws(KafkaError) {
    let configuration = Configuration()
    try configuration.apply(
      defaults: [("socket.nagle.disable", "true")], properties,
      fixed: [
        // librdkafka wants a name even from those who join no group and commit nothing.
        ("group.id", "millrace-looks"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"),
        ("enable.partition.eof", "true"),
        ("isolation.level", "read_committed"),
        ("allow.auto.create.topics", "false"),
        ("fetch.message.max.bytes", "65536"),
        ("queued.min.messages", "1"),
        ("queued.max.messages.kbytes", "64"),
      ], "log reader")
    let client = try Client(RD_KAFKA_CONSUMER, configuration, inbox: Inbox(log: log), "log reader")
    rd_kafka_poll_set_consumer(client.raw)
    self.client = client
  }

  deinit { _ = close(within: .seconds(5)) }

  /// All partitions of the topics, as the cluster knows them now. A topic that is not there is a failure.
  public func partitions(of topics: [String], within bound: Duration) throws(KafkaError) -> [TopicPartition] {
    guard let client else {
      throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "list partitions", reason: "the log reader is closed")
    }
    var metadata: UnsafePointer<rd_kafka_metadata>?
    try client.check(rd_kafka_metadata(client.raw, 1, nil, &metadata, bound.cMilliseconds), "list partitions")
    guard let metadata else { return [] }
    defer { rd_kafka_metadata_destroy(metadata) }
    let known = UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
    var partitions: [TopicPartition] = []
    for topic in topics {
      guard let found = known.first(where: { String(cString: $0.topic) == topic }), found.partition_cnt > 0 else {
        throw KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "list partitions of \(topic)")
      }
      partitions += (0..<found.partition_cnt).map { TopicPartition(topic, $0) }
    }
    return partitions
  }

  /// Looks at each partition from its offset on. Partitions that did not answer within the bound are left out.
  public func look(
    at offsets: [TopicPartition: Int64], within bound: Duration
  ) throws(KafkaError) -> [TopicPartition: Sight] {
    guard !offsets.isEmpty else { return [:] }
    guard let client else {
      throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "look", reason: "the log reader is closed")
    }
    let list = PartitionList(offsets)
    try client.check(rd_kafka_assign(client.raw, list.raw), "look")
    defer { rd_kafka_assign(client.raw, nil) }
    var sights: [TopicPartition: Sight] = [:]
    var left = offsets.count
    let deadline = ContinuousClock.now + bound
    while left > 0, ContinuousClock.now < deadline {
      guard let message = rd_kafka_consumer_poll(client.raw, 50) else { continue }
      defer { rd_kafka_message_destroy(message) }
      guard let topic = message.pointee.rkt else { continue }
      let partition = TopicPartition(String(cString: rd_kafka_topic_name(topic)), message.pointee.partition)
      guard offsets[partition] != nil, sights[partition] == nil else { continue }
      sights[partition] = LogReader.sight(of: message, partition, client)
      left -= 1
    }
    return sights
  }

  private static func sight(
    of message: UnsafeMutablePointer<rd_kafka_message_t>, _ partition: TopicPartition, _ client: Client
  ) -> Sight {
    var sight = Sight()
    switch message.pointee.err {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      sight.offset = message.pointee.offset
      var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
      let time = rd_kafka_message_timestamp(message, &type)
      if type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, time >= 0 { sight.time = time }
      var low: Int64 = 0
      var high: Int64 = 0
      let code = rd_kafka_get_watermark_offsets(client.raw, partition.topic, partition.partition, &low, &high)
      let isKnown = code == RD_KAFKA_RESP_ERR_NO_ERROR && high > message.pointee.offset
      sight.end = isKnown ? high : message.pointee.offset + 1
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      sight.end = message.pointee.offset
    default:
      sight.failure = Client.error(message.pointee.err, nil, "look at \(partition)", of: client.raw)
    }
    return sight
  }

  @discardableResult
  public func close(within bound: Duration) -> Bool {
    guard let client = client.take() else { return true }
    return Client.close(consume client, within: bound)
  }
}
