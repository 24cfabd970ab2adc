internal import Postgres
internal import Runtime
internal import Values

/// Beginning and ending runs: the statements on `outbox` and `outbox_run`.
///
/// The relay's session waits for the disk at every commit (`synchronous_commit = on`). That makes a run durable before
/// the first of its events leaves the database, and with it, because the log is flushed in order, every transaction
/// that emitted one of its rows and did not wait itself.
struct OutboxRuns {
  let leadership: Leadership
  let options: RelayOptions

  /// Takes the oldest rows as the next run, under two conditions besides the epoch: no run is under way, and the last
  /// one is the one that this relay knows. So no row can get into two runs, even if a statement of ours were to run
  /// twice. The oldest row is taken whatever its size: a row is never torn.
  private static let begin: Statement = """
    with oldest as (
      select id, topic, source, emitted_at, events, cardinality(dead_letters) > 0 as letters,
        pg_column_size(keys) + pg_column_size(payloads) as bytes
      from outbox order by id limit $5),
    counted as (
      select *, sum(events) over w - events as first, sum(bytes) over w - bytes as bytes_before
      from oldest window w as (order by id)),
    next as materialized (
      select * from counted where first = 0 or (first + events <= $6 and bytes_before + bytes <= $7)),
    led as (
      update relay set run = run + 1, expires_at = clock_timestamp() + $3 * interval '1 millisecond'
      where holder = $1 and epoch = $2 and run = $4
        and not exists (select from outbox_run) and exists (select from next)
      returning run),
    begun as (
      insert into outbox_run (run, ids, events)
      select run, (select array_agg(id order by id) from next), (select array_agg(events order by id) from next)
      from led
      returning run)
    select begun.run, id, topic, source, emitted_at, letters, events, bytes::bigint, first::bigint
    from begun, next order by id
    """

  /// The run that a crash left, if one did.
  private static let left: Statement = """
    select r.run, a.id, coalesce(o.topic, ''), coalesce(o.source, ''), coalesce(o.emitted_at, r.begun_at),
      coalesce(cardinality(o.dead_letters) > 0, false), case when o.id is null then 0 else a.events end,
      coalesce(pg_column_size(o.keys) + pg_column_size(o.payloads), 0)::bigint,
      sum(a.events) over (partition by r.run order by a.id) - a.events, a.events
    from outbox_run r cross join lateral unnest(r.ids, r.events) a (id, events) left join outbox o on o.id = a.id
    where r.run = (select min(run) from outbox_run)
    order by a.id
    """

  /// What the broker refused for good is kept in the same transaction that ends the run.
  private static let refuse: Statement = """
    with led as (
      update relay set expires_at = clock_timestamp() + $3 * interval '1 millisecond' where holder = $1 and epoch = $2
      returning epoch)
    insert into outbox_refused (run, run_index, topic, source, type, event_id, key, payload, reason)
    select $4, a.run_index, o.topic, o.source,
      case when d.id is not null then 'dead letter' else coalesce(o.types[a.place], o.types[1]) end,
      case when d.id is not null then d.id::text
        else coalesce(nullif(o.event_ids[a.place], ''), o.id || '.' || a.place - 1) end,
      coalesce(o.keys[a.place], ''), coalesce(o.payloads[a.place], ''), a.reason
    from led cross join unnest($5::int[], $6::bigint[], $7::int[], $8::text[]) a (run_index, id, place, reason)
    join outbox o on o.id = a.id left join dead_letter d on d.id = o.dead_letters[a.place]
    """

  private static let end: Statement = """
    with led as (
      update relay set expires_at = clock_timestamp() + $3 * interval '1 millisecond' where holder = $1 and epoch = $2
      returning epoch),
    ended as (delete from outbox_run using led where run = $4 returning run),
    gone as (delete from outbox where id = any($5) and exists (select from ended) returning id)
    select (select count(*) from ended), (select count(*) from gone)
    """

  /// The next run, durable when this returns; nil where nothing waits.
  func begin() throws(RelayFailure) -> Run? { try sending(end: nil) }

  /// Ends this run and begins the next in one transaction. Throws `deposed` where the run was not this relay's to end.
  func end(_ run: Run) throws(RelayFailure) -> Run? { try sending(end: run) }

  private func sending(end ending: Run?) throws(RelayFailure) -> Run? {
    let connection = leadership.connection
    let asked = BootClock.now
    var hasEnded = true
    let rows = try RelayFailure.postgres { () throws(PostgresError) in
      var arguments = Arguments()
      try connection.enterPipeline()
      let hasRefused = ending.map { !$0.refused.isEmpty } ?? false
      if let ending {
        if hasRefused {
          bind(&arguments, refusedOf: ending)
          try connection.send(OutboxRuns.refuse, arguments)
          arguments.removeAll()
        }
        leadership.bind(&arguments)
        arguments.integer(ending.number)
        arguments.integers(ending.rows) { $0.id }
        try connection.send(OutboxRuns.end, arguments)
        arguments.removeAll()
      }
      leadership.bind(&arguments)
      arguments.integer(leadership.run)
      arguments.integer(Int64(options.runRows))
      arguments.integer(Int64(options.runEvents))
      arguments.integer(Int64(options.runBytes))
      try connection.send(OutboxRuns.begin, arguments)
      try connection.finishSending()
      FailPoint.pass(ending == nil ? .relayClaimed : .relayDeleting)
      if ending != nil {
        if hasRefused { _ = try connection.receive() }
        hasEnded = try connection.receive()[0].integer(0) == 1
      }
      let rows = try connection.receive()
      try connection.leavePipeline()
      return rows
    }
    guard hasEnded else { throw .deposed }
    if ending != nil { FailPoint.pass(.relayDeleted) }
    if ending != nil || rows.count > 0 { leadership.renewed(asked: asked) }
    guard rows.count > 0 else { return nil }
    let run = OutboxRuns.run(rows, count: rows.map { $0.small(6) }.reduce(0, +))
    leadership.began(run: run.number)
    FailPoint.pass(.relayRunDurable)
    return run
  }

  func leftByCrash() throws(RelayFailure) -> Run? {
    let rows = try RelayFailure.postgres { () throws(PostgresError) in
      try leadership.connection.rows(OutboxRuns.left)
    }
    return rows.count == 0 ? nil : OutboxRuns.run(rows, count: rows.map { $0.small(9) }.reduce(0, +))
  }

  private static func run(_ rows: Rows, count: Int) -> Run {
    Run(
      rows[0].integer(0),
      rows.map {
        Run.Row(
          id: $0.integer(1), topic: $0.text(2), source: $0.text(3), emitted: $0.timestamp(4), isLetters: $0.boolean(5),
          count: $0.small(6), bytes: $0.small(7), first: $0.small(8))
      }, count: count)
  }

  private func bind(_ arguments: inout Arguments, refusedOf run: Run) {
    let refused = run.refused.sorted { $0.key < $1.key }.compactMap { index, reason in
      run.row(of: index).map { (index: index, row: $0, reason: reason) }
    }
    leadership.bind(&arguments)
    arguments.integer(run.number)
    arguments.smalls(refused) { Int32($0.index) }
    arguments.integers(refused) { $0.row.id }
    arguments.smalls(refused) { Int32($0.index - $0.row.first + 1) }
    arguments.texts(refused) { $0.reason }
  }
}
