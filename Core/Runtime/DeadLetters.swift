internal import Contract
internal import Kafka
internal import Postgres
internal import Values

/// Events that cannot be applied: kept with their bytes and headers, and announced on the topic's dead-letter topic.
enum DeadLetters {
  struct Letter {
    /// Place of its record in the batch.
    let record: Int
    let cursor: Int
    let source: String?
    let id: String?
    let refusal: Refusal

    init(entry record: Int, cursor: Int, _ source: String?, _ id: String?, _ refusal: Refusal) {
      self.record = record
      self.cursor = cursor
      self.source = source
      self.id = id
      self.refusal = refusal
    }
  }

  /// Headers of all letters lie in two flat arrays; each letter has its stretch of them, counted from 1.
  static let insert: Statement = """
    with dead as (
      insert into dead_letter (worker, topic, partition, "offset", recorded_at, key, value, header_names,
        header_values, source, event_id, path, reason, detail)
      select $1, a.topic, a.partition, a."offset", a.recorded_at, a.key, a.value,
        ($8::text[])[a.first_header:a.last_header], ($9::bytea[])[a.first_header:a.last_header],
        a.source, a.event_id, a.path, a.reason, a.detail
      from unnest($2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::bytea[], $10::int[],
        $11::int[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[])
        a (topic, partition, "offset", recorded_at, key, value, first_header, last_header, source, event_id, path,
          reason, detail)
      returning id, topic)
    insert into outbox (topic, source, dead_letters)
    select topic || '.dlq', '/millrace/' || $1, array_agg(id order by id) from dead group by topic
    """

  static func bind<Reading>(
    _ arguments: inout Arguments, _ worker: String, _ letters: [Letter], _ batch: Batch<Reading>,
    _ cursors: [PartitionCursor]
  ) {
    var names: [String] = []
    var values: [[UInt8]?] = []
    var stretches: [(first: Int32, last: Int32)] = []
    for letter in letters {
      let first = Int32(names.count + 1)
      batch.records[letter.record].forEachHeader { name, value in
        names.append(storable(String(decoding: name, as: UTF8.self)))
        values.append(value.map { [UInt8]($0) })
      }
      stretches.append((first, Int32(names.count)))
    }
    arguments.text(worker)
    arguments.texts(letters) { cursors[$0.cursor].partition.topic }
    arguments.smalls(letters) { cursors[$0.cursor].partition.partition }
    arguments.integers(letters) { batch.records[$0.record].offset }
    arguments.timestamps(letters) {
      batch.records[$0.record].timestampMilliseconds.map { Timestamp(milliseconds: $0) }
    }
    arguments.bytes(letters) { batch.records[$0.record].key.map { [UInt8]($0) } }
    arguments.bytes(letters) { batch.records[$0.record].value.map { [UInt8]($0) } }
    arguments.texts(names) { $0 }
    arguments.bytes(values) { $0 }
    arguments.smalls(stretches) { $0.first }
    arguments.smalls(stretches) { $0.last }
    arguments.texts(letters) { $0.source.map(storable) }
    arguments.texts(letters) { $0.id.map(storable) }
    arguments.texts(letters) { storable($0.refusal.path) }
    arguments.texts(letters) { $0.refusal.reason }
    arguments.texts(letters) { storable($0.refusal.detail) }
  }

  /// PostgreSQL's text holds no NUL.
  private static func storable(_ text: String) -> String {
    text.utf8.contains(0) ? String(text.map { $0 == "\0" ? "\u{FFFD}" : $0 }) : text
  }
}
