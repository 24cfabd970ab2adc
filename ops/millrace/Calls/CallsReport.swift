internal import Postgres
internal import Printing
internal import Values

/// `calls report`: the figures of queues and agents, by quarter of an hour or together.
enum CallsReport {
  static let command = Command(
    name: "calls report", summary: "print the figures of queues, or of agents",
    options: [
      CommandOption("--agents", nil, "of agents, not of queues"),
      CommandOption("--quarters", nil, "by quarter of an hour, not together"),
      CommandOption("--queue", "QUEUE", "only this queue"), CommandOption("--agent", "AGENT", "only this agent"),
      CommandOption("--since", "TIME", "since then: 2026-01-31T09:30:00+08:00, or 7d ago (default 1d)"),
      CommandOption("--until", "TIME", "before then"), .json,
    ],
    details: """
      Whole quarters of an hour. A queue's calls count in the one in which they came to it; an agent's time in the one
      in which it passed. Offered: all that came to the queue. Callers: of these, those who had been in no queue
      before, in this call or in one that is linked with it; whoever is passed on is a caller of the first queue, so
      that the sum over all queues counts each once. Short: gave up within the queue's shortSeconds (default 5).
      Service level: answered within its answerWithin (default 20 seconds), of all that came but the short ones.
      Missed: to voicemail, passed on before anybody answered, or ended by the system. Occupancy: talk, hold and
      wrap-up of the time that the agent was ready, busy or in wrap-up. Times are seconds; p95 is the whole second
      within which 95 of 100 were answered.
      """,
    examples: [
      ("millrace calls report --since 7d", "see a week of the queues"),
      ("millrace calls report --agents --agent 8001 --quarters", "see a day of an agent"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let since =
      try Moments.since(invocation.text("--since"), now: now, option: "--since") ?? now.adding(seconds: -86_400)
    let until = try Moments.since(invocation.text("--until"), now: now, option: "--until") ?? now
    guard since < until else { throw Failure.usage("--until must be after --since.") }
    let isByQuarter = invocation.flag("--quarters")
    let rows =
      invocation.flag("--agents")
      ? try session.rows(agents) { bind(&$0, since, until, invocation.text("--agent"), isByQuarter) }
      : try session.rows(queues) { bind(&$0, since, until, invocation.text("--queue"), isByQuarter) }
    invocation.output.show(
      invocation.flag("--agents") ? agentTable(rows, isByQuarter) : queueTable(rows, isByQuarter), nothing: "No call.")
    return .done
  }

  private static func bind(
    _ arguments: inout Arguments, _ since: Timestamp, _ until: Timestamp, _ name: String?, _ isByQuarter: Bool
  ) {
    arguments.timestamp(since)
    arguments.timestamp(until)
    arguments.text(name)
    arguments.boolean(isByQuarter)
  }

  static let queues: Statement = """
    select case when $4 then at end, queue, sum(offered)::bigint, sum(callers)::bigint, sum(answered)::bigint, sum(abandoned)::bigint,
      sum(short)::bigint, sum(missed)::bigint, sum(transferred)::bigint,
      (sum(answer_seconds * answered) / nullif(sum(answered), 0))::float8,
      counted_percentile(added_counts(answered_after), 0.95)::bigint, sum(talk_seconds)::bigint, sum(hold_seconds)::bigint,
      (100 * sum(answered_in_time) / nullif(sum(offered) - sum(short), 0))::float8
    from queue_figures($1, $2) where queue = $3 or $3 is null
    group by 1, 2 order by 2, 1
    """

  static let agents: Statement = """
    select case when $4 then at end, agent, max(person), sum(rang)::bigint, sum(answered)::bigint,
      sum(ring_no_answer)::bigint, sum(transferred)::bigint,
      (sum(answer_seconds * answered) / nullif(sum(answered), 0))::float8,
      counted_percentile(added_counts(coalesce(answered_after, '{}')), 0.95)::bigint, sum(talk_seconds)::bigint,
      sum(hold_seconds)::bigint, sum(wrap_up_seconds)::bigint, sum(ready_seconds)::bigint, sum(break_seconds)::bigint,
      (100 * (sum(talk_seconds) + sum(hold_seconds) + sum(wrap_up_seconds))
        / nullif(sum(ready_seconds + busy_seconds + state_wrap_up_seconds), 0))::float8
    from agent_figures($1, $2) where agent = $3 or $3 is null
    group by 1, 2 order by 2, 1
    """

  private static func queueTable(_ rows: Rows, _ isByQuarter: Bool) -> Table {
    let columns: [Table.Column] = [
      .left("at"), .left("queue"), .right("offered"), .right("callers"), .right("answered"), .right("abandoned"),
      .right("short"),
      .right("missed"), .right("transferred"), .right("answerTime"), .right("p95"), .right("talk"), .right("hold"),
      .right("serviceLevel"),
    ]
    let cells = rows.map { row -> [Table.Cell] in
      let head: [Table.Cell] = [time(row), .text(row.text(1))]
      return head + numbers(row, 2..<9) + [decimal(row, 9)] + numbers(row, 10..<13) + [decimal(row, 13)]
    }
    return table(columns, cells, isByQuarter)
  }

  private static func agentTable(_ rows: Rows, _ isByQuarter: Bool) -> Table {
    let columns: [Table.Column] = [
      .left("at"), .left("agent"), .left("person"), .right("rang"), .right("answered"), .right("ringNoAnswer"),
      .right("transferred"), .right("answerTime"), .right("p95"), .right("talk"), .right("hold"), .right("wrapUp"),
      .right("ready"), .right("break"), .right("occupancy"),
    ]
    let cells = rows.map { row -> [Table.Cell] in
      let head: [Table.Cell] = [time(row), .text(row.text(1)), .text(optional: row.optionalText(2))]
      return head + numbers(row, 3..<7) + [decimal(row, 7)] + numbers(row, 8..<14) + [decimal(row, 14)]
    }
    return table(columns, cells, isByQuarter)
  }

  private static func table(_ columns: [Table.Column], _ rows: [[Table.Cell]], _ isByQuarter: Bool) -> Table {
    isByQuarter ? Table(columns, rows) : Table(Array(columns.dropFirst()), rows.map { Array($0.dropFirst()) })
  }

  private static func time(_ row: Row) -> Table.Cell { .time(optional: row.optionalTimestamp(0)) }

  private static func numbers(_ row: Row, _ columns: Range<Int32>) -> [Table.Cell] {
    columns.map { .number(optional: row.optionalInteger($0)) }
  }

  private static func decimal(_ row: Row, _ column: Int32) -> Table.Cell {
    row.optionalDouble(column).map { .decimal($0) } ?? .none
  }
}
