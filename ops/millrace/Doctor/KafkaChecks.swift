internal import Contract
internal import Kafka
internal import Settings
internal import Topics

/// What `doctor` asks Kafka.
enum KafkaChecks {
  static func run(_ settings: Settings) -> [Finding] {
    var findings: [Finding] = [.ok("librdkafka", KafkaLibrary.version)]
    let described: [TopicDescription]
    do {
      described = try Broker(settings).topics()
    } catch {
      return findings + [
        .wrong(
          "kafka", Failure(error).sentence, do: "start it, or correct KAFKA_BOOTSTRAP_SERVERS and KAFKA_SECURITY_…")
      ]
    }
    findings.append(.ok("kafka", "answers; it has \(described.count) topics"))
    let known = Dictionary(uniqueKeysWithValues: described.map { ($0.name, $0) })
    let wrong = Catalogue.topics.flatMap { check($0, known[$0.name]) }
    return findings + (wrong.isEmpty ? [.ok("topics", "all \(Catalogue.topics.count) are there")] : wrong)
  }

  private static func check(_ topic: Topic, _ found: TopicDescription?) -> [Finding] {
    guard let found else { return [.wrong("topics", "\(topic.name) is not there", do: "run `millrace topics apply`")] }
    if let error = found.error {
      return [.wrong("topics", "\(topic.name) cannot be described: \(error.reason)", do: "ask the broker's operators")]
    }
    var findings: [Finding] = []
    if found.partitions != topic.partitions {
      findings.append(
        .wrong(
          "topics", "\(topic.name) has \(found.partitions) partitions, \(topic.partitions) are declared",
          do: "see `millrace topics check`"))
    }
    if !found.leaderless.isEmpty {
      findings.append(
        .wrong(
          "topics",
          "\(topic.name): no broker leads partitions \(found.leaderless.map { "\($0)" }.joined(separator: ", "))",
          do: "they can be neither read nor written until a broker is back"))
    }
    return findings
  }
}
