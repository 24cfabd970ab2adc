internal import Digest
internal import Postgres
internal import Values

/// Identities of events from outside, kept longer than their topic keeps them.
enum SeenEvents {
  struct Seen {
    let identity: Fingerprint
    let data: Int64
  }

  /// No `on conflict`: a twin that another lane commits at the same time must fail this batch, so that it loads afresh.
  static let insert: Statement = """
    insert into seen_event (identity, data, seen_at)
    select identity, data, $3 from unnest($1::uuid[], $2::bigint[]) a (identity, data)
    """

  static func bind(_ arguments: inout Arguments, _ seen: [Seen], _ now: Timestamp) {
    arguments.fingerprints(seen) { $0.identity }
    arguments.integers(seen) { $0.data }
    arguments.timestamp(now)
  }
}
