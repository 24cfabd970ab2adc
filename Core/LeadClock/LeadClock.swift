public import Postgres
public import Values

/// The one clock of a lead: how long its owner has it to themselves.
///
/// Invariants of this room:
/// - Every path that gives a lead an owner, or records that the owner was in contact, takes its `Protection` from here and
///   writes both of its values; nothing else computes an end of protection.
/// - The reckoning is done in the database (`lead_clocks`), with its time zones and the firm's policies and calendars. The
///   process's own clock counts for nothing.
public enum LeadClock {
  /// What decides over a clock: the branch that has the lead, its product and its level.
  public struct Place: Hashable, Comparable, Sendable {
    public let branch: Int64
    public let product: String?
    public let level: String?

    public init(branch: Int64, product: String?, level: String? = nil) {
      self.branch = branch
      self.product = product
      self.level = level
    }

    public static func < (a: Place, b: Place) -> Bool {
      (a.branch, a.product ?? "", a.level ?? "") < (b.branch, b.product ?? "", b.level ?? "")
    }
  }

  /// One lead's clock.
  public struct Run: Sendable {
    public let place: Place
    /// When the clock begins, or with `since` when the contact happened.
    public let start: Timestamp
    /// When the lead was given to its owner; nil where it is given now.
    public let since: Timestamp?

    public init(beginning start: Timestamp, at place: Place) {
      self.place = place
      self.start = start
      since = nil
    }

    public init(contact: Timestamp, since: Timestamp, at place: Place) {
      self.place = place
      start = contact
      self.since = since
    }
  }

  /// What is written to the lead.
  public struct Protection: Equatable, Sendable {
    /// Exclusive.
    public let until: Timestamp
    /// The first reminder; nil where there is none before the end.
    public let checkAt: Timestamp?

    public init(until: Timestamp, checkAt: Timestamp?) {
      self.until = until
      self.checkAt = checkAt
    }
  }

  /// For leads that are given now, or at that moment. Every place has an answer as long as its branch exists.
  public static func beginning(at places: [Place], since moment: Timestamp? = nil) -> Question<[Place: Beginning]> {
    guard !places.isEmpty else { return Question(known: [:]) }
    return Question(
      """
      select d.branch_id, d.product, d.level, d.protected_until, d.check_at, m.at,
        least(d.protected_until, d.check_at,
          ((m.at at time zone b.time_zone)::date + 1)::timestamp at time zone b.time_zone)
      from (select coalesce($4, statement_timestamp())) m (at)
        cross join lead_deadlines($1::bigint[], $2::text[], $3::text[], m.at) d
        join branch b on b.id = d.branch_id
      """
    ) {
      $0.integers(places) { $0.branch }
      $0.texts(places) { $0.product }
      $0.texts(places) { $0.level }
      $0.timestamp(moment)
    } reading: { rows in
      var found: [Place: Beginning] = [:]
      for row in rows {
        let place = Place(branch: row.integer(0), product: row.optionalText(1), level: row.optionalText(2))
        found[place] = Beginning(
          protection: Protection(until: row.timestamp(3), checkAt: row.optionalTimestamp(4)), from: row.timestamp(5),
          until: row.timestamp(6))
      }
      return found
    }
  }

  /// For many leads, each with a start of its own; in their order, nil where the branch does not exist.
  /// - Parameter now: reminders before it are left out.
  public static func running(
    _ runs: [Run], now: Timestamp, _ transaction: Transaction
  ) throws(PostgresError) -> [Protection?] {
    var found = [Protection?](repeating: nil, count: runs.count)
    guard !runs.isEmpty else { return found }
    let rows = try transaction.rows(
      """
      select n, protected_until, check_at
      from lead_clocks($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6)
      """
    ) {
      $0.integers(runs) { $0.place.branch }
      $0.texts(runs) { $0.place.product }
      $0.texts(runs) { $0.place.level }
      $0.timestamps(runs) { $0.start }
      $0.timestamps(runs) { $0.since }
      $0.timestamp(now)
    }
    for row in rows {
      found[row.small(0) - 1] = Protection(until: row.timestamp(1), checkAt: row.optionalTimestamp(2))
    }
    return found
  }
}
