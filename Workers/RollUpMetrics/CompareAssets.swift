import Contract
import Postgres
import Values

/// Compares what a campaign's people have, day by day, with what they had before its launch.
enum CompareAssets: Sweep {
  static let name = "compare-assets"
  static var pause: Duration { .seconds(10) }
  static var chunk: Int { 1 }

  struct Day: Sendable {
    let campaign: Int64
    /// As `2027-05-01`.
    let day: String
  }

  /// Whoever has it compares it; another takes the next.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Day] {
    _ = try transaction.rows("set local statement_timeout = '60s'")
    return try transaction.rows(
      """
      select d.campaign_id, d.day::text from assets_due(clock_timestamp()) d
      where not exists (select from set_aside s where s.sweep = 'compare-assets' and s.item = d.campaign_id || '/' || d.day)
        and pg_try_advisory_xact_lock(hashtextextended('millrace compare assets ' || d.campaign_id || '/' || d.day, 0))
      limit 1
      """
    ).map { Day(campaign: $0.integer(0), day: $0.text(1)) }
  }

  static func label(_ day: Day) -> String { "\(day.campaign)/\(day.day)" }

  static func load(_ days: [Day], _ cache: inout NoCache, _ transaction: Transaction) throws(PostgresError) {}

  static func decide(_ day: Day, _ state: inout Void, _ now: Timestamp) -> Decision<Day> {
    .apply(day, outcome: "compared")
  }

  static let writes: [Write<Void, Day>] = [
    .total(
      { _, days in Array(days) },
      "select compare_assets(a.campaign, a.day::date) from unnest($1::bigint[], $2::text[]) a (campaign, day)",
      touchesEach: false, .integer { $0.campaign }, .text { $0.day })
  ]
}
