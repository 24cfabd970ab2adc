import Calls
import Contract
import Postgres
import Values

/// Closes calls that nothing was told of for long: they end with the last that is known of them, and their row says that
/// nobody said so. Whatever is told later undoes it.
enum CloseCalls: Sweep {
  static let name = "close-calls"
  static var pause: Duration { .seconds(15) }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [CallBook.Call] {
    let rows = try transaction.rows(
      """
      select null::timestamptz, c.id, c.version, c.facts, c.phone, c.lead_id, c.contact,
        coalesce(c.customer_ids, array[c.customer_id])
      from call c cross join firm_policy f
      where c.outcome is null and c.opened_at <= clock_timestamp() - f.close_calls_minutes * interval '1 minute'
        and c.last_at <= clock_timestamp() - f.close_calls_minutes * interval '1 minute'
        and not exists (select from set_aside s where s.sweep = 'close-calls' and s.item = c.id)
      order by c.opened_at limit $1 for update of c skip locked
      """
    ) { $0.integer(Int64(limit)) }
    var calls: [CallBook.Call] = []
    for row in rows { calls.append(try Statements.call(row, row.text(1))) }
    return calls
  }

  static func label(_ call: CallBook.Call) -> String { call.id }

  static func load(
    _ calls: [CallBook.Call], _ terms: inout CallTerms, _ transaction: Transaction
  ) throws(PostgresError) -> CallBook {
    let at = try transaction.rows("select clock_timestamp()")[0].timestamp(0)
    var book = CallBook(terms: terms, at: at)
    for call in calls {
      book.calls[call.id] = call
      guard let last = call.facts.all.last else { continue }
      _ = book.add(CallFact(.closed, at: last.at), to: call.id)
      book.tell(call.id)
    }
    return book
  }

  static func decide(_ item: CallBook.Call, _ book: inout CallBook, _ now: Timestamp) -> Decision<CallChange> {
    guard let call = book.calls[item.id] else { return .ignore("gone") }
    return .apply(book.change(of: call, nil), outcome: "closed-by-rule")
  }

  static let writes = CallChange.writes
}
