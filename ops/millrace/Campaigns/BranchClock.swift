internal import Postgres
internal import Printing
internal import Values

/// Moments by the clock of a branch, for what people of it read. PostgreSQL knows the zones.
struct BranchClock {
  /// As the IANA time zone database has it.
  let zone: String
  private let known: [Timestamp: String]

  init(zone: String, _ known: [Timestamp: String]) {
    self.zone = zone
    self.known = known
  }

  static func read(_ branch: String, _ moments: [Timestamp], _ session: Connection) throws -> BranchClock {
    let moments = Set(moments).sorted()
    let rows = try session.rows(
      """
      select b.time_zone, u.moment, to_char(u.moment at time zone b.time_zone, 'YYYY-MM-DD HH24:MI')
      from branch b left join unnest($2::timestamptz[]) u (moment) on true where b.code = $1
      """
    ) {
      $0.text(branch)
      $0.timestamps(moments) { $0 }
    }
    var known: [Timestamp: String] = [:]
    for row in rows {
      if let moment = row.optionalTimestamp(1) { known[moment] = row.text(2) }
    }
    return BranchClock(zone: rows.first?.text(0) ?? "UTC", known)
  }

  /// `2027-03-01 09:00`; in UTC where the moment was not asked for.
  func shown(_ moment: Timestamp) -> String { known[moment] ?? Table.Cell.time(moment).shown }
}
