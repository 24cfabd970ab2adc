public import Postgres
public import Values

/// A sweep whose rows are due by what people did until a moment, so that all of it must have taken effect first.
///
/// The runtime takes the database's time, then begins to fetch the ends of every partition of the topics that are awaited,
/// and waits until their workers' positions have come there, and until no unpublished event of these topics is left that was
/// there at that time. Only then is that moment *heard*, and `claim` sees it. A topic in which nothing happens holds nothing
/// up; one that cannot be reached does, for as long as the setting `HEAR_WITHIN` says.
public protocol AwaitingSweep: Sweep {
  static var awaits: [Awaited] { get }
  /// Whether a row is due by the database's clock. Asked first, so that Kafka is not asked for nothing.
  static func isAnyDue(_ cache: inout Cache, _ transaction: Transaction) throws(PostgresError) -> Bool
  /// As `Sweep.claim`, but only rows that were due at `heard`: what was said before it has taken effect, what is said
  /// later has not.
  static func claim(
    _ limit: Int, heard: Timestamp, _ cache: inout Cache, _ transaction: Transaction
  ) throws(PostgresError) -> [Item]
  /// Rows have been due since then, and an awaited topic cannot be heard: says so to somebody. Called every minute, in a
  /// transaction of its own.
  static func isUnheard(since: Timestamp, _ transaction: Transaction) throws(PostgresError)
}

/// A topic, and the worker whose positions tell what has taken effect.
public struct Awaited: Sendable {
  public let topic: Topic
  public let worker: String

  public init(_ topic: Topic, takenBy worker: String) {
    self.topic = topic
    self.worker = worker
  }
}
