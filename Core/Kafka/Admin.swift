internal import CKafka

/// Looks at and changes topics and groups. Calls block up to their bound; one thread at a time.
/// Where many things are asked for at once, the answer names those that failed, and the others were done.
public final class Admin {
  private var client: Client?

  public init(properties: KafkaProperties, log: KafkaLog? = nil) throws(KafkaError) {
    let configuration = Configuration()
    try configuration.apply(
      defaults: [("socket.nagle.disable", "true")], properties, fixed: [("allow.auto.create.topics", "false")], "admin")
    client = try Client(RD_KAFKA_PRODUCER, configuration, inbox: Inbox(log: log), "admin")
  }

  deinit { _ = close(within: .seconds(5)) }

  /// Every topic, by name. Makes none.
  public func topics(within bound: Duration) throws(KafkaError) -> [TopicDescription] {
    let client = try open("list topics")
    var metadata: UnsafePointer<rd_kafka_metadata>?
    try client.check(rd_kafka_metadata(client.raw, 1, nil, &metadata, bound.cMilliseconds), "list topics")
    guard let metadata else { return [] }
    defer { rd_kafka_metadata_destroy(metadata) }
    let topics = UnsafeBufferPointer(start: metadata.pointee.topics, count: Int(metadata.pointee.topic_cnt))
    return topics.map(describe).sorted { $0.name < $1.name }
  }

  private func describe(_ topic: rd_kafka_metadata_topic) -> TopicDescription {
    let name = String(cString: topic.topic)
    let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
    return TopicDescription(
      name: name, partitions: topic.partition_cnt, replication: partitions.first?.replica_cnt ?? 0,
      leaderless: partitions.filter { $0.leader < 0 }.map(\.id),
      error: topic.err == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(topic.err, "describe \(name)"))
  }

  /// The first offset and the one after the last, asked of the leader; see `Consumer.watermarks` for Tansu.
  public func watermarks(
    _ partition: TopicPartition, within bound: Duration
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    let client = try open("watermarks")
    return try client.watermarks(partition, within: bound)
  }

  @discardableResult
  public func close(within bound: Duration) -> Bool {
    guard let client = client.take() else { return true }
    return Client.close(consume client, within: bound)
  }

  func open(_ operation: @autoclosure () -> String) throws(KafkaError) -> Client {
    guard let client else {
      throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, operation(), reason: "the admin is closed")
    }
    return client
  }

  /// Sends a request and hands its answer to `read`, which may not keep it.
  func request<Answer>(
    _ kind: rd_kafka_admin_op_t, _ operation: String, within bound: Duration,
    _ send: (_ client: OpaquePointer, _ options: OpaquePointer, _ queue: OpaquePointer) -> Void,
    _ read: (_ event: OpaquePointer) -> Answer
  ) throws(KafkaError) -> Answer {
    let client = try open(operation)
    guard let queue = rd_kafka_queue_new(client.raw), let options = rd_kafka_AdminOptions_new(client.raw, kind) else {
      throw .wrong("no queue or options", operation)
    }
    defer {
      rd_kafka_AdminOptions_destroy(options)
      rd_kafka_queue_destroy(queue)
    }
    rd_kafka_AdminOptions_set_request_timeout(options, max(1, bound.cMilliseconds), nil, 0)
    send(client.raw, options, queue)
    // The request has its own bound; the second more covers an answer on its way.
    guard let event = rd_kafka_queue_poll(queue, bound.cMilliseconds + 1000) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, operation)
    }
    defer { rd_kafka_event_destroy(event) }
    let code = rd_kafka_event_error(event)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw KafkaError(code, operation, reason: rd_kafka_event_error_string(event).map { String(cString: $0) })
    }
    return read(event)
  }
}
