/// A topic to be made.
public struct TopicSpecification: Sendable, Equatable {
  public var name: String
  public var partitions: Int32
  /// Copies of each partition; nil is the broker's default.
  public var replication: Int32?
  /// Topic settings by Kafka's names, such as `retention.ms`.
  public var settings: [String: String]

  public init(_ name: String, partitions: Int32, replication: Int32? = nil, settings: [String: String] = [:]) {
    self.name = name
    self.partitions = partitions
    self.replication = replication
    self.settings = settings
  }
}

/// A topic as the cluster describes it.
public struct TopicDescription: Sendable, Equatable {
  public let name: String
  public let partitions: Int32
  /// Copies of its first partition.
  public let replication: Int32
  /// Partitions that no broker leads at present: they can be neither read nor written.
  public let leaderless: [Int32]
  public let error: KafkaError?
}

/// A topic setting in force.
public struct TopicSetting: Sendable, Equatable {
  public let name: String
  /// nil where the broker keeps it secret.
  public let value: String?
  /// Nobody set it for this topic.
  public let isDefault: Bool
}
