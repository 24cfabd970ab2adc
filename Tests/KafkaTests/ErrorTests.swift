import Testing

@testable import Kafka

/// What a code of librdkafka means for whoever called.
@Suite struct ErrorTests {
  @Test(
    "what passes by itself is tried again, all else stops",
    arguments: [
      (-185, "_TIMED_OUT", true), (-167, "_OUTDATED", true), (-172, "_STATE", true), (-195, "_TRANSPORT", true),
      (27, "REBALANCE_IN_PROGRESS", true), (-186, "_INVALID_ARG", false), (-150, "_FATAL", false),
      (29, "TOPIC_AUTHORIZATION_FAILED", false),
    ] as [(Int32, String, Bool)])
  func passing(_ code: Int32, _ name: String, _ passes: Bool) {
    let error = KafkaError(code: code, reason: "", operation: "seek")
    #expect(error.name == name && error.isTransient == passes)
    // What a client has given up for good never passes.
    #expect(!KafkaError(code: code, reason: "", operation: "seek", isFatal: true).isTransient)
  }
}
