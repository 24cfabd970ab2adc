internal import Postgres
internal import Runtime

/// Moves scheduled events that are due to the outbox, under ids that are the same however often this were to happen.
struct DueEvents {
  let leadership: Leadership
  let most: Int

  /// Oldest due first, by the database's clock. One outbox row for each topic and source.
  private static let move: Statement = """
    with led as (
      update relay set expires_at = clock_timestamp() + $3 * interval '1 millisecond'
      where holder = $1 and epoch = $2 and exists (select from scheduled_event where due_at <= statement_timestamp())
      returning epoch),
    due as (
      delete from scheduled_event s
      using led, (select key, generation from scheduled_event where due_at <= statement_timestamp()
        order by due_at limit $4) d
      where s.key = d.key and s.generation = d.generation
      returning s.*),
    moved as (
      insert into outbox (topic, source, event_ids, types, keys, payloads, traces)
      select topic, source,
        array_agg(key || '/' || generation || case when epoch = 0 then '' else '@' || epoch end
          order by due_at, key, generation),
        array_agg(type order by due_at, key, generation), array_agg(event_key order by due_at, key, generation),
        array_agg(payload order by due_at, key, generation),
        case when count(trace) = 0 then '{}' else array_agg(coalesce(trace, '') order by due_at, key, generation) end
      from due group by topic, source)
    select (select count(*) from led), (select count(*) from due)
    """

  /// Answers how many were moved.
  func move() throws(RelayFailure) -> Int {
    let asked = BootClock.now
    let row = try RelayFailure.postgres { () throws(PostgresError) in
      try leadership.connection.rows(DueEvents.move) {
        leadership.bind(&$0)
        $0.integer(Int64(most))
      }
    }[0]
    if row.integer(0) == 1 { leadership.renewed(asked: asked) }
    let count = row.small(1)
    if count > 0 { FailPoint.pass(.relayScheduled) }
    return count
  }
}
