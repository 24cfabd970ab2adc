internal import Postgres
internal import Values

/// A dead letter as the command sees it, without its value.
struct DeadLetter {
  let id: Int64
  let deadAt: Timestamp
  let worker: String
  let topic: String
  let partition: Int64
  let offset: Int64
  let reason: String
  let path: String
  let detail: String
  let source: String?
  let event: String?
  let state: String
  /// How often the event was replayed before it died here: what its header says.
  let replays: Int

  /// Counts an event's replays; it travels with the event, so that a dead letter's dead letter knows.
  static let replaysHeader = "millrace_replays"

  init(_ row: Row) {
    id = row.integer(0)
    deadAt = row.timestamp(1)
    worker = row.text(2)
    topic = row.text(3)
    partition = row.integer(4)
    offset = row.integer(5)
    reason = row.text(6)
    path = row.text(7)
    detail = row.text(8)
    source = row.optionalText(9)
    event = row.optionalText(10)
    state = row.text(11)
    replays = row.optionalText(12).flatMap { Int($0) }.map { max(0, $0) } ?? 0
  }

  var place: String { "\(topic)/\(partition)@\(offset)" }
}

/// Which dead letters are meant: by id, or by what they have in common.
struct DeadLetterFilter {
  let ids: [Int64]
  let worker: String?
  let topic: String?
  let reason: String?
  let since: String?
  let state: String?
  let limit: Int64

  static let options = [
    CommandOption("--worker", "NAME", "only those of this worker"),
    CommandOption("--topic", "NAME", "only those of this topic"),
    CommandOption("--reason", "WORD", "only those refused for this reason"),
    CommandOption("--since", "TIME", "only later ones: how long ago (2h, 7d), or RFC 3339"),
    CommandOption("--limit", "N", "so many at most, the oldest first (default 1000)"),
  ]

  init(_ invocation: Invocation, state: String?) throws(Failure) {
    var ids: [Int64] = []
    for word in invocation.operands {
      guard let id = Int64(word), id > 0 else { throw .usage("\(shown(word)) is not the number of a dead letter.") }
      ids.append(id)
    }
    self.ids = ids
    self.state = state
    worker = invocation.text("--worker")
    topic = invocation.text("--topic")
    reason = invocation.text("--reason")
    since = invocation.text("--since")
    limit = try invocation.integer("--limit", 1...1_000_000) ?? 1000
  }

  /// Whether anything narrows it down.
  var isOpen: Bool { ids.isEmpty && worker == nil && topic == nil && reason == nil && since == nil }

  func find(_ session: Connection) throws -> [DeadLetter] {
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let after = try Moments.since(since, now: now, option: "--since")
    // The last header of that name counts, as for readers of events.
    let rows = try session.rows(
      """
      select id, dead_at, worker, topic, partition, "offset", reason, path, detail, source, event_id, state,
        (select encode(u.v, 'escape') from unnest(header_names, header_values) with ordinality u (n, v, i)
          where u.n = 'millrace_replays' and octet_length(u.v) < 10 order by u.i desc limit 1)
      from dead_letter
      where (cardinality($1::bigint[]) = 0 or id = any($1)) and ($2::text is null or worker = $2)
        and ($3::text is null or topic = $3) and ($4::text is null or reason = $4)
        and ($5::timestamptz is null or dead_at >= $5) and ($6::text is null or state = $6)
      order by id limit $7
      """
    ) {
      $0.integers(ids) { $0 }
      $0.text(worker)
      $0.text(topic)
      $0.text(reason)
      $0.timestamp(after)
      $0.text(state)
      $0.integer(limit)
    }
    return rows.map { DeadLetter($0) }
  }
}
