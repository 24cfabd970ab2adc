internal import Digest
internal import Postgres

/// Identities of events from outside, kept longer than their topic keeps them.
///
/// A batch enters its identities first, right after its position is locked: whichever of two lanes comes second waits
/// for the first to commit and then finds the identity there. So one statement looks up, locks and records, and a
/// batch without repeats, the usual one, needs no other.
enum SeenEvents {
  struct Seen: Comparable {
    let identity: Fingerprint
    let data: Int64

    /// One order for all lanes, so that they cannot wait for each other in a circle.
    static func < (a: Seen, b: Seen) -> Bool {
      (a.identity.high, a.identity.low) < (b.identity.high, b.identity.low)
    }
  }

  static let insert: Statement = """
    insert into seen_event (identity, data, seen_at)
    select identity, data, statement_timestamp() from unnest($1::uuid[], $2::bigint[]) a (identity, data)
    on conflict do nothing
    """

  static func bind(_ arguments: inout Arguments, _ seen: [Seen]) {
    arguments.fingerprints(seen) { $0.identity }
    arguments.integers(seen) { $0.data }
  }

  /// Of these, the ones that were there before this transaction, with the fingerprint of the data they came with.
  static func before(_ seen: [Seen], _ connection: Connection) throws(PostgresError) -> [Fingerprint: Int64] {
    let rows = try connection.rows(
      "select identity, data from seen_event where identity = any($1) and xmin <> pg_current_xact_id()::xid"
    ) { $0.fingerprints(seen) { $0.identity } }
    var known: [Fingerprint: Int64] = [:]
    for row in rows { known[row.fingerprint(0)] = row.integer(1) }
    return known
  }

  /// An event that went to the dead letters has had no effect: its identity is free for the mended or replayed one.
  static let release: Statement = "delete from seen_event where identity = any($1)"
}
