internal import Contract
internal import Kafka
internal import Topics

/// What a cluster's topics are not, that the contract says they are. Pure.
struct TopicDifference: Equatable {
  let topic: String
  let sentence: String
  /// What `topics apply` can do about it; nil where Kafka's own tools have to.
  let remedy: Remedy?

  enum Remedy: Equatable {
    case create
    case grow(from: Int32)
  }

  /// - Parameter settings: by topic, as far as the broker tells them; a setting that is not told is not judged.
  static func find(
    _ topics: [Topic], in cluster: [TopicDescription], settings: [String: [String: String]]
  ) -> [TopicDifference] {
    topics.flatMap { topic -> [TopicDifference] in
      guard let found = cluster.first(where: { $0.name == topic.name }) else {
        return [TopicDifference(topic: topic.name, sentence: "\(topic.name) does not exist.", remedy: .create)]
      }
      let told = settings[topic.name] ?? [:]
      return [partitions(topic, found), leaders(found)].compactMap { $0 }
        + topic.settings.compactMap { setting(topic, $0.name, $0.value, told[$0.name]) }
    }
  }

  private static func partitions(_ topic: Topic, _ found: TopicDescription) -> TopicDifference? {
    // More are no harm: nothing that must be unique rests on which partition a key fell into.
    guard found.partitions < topic.partitions else { return nil }
    return TopicDifference(
      topic: topic.name,
      sentence: "\(topic.name) has \(found.partitions) partitions, \(topic.partitions) were expected.",
      remedy: .grow(from: found.partitions))
  }

  private static func leaders(_ found: TopicDescription) -> TopicDifference? {
    if let error = found.error {
      return TopicDifference(topic: found.name, sentence: "\(found.name): \(error.reason).", remedy: nil)
    }
    guard !found.leaderless.isEmpty else { return nil }
    let list = found.leaderless.map(String.init).joined(separator: ", ")
    return TopicDifference(
      topic: found.name, sentence: "\(found.name) has no leader for its partitions \(list).", remedy: nil)
  }

  private static func setting(_ topic: Topic, _ name: String, _ expected: String, _ found: String?) -> TopicDifference?
  {
    guard let found, found != expected else { return nil }
    // A dead-letter topic may take more than it must.
    if name == "max.message.bytes", topic.isForDeadLetters, let most = Int(found), most >= topic.largestMessage {
      return nil
    }
    let alter = "kafka-configs.sh --alter --entity-type topics --entity-name \(topic.name) --add-config"
    return TopicDifference(
      topic: topic.name,
      sentence: "\(topic.name) has \(name)=\(found), \(expected) was expected: `\(alter) \(name)=\(expected)`.",
      remedy: nil)
  }
}

extension Topic {
  var isForDeadLetters: Bool { name.hasSuffix(".dlq") }
}
