package import Contract
internal import Glibc
package import Kafka

/// Sends lines to a topic, at a rate if one is wanted, and waits for the broker to acknowledge each.
package struct Publisher {
  /// How long nothing may be acknowledged before it gives up.
  static let patience = Duration.seconds(30)

  package struct Outcome {
    package var sent = 0
    package var acknowledged = 0
    package var failures: [(line: Int, error: KafkaError)] = []
    package var seconds = 0.0

    package init() {}
  }

  private let topic: Topic
  private let producer: Producer

  package init(_ topic: Topic, properties: KafkaProperties) throws(KafkaError) {
    self.topic = topic
    producer = try Producer(properties: properties)
    producer.patience = Self.patience
  }

  /// - Parameters:
  ///   - rate: events a second; nil is as fast as the broker takes them.
  ///   - tell: called every two seconds with how many were sent.
  package func publish(
    _ file: PublishFile, _ lines: PublishLines, rate: Int?, tell: (_ sent: Int) -> Void
  ) throws -> Outcome {
    var outcome = Outcome()
    let start = ContinuousClock.now
    var told = start
    try file.forEachLine { number, bytes in
      let line = lines.read(bytes, number: number)
      if let rate { wait(until: start + .nanoseconds(Int64(outcome.sent) * 1_000_000_000 / Int64(rate)), &outcome) }
      try send(line, number: number, &outcome)
      if ContinuousClock.now - told > .seconds(2) {
        told = .now
        tell(outcome.sent)
      }
    }
    drain(&outcome)
    outcome.seconds = (ContinuousClock.now - start) / .seconds(1)
    return outcome
  }

  /// Queues a line; what the broker has said of earlier ones meanwhile goes into `outcome`.
  package func send(_ line: PublishLine, number: Int, _ outcome: inout Outcome) throws(KafkaError) {
    var headers = MessageHeaders()
    fill(&headers, line)
    try send(line, headers, tag: number)
    outcome.sent += 1
    if outcome.sent.isMultiple(of: 256) { take(&outcome) }
  }

  private func fill(_ headers: inout MessageHeaders, _ line: PublishLine) {
    headers.removeAll()
    guard !line.isStructured else {
      headers.append("content-type", "application/cloudevents+json; charset=utf-8")
      return
    }
    headers.append("ce_specversion", "1.0")
    headers.append("ce_type", line.type)
    headers.append("ce_source", line.source)
    headers.append("ce_id", line.id)
    if let time = line.time { headers.append("ce_time", time) }
    headers.append("content-type", "application/json")
    if let trace = line.trace { headers.append("traceparent", trace) }
  }

  private func send(_ line: PublishLine, _ headers: MessageHeaders, tag: Int) throws(KafkaError) {
    guard var key = line.key else {
      return try producer.send(topic: topic.name, key: nil, value: line.value, headers: headers, tag: tag)
    }
    try key.withUTF8 { (bytes) -> Result<Void, KafkaError> in
      Result { () throws(KafkaError) in
        try producer.send(
          topic: topic.name, key: UnsafeRawBufferPointer(bytes), value: line.value, headers: headers, tag: tag)
      }
    }.get()
  }

  private func wait(until due: ContinuousClock.Instant, _ outcome: inout Outcome) {
    var left = due - ContinuousClock.now
    while left > .zero {
      // `poll` waits in whole milliseconds and returns early when there is something to tell.
      if left >= .milliseconds(1) { producer.poll(wait: .milliseconds(left / .milliseconds(1))) } else { usleep(100) }
      take(&outcome)
      left = due - ContinuousClock.now
    }
  }

  private func take(_ outcome: inout Outcome) {
    producer.poll()
    let deliveries = producer.takeDeliveries()
    outcome.acknowledged += deliveries.delivered
    outcome.failures += deliveries.failures.map { (line: $0.tag, error: $0.error) }
  }

  /// Waits for what is under way, for as long as something moves. The last call.
  package func drain(_ outcome: inout Outcome) {
    var moved = ContinuousClock.now
    var left = producer.outstanding
    while left > 0, ContinuousClock.now - moved < Self.patience {
      producer.poll(wait: .milliseconds(100))
      take(&outcome)
      if producer.outstanding != left { moved = .now }
      left = producer.outstanding
    }
    take(&outcome)
    producer.close(within: .seconds(5))
  }
}
