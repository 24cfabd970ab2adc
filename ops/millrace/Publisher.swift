internal import Contract
internal import Glibc
internal import Imports
internal import Kafka
internal import Values

extension Publisher {
  init(_ topic: Topic, _ broker: Broker) throws {
    // A topic that is not there would be asked for until the time is over; this says it at once.
    guard let found = try broker.topics().first(where: { $0.name == topic.name }) else {
      throw Failure.no("the topic \(topic.name) does not exist; `millrace topics apply --execute` makes it.")
    }
    if let error = found.error { throw error }
    var properties = broker.properties
    // Larger than the broker takes, so that it is the broker who says what is too large.
    try properties.setDefault("message.max.bytes", to: String(topic.largestMessage * 2))
    try self.init(topic, properties: properties)
  }
}

/// Now, by the machine's clock. For ids and ages that people read; decisions take the database's time.
func wallClock() -> Timestamp {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
}
