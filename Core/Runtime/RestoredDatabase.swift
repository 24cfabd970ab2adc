public import Kafka
public import Postgres

/// How it is noticed that PostgreSQL is an older one of itself, and what is left out afterwards.
///
/// Who is authoritative: the row `database_identity`. `database_obstacle()` compares it with the cluster at every start
/// of a session; what only Kafka shows (a group was told a position that this database never reached) is written into
/// it here. Until `millrace recover` nothing goes on, for numbers that were given out and published before would be
/// given out again.
public enum RestoredDatabase {
  /// A partition as the database knows it.
  public struct Known: Sendable {
    public let worker: String
    public let partition: TopicPartition
    /// The highest position that there ever was.
    public let highest: Int64
  }

  public static func known(_ connection: Connection) throws(PostgresError) -> [Known] {
    try connection.rows("select worker, topic, partition, highest_offset from position order by 1, 2, 3").map {
      Known(worker: $0.text(0), partition: TopicPartition($0.text(1), Int32($0.small(2))), highest: $0.integer(3))
    }
  }

  public static func finding(_ worker: String, _ partition: TopicPartition, told: Int64, highest: Int64) -> String {
    "Kafka was told position \(told) of \(partition.topic)/\(partition.partition) by \(worker), "
      + "this database knows \(highest)"
  }

  /// From now on nothing goes on, unless the database has come to know that position since. The first finding is the one
  /// that is kept.
  public static func suspect(
    _ finding: String, _ worker: String, _ partition: TopicPartition, told: Int64, _ connection: Connection
  ) throws(PostgresError) {
    _ = try connection.rows("select suspect_restored($1, $2, $3, $4, $5)") {
      $0.text(finding)
      $0.text(worker)
      $0.text(partition.topic)
      $0.small(partition.partition)
      $0.integer(told)
    }
  }

  /// Why no session may go on; nil when nothing keeps it.
  public static func obstacle(_ connection: Connection) throws(PostgresError) -> String? {
    try connection.rows("select database_obstacle()")[0].optionalText(0)
  }
}

/// Runs of the relay whose events Kafka has and the database has not: it was set back behind them.
struct LostRuns {
  private var bounds: [(above: Int64, below: Int64)] = []

  init() {}

  init(_ connection: Connection) throws(PostgresError) {
    bounds = try connection.rows("select above, below from lost_runs()").map { ($0.integer(0), $0.integer(1)) }
  }

  init(_ bounds: [(above: Int64, below: Int64)]) { self.bounds = bounds }

  func contains(_ mark: RelayMark?) -> Bool {
    guard !bounds.isEmpty, let mark else { return false }
    return bounds.contains { mark.run > $0.above && mark.run < $0.below }
  }
}
