import Contract
import Postgres
import Values

/// Counts people of campaigns whose ledger stands otherwise than when they were counted last. One of a million takes a second: it is
/// counted so seldom that this takes a twentieth of the time.
enum CountPeople: Sweep {
  static let name = "count-people"
  static var chunk: Int { 1 }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Int64] {
    _ = try transaction.rows("set local statement_timeout = '60s'")
    return try transaction.rows(
      """
      select p.campaign_id from campaign_people_count p join campaign c on c.id = p.campaign_id
      where not p.is_final
        and (p.counted_at is null or p.counted_at < clock_timestamp() - greatest(interval '1 second', 20 * p.took))
        and (p.standing is distinct from standing_of(p.campaign_id) or c.settled_at < clock_timestamp() - interval '7 days')
        and not exists (select from set_aside s where s.sweep = 'count-people' and s.item = p.campaign_id::text)
      order by p.counted_at nulls first limit 1 for update of p skip locked
      """
    ).map { $0.integer(0) }
  }

  static func label(_ campaign: Int64) -> String { String(campaign) }

  static func load(
    _ campaigns: [Int64], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(_ campaign: Int64, _ state: inout Void, _ now: Timestamp) -> Decision<Int64> {
    .apply(campaign, outcome: "counted")
  }

  static let writes: [Write<Void, Int64>] = [
    .total(
      { _, campaigns in Array(campaigns) },
      "select count_people(a.id) from unnest($1::bigint[]) a (id)", touchesEach: false, .integer { $0 })
  ]
}
