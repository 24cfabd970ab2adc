/// What a poll learned besides records.
public enum Notice: Sendable, Equatable {
  /// Everything up to (not including) this offset was handed over; told once each time the end is reached.
  /// Read-committed: an open transaction ends it earlier.
  case reachedEnd(TopicPartition, offset: Int64)
  /// Where it is out of range, nothing comes from this partition until `assign` is called again. Other errors mend
  /// themselves if `isTransient`.
  case partitionFailed(TopicPartition, KafkaError)
  /// The topic is not there (told after `topic.metadata.propagation.max.ms`), or must not be read. It mends itself
  /// within `topic.metadata.refresh.interval.ms` of the cause being removed.
  case topicFailed(String, KafkaError)
  /// The group, the connection or the client as a whole. Transient ones mend themselves.
  case failed(KafkaError)
}

/// What the group asks; the consumer's owner answers with `assign` or `unassign` when it is ready.
public enum Rebalance: Sendable, Equatable {
  case assigned([TopicPartition])
  /// `lost`: another member may already have them (session or poll time exceeded). Nothing may be committed for them.
  case revoked([TopicPartition], lost: Bool)

  public var partitions: [TopicPartition] {
    switch self {
    case .assigned(let partitions), .revoked(let partitions, _): partitions
    }
  }
}

/// When a poll has enough. Counts what the batch held before too.
public struct PollLimit: Sendable, Equatable {
  public var records: Int
  /// Of keys and values; the record that reaches it is still taken.
  public var bytes: Int
  /// From the first record on.
  public var time: Duration

  public init(records: Int, bytes: Int = .max, time: Duration = .seconds(1)) {
    self.records = records
    self.bytes = bytes
    self.time = time
  }
}
