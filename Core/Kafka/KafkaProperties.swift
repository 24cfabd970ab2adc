internal import CKafka

/// librdkafka properties by name, as a person set them; checked when built. The room's own defaults lie under them.
/// <https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md>
public struct KafkaProperties: Sendable, Equatable {
  private(set) var values: [(name: String, value: String)] = []

  public init() {}

  /// Throws for a name that the loaded library does not know, a value that it refuses, and a property that is not
  /// the user's to set. The error names the property and never shows a secret's value.
  public init(_ values: [String: String]) throws(KafkaError) {
    for (name, value) in values.sorted(by: { $0.key < $1.key }) { try set(name, to: value) }
  }

  public subscript(_ name: String) -> String? { values.last { $0.name == name }?.value }

  public mutating func set(_ name: String, to value: String) throws(KafkaError) {
    let operation = "property \(name)"
    if let why = KafkaProperties.reserved[name] {
      throw .wrong("not to be set: \(why)", operation)
    }
    if name == "partition.assignment.strategy", value.contains("cooperative") {
      throw .wrong("only range and roundrobin: cooperative assignment can own a partition twice", operation)
    }
    let scratch = Configuration()
    try scratch.set(name, to: value, "property \(name)")
    values.removeAll { $0.name == name }
    values.append((name, value))
  }

  /// Sets it unless the user did.
  public mutating func setDefault(_ name: String, to value: String) throws(KafkaError) {
    if self[name] == nil { try set(name, to: value) }
  }

  public static func == (left: KafkaProperties, right: KafkaProperties) -> Bool {
    left.values.elementsEqual(right.values) { $0 == $1 }
  }

  private static let byPosition = "positions are kept with the results, in PostgreSQL"
  private static let oneKeyOnePartition = "every producer has to put a key into the same partition (murmur2_random)"
  private static let exactlyOnce = "exactly-once publishing depends on it"

  private static let reserved: [String: String] = [
    "enable.auto.commit": byPosition, "auto.commit.enable": byPosition,
    "enable.auto.offset.store": byPosition, "auto.offset.reset": byPosition,
    "offset.store.method": byPosition,
    "enable.partition.eof": "the end of a partition is how lag is known",
    "isolation.level": "events of aborted transactions must not be read",
    "group.id": "it is the worker's name", "group.protocol": "rebalances are answered with explicit offsets",
    "partitioner": oneKeyOnePartition,
    "transactional.id": exactlyOnce, "enable.idempotence": exactlyOnce,
    "acks": exactlyOnce, "request.required.acks": exactlyOnce,
    "delivery.report.only.error": "every delivery is counted", "log.queue": "logs are passed on at once",
  ]
}

/// Owns an `rd_kafka_conf_t` until a client takes it over.
struct Configuration: ~Copyable {
  let raw: OpaquePointer

  init() { raw = rd_kafka_conf_new() }

  deinit { rd_kafka_conf_destroy(raw) }

  consuming func release() -> OpaquePointer {
    let raw = self.raw
    discard self
    return raw
  }

  func set(_ name: String, to value: String, _ operation: String) throws(KafkaError) {
    let reason = withReason { rd_kafka_conf_set(raw, name, value, $0, $1) == RD_KAFKA_CONF_OK }
    guard let reason else { return }
    let isSecret = ["password", "secret", ".key", ".pem", "jaas", "oauthbearer"].contains { name.contains($0) }
    throw .wrong(isSecret ? "the value is refused" : reason, operation)
  }

  /// Defaults first, then what the user set, then what nobody may change.
  func apply(
    defaults: [(name: String, value: String)], _ properties: KafkaProperties, fixed: [(name: String, value: String)],
    _ operation: String
  ) throws(KafkaError) {
    guard properties["bootstrap.servers"] != nil || properties["metadata.broker.list"] != nil else {
      throw .wrong("bootstrap.servers is not set", operation)
    }
    let all = KafkaLibrary.defaults + defaults + properties.values + fixed
    for (name, value) in all { try set(name, to: value, "\(operation): \(name)") }
  }
}

/// Runs a call that writes its reason into a buffer; nil where it succeeded.
func withReason(_ call: (UnsafeMutablePointer<CChar>, Int) -> Bool) -> String? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer -> String? in
    buffer.initialize(repeating: 0)
    guard let base = buffer.baseAddress else { return "out of memory" }
    return call(base, buffer.count) ? nil : String(cString: base)
  }
}
