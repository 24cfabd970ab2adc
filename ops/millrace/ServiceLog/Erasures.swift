internal import Postgres

/// Which entries went with persons who were erased.
struct Erasures {
  /// Numbers of entries.
  private(set) var numbers: Set<Int64> = []
  /// The details that the log's own entries of the erasures must have, by the erasure's number.
  private(set) var details: [Int64: String] = [:]

  init(_ session: Connection) throws(PostgresError) {
    let rows = try session.rows("select id, entries, erasure_detail(id, entries) from privacy_erasure order by id")
    for row in rows {
      numbers.formUnion(row.integers(1))
      details[row.integer(0)] = row.text(2)
    }
  }

  /// Erasures whose entries are not in the log yet.
  static func waiting(_ session: Connection) throws(PostgresError) -> Set<String> {
    Set(
      try session.rows(
        """
        select a.detail from service_due d cross join lateral unnest(d.actions) u (id) join service_action a on a.id = u.id
        where a.what = 'erased'
        """
      ).map { $0.optionalText(0) ?? "" })
  }
}
