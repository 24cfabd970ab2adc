internal import Calls
internal import Postgres
internal import Printing
internal import Values

/// `calls show`: a call's row and its time line, as far as the login may see them.
enum CallsShow {
  static let command = Command(
    name: "calls show", summary: "print what is known of a call, and its time line", operands: "CALL",
    operandCount: 1...1, options: [.json],
    details: """
      CALL is the telephone system's id. Where it was used again, as by one that counts anew after a restart, each use is a
      call, and all are shown in order of time. Numbers are masked unless the login was granted the role millrace_reveal.
      Flags: no-start and no-direction (nobody told its beginning), two-ends, negative-duration (something happened before
      the start or after the end, by its clock: counted as 0), id-reused, apart (something of this id lies half a day away),
      closed-by-rule (its end never came), agent-in-two-calls (who talked in another that is not linked with it, at the
      same time; marked a minute or so after its end). Calls that are linked with it, whichever names which, are shown
      below with one time line for all of them. Several customers have its phone: none is taken for it.
      """,
    examples: [("millrace calls show pbx1-1769822400.17", "see one call")], run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let id = invocation.operands[0]
    let session = try invocation.database()
    let rows = try session.rows(uses) { $0.text(id) }
    guard rows.count > 0 else { throw Failure.no("there is no call \(shown(id)).") }
    let others = try session.rows(
      "select other_call from agent_in_two_calls where call = $1 union select call from agent_in_two_calls where other_call = $1"
    ) { $0.text(id) }.map { $0.text(0) }
    let lines = try rows.map { row throws in
      guard let facts = CallFacts(text: row.text(26)) else {
        throw Failure.no("the facts of \(shown(id)) are written as this program does not know.")
      }
      return timeline(facts)
    }
    let linked = try rows.map { try LinkedCalls(of: id, use: Int32($0.small(27)), session) }
    let all = zip(zip(rows, lines), linked).map { cells($0.0, $0.1, others, $1) }
    if invocation.output.isJSON {
      invocation.output.showUpright(Table(columns, all))
      return .done
    }
    for place in all.indices {
      if place > 0 { invocation.output.write("\n") }
      invocation.output.showUpright(Table(columns, [all[place]]))
      for part in [lines[place]] + (linked[place].areThere ? [linked[place].summary, linked[place].timeLine] : []) {
        invocation.output.write("\n")
        invocation.output.show(part)
      }
    }
    return .done
  }

  static let uses: Statement = """
    select id, direction, queue, agent, person, phone, lead_id, customer, array_to_string(customers, ', '), started_at,
      answered_at, ended_at, ring_ms, wait_ms, talk_ms, hold_ms, wrap_up_ms, outcome, transfers, disposition,
      array_to_string(flags, ', '), contact, linked, call_back, call_back_due, call_back_settled, facts, use,
      count(*) over ()
    from call_seen where id = $1 order by use
    """

  private static let columns: [Table.Column] = [
    .left("call"), .left("use"), .left("direction"), .left("queue"), .left("agent"), .left("person"), .left("phone"),
    .right("leadId"), .left("customer"), .left("customers"), .left("startedAt"), .left("answeredAt"),
    .left("endedAt"), .right("ring"), .right("wait"), .right("talk"), .right("hold"), .right("wrapUp"),
    .left("outcome"), .right("transfers"), .left("disposition"), .left("flags"), .left("leadClock"),
    .left("linked"), .left("callBack"), .left("callBackDue"), .left("callBackSettled"), .left("sameAgentIn"),
    .left("timeLine"), .left("linkedCalls"),
  ]

  private static func cells(
    _ row: Row, _ line: Table, _ others: [String], _ linked: LinkedCalls
  ) -> [Table.Cell] {
    func text(_ column: Int32) -> Table.Cell {
      row.optionalText(column).flatMap { $0.isEmpty ? nil : .text($0) } ?? .none
    }
    func seconds(_ column: Int32) -> Table.Cell { .decimal(Double(row.integer(column)) / 1000) }
    let use = Table.Cell.nested(json: String(row.integer(27)), shown: "\(row.integer(27)) of \(row.integer(28))")
    return [
      text(0), use, text(1), text(2), text(3), text(4), text(5), .number(optional: row.optionalInteger(6)), text(7),
      text(8), .time(row.timestamp(9)), .time(optional: row.optionalTimestamp(10)),
      .time(optional: row.optionalTimestamp(11)), seconds(12), seconds(13), seconds(14), seconds(15), seconds(16),
      row.optionalText(17) == nil ? .text("goes on") : text(17), .number(row.integer(18)), text(19), text(20), text(21),
      text(22), text(23), .time(optional: row.optionalTimestamp(24)), text(25),
      others.isEmpty ? .none : .text(others.joined(separator: ", ")), .nested(json: line.json, shown: "below"),
      linked.areThere
        ? .nested(json: linked.json, shown: "\(linked.count), below") : .nested(json: "null", shown: "-"),
    ]
  }

  private static func timeline(_ facts: CallFacts) -> Table {
    guard let start = facts.all.first?.at else { return Table(lineColumns, []) }
    return Table(lineColumns, facts.all.map { lineCells($0, since: start) })
  }

  static let lineColumns: [Table.Column] = [
    .left("at"), .right("after"), .left("what"), .left("agent"), .left("queue"), .left("from"), .left("to"),
    .left("more"),
  ]

  static func lineCells(_ fact: CallFact, since start: Timestamp) -> [Table.Cell] {
    func text(_ text: String) -> Table.Cell { text.isEmpty ? .none : .text(text) }
    let more = [fact.word, fact.other].filter { !$0.isEmpty }.joined(separator: ", ")
    return [
      .time(fact.at), .decimal(fact.at.seconds(since: start)), .text(fact.kind.name), text(fact.agent),
      text(fact.queue), text(fact.from), text(fact.to), text(more),
    ]
  }
}
