internal import Postgres
internal import ServiceLog
internal import Values

/// A block as the table has it, and what is left of its entries.
struct LoggedBlock {
  let block: ServiceBlock
  /// The hash that the row claims.
  let hash: [UInt8]
  /// How many entries the row claims.
  let entries: Int64
  let logged: [LoggedEntry]

  static func last(_ session: Connection) throws(PostgresError) -> Int64 {
    try session.rows("select coalesce(max(number), 0) from service_block")[0].integer(0)
  }

  /// So many at most from `number` on, in order. A block is read with its entries, which are not many.
  static func page(
    _ session: Connection, from number: Int64, through last: Int64, atMost limit: Int64
  ) throws(PostgresError) -> [LoggedBlock] {
    let rows = try session.rows(
      """
      select number, epoch, first, entries, at, organisations, array(select to_char(d, 'YYYY-MM-DD') from unnest(days) d),
        counts, commitments, previous, hash
      from service_block where number between $1 and $2 order by number limit $3
      """
    ) {
      $0.integer(number)
      $0.integer(last)
      $0.integer(limit)
    }
    var page: [LoggedBlock] = []
    for row in rows { page.append(try LoggedBlock(row, session)) }
    return page
  }

  private init(_ row: Row, _ session: Connection) throws(PostgresError) {
    let days = row.texts(6)
    let counts = row.integers(7)
    let shared = min(days.count, counts.count)
    block = ServiceBlock(
      number: row.integer(0), epoch: row.integer(1), first: row.integer(2), at: row.timestamp(4),
      counts: zip(row.texts(5).prefix(shared), zip(days, counts)).map {
        ServiceBlock.Count(organisation: $0, day: $1.0, entries: Int32(truncatingIfNeeded: $1.1))
      }, commitments: row.bytes(8), previous: row.bytes(9))
    hash = row.bytes(10)
    entries = row.integer(3)
    logged = try LoggedEntry.of(block, session)
  }
}

struct LoggedEntry {
  let entry: ServiceEntry
  let isErasure: Bool

  static func of(_ block: ServiceBlock, _ session: Connection) throws(PostgresError) -> [LoggedEntry] {
    try session.rows(
      """
      select number, at, organisation, to_char(day, 'YYYY-MM-DD'), what, subject_kind, subject, version, by, login, worker,
        authority, outcome, branch, owner, former_owner, detail, source, event_id, salt
      from service_log where number >= $1 and number < $2 order by number
      """
    ) {
      $0.integer(block.first)
      $0.integer(block.next)
    }.map { LoggedEntry($0) }
  }

  private init(_ row: Row) {
    entry = ServiceEntry(
      number: row.integer(0), at: row.timestamp(1), organisation: row.text(2), day: row.text(3),
      ServiceEntry.Content(
        what: row.text(4), subjectKind: row.text(5), subject: row.text(6),
        version: row.optionalInteger(7).map { Int32($0) }, by: row.optionalText(8), login: row.optionalText(9),
        worker: row.optionalText(10), authority: row.text(11), outcome: row.optionalText(12),
        branch: row.optionalText(13), owner: row.optionalText(14), formerOwner: row.optionalText(15),
        detail: row.optionalText(16), source: row.optionalText(17), event: row.optionalText(18)),
      salt: row.bytes(19))
    isErasure = row.text(4) == "erased"
  }
}
