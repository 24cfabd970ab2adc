internal import Postgres
internal import Printing

/// `lanes`: which partitions stand still, and why.
enum Lanes {
  static let list = Command(
    name: "lanes list", summary: "list every partition with its state, and why it stands still",
    operands: "[\(PartitionFilter.operands)]", operandCount: 0...2,
    options: [CommandOption("--stopped", nil, "only those that stand still"), .json],
    details: """
      States: `reading` has an owner, `waiting` has none (no worker runs, or it is being passed on), `careful` is read
      event by event after crashes, `stopped` stands still until an operator lets it go on. What stands still says the
      rule that stopped it and the command that goes on.
      """,
    examples: [
      ("millrace lanes list", "see all"),
      ("millrace lanes list allocate-leads --stopped", "see what of one worker stands still"),
    ],
    run: runList)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let filter = try PartitionFilter(invocation.operands)
    let session = try invocation.database()
    let rows = try session.rows(
      """
      select worker, topic, partition, next_offset,
        case when stopped_rule is not null then 'stopped' when next_offset < careful_until then 'careful'
          when owner is not null then 'reading' else 'waiting' end,
        stopped_rule, stopped_at, stopped_detail, accept
      from position
      where ($1::text is null or worker = $1) and ($2::text is null or topic = $2)
        and ($3::int is null or partition = $3) and (not $4 or stopped_rule is not null)
      order by 1, 2, 3
      """
    ) {
      filter.bind(&$0)
      $0.boolean(invocation.flag("--stopped"))
    }
    var table = Table(
      .left("worker"), .left("topic"), .right("partition"), .right("position"), .left("state"), .left("rule"),
      .left("since"), .right("accept"), .left("why"))
    for row in rows.map({ $0 }) {
      table.add(
        .text(row.text(0)), .text(row.text(1)), .number(row.integer(2)), .number(row.integer(3)), .text(row.text(4)),
        .text(optional: row.optionalText(5)), .time(optional: row.optionalTimestamp(6)), .number(row.integer(8)),
        .text(optional: row.optionalText(7)))
    }
    let nothing = invocation.flag("--stopped") ? "No partition stands still." : "No worker has a position yet."
    invocation.output.show(table, nothing: nothing)
    return .done
  }

  static let resume = Command(
    name: "lanes resume", summary: "let partitions that were stopped go on",
    operands: PartitionFilter.operands, operandCount: 1...2,
    options: [
      CommandOption(
        "--accept", "N", "let N refused events pass to the dead letters before the garbage rule counts again"),
      .json,
    ],
    details: """
      Lifts the stop at once, and keeps who did it. A running worker notices within seconds. What stopped the partition
      is looked at again: a topic that was re-created, cut or restored stays stopped until `millrace positions reset`,
      and a source that goes on sending garbage is stopped by its next refused event unless --accept lets some pass.
      """,
    examples: [
      ("millrace lanes resume allocate-leads", "let all partitions of a worker go on"),
      (
        "millrace lanes resume allocate-leads lead.registered/3 --accept 1000",
        "let 1000 refused events of one partition pass to the dead letters"
      ),
    ],
    run: runResume)

  private static func runResume(_ invocation: Invocation) throws -> Exit {
    let filter = try PartitionFilter(invocation.operands)
    let accept = try invocation.integer("--accept", 1...1_000_000_000)
    let session = try invocation.database()
    var table = Table(.left("worker"), .left("topic"), .right("partition"), .left("rule"), .left("why"))
    let matched = try session.transaction { () throws -> Int in
      let rows = try session.rows(
        """
        select worker, topic, partition, stopped_rule, stopped_detail from position
        where ($1::text is null or worker = $1) and ($2::text is null or topic = $2)
          and ($3::int is null or partition = $3)
        order by worker, topic, partition for update
        """
      ) { filter.bind(&$0) }
      for row in rows.map({ $0 }) {
        guard let rule = row.optionalText(3) else { continue }
        table.add(
          .text(row.text(0)), .text(row.text(1)), .number(row.integer(2)), .text(rule),
          .text(optional: row.optionalText(4)))
      }
      guard !table.isEmpty else { return rows.count }
      _ = try session.rows(
        """
        update position set stopped_rule = null, stopped_detail = null, stopped_at = null, accept = coalesce($4, accept)
        where ($1::text is null or worker = $1) and ($2::text is null or topic = $2)
          and ($3::int is null or partition = $3) and stopped_rule is not null
        """
      ) {
        filter.bind(&$0)
        $0.integer(accept)
      }
      try OperatorAction.record(invocation, table.json, session)
      return rows.count
    }
    guard matched > 0 else { throw try filter.matchesNothing(session) }
    if table.isEmpty || invocation.output.isJSON {
      invocation.output.show(table, nothing: "Nothing stood still.")
      return .done
    }
    invocation.output.show(table)
    invocation.output.note("These go on. What stopped them is above; `millrace lanes list` shows whether it is gone.")
    return .done
  }
}
