internal import Contract
internal import Postgres

/// All that one batch emits for one topic: one row, so that a thousand events cost one insert.
struct OutboxRow {
  let topic: String
  let source: String
  var events: [TracedEmission]

  static let insert: Statement =
    Sabotage.reorder.isOn
    ? insertInFront
    : """
    insert into outbox (topic, source, types, keys, payloads, traces) values ($1, $2, $3, $4, $5, $6)
    """

  private static let insertInFront: Statement = """
    insert into outbox (topic, source, types, keys, payloads, traces, id) overriding system value
    values ($1, $2, $3, $4, $5, $6, -(extract(epoch from clock_timestamp()) * 1000000)::bigint)
    """

  /// Why no more may be emitted, because what is there does not leave; nil when it does.
  static func obstacle(
    oldest: Duration, largest: Int, _ connection: Connection
  ) throws(PostgresError) -> String? {
    try connection.rows("select outbox_obstacle($1, $2)") {
      $0.integer(oldest.milliseconds)
      $0.integer(Int64(largest))
    }[0].optionalText(0)
  }

  /// One row a topic, in the order of their first events; within a row the events' own order.
  static func rows(_ emissions: [TracedEmission], source: String) -> [OutboxRow] {
    var rows: [OutboxRow] = []
    for event in emissions where event.emission.schedule == nil {
      let topic = event.emission.topic.name
      if rows.last?.topic == topic {
        rows[rows.count - 1].events.append(event)
      } else if let place = rows.firstIndex(where: { $0.topic == topic }) {
        rows[place].events.append(event)
      } else {
        rows.append(OutboxRow(topic: topic, source: "/millrace/\(source)", events: [event]))
      }
    }
    if Sabotage.loseEmission.isOn { return rows.compactMap { $0.without(each: 7) } }
    return rows
  }

  func bind(_ arguments: inout Arguments) {
    arguments.text(topic)
    arguments.text(source)
    let type = events[0].emission.type
    let types = events.allSatisfy { $0.emission.type == type } ? [type] : events.map(\.emission.type)
    arguments.texts(types) { $0 }
    arguments.texts(events) { $0.emission.key }
    arguments.bytes(events) { $0.emission.payload }
    arguments.texts(events.contains { $0.trace != nil } ? events : []) { $0.trace }
  }

  private func without(each count: Int) -> OutboxRow? {
    let kept = events.enumerated().filter { $0.offset % count != count - 1 }.map(\.element)
    return kept.isEmpty ? nil : OutboxRow(topic: topic, source: source, events: kept)
  }
}

/// Events for later. The relay moves a due one to the outbox under the id of its key and generation.
enum ScheduledEvents {
  static let insert: Statement = """
    insert into scheduled_event (key, generation, due_at, topic, source, type, event_key, payload, trace)
    select a.key, a.generation, a.due_at, a.topic, $9, a.type, a.event_key, a.payload, a.trace
    from unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::bytea[],
      $8::text[]) a (key, generation, due_at, topic, type, event_key, payload, trace)
    on conflict do nothing
    """

  static func bind(_ arguments: inout Arguments, _ events: [TracedEmission], source: String) {
    arguments.texts(events) { $0.emission.schedule?.key }
    arguments.integers(events) { $0.emission.schedule?.generation }
    arguments.timestamps(events) { $0.emission.schedule?.due }
    arguments.texts(events) { $0.emission.topic.name }
    arguments.texts(events) { $0.emission.type }
    arguments.texts(events) { $0.emission.key }
    arguments.bytes(events) { $0.emission.payload }
    arguments.texts(events) { $0.trace }
    arguments.text("/millrace/\(source)")
  }
}
