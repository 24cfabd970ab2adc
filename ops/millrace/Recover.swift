internal import Kafka
internal import Postgres
internal import Printing

/// `recover`: going on with a database that was restored from a backup, copied, or promoted from a standby.
enum Recover {
  static let command = Command(
    name: "recover", summary: "go on with a database that was restored, copied or promoted",
    options: [
      CommandOption("--anyway", nil, "also where nothing shows that it was restored, because you know that it was"),
      .execute, .json,
    ],
    details: """
      Workers and the relay stand still when the database is not the one that they knew, or when Kafka knows more than
      it does. Shows what was found. With --execute it makes this database the known one under a new epoch: numbers that
      are drawn from now on (of leads, events, runs) are unlike all that may have been published from the time that is
      lost, positions go on where PostgreSQL has them, and what only Kafka has is applied once more. Our workers leave
      out what was published in the lost time; other readers have seen it.
      """,
    examples: [
      ("millrace recover", "see what was found and what would be done"),
      ("millrace recover --execute", "go on with this database"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let broker = try invocation.broker()
    let change = try session.rows("select database_change()").first?.optionalText(0)
    let positions = try positions(session, broker)
    let older = positions.filter { $0.told > $0.highest }
    let isNeeded = change != nil || !older.isEmpty
    if !isNeeded, !invocation.flag("--anyway") {
      invocation.output.note("Nothing shows that this database was restored: nothing to be done.")
      return .done
    }
    let table = try table(change, older, session, broker)
    if invocation.isExecuting {
      try session.transaction {
        let epoch = try session.rows("select recover_database($1, $2, $3, $4)") {
          $0.texts(older) { $0.worker }
          $0.texts(older) { $0.partition.topic }
          $0.smalls(older) { $0.partition.partition }
          $0.integers(older) { $0.told }
        }[0].integer(0)
        try OperatorAction.record(invocation, "epoch \(epoch): \(table.json)", session)
      }
    }
    invocation.output.show(table)
    invocation.output.note(
      invocation.isExecuting
        ? "Done. Workers and the relay go on by themselves within seconds."
        : "Nothing was done. To go on with this database as it is, add --execute.")
    return .done
  }

  private struct Position {
    let worker: String
    let partition: TopicPartition
    let next: Int64
    let highest: Int64
    let told: Int64
  }

  /// What Kafka was told is asked first: a worker that goes on meanwhile must not look older than it is.
  private static func positions(_ session: Connection, _ broker: Broker) throws -> [Position] {
    let workers = try session.rows("select worker, topic, partition from position order by 1, 2, 3").map {
      (worker: $0.text(0), partition: TopicPartition($0.text(1), Int32($0.small(2))))
    }
    var told: [String: [TopicPartition: Int64]] = [:]
    for (worker, known) in Dictionary(grouping: workers, by: \.worker) {
      told[worker] = try broker.admin.committed(by: worker, known.map(\.partition), within: Broker.patience)
    }
    return try session.rows(
      "select worker, topic, partition, next_offset, highest_offset from position order by 1, 2, 3"
    )
    .map {
      let partition = TopicPartition($0.text(1), Int32($0.small(2)))
      return Position(
        worker: $0.text(0), partition: partition, next: $0.integer(3), highest: $0.integer(4),
        told: told[$0.text(0)]?[partition] ?? 0)
    }
  }

  private static func table(
    _ change: String?, _ older: [Position], _ session: Connection, _ broker: Broker
  ) throws -> Table {
    var table = Table(.left("what"), .left("where"), .left("found"), .left("then"))
    table.add(
      .text("database"), .none, .text(change ?? "nothing shows that it was restored"),
      .text("becomes the one that workers know"))
    for position in older {
      let begins = try broker.ends(of: position.partition).low
      let lost = begins > position.next
      table.add(
        .text("position"), .text("\(position.worker) \(position.partition)"),
        .text("\(position.next) here, Kafka was told \(position.told)"),
        .text(
          lost
            ? "stops: events \(position.next) to \(begins - 1) are gone from Kafka"
            : "goes on at \(position.next): \(position.told - position.next) are applied once more"))
    }
    let row = try session.rows(
      """
      select r.run, ((coalesce((select epoch from database_identity), 0) + 1) << 36) + 1, o.events
      from relay r, outbox_state o
      """)[0]
    table.add(
      .text("relay"), .none, .text("run \(row.integer(0)) was the last that is known"),
      .text("goes on with run \(row.integer(1))"))
    table.add(
      .text("outbox"), .none, .text("\(row.integer(2)) events wait"), .text("are published with the ids that they have")
    )
    return table
  }
}
