internal import Kafka
internal import Postgres
internal import Runtime

/// Reads a run's events from the database, piece by piece, and hands each on as a Kafka record.
struct RunReader {
  let connection: Connection
  let options: RelayOptions

  private static let rows: Statement = """
    select keys, payloads, types, traces, event_ids from outbox where id = any($1) order by id
    """

  private static let part: Statement = """
    select keys[$2:$3], payloads[$2:$3], case when cardinality(types) > 1 then types[$2:$3] else types end,
      traces[$2:$3], event_ids[$2:$3]
    from outbox where id = $1
    """

  private static let letterSizes: Statement = """
    select a.id, coalesce(octet_length(d.value), 0) + coalesce(octet_length(d.key), 0)
      + pg_column_size(d.header_values) + pg_column_size(d.header_names)
    from outbox o cross join lateral unnest(o.dead_letters[$2:$3]) with ordinality a (id, place)
    left join dead_letter d on d.id = a.id
    where o.id = $1 order by a.place
    """

  private static let letters: Statement = """
    select d.id, d.worker, d.topic, d.partition, d."offset", d.key, d.value, d.header_names, d.header_values, d.path,
      d.reason, d.detail, d.replays
    from unnest($1::bigint[]) with ordinality a (id, place) left join dead_letter d on d.id = a.id order by a.place
    """

  /// - Parameters:
  ///   - meanwhile: called before every piece that is read.
  ///   - send: answers nil, or why this record can never be taken. `index` is the record's in the run.
  func forEach(
    of run: Run, _ indexes: Range<Int>, _ envelope: RelayEnvelope, meanwhile: () throws(RelayFailure) -> Void,
    send: (_ record: OutgoingRecord) throws(RelayFailure) -> KafkaError?
  ) throws(RelayFailure) {
    for portion in run.portions(of: indexes, bytes: options.portionBytes, events: options.portionEvents) {
      try meanwhile()
      switch portion {
      case .rows(let places):
        let ids = run.rows[places].map(\.id)
        let rows = try read(RunReader.rows) { $0.integers(ids) { $0 } }
        for (row, place) in zip(0..<rows.count, places) {
          try forEach(rows[row], of: rows, run, run.rows[place], from: 0, envelope, send)
        }
      case .part(let place, let part):
        let rows = try read(RunReader.part) {
          $0.integer(run.rows[place].id)
          $0.small(Int32(part.lowerBound + 1))
          $0.small(Int32(part.upperBound))
        }
        guard rows.count == 1 else { continue }
        try forEach(rows[0], of: rows, run, run.rows[place], from: part.lowerBound, envelope, send)
      case .letters(let place, let part):
        try forEachLetter(run, run.rows[place], part, envelope, meanwhile, send)
      }
    }
  }

  private func read(
    _ statement: Statement, _ bind: (inout Arguments) -> Void
  ) throws(RelayFailure) -> Rows {
    try RelayFailure.postgres { () throws(PostgresError) in try connection.rows(statement, bind) }
  }

  private func forEach(
    _ columns: Row, of result: Rows, _ run: Run, _ row: Run.Row, from: Int, _ envelope: RelayEnvelope,
    _ send: (OutgoingRecord) throws(RelayFailure) -> KafkaError?
  ) throws(RelayFailure) {
    let keys = columns.views(0)
    let payloads = columns.views(1)
    let types = columns.views(2)
    let traces = columns.views(3)
    let ids = columns.views(4)
    envelope.begin(run.number, row)
    for place in keys.indices {
      let index = row.first + from + place
      guard run.refused[index] == nil else { continue }
      envelope.event(
        index: index, inRow: from + place, type: types.count == 1 ? types[0] : types[place],
        trace: traces.isEmpty ? nil : traces[place], id: ids.isEmpty ? nil : ids[place])
      let record = OutgoingRecord(index: index, topic: row.topic, key: keys[place], value: payloads[place])
      if let error = try send(record) { run.refuse(index, error.description) }
    }
    // The views point into it.
    withExtendedLifetime(result) {}
  }

  private func forEachLetter(
    _ run: Run, _ row: Run.Row, _ part: Range<Int>, _ envelope: RelayEnvelope,
    _ meanwhile: () throws(RelayFailure) -> Void, _ send: (OutgoingRecord) throws(RelayFailure) -> KafkaError?
  ) throws(RelayFailure) {
    let sizes = try read(RunReader.letterSizes) {
      $0.integer(row.id)
      $0.small(Int32(part.lowerBound + 1))
      $0.small(Int32(part.upperBound))
    }.map { (id: $0.integer(0), bytes: Int($0.optionalInteger(1) ?? 0)) }
    var start = 0
    while start < sizes.count {
      try meanwhile()
      var end = start + 1
      var bytes = sizes[start].bytes
      while end < sizes.count, bytes + sizes[end].bytes <= options.portionBytes {
        bytes += sizes[end].bytes
        end += 1
      }
      let letters = try read(RunReader.letters) { $0.integers(Array(sizes[start..<end])) { $0.id } }
      for (place, columns) in zip(start..<end, letters.map { $0 }) {
        // One that was removed by hand leaves its index unused.
        guard columns.optionalInteger(0) != nil else { continue }
        try sendLetter(columns, run, row, row.first + part.lowerBound + place, envelope, send)
      }
      withExtendedLifetime(letters) {}
      start = end
    }
  }

  /// Under the topic that the letter came from it is a replay, whole or not at all; else it goes to the dead-letter
  /// topic.
  private func sendLetter(
    _ letter: Row, _ run: Run, _ row: Run.Row, _ index: Int, _ envelope: RelayEnvelope,
    _ send: (OutgoingRecord) throws(RelayFailure) -> KafkaError?
  ) throws(RelayFailure) {
    let isReplay = letter.text(2) == row.topic
    while run.refused[index] == nil {
      let size = run.sizes[index] ?? .whole
      envelope.letter(letter, run: run.number, index: index, size, isReplay: isReplay)
      let record = OutgoingRecord(
        index: index, topic: row.topic, key: size == .bare ? nil : letter.view(5),
        value: size == .whole ? letter.view(6) : nil)
      guard let error = try send(record) else { return }
      if isReplay || !error.isTooLarge || !run.shrink(index) { run.refuse(index, error.description) }
    }
  }
}

/// A record on its way; its headers are in the envelope that made it. The views live as long as the rows they are from.
struct OutgoingRecord {
  let index: Int
  let topic: String
  let key: UnsafeRawBufferPointer?
  let value: UnsafeRawBufferPointer?
}

extension Row {
  /// The elements of an array, in place. They point into the result, which is freed with the last reference to its
  /// `Rows`: whoever uses them holds that.
  func views(_ column: Int32) -> [UnsafeRawBufferPointer?] { array(column) { $0 } }

  /// The same of a single value.
  func view(_ column: Int32) -> UnsafeRawBufferPointer? { withBytes(column) { $0 } }
}
