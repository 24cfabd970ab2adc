internal import CKafka
internal import Glibc

/// A member of a group, with eager assignment: revoked of all, then assigned anew.
///
/// Not Sendable: one thread at a time makes every call, polls often enough for `max.poll.interval.ms`, also while
/// everything is paused, and runs the callbacks inside those calls. Before 2.1.0 other calls than `poll` count for
/// that interval too.
public final class Consumer {
  public let group: String
  public let topics: [String]
  private var client: Client?
  private(set) var paused: Set<TopicPartition> = []
  // librdkafka's topic objects met in the current poll and their place in `topics`.
  private var met: [(topic: OpaquePointer, index: Int32)] = []

  /// Joins the group with the first polls. `log` runs on librdkafka's threads.
  public init(
    group: String, topics: [String], properties: KafkaProperties, bounds: ConsumerBounds = ConsumerBounds(),
    log: KafkaLog? = nil
  ) throws(KafkaError) {
    self.group = group
    self.topics = topics
    let configuration = Configuration()
    try configuration.apply(
      defaults: [
        ("partition.assignment.strategy", "range"),
        ("allow.auto.create.topics", "false"),
        ("topic.metadata.propagation.max.ms", "5000"),
        // How soon a topic that was missing, or has grown, is noticed; librdkafka's own five minutes are long.
        ("topic.metadata.refresh.interval.ms", "30000"),
        ("check.crcs", "true"),
        ("socket.nagle.disable", "true"),
        ("socket.keepalive.enable", "true"),
      ] + bounds.properties,
      properties,
      fixed: [
        ("group.id", group),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"),
        ("enable.partition.eof", "true"),
        ("isolation.level", "read_committed"),
        ("message.max.bytes", String(ConsumerBounds.smallestAnswer)),
      ], "consumer of \(group)")
    rd_kafka_conf_set_rebalance_cb(configuration.raw) { raw, code, partitions, opaque in
      guard let raw, let inbox = Inbox.of(opaque) else { return }
      Consumer.rebalanced(raw, code, partitions, inbox)
    }
    let client = try Client(RD_KAFKA_CONSUMER, configuration, inbox: Inbox(log: log), "consumer of \(group)")
    rd_kafka_poll_set_consumer(client.raw)
    self.client = client
    let list = PartitionList(topics.map { TopicPartition($0, -1) })
    try client.check(rd_kafka_subscribe(client.raw, list.raw), "subscribe to \(topics.joined(separator: ", "))")
  }

  deinit { _ = close(within: .seconds(5)) }

  /// Only records what the group asks for. librdkafka waits for the answer as long as the application polls.
  private static func rebalanced(
    _ raw: OpaquePointer, _ code: rd_kafka_resp_err_t,
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ inbox: Inbox
  ) {
    if inbox.isClosing {
      rd_kafka_assign(raw, nil)
      return
    }
    let partitions = list?.entries.map(\.topicPartition).sorted() ?? []
    if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
      inbox.rebalance = .assigned(partitions)
    } else {
      inbox.rebalance = .revoked(partitions, lost: rd_kafka_assignment_lost(raw) != 0)
    }
    // Makes the poll that runs this callback return at once.
    rd_kafka_yield(raw)
  }

  /// What the group waits for. Partitions bring no records until it is answered by `assign` or `unassign`.
  public var rebalance: Rebalance? { client?.inbox.rebalance }

  /// The group gave this member's partitions away (session or poll time exceeded); asks the library, not the broker.
  public var hasLostAssignment: Bool { client.map { rd_kafka_assignment_lost($0.raw) != 0 } ?? true }

  /// The value in force of a librdkafka property, set or default.
  public func setting(_ name: String) -> String? { client?.setting(name) }

  /// Waits up to `wait` for the first record or notice, then takes what is there without waiting, until `limit`, a
  /// rebalance or a failure. Ends of partitions do not stop it. Never throws: trouble comes as notices.
  public func poll(into batch: RecordBatch, upTo limit: PollLimit, wait: Duration) -> [Notice] {
    guard let client else { return [] }
    let inbox = client.inbox
    met.removeAll(keepingCapacity: true)
    var timeout = wait.cMilliseconds
    var deadline: Int64 = .max
    var untilClock = 64
    while batch.count < limit.records, batch.bytes < limit.bytes {
      guard let message = rd_kafka_consumer_poll(client.raw, timeout) else { break }
      if timeout != 0 {
        timeout = 0
        deadline = Consumer.monotonicMilliseconds() + Int64(limit.time.cMilliseconds)
      }
      if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
        batch.append(message, topicIndex: topicIndex(message.pointee.rkt), of: client)
      } else {
        let isEnd = message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF
        inbox.notices.append(notice(of: message.pointee, client))
        rd_kafka_message_destroy(message)
        if !isEnd { break }
      }
      if inbox.rebalance != nil { break }
      untilClock -= 1
      if untilClock == 0 {
        untilClock = 64
        if Consumer.monotonicMilliseconds() >= deadline { break }
      }
    }
    guard !inbox.notices.isEmpty else { return [] }
    defer { inbox.notices.removeAll() }
    return inbox.notices
  }

  private func notice(of message: rd_kafka_message_t, _ client: Client) -> Notice {
    guard let handle = message.rkt else {
      return .failed(Client.error(message.err, Consumer.reason(message), "consume", of: client.raw))
    }
    let topic = String(cString: rd_kafka_topic_name(handle))
    let partition = TopicPartition(topic, message.partition)
    switch message.err {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      return .reachedEnd(partition, offset: message.offset)
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
      RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      // The library leaves a meaningless partition 0 in these.
      return .topicFailed(
        topic, Client.error(message.err, Consumer.reason(message), "consume \(topic)", of: client.raw))
    default:
      return .partitionFailed(
        partition, Client.error(message.err, Consumer.reason(message), "consume \(partition)", of: client.raw))
    }
  }

  private static func reason(_ message: rd_kafka_message_t) -> String? {
    withUnsafePointer(to: message) { rd_kafka_message_errstr($0).map { String(cString: $0) } }
  }

  private func topicIndex(_ topic: OpaquePointer) -> Int32 {
    for known in met where known.topic == topic { return known.index }
    let name = String(cString: rd_kafka_topic_name(topic))
    let index = Int32(topics.firstIndex(of: name) ?? -1)
    met.append((topic, index))
    return index
  }

  private static func monotonicMilliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }

  /// Leaves the group and frees everything, within the bound: false where librdkafka hangs or a batch still holds
  /// records, then a thread is left behind and the process should end soon. No other call afterwards has an effect.
  @discardableResult
  public func close(within bound: Duration) -> Bool {
    guard let client = client.take() else { return true }
    if client.inbox.rebalance != nil { rd_kafka_assign(client.raw, nil) }
    return Client.close(consume client, within: bound)
  }

  func open(_ operation: @autoclosure () -> String) throws(KafkaError) -> Client {
    guard let client else {
      throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, operation(), reason: "the consumer is closed")
    }
    return client
  }

  func setPaused(_ partitions: Set<TopicPartition>) { paused = partitions }
}
