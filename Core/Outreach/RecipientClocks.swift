internal import Contract
public import Postgres
public import Templates
internal import Values

/// What the clocks where recipients are show at the moments that their messages tell. PostgreSQL knows the zones, as it does for their
/// hours.
public struct RecipientClocks: Sendable {
  /// Seconds east of UTC, by zone and moment.
  private var offsets: [String: [Timestamp: Int]] = [:]

  /// - Parameter messages: the zones where the recipient may be, with commas between them, and the values that are told.
  public static func ask(
    _ messages: [(zones: String?, values: [String: TemplateValue])]
  ) -> Question<RecipientClocks> {
    var wanted: [String: Set<Timestamp>] = [:]
    for (zones, values) in messages {
      guard let zone = first(of: zones) else { continue }
      let moments = values.values.compactMap(\.moment)
      if !moments.isEmpty { wanted[zone, default: []].formUnion(moments) }
    }
    guard !wanted.isEmpty else { return Question(known: RecipientClocks()) }
    let pairs = wanted.flatMap { zone, moments in moments.map { (zone: zone, moment: $0) } }
    return Question(
      """
      select u.zone, u.moment, extract(epoch from (u.moment at time zone u.zone) - (u.moment at time zone 'UTC'))::bigint
      from unnest($1::text[], $2::timestamptz[]) u (zone, moment) join known_zone z on z.name = u.zone
      """
    ) {
      $0.texts(pairs) { $0.zone }
      $0.timestamps(pairs) { $0.moment }
    } reading: {
      var clocks = RecipientClocks()
      for row in $0 { clocks.offsets[row.text(0), default: [:]][row.timestamp(1)] = Int(row.integer(2)) }
      return clocks
    }
  }

  /// nil where nobody knows the zone: times are told as they are written. Of several zones of one region the first is meant.
  public func zone(_ zones: String?) -> TemplateZone? {
    guard let zone = RecipientClocks.first(of: zones), let known = offsets[zone] else { return nil }
    return { moment in
      guard let offset = known[moment] else { preconditionFailure("\(moment) was not asked for") }
      return offset
    }
  }

  private static func first(of zones: String?) -> String? {
    zones?.split(separator: ",").first.map(String.init)
  }
}
