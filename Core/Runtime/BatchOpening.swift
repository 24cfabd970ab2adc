internal import Contract
internal import Digest
internal import Kafka
internal import Postgres

/// The beginning of a batch's transaction: positions are locked and compared, identities entered.
///
/// It is sent at once and answered later, because the worker has much to do before it knows its first question: while
/// PostgreSQL enters a batch's identities, the lane reads what the events say.
final class BatchOpening {
  private let positions: PositionTable
  private let connection: Connection
  private let expected: [TopicPartition: Int64]
  private let identities: [SeenEvents.Seen]
  private let told: (_ inserted: Int64, _ flushed: Int64) -> Void
  /// Partitions whose position is not what the lane believes; then nothing may be done.
  private(set) var moved: [TopicPartition] = []
  /// Some of the identities had been there before.
  private(set) var hasRepeats = false

  /// - Parameter told: how far the write-ahead log was inserted and flushed when the transaction began.
  init(
    _ positions: PositionTable, _ connection: Connection, _ expected: [TopicPartition: Int64],
    _ identities: [SeenEvents.Seen], told: @escaping (_ inserted: Int64, _ flushed: Int64) -> Void
  ) {
    self.positions = positions
    self.connection = connection
    self.expected = expected
    self.identities = identities
    self.told = told
  }

  func send() throws(PostgresError) {
    var arguments = Arguments()
    positions.bind(&arguments, expected.keys.sorted())
    try connection.enterPipeline()
    try connection.send("begin")
    try connection.send(
      """
      select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
        pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint
      """)
    try connection.send(PositionTable.lock, arguments)
    if !identities.isEmpty {
      arguments.removeAll()
      SeenEvents.bind(&arguments, identities)
      try connection.send(SeenEvents.insert, arguments)
    }
    try connection.push()
  }

  /// Reads what came of it. Throws where the lane's partitions are no longer its own: then the worker is told no answer, and
  /// what it asked meanwhile goes with the transaction.
  func settle() throws(PostgresError) {
    _ = try connection.receive()
    let row = try connection.receive()[0]
    told(row.integer(0), row.integer(1))
    moved = positions.moved(expected, try connection.receive())
    if !identities.isEmpty { hasRepeats = try connection.receive().affected < identities.count }
    FailPoint.pass(.begun)
    guard moved.isEmpty else { throw .changedMeanwhile }
    FailPoint.pass(.locked)
  }

  /// Of the batch's identities, those that were there before, with the fingerprint of the data they came with.
  func repeats() throws(PostgresError) -> [Fingerprint: Int64] {
    hasRepeats ? try SeenEvents.before(identities, connection) : [:]
  }
}
