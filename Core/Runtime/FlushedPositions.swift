internal import Kafka

/// Which positions may be told to Kafka.
///
/// Lanes commit without waiting for the disk: rows and position are kept or lost together, and Kafka still has the
/// event. Kafka's own committed position must then never be ahead of what a crash of PostgreSQL would leave, so it
/// waits until the write-ahead log has been flushed past the commit. Two generations are enough: the one that waits
/// and the one that gathers.
struct FlushedPositions {
  private var gathering: [TopicPartition: Int64] = [:]
  private var waiting: [TopicPartition: Int64] = [:]
  private var waitingFor: Int64 = 0
  private var ready: [TopicPartition: Int64] = [:]

  mutating func committed(_ partition: TopicPartition, _ next: Int64) { gathering[partition] = next }

  /// The log as it is now, read after the latest commit.
  /// - Parameters: byte positions in the write-ahead log.
  mutating func log(insertedTo inserted: Int64, flushedTo flushed: Int64) {
    if !waiting.isEmpty, flushed >= waitingFor {
      ready.merge(waiting) { $1 }
      waiting = [:]
    }
    if waiting.isEmpty, !gathering.isEmpty {
      waiting = gathering
      waitingFor = inserted
      gathering = [:]
    }
  }

  /// A commit that waited for the disk came after all of these.
  mutating func flushed() {
    ready.merge(waiting) { $1 }
    ready.merge(gathering) { $1 }
    (waiting, gathering) = ([:], [:])
  }

  var isWaiting: Bool { !waiting.isEmpty || !gathering.isEmpty }

  mutating func takeReady() -> [TopicPartition: Int64] {
    defer { ready = [:] }
    return ready
  }

  mutating func forget() { self = FlushedPositions() }
}
