internal import CKafka

/// What the broker said about records since it was last asked.
public struct Deliveries: Sendable {
  public internal(set) var delivered = 0
  /// The tags of those, where the producer was asked to tell them.
  public internal(set) var tags: [Int] = []
  /// The tags given to `send`, with why.
  public internal(set) var failures: [(tag: Int, error: KafkaError)] = []
}

/// Idempotent, or transactional where it has a `transactional.id`. Keys go to partitions as Java's do (murmur2).
///
/// Not Sendable: one thread at a time makes every call and runs the delivery callback inside `send` (when full),
/// `poll`, `flush` and the transaction calls.
public final class Producer {
  public let transactionalID: String?
  private var client: Client?
  private var topics: [String: OpaquePointer] = [:]
  /// How long `send` waits for room in a full queue.
  public var patience: Duration = .seconds(10)

  /// - Parameters:
  ///   - tellingTags: whether deliveries name each record that was delivered, by its tag.
  ///   - log: runs on librdkafka's threads.
  public init(
    properties: KafkaProperties, transactionalID: String? = nil, tellingTags: Bool = false, log: KafkaLog? = nil
  ) throws(KafkaError) {
    self.transactionalID = transactionalID
    let operation = transactionalID.map { "producer \($0)" } ?? "producer"
    let configuration = Configuration()
    var fixed = [
      ("enable.idempotence", "true"), ("acks", "all"), ("partitioner", "murmur2_random"),
      ("delivery.report.only.error", "false"),
    ].map { (name: $0.0, value: $0.1) }
    if let transactionalID { fixed.append(("transactional.id", transactionalID)) }
    try configuration.apply(
      defaults: [
        ("allow.auto.create.topics", "false"),
        ("linger.ms", "2"),
        ("queue.buffering.max.messages", "20000"),
        ("queue.buffering.max.kbytes", "16384"),
        ("socket.nagle.disable", "true"),
        ("socket.keepalive.enable", "true"),
      ],
      properties, fixed: fixed, operation)
    rd_kafka_conf_set_dr_msg_cb(configuration.raw) { client, message, opaque in
      guard let client, let message, let inbox = Inbox.of(opaque) else { return }
      let code = message.pointee.err
      guard code != RD_KAFKA_RESP_ERR_NO_ERROR else {
        inbox.deliveries.delivered += 1
        if inbox.tellsTags { inbox.deliveries.tags.append(Int(bitPattern: message.pointee._private)) }
        return
      }
      let topic = message.pointee.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
      inbox.deliveries.failures.append(
        (Int(bitPattern: message.pointee._private), Client.error(code, nil, "deliver to \(topic)", of: client)))
    }
    let inbox = Inbox(log: log)
    inbox.tellsTags = tellingTags
    client = try Client(RD_KAFKA_PRODUCER, configuration, inbox: inbox, operation)
  }

  deinit { _ = close(within: .seconds(5)) }

  /// The producer is at an end and has to be made anew (before 2.3.0 a mere timeout does that).
  public var fatalError: KafkaError? { client.flatMap { Client.fatalError(of: $0.raw, "producer") } }

  /// Records sent and not yet accounted for by a delivery.
  public var outstanding: Int { client.map { Int(rd_kafka_outq_len($0.raw)) } ?? 0 }

  /// The value in force of a librdkafka property, set or default.
  public func setting(_ name: String) -> String? { client?.setting(name) }

  /// Copies everything and queues it. A full queue is polled until there is room, for as long as `patience`.
  /// `isTooLarge` where the record exceeds `message.max.bytes`; nothing is queued then. A nil value is a tombstone,
  /// a nil partition is chosen by the key, a nil timestamp (milliseconds since 1970 UTC) is now. `tag` comes back
  /// in `takeDeliveries` if delivery fails, and if it succeeds where the producer tells tags.
  public func send(
    topic: String, partition: Int32? = nil, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
    headers: MessageHeaders = MessageHeaders(), timestamp: Int64? = nil, tag: Int = 0
  ) throws(KafkaError) {
    let client = try open("send")
    let handle = try handle(of: topic, client)
    var list: OpaquePointer?
    if !headers.isEmpty {
      list = rd_kafka_headers_new(headers.count)
      headers.withEach { name, value in
        // An empty value needs an address: a null one means a null value.
        rd_kafka_header_add(
          list, name.baseAddress?.assumingMemoryBound(to: CChar.self), name.count,
          value.map { $0.baseAddress ?? Producer.nothing }, value?.count ?? 0)
      }
    }
    let started = ContinuousClock.now
    while true {
      let code = millrace_produce(
        client.raw, handle, partition ?? -1,
        key.map { $0.baseAddress ?? Producer.nothing }, key?.count ?? 0,
        value.map { $0.baseAddress ?? Producer.nothing }, value?.count ?? 0,
        timestamp ?? 0, list, UnsafeMutableRawPointer(bitPattern: tag))
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return }
      if code == RD_KAFKA_RESP_ERR__QUEUE_FULL, ContinuousClock.now - started < patience {
        rd_kafka_poll(client.raw, 50)
        continue
      }
      if let list { rd_kafka_headers_destroy(list) }
      throw Client.error(code, nil, "send to \(topic)", of: client.raw)
    }
  }

  // A valid address for empty content; nothing is ever read from it or written to it.
  private nonisolated(unsafe) static let nothing = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

  private func handle(of topic: String, _ client: Client) throws(KafkaError) -> OpaquePointer {
    if let known = topics[topic] { return known }
    guard let handle = rd_kafka_topic_new(client.raw, topic, nil) else {
      throw Client.error(rd_kafka_last_error(), nil, "topic \(topic)", of: client.raw)
    }
    topics[topic] = handle
    return handle
  }

  /// Runs delivery callbacks; waits for the first one up to `wait`. Returns what failed as a whole (connections,
  /// fatal errors); single records are in `takeDeliveries`.
  @discardableResult
  public func poll(wait: Duration = .zero) -> [KafkaError] {
    guard let client else { return [] }
    rd_kafka_poll(client.raw, wait.cMilliseconds)
    guard !client.inbox.notices.isEmpty else { return [] }
    defer { client.inbox.notices.removeAll() }
    return client.inbox.notices.compactMap { notice in
      if case .failed(let error) = notice { error } else { nil }
    }
  }

  /// Waits until every record is accounted for; a timeout means that some are not, and that they may still arrive.
  public func flush(within bound: Duration) throws(KafkaError) {
    let client = try open("flush")
    try client.check(rd_kafka_flush(client.raw, bound.cMilliseconds), "flush")
  }

  public func takeDeliveries() -> Deliveries {
    guard let client else { return Deliveries() }
    defer { client.inbox.deliveries = Deliveries() }
    return client.inbox.deliveries
  }

  /// Drops what is unsent (flush first), aborts no transaction (the broker does, or the successor), and frees
  /// everything within the bound: false where librdkafka hangs; then a thread is left behind.
  @discardableResult
  public func close(within bound: Duration) -> Bool {
    guard let client = client.take() else { return true }
    for handle in topics.values { rd_kafka_topic_destroy(handle) }
    topics = [:]
    rd_kafka_purge(client.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    rd_kafka_poll(client.raw, 0)
    return Client.close(consume client, within: bound)
  }

  func open(_ operation: @autoclosure () -> String) throws(KafkaError) -> Client {
    guard let client else {
      throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, operation(), reason: "the producer is closed")
    }
    return client
  }
}
