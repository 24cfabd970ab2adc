import Contract
import Postgres
import Settings
import Values

/// Up to which moment the log has all that transactions wrote which had begun by then.
///
/// A transaction locks before it reads the clock for what it writes, and so has a number by then. Once every one that had a
/// number at a moment has ended, whatever bears an earlier time is in `service_due`; once that has been taken as well, it
/// is in the log. Nothing that counts hangs on it: it only says when a day may be closed.
struct RecordedUntil: LaneCache {
  private(set) var moment: Timestamp?
  private var waiting: Waiting?

  private struct Waiting {
    let moment: Timestamp
    let transactions: Set<String>
    /// All that they wrote is due by a row up to this one; nil while some of them go on.
    var lastDue: Int64?
  }

  /// A transaction that somebody left open holds days up for so long, in seconds.
  private static let patience: Double = 3600

  init(_ settings: Settings) {}

  mutating func look(_ transaction: Transaction) throws(PostgresError) {
    let now = try transaction.rows("select clock_timestamp()")[0].timestamp(0)
    let running = try RecordedUntil.running(transaction)
    var waiting = self.waiting ?? Waiting(moment: now, transactions: running)
    // What they left is seen by statements that begin from here on: locks go after the commit.
    let due = try transaction.rows("select coalesce(max(id), 0), min(id) from service_due")[0]
    if waiting.lastDue == nil,
      waiting.transactions.isDisjoint(with: running) || now.seconds(since: waiting.moment) > RecordedUntil.patience
    {
      waiting.lastDue = due.integer(0)
    }
    self.waiting = waiting
    guard let lastDue = waiting.lastDue, due.optionalInteger(1).map({ $0 > lastDue }) ?? true else { return }
    moment = waiting.moment
    self.waiting = nil
  }

  /// Numbers of the other transactions that go on in this database; of prepared ones nobody knows where.
  private static func running(_ transaction: Transaction) throws(PostgresError) -> Set<String> {
    let rows = try transaction.rows(
      """
      select l.transactionid::text from pg_locks l left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
        and l.pid is distinct from pg_backend_pid()
        and (a.datid is null or a.datid = (select oid from pg_database where datname = current_database()))
      """)
    return Set(rows.map { $0.text(0) })
  }
}
