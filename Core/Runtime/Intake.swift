internal import Kafka
internal import Postgres

/// One source's part of a partition.
struct IntakeKey: Hashable {
  let partition: TopicPartition
  let source: String

  init(_ partition: TopicPartition, _ source: String) {
    self.partition = partition
    self.source = source
  }
}

/// What each source sent, as far as it was worth keeping. Written only by batches with refused events.
enum Intake {
  static let upsert: Statement = """
    insert into intake (worker, topic, partition, source, taken, refused)
    select $1, a.topic, a.partition, left(a.source, 400), a.taken, a.refused
    from unnest($2::text[], $3::int[], $4::text[], $5::bigint[], $6::bigint[])
      a (topic, partition, source, taken, refused)
    on conflict (worker, topic, partition, source) do update set taken = excluded.taken, refused = excluded.refused
    """

  static func bind(_ arguments: inout Arguments, _ worker: String, _ gauges: [IntakeKey: GarbageGauge]) {
    let rows = gauges.map { (key: $0.key, gauge: $0.value) }
    arguments.text(worker)
    arguments.texts(rows) { $0.key.partition.topic }
    arguments.smalls(rows) { $0.key.partition.partition }
    arguments.texts(rows) { $0.key.source }
    arguments.integers(rows) { $0.gauge.taken }
    arguments.integers(rows) { $0.gauge.refused }
  }

  static func load(
    _ worker: String, _ partitions: [TopicPartition], _ connection: Connection
  ) throws(PostgresError) -> [IntakeKey: GarbageGauge] {
    let rows = try connection.rows(
      """
      select i.topic, i.partition, i.source, i.taken, i.refused
      from intake i join unnest($2::text[], $3::int[]) a (topic, partition)
        on i.worker = $1 and i.topic = a.topic and i.partition = a.partition
      """
    ) {
      $0.text(worker)
      $0.texts(partitions) { $0.topic }
      $0.smalls(partitions) { $0.partition }
    }
    var gauges: [IntakeKey: GarbageGauge] = [:]
    for row in rows {
      let key = IntakeKey(TopicPartition(row.text(0), Int32(row.small(1))), row.text(2))
      gauges[key] = GarbageGauge(taken: row.integer(3), refused: row.integer(4))
    }
    return gauges
  }
}
