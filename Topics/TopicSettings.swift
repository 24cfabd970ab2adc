public import Contract

extension Topic {
  /// `max.message.bytes`: the largest value and a ninth more for key, headers and framing, so that Kafka itself
  /// refuses what is too large while its producer still stands there to be told.
  public var largestMessage: Int { largestValue / 9 * 10 }

  /// What a broker is told about the topic, by Kafka's names.
  public var settings: [(name: String, value: String)] {
    [
      ("cleanup.policy", "delete"), ("max.message.bytes", String(largestMessage)),
      ("retention.ms", String(retention.components.seconds * 1000)),
    ]
  }
}
