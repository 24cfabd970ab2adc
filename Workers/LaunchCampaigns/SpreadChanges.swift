import Contract
import Postgres
import Values

/// People whom filters may see otherwise than before go to the queue of each campaign that such people join.
enum SpreadChanges: Sweep {
  static let name = "spread-changes"
  static var chunk: Int { 2000 }

  struct Changed: Sendable {
    let id: Int64
    /// As `campaign.audience`.
    let audience: String
    let subject: Int64
  }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Changed] {
    try transaction.rows(
      "select id, audience, subject from audience_change order by id limit $1 for update skip locked"
    ) { $0.integer(Int64(limit)) }.map { Changed(id: $0.integer(0), audience: $0.text(1), subject: $0.integer(2)) }
  }

  static func label(_ changed: Changed) -> String { String(changed.id) }

  static func load(
    _ people: [Changed], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(_ changed: Changed, _ state: inout Void, _ now: Timestamp) -> Decision<Changed> {
    .apply(changed, outcome: "spread")
  }

  /// Whatever campaign is launched later finds them as they are by then.
  static let writes: [Write<Void, Changed>] = [
    .total(
      { _, people in Array(people) },
      """
      insert into campaign_joiner (campaign_id, subject)
      select c.id, a.subject from (select distinct audience, subject from unnest($1::text[], $2::bigint[]) u (audience, subject)) a
      join campaign c on c.audience = a.audience
      where c.joins and c.settled_at is null and c.state in ('scheduled', 'running', 'paused')
      """,
      touchesEach: false, .text { $0.audience }, .integer { $0.subject }),
    .total(
      { _, people in Array(people) }, "delete from audience_change where id = any($1::bigint[])", .integer { $0.id }),
  ]
}
