internal import Digest
internal import Kafka
internal import Postgres

/// Every statement on `position`: the one place where progress lives.
struct PositionTable {
  let worker: String
  /// This lane, unlike every other one that ever was.
  let owner: Fingerprint

  /// A partition's row as it was found.
  struct Found {
    let partition: TopicPartition
    let next: Int64
    let highest: Int64
    let last: LastRecord?
    let relayed: RelayMark
    let starts: Int
    let carefulUntil: Int64
    let trying: Int64?
    let tries: Int
    let accept: Int64
    let stopped: StopRule?
    let detail: String
  }

  // MARK: Taking and giving back

  func known(_ partitions: [TopicPartition], _ connection: Connection) throws(PostgresError) -> Set<TopicPartition> {
    let rows = try connection.rows(
      """
      select p.topic, p.partition from position p join unnest($2::text[], $3::int[]) a (topic, partition)
        on p.worker = $1 and p.topic = a.topic and p.partition = a.partition
      """
    ) { bind(&$0, partitions) }
    return Set(rows.map { TopicPartition($0.text(0), Int32($0.small(1))) })
  }

  func insert(_ starts: [(partition: TopicPartition, offset: Int64)], _ connection: Connection) throws(PostgresError) {
    _ = try connection.rows(
      """
      insert into position (worker, topic, partition, next_offset, highest_offset)
      select $1, a.topic, a.partition, a.low, a.low
      from unnest($2::text[], $3::int[], $4::bigint[]) a (topic, partition, low) order by 2, 3
      on conflict do nothing
      """
    ) {
      bind(&$0, starts.map(\.partition))
      $0.integers(starts) { $0.offset }
    }
  }

  /// Takes the rows for this lane. Waits for an owner that is just committing, within the lock timeout.
  func take(_ partitions: [TopicPartition], careful: Int64, _ connection: Connection) throws(PostgresError) -> [Found] {
    let rows = try connection.rows(
      """
      with locked as materialized (
        select p.ctid from position p join unnest($2::text[], $3::int[]) a (topic, partition)
          on p.worker = $1 and p.topic = a.topic and p.partition = a.partition
        order by p.topic, p.partition for update of p)
      update position p
      set owner = $4, session_pid = s.pid, session_since = s.backend_start, starts = p.starts + 1,
        careful_until = case when p.starts + 1 >= 3 then greatest(p.careful_until, p.next_offset + $5)
          else p.careful_until end
      from locked, pg_stat_get_activity(pg_backend_pid()) s where p.ctid = locked.ctid
      returning p.topic, p.partition, p.next_offset, p.highest_offset, p.last_offset, p.last_time, p.last_checksum,
        p.run, p.run_index, p.starts, p.careful_until, p.trying_offset, p.tries, p.accept, p.stopped_rule,
        coalesce(p.stopped_detail, '')
      """
    ) {
      bind(&$0, partitions)
      $0.fingerprint(owner)
      $0.integer(careful)
    }
    return rows.map(found)
  }

  /// This lane has another session now.
  func noteSession(_ connection: Connection) throws(PostgresError) {
    _ = try connection.rows(
      """
      update position p set session_pid = s.pid, session_since = s.backend_start
      from pg_stat_get_activity(pg_backend_pid()) s
      where p.worker = $1 and p.owner = $2 and p.session_pid is distinct from s.pid
      """
    ) {
      $0.text(worker)
      $0.fingerprint(owner)
    }
  }

  /// Ends the sessions of those who had these partitions before and still hold their rows. Answers how many there were.
  /// - Parameter connection: with the login's own rights: a session may end those of its own login only.
  func evict(_ partitions: [TopicPartition], _ connection: Connection) throws(PostgresError) -> Int {
    try connection.rows(
      """
      select pg_terminate_backend(s.pid)
      from (
        select distinct p.session_pid, p.session_since
        from position p join unnest($2::text[], $3::int[]) a (topic, partition)
          on p.worker = $1 and p.topic = a.topic and p.partition = a.partition
        where p.owner is distinct from $4) before
      join pg_stat_activity s on s.pid = before.session_pid and s.backend_start = before.session_since
      """
    ) {
      bind(&$0, partitions)
      $0.fingerprint(owner)
    }.count
  }

  /// As the rows are now, for those that this lane still owns.
  func owned(_ partitions: [TopicPartition], _ connection: Connection) throws(PostgresError) -> [Found] {
    let rows = try connection.rows(
      """
      select p.topic, p.partition, p.next_offset, p.highest_offset, p.last_offset, p.last_time, p.last_checksum,
        p.run, p.run_index, p.starts, p.careful_until, p.trying_offset, p.tries, p.accept, p.stopped_rule,
        coalesce(p.stopped_detail, '')
      from position p join unnest($2::text[], $3::int[]) a (topic, partition)
        on p.worker = $1 and p.topic = a.topic and p.partition = a.partition
      where p.owner = $4
      """
    ) {
      bind(&$0, partitions)
      $0.fingerprint(owner)
    }
    return rows.map(found)
  }

  /// An orderly end is no start that failed, and an event that was interrupted by it was not tried. Waits for the disk,
  /// so that Kafka may be told afterwards what was committed before; false where nothing was left to be given back, and
  /// nothing was waited for.
  func giveBack(_ cursors: [PartitionCursor], _ connection: Connection) throws(PostgresError) -> Bool {
    let given = try connection.rows(
      """
      with durable as materialized (select set_config('synchronous_commit', 'on', true))
      update position p
      set owner = null, starts = greatest(p.starts - 1, 0),
        tries = greatest(p.tries - case when p.trying_offset = a.trying then 1 else 0 end, 0)
      from durable, unnest($2::text[], $3::int[], $5::bigint[]) a (topic, partition, trying)
      where p.worker = $1 and p.topic = a.topic and p.partition = a.partition and p.owner = $4
      """
    ) {
      bind(&$0, cursors.map(\.partition))
      $0.fingerprint(owner)
      $0.integers(cursors) { $0.trying }
    }
    return given.affected > 0
  }

  // MARK: Stopping

  /// Answers whether the partition still was this lane's to stop.
  func stop(
    _ partition: TopicPartition, _ rule: StopRule, _ detail: String, _ connection: Connection
  ) throws(PostgresError) -> Bool {
    let stopped = try connection.rows(
      """
      update position set stopped_rule = $4, stopped_detail = $5, stopped_at = clock_timestamp()
      where worker = $1 and topic = any($2) and partition = any($3) and owner = $6
      """
    ) {
      bind(&$0, [partition])
      $0.text(rule.rawValue)
      $0.text(detail)
      $0.fingerprint(owner)
    }
    return stopped.affected == 1
  }

  // MARK: A batch's part

  static let lock: Statement = """
    select p.topic, p.partition, p.next_offset, p.owner, p.stopped_rule is not null
    from position p join unnest($2::text[], $3::int[]) a (topic, partition)
      on p.worker = $1 and p.topic = a.topic and p.partition = a.partition
    order by p.topic, p.partition for update of p
    """

  func bind(_ arguments: inout Arguments, _ partitions: [TopicPartition]) {
    arguments.text(worker)
    arguments.texts(partitions) { $0.topic }
    arguments.smalls(partitions) { $0.partition }
  }

  /// Partitions whose row is not as the lane expects it, from what `lock` found.
  func moved(_ expected: [TopicPartition: Int64], _ rows: Rows) -> [TopicPartition] {
    var moved = Set(expected.keys)
    for row in rows {
      let partition = TopicPartition(row.text(0), Int32(row.small(1)))
      let isOwner = row.optionalFingerprint(3) == owner || Sabotage.ghost.isOn
      let isExpected = row.integer(2) == expected[partition] || Sabotage.applyTwice.isOn
      if isOwner, isExpected, !row.boolean(4) { moved.remove(partition) }
    }
    return moved.sorted()
  }

  static let advance: Statement = """
    update position p
    set next_offset = a.next, highest_offset = greatest(p.highest_offset, a.next), last_offset = a.last,
      last_time = a.time, last_checksum = a.checksum, run = a.run, run_index = a.run_index, starts = 0,
      trying_offset = null, tries = 0, accept = a.accept, moved_at = clock_timestamp()
    from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
      $9::int[], $10::bigint[]) a (topic, partition, next, last, time, checksum, run, run_index, accept)
    where p.worker = $1 and p.topic = a.topic and p.partition = a.partition
    """

  struct Advance {
    let partition: TopicPartition
    var next: Int64
    var last: LastRecord
    var relayed: RelayMark
    var accept: Int64
  }

  func bind(_ arguments: inout Arguments, _ advances: [Advance]) {
    bind(&arguments, advances.map(\.partition))
    arguments.integers(advances) { $0.next }
    arguments.integers(advances) { $0.last.offset }
    arguments.integers(advances) { $0.last.time }
    arguments.integers(advances) { $0.last.checksum }
    arguments.integers(advances) { $0.relayed.run }
    arguments.smalls(advances) { $0.relayed.index }
    arguments.integers(advances) { $0.accept }
  }

  /// Writes down, before it is begun, which event is tried. `again` is true when this very process tried it before.
  func note(_ partition: TopicPartition, trying offset: Int64, again: Bool, _ connection: Connection)
    throws(PostgresError)
  {
    _ = try connection.rows(
      """
      update position set tries = case when trying_offset = $4 then tries + case when $5 then 0 else 1 end else 1 end,
        trying_offset = $4
      where worker = $1 and topic = any($2) and partition = any($3) and owner = $6
      """
    ) {
      bind(&$0, [partition])
      $0.integer(offset)
      $0.boolean(again)
      $0.fingerprint(owner)
    }
  }

  private func found(_ row: Row) -> Found {
    let last = row.optionalInteger(4).map {
      LastRecord(offset: $0, time: row.optionalInteger(5) ?? -1, checksum: row.optionalInteger(6) ?? 0)
    }
    return Found(
      partition: TopicPartition(row.text(0), Int32(row.small(1))), next: row.integer(2), highest: row.integer(3),
      last: last, relayed: RelayMark(run: row.integer(7), index: Int32(row.small(8))), starts: row.small(9),
      carefulUntil: row.integer(10), trying: row.optionalInteger(11), tries: row.small(12), accept: row.integer(13),
      stopped: row.optionalText(14).map { StopRule(rawValue: $0) ?? .failed }, detail: row.text(15))
  }
}
