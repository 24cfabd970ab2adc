import Calls
import Contract
import Postgres
import Values

/// Closes calls that nothing was told of for long: they end with the last that is known of them, and their row says that
/// nobody said so. Whatever is told later undoes it.
enum CloseCalls: Sweep {
  static let name = "close-calls"
  static var pause: Duration { .seconds(15) }

  /// Only the last use of an id can go on: the start of another ends the one before.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [String] {
    try transaction.rows(
      """
      select c.id
      from call c cross join firm_policy f
      where c.outcome is null and c.opened_at <= clock_timestamp() - f.close_calls_minutes * interval '1 minute'
        and c.last_at <= clock_timestamp() - f.close_calls_minutes * interval '1 minute'
        and not exists (select from set_aside s where s.sweep = 'close-calls' and s.item = c.id)
      order by c.opened_at limit $1 for update of c skip locked
      """
    ) { $0.integer(Int64(limit)) }.map { $0.text(0) }
  }

  static func label(_ call: String) -> String { call }

  static func load(
    _ ids: [String], _ terms: inout CallTerms, _ transaction: Transaction
  ) throws(PostgresError) -> CallBook {
    let (known, at) = try Statements.calls(ids, transaction)
    var book = CallBook(terms: terms, at: at)
    book.calls = known
    for id in ids {
      guard let last = known[id]?.facts.all.last else { continue }
      _ = book.add(CallFact(.closed, at: last.at), to: id)
      book.tell(id)
    }
    return book
  }

  static func decide(_ id: String, _ book: inout CallBook, _ now: Timestamp) -> Decision<CallChange> {
    .apply(book.change(of: id), outcome: "closed-by-rule")
  }

  static let writes = CallChange.writes
}
