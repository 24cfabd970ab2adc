internal import Kafka
internal import Postgres
internal import Printing
internal import Values

/// `positions`: how far every worker is. Only PostgreSQL's positions count; what Kafka's groups committed is for tools.
enum Positions {
  static let show = Command(
    name: "positions show", summary: "show how far workers have come in each partition",
    operands: "[\(PartitionFilter.operands)]", operandCount: 0...2, options: [.json],
    details: """
      `position` is the first offset that has not taken effect, `highest` the most that it ever was, `lastEvent` when
      the broker took the last record that was passed, `run` and `index` the relay's number of it.
      """,
    examples: [("millrace positions show allocate-leads", "see one worker's")],
    run: runShow)

  private static func runShow(_ invocation: Invocation) throws -> Exit {
    let filter = try PartitionFilter(invocation.operands)
    let rows = try invocation.database().rows(
      """
      select worker, topic, partition, next_offset, highest_offset, last_time, run, run_index, starts, moved_at,
        stopped_rule
      from position
      where ($1::text is null or worker = $1) and ($2::text is null or topic = $2)
        and ($3::int is null or partition = $3)
      order by 1, 2, 3
      """
    ) { filter.bind(&$0) }
    var table = Table(
      .left("worker"), .left("topic"), .right("partition"), .right("position"), .right("highest"), .left("lastEvent"),
      .right("run"), .right("index"), .right("starts"), .left("movedAt"), .left("stopped"))
    for row in rows.map({ $0 }) {
      let last = row.optionalInteger(5).flatMap { $0 < 0 ? nil : Timestamp(milliseconds: $0) }
      table.add(
        .text(row.text(0)), .text(row.text(1)), .number(row.integer(2)), .number(row.integer(3)),
        .number(row.integer(4)), .time(optional: last), .number(row.integer(6)), .number(row.integer(7)),
        .number(row.integer(8)), .time(optional: row.optionalTimestamp(9)), .text(optional: row.optionalText(10)))
    }
    invocation.output.show(table, nothing: "No worker has a position yet.")
    return .done
  }

  static let reset = Command(
    name: "positions reset", summary: "move a worker to another place of a topic",
    operands: "WORKER TOPIC[/PARTITION]", operandCount: 2...2,
    options: [CommandOption("--to", "WHERE", "start, end, or an offset (required)"), .execute, .json],
    details: """
      For a topic that was re-created, cut or restored; it also lifts the stop. Moving back repeats nothing: events
      that took effect are known by their identity or by the relay's numbers and dropped. Moving forward leaves out
      what lies between, for good. A running worker notices within seconds.
      """,
    examples: [
      ("millrace positions reset allocate-leads lead.registered --to start", "see what would be moved"),
      ("millrace positions reset allocate-leads lead.registered/3 --to 1200 --execute", "move one partition"),
    ],
    run: runReset)

  private struct Move {
    let partition: Int32
    let from: Int64
    let to: Int64
    let low: Int64
    let high: Int64
    let stopped: String?
    /// What Kafka's group was told: the highest position from now on, so that it is not taken for a restored database.
    let told: Int64
  }

  private static func runReset(_ invocation: Invocation) throws -> Exit {
    guard let target = invocation.text("--to") else { throw Failure.usage("say where: --to start, end or an offset.") }
    guard target == "start" || target == "end" || Int64(target).map({ $0 >= 0 }) == true else {
      throw Failure.usage("--to is \(shown(target)), but must be start, end or an offset from 0 on.")
    }
    let filter = try PartitionFilter(invocation.operands)
    guard let worker = filter.worker, let topic = filter.topic else { throw Failure.usage("which worker and topic?") }
    let session = try invocation.database()
    let broker = try invocation.broker()
    guard let described = try broker.topics().first(where: { $0.name == topic }) else {
      throw Failure.no("Kafka has no topic \(topic).")
    }
    let found = try positions(filter, session, lock: false)
    guard !found.isEmpty else { throw try filter.matchesNothing(session) }
    let partitions = found.map { TopicPartition(topic, $0.partition) }
    if let gone = partitions.first(where: { $0.partition >= described.partitions }) {
      throw Failure.no("\(topic) has \(described.partitions) partitions now: there is no \(gone).")
    }
    let told = try broker.admin.committed(by: worker, partitions, within: Broker.patience)
    var moves: [Move] = []
    for (position, partition) in zip(found, partitions) {
      let ends = try broker.ends(of: partition)
      let to = target == "start" ? ends.low : target == "end" ? ends.high : Int64(target) ?? 0
      guard (ends.low...ends.high).contains(to) else {
        throw Failure.no("\(partition) goes from \(ends.low) to \(ends.high): there is no offset \(to).")
      }
      moves.append(
        Move(
          partition: partition.partition, from: position.next, to: to, low: ends.low, high: ends.high,
          stopped: position.stopped, told: told[partition] ?? 0))
    }
    if invocation.isExecuting {
      try session.transaction {
        let now = try positions(filter, session, lock: true)
        guard now.map(\.next) == found.map(\.next) else {
          throw Failure.no("the worker has gone on meanwhile. Nothing was done; look again, or stop it first.")
        }
        try write(moves, worker, topic, session)
        try OperatorAction.record(invocation, table(moves, worker, topic, isDone: true).json, session)
      }
    }
    invocation.output.show(table(moves, worker, topic, isDone: invocation.isExecuting))
    if !invocation.isExecuting { invocation.output.note("Nothing was done. To move them, add --execute.") }
    return .done
  }

  private static func positions(
    _ filter: PartitionFilter, _ session: Connection, lock: Bool
  ) throws -> [(partition: Int32, next: Int64, stopped: String?)] {
    if lock {
      _ = try session.rows(
        """
        select from position where worker = $1 and topic = $2 and ($3::int is null or partition = $3)
        order by worker, topic, partition for update
        """
      ) { filter.bind(&$0) }
    }
    return try session.rows(
      """
      select partition, next_offset, stopped_rule from position
      where worker = $1 and topic = $2 and ($3::int is null or partition = $3) order by partition
      """
    ) { filter.bind(&$0) }.map { (Int32($0.small(0)), $0.integer(1), $0.optionalText(2)) }
  }

  private static func write(_ moves: [Move], _ worker: String, _ topic: String, _ session: Connection) throws {
    _ = try session.rows(
      """
      update position p
      set next_offset = a.next, highest_offset = greatest(p.highest_offset, a.next, a.told), last_offset = null,
        last_time = null, last_checksum = null, starts = 0, careful_until = 0, trying_offset = null, tries = 0,
        stopped_rule = null, stopped_detail = null, stopped_at = null
      from unnest($3::int[], $4::bigint[], $5::bigint[]) a (partition, next, told)
      where p.worker = $1 and p.topic = $2 and p.partition = a.partition
      """
    ) {
      $0.text(worker)
      $0.text(topic)
      $0.smalls(moves) { $0.partition }
      $0.integers(moves) { $0.to }
      $0.integers(moves) { $0.told }
    }
  }

  private static func table(_ moves: [Move], _ worker: String, _ topic: String, isDone: Bool) -> Table {
    var table = Table(
      .left("worker"), .left("topic"), .right("partition"), .right("from"), .right("to"), .right("moves"),
      .right("logStart"), .right("logEnd"), .left("stopped"), .left("done"))
    for move in moves {
      table.add(
        .text(worker), .text(topic), .number(Int64(move.partition)), .number(move.from), .number(move.to),
        .number(move.to - move.from), .number(move.low), .number(move.high), .text(optional: move.stopped),
        .boolean(isDone))
    }
    return table
  }
}
