internal import Glibc
internal import Kafka
internal import Postgres
internal import Printing
internal import Values

/// `lag`: everything that waits, in events and in seconds of its oldest.
enum Lag {
  static let command = Command(
    name: "lag", summary: "show what waits: unread events, outbox, held leads, dead letters, overdue events",
    options: [
      CommandOption("--partitions", nil, "a line for each partition instead of each topic"),
      CommandOption("--watch", nil, "go on until interrupted"),
      CommandOption("--every", "SECONDS", "with --watch: how often (default 2)"),
      CommandOption("--times", "N", "with --watch: end after so many"), .json,
    ],
    details: """
      `unread` is counted from each worker's position in PostgreSQL to the end of the log; its seconds are the age of
      the first unread event. The other lines count what PostgreSQL holds: events that the relay has to publish, events
      that the broker refused, scheduled events that are overdue, held leads by reason, open dead letters, and items
      that a sweep has put aside.
      """,
    examples: [
      ("millrace lag", "see all at once"), ("millrace lag --watch --every 5", "follow it"),
      ("millrace lag --partitions --json", "for machines"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let every = try invocation.integer("--every", 1...3600) ?? 2
    let times = invocation.flag("--watch") ? try invocation.integer("--times", 1...1_000_000) : 1
    let session = try invocation.database()
    let broker = try invocation.broker()
    var exit = Exit.done
    var turn: Int64 = 0
    while true {
      turn += 1
      var table = Table(.left("what"), .left("where"), .right("events"), .right("seconds"), .left("note"))
      exit = try addUnread(to: &table, session, broker, invocation)
      try addWaiting(to: &table, session)
      if invocation.flag("--watch"), !invocation.output.isJSON, isatty(STDOUT_FILENO) == 1 {
        invocation.output.write("\u{1B}[H\u{1B}[2J")
      }
      invocation.output.show(table)
      if let times, turn >= times { return exit }
      if invocation.flag("--watch"), !invocation.output.isJSON { invocation.output.write("\n") }
      sleep(UInt32(every))
    }
  }

  private struct Unread {
    var events: Int64 = 0
    var seconds = 0.0
    var notes: Set<String> = []
  }

  /// Where Kafka cannot be asked, the rest is still worth seeing.
  private static func addUnread(
    to table: inout Table, _ session: Connection, _ broker: Broker, _ invocation: Invocation
  ) throws -> Exit {
    let rows = try session.rows(
      """
      select worker, topic, partition, next_offset, stopped_rule, clock_timestamp() from position order by 1, 2, 3
      """)
    guard rows.count > 0 else {
      table.add(.text("unread"), .text("-"), .number(0), .decimal(0), .text("no worker has a position yet"))
      return .done
    }
    var exit = Exit.done
    var lines: [(name: String, unread: Unread)] = []
    for (worker, positions) in Dictionary(grouping: rows.map { $0 }, by: { $0.text(0) }).sorted(by: { $0.key < $1.key })
    {
      let offsets = Dictionary(
        uniqueKeysWithValues: positions.map { (TopicPartition($0.text(1), Int32($0.small(2))), $0.integer(3)) })
      let sights = try broker.reader.look(at: offsets, within: Broker.patience)
      for position in positions {
        let partition = TopicPartition(position.text(1), Int32(position.small(2)))
        let name = "\(worker) " + (invocation.flag("--partitions") ? "\(partition)" : partition.topic)
        if lines.last?.name != name { lines.append((name, Unread())) }
        var unread = lines[lines.count - 1].unread
        if let rule = position.optionalText(4) { unread.notes.insert("stopped: \(rule)") }
        if let sight = sights[partition], let end = sight.end {
          // Where no record follows, what lies between is markers of transactions.
          unread.events += sight.offset.map { end - $0 } ?? 0
          if let time = sight.time {
            unread.seconds = max(unread.seconds, position.timestamp(5).seconds(since: Timestamp(milliseconds: time)))
          }
        } else if let failure = sights[partition]?.failure {
          unread.notes.insert(failure.isOffsetOutOfRange ? "its position is outside the log" : failure.reason)
        } else {
          unread.notes.insert("Kafka does not answer")
          exit = .unreachable
        }
        lines[lines.count - 1].unread = unread
      }
    }
    for (name, unread) in lines {
      let note = unread.notes.sorted().joined(separator: "; ")
      table.add(
        .text("unread"), .text(name), .number(unread.events), .decimal(max(0, unread.seconds)),
        .text(optional: note.isEmpty ? nil : note))
    }
    return exit
  }

  private static func addWaiting(to table: inout Table, _ session: Connection) throws(PostgresError) {
    let rows = try session.rows(
      """
      with waiting (place, what, name, since, events, note) as (
        select 1, 'outbox', o.topic, o.emitted_at, cardinality(o.payloads) + cardinality(o.dead_letters),
          case when r.expires_at < clock_timestamp() then 'no relay-events is active' end
        from outbox o, relay r
        union all
        select 2, 'refused by the broker', topic, refused_at, 1, 'to settle them: millrace outbox refused list' from outbox_refused
        where state = 'open'
        union all
        select 3, 'scheduled, overdue', topic, due_at, 1, null from scheduled_event where due_at < clock_timestamp()
        union all
        select 4, 'held leads', coalesce(held_reason, '-'), held_since, 1, null from lead where state = 'held'
        union all
        select 5, 'dead letters', worker || ' ' || topic, dead_at, 1, null from dead_letter where state = 'open'
        union all
        select 6, 'put aside', sweep, aside_at, 1, 'see the table set_aside' from set_aside),
      kinds (place, what) as (values (1, 'outbox'), (3, 'scheduled, overdue'), (4, 'held leads'), (5, 'dead letters'))
      select k.place, k.what, coalesce(w.name, '-'), coalesce(sum(w.events), 0)::bigint,
        coalesce(greatest(extract(epoch from clock_timestamp() - min(w.since)), 0), 0)::float8, max(w.note)
      from (select place, what from kinds union select place, what from waiting) k left join waiting w using (place)
      group by 1, 2, 3 order by 1, 3
      """)
    for row in rows.map({ $0 }) {
      table.add(
        .text(row.text(1)), .text(row.text(2)), .number(row.integer(3)), .decimal(row.double(4)),
        .text(optional: row.optionalText(5)))
    }
  }
}
