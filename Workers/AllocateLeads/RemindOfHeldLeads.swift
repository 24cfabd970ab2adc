import Contract
import Postgres
import Values

/// Tells a branch's manager once that leads are held for longer than the branch allows, in working time; of those that no
/// branch has, the manager of the uppermost branch.
enum RemindOfHeldLeads: Sweep {
  static let name = "remind-of-held-leads"
  static var pause: Duration { .seconds(15) }

  /// The oldest of a branch whose time is over, locked. A branch whose very oldest is not due costs one look.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [ToldQueue] {
    let rows = try transaction.rows(
      """
      with moment as materialized (select clock_timestamp() as at),
      queue as (
        select b.branch_id as held_by, b.branch_id as id from branch_load b where b.held > 0
        union all
        select null, (select id from branch where parent_id is null order by id limit 1)),
      late as (
        select q.held_by, b.*, m.at from moment m cross join queue q
          join branch b on b.id = q.id and b.held_reminder_minutes is not null
          cross join lateral (
            select held_since from lead
            where state = 'held' and held_reminded_at is null and branch_id is not distinct from q.held_by
              and held_since <= m.at - b.held_reminder_minutes * interval '1 minute'
            order by held_since limit 1) oldest
        where working_deadline(b.calendar_id, b.time_zone, oldest.held_since, b.held_reminder_minutes) <= m.at)
      select late.id, late.code, (late.at at time zone late.time_zone)::date::text, late.at, told.ids, told.oldest
      from late cross join lateral (
        select array_agg(l.id order by l.held_since, l.id) as ids, min(l.held_since) as oldest from (
          select id, held_since from lead
          where state = 'held' and held_reminded_at is null and branch_id is not distinct from late.held_by
            and held_since <= late.at - late.held_reminder_minutes * interval '1 minute'
          order by held_since, id limit $1 for update skip locked) l
        where working_deadline(late.calendar_id, late.time_zone, l.held_since, late.held_reminder_minutes) <= late.at) told
      where told.ids is not null
      order by late.id
      """
    ) { $0.integer(Int64(limit)) }
    return rows.map { row in
      ToldQueue(
        leads: row.integers(4), branch: row.integer(0), branchCode: row.text(1), day: row.text(2),
        oldest: row.timestamp(5), at: row.timestamp(3))
    }
  }

  static func label(_ queue: ToldQueue) -> String { queue.branchCode }

  static func load(
    _ queues: [ToldQueue], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    try Allocation(try cache.refresh(transaction), routes: [], &cache, transaction)
  }

  static func decide(_ queue: ToldQueue, _ allocation: inout Allocation, _ now: Timestamp) -> Decision<LeadChange> {
    .apply(.told(queue), outcome: "told")
  }

  static let writes = LeadChange.writes + LeadChange.reminding
}
