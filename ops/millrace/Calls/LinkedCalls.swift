internal import Calls
internal import Postgres
internal import Printing
internal import Values

/// A call and all calls that it is linked with, together: what a caller who was passed on from call to call went
/// through.
struct LinkedCalls {
  private struct Part {
    let name: String
    let cells: [Table.Cell]
    let facts: CallFacts
  }

  private let parts: [Part]
  private let start: Timestamp
  /// Others than the call itself.
  let count: Int

  var areThere: Bool { count > 0 }

  init(of id: String, use: Int32, _ session: Connection) throws {
    let rows = try session.rows(LinkedCalls.statement) {
      $0.text(id)
      $0.small(use)
    }
    parts = try rows.map { row throws in
      guard let facts = CallFacts(text: row.text(9)) else {
        throw Failure.no("the facts of \(shown(row.text(0))) are written as this program does not know.")
      }
      func text(_ column: Int32) -> Table.Cell { .text(optional: row.optionalText(column)) }
      let name = row.integer(1) == 1 ? row.text(0) : "\(row.text(0))#\(row.integer(1))"
      return Part(
        name: name,
        cells: [
          .text(name), text(2), text(3), text(4), text(5), .time(row.timestamp(6)),
          .decimal(Double(row.integer(7)) / 1000), row.optionalText(8) == nil ? .text("goes on") : text(8), text(10),
        ], facts: facts)
    }
    count = max(0, rows.count - 1)
    start = parts.compactMap { $0.facts.all.first?.at }.min() ?? Timestamp(microseconds: 0)
  }

  private static let statement: Statement = """
    select s.id, s.use, s.direction, s.queue, s.agent, s.phone, s.started_at, s.talk_ms, s.outcome, s.facts, s.linked
    from call_family($1, $2) f join call_seen s on s.id = f.id and s.use = f.use
    order by s.started_at, s.id, s.use
    """

  var summary: Table {
    Table(
      [
        .left("call"), .left("direction"), .left("queue"), .left("agent"), .left("phone"), .left("startedAt"),
        .right("talk"), .left("outcome"), .left("linked"),
      ], parts.map(\.cells))
  }

  /// Of all of them, in order of time.
  var timeLine: Table {
    let lines = parts.flatMap { part in part.facts.all.map { (part.name, $0) } }.sorted { $0.1 < $1.1 }
    return Table(
      [.left("call")] + CallsShow.lineColumns,
      lines.map { [.text($0.0)] + CallsShow.lineCells($0.1, since: start) })
  }

  var json: String {
    #"{"calls":\#(summary.json),"timeLine":\#(timeLine.json)}"#
  }
}
