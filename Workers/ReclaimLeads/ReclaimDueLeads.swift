import Contract
import LeadClock
import Postgres
import Reminders
import Topics
import Values

/// Takes leads back whose owner did not contact them in time, the oldest first: once all contacts that were told before
/// have been heard, and the organisation's day-end marker or its grace has passed.
enum ReclaimDueLeads: AwaitingSweep {
  static let name = "reclaim-due-leads"
  static var pause: Duration { .seconds(2) }
  /// More than usual: the branches are locked at a chunk's end only.
  static var chunk: Int { 2000 }
  static var awaits: [Awaited] {
    [Awaited(LeadActivity.topic, takenBy: ReclaimLeads.name), Awaited(CallEvents.topic, takenBy: "track-calls")]
  }

  /// A lead whose time is up, locked.
  struct Due: Sendable {
    let id: Int64
    let version: Int32
    let owner: Int64
    let region: String?
    let place: LeadClock.Place
    /// Where it stands in the index of clocks.
    let checked: Timestamp

    /// From `id, version, owner_id, region, branch_id, product, level, coalesce(check_at, protected_until)`.
    init(_ row: Row) {
      id = row.integer(0)
      version = Int32(row.small(1))
      owner = row.integer(2)
      region = row.optionalText(3)
      place = LeadClock.Place(branch: row.integer(4), product: row.optionalText(5), level: row.optionalText(6))
      checked = row.timestamp(7)
    }
  }

  static func isAnyDue(_ cache: inout LifeCache, _ transaction: Transaction) throws(PostgresError) -> Bool {
    cache.floor.hear(try transaction.ask(cache.floor.news()))
    if cache.floor.tidies() {
      _ = try transaction.rows(
        "delete from clock_set_back where at < statement_timestamp() - $1 * interval '1 second'"
      ) { $0.integer(Floor.keeping) }
    }
    // By the statement's time, which is stable: by a volatile clock no index is searched.
    let look = try transaction.rows(
      """
      with first as materialized (
        select coalesce(check_at, protected_until) as place from lead
        where state = 'owned' and coalesce(check_at, protected_until) > '-infinity'
          and coalesce(check_at, protected_until) >= coalesce($1::timestamptz, '-infinity')
          and coalesce(check_at, protected_until) <= statement_timestamp() - $2 * interval '1 second'
          and not exists (select from set_aside s where s.sweep = 'reclaim-due-leads' and s.item = lead.id::text)
        order by coalesce(check_at, protected_until) limit 1)
      select statement_timestamp() - $2 * interval '1 second', first.place, first.place is not null and exists (
        select from lead where state = 'owned' and coalesce(check_at, protected_until) >= first.place
          and coalesce(check_at, protected_until) <= statement_timestamp() - $2 * interval '1 second'
          and protected_until <= statement_timestamp() - $2 * interval '1 second'
          and not exists (select from set_aside s where s.sweep = 'reclaim-due-leads' and s.item = lead.id::text)
        order by coalesce(check_at, protected_until) limit 1) as is_due
      from (select) one left join first on true
      """
    ) {
      $0.timestamp(cache.floor.start)
      $0.integer(cache.grace.components.seconds)
    }[0]
    cache.floor.rise(to: look.optionalTimestamp(1), orTo: look.timestamp(0))
    if look.boolean(2) { return true }
    for marker in try markers(before: nil, transaction) {
      if let swept = cache.sweptMarkers[marker.branch], swept >= marker.complete { continue }
      return true
    }
    return false
  }

  static func claim(
    _ limit: Int, heard: Timestamp, _ cache: inout LifeCache, _ transaction: Transaction
  ) throws(PostgresError) -> [Due] {
    let until = heard.adding(seconds: -cache.grace.components.seconds)
    let (first, leads) = try transaction.ask(left(behind: cache.floor), due(from: cache.floor.next, until, limit))
    if let reached = cache.floor.reached { cache.floor.rise(to: first, orTo: reached) }
    cache.floor.claimed(to: leads.last?.checked)
    return leads.isEmpty ? try marked(limit, heard: heard, &cache, transaction) : leads
  }

  private static func due(from start: Timestamp?, _ end: Timestamp, _ limit: Int) -> Question<[Due]> {
    Question(
      """
      select id, version, owner_id, region, branch_id, product, level, coalesce(check_at, protected_until)
      from lead
      where state = 'owned' and coalesce(check_at, protected_until) > '-infinity'
        and coalesce(check_at, protected_until) >= coalesce($1::timestamptz, '-infinity')
        and coalesce(check_at, protected_until) <= $2 and protected_until <= $2
        and not exists (select from set_aside s where s.sweep = 'reclaim-due-leads' and s.item = lead.id::text)
      order by coalesce(check_at, protected_until) limit $3 for update skip locked
      """,
      {
        $0.timestamp(start)
        $0.timestamp(end)
        $0.integer(Int64(limit))
      }, reading: { $0.map { Due($0) } })
  }

  /// Where the first lead stands that the pass under way has left behind: others held it, or its time had not come.
  private static func left(behind floor: Floor) -> Question<Timestamp?> {
    guard let reached = floor.reached else { return Question(known: nil) }
    return Question(
      """
      select coalesce(check_at, protected_until) from lead
      where state = 'owned' and coalesce(check_at, protected_until) > '-infinity'
        and coalesce(check_at, protected_until) >= coalesce($1::timestamptz, '-infinity')
        and coalesce(check_at, protected_until) <= $2
        and not exists (select from set_aside s where s.sweep = 'reclaim-due-leads' and s.item = lead.id::text)
      order by coalesce(check_at, protected_until) limit 1
      """,
      {
        $0.timestamp(floor.start)
        $0.timestamp(reached)
      }, reading: { $0.first?.timestamp(0) })
  }

  /// Leads of organisations that said that their day's contacts are complete: those need not wait for the grace.
  private static func marked(
    _ limit: Int, heard: Timestamp, _ cache: inout LifeCache, _ transaction: Transaction
  ) throws(PostgresError) -> [Due] {
    for (branch, complete) in try markers(before: heard, transaction) {
      let until = min(complete, heard)
      if let swept = cache.sweptMarkers[branch], swept >= until { continue }
      let rows = try transaction.rows(
        """
        with recursive below as (
          select $1::bigint as id union all select b.id from below join branch b on b.parent_id = below.id)
        select id, version, owner_id, region, branch_id, product, level, coalesce(check_at, protected_until)
        from lead
        where state = 'owned' and coalesce(check_at, protected_until) > '-infinity'
          and coalesce(check_at, protected_until) >= coalesce($4::timestamptz, '-infinity')
          and coalesce(check_at, protected_until) <= $2 and protected_until <= $2 and branch_id in (select id from below)
          and not exists (select from set_aside s where s.sweep = 'reclaim-due-leads' and s.item = lead.id::text)
        order by coalesce(check_at, protected_until) limit $3 for update skip locked
        """
      ) {
        $0.integer(branch)
        $0.timestamp(until)
        $0.integer(Int64(limit))
        $0.timestamp(cache.floor.start)
      }
      if rows.count > 0 { return rows.map { Due($0) } }
      cache.sweptMarkers[branch] = until
    }
    return []
  }

  /// - Parameter heard: only those that had been taken by then: contacts that came before them have been heard too.
  private static func markers(
    before heard: Timestamp?, _ transaction: Transaction
  ) throws(PostgresError) -> [(branch: Int64, complete: Timestamp)] {
    try transaction.rows(
      """
      select branch_id, complete_until from day_marker where heard_at <= coalesce($1::timestamptz, 'infinity') order by complete_until
      """
    ) { $0.timestamp(heard) }.map { ($0.integer(0), $0.timestamp(1)) }
  }

  static func label(_ lead: Due) -> String { String(lead.id) }

  static func isUnheard(since: Timestamp, _ transaction: Transaction) throws(PostgresError) {
    _ = try transaction.rows(
      """
      select raise_reminders('reclaim-leads', array_agg('reclaim-held-up/' || b.id || '/' || to_char($1::timestamptz, 'YYYY-MM-DD HH24')),
        array_agg('reclaim-held-up'::text), array_agg('branch'::text), array_agg(b.code), array_agg(null::bigint), array_agg(b.id),
        array_agg($1::timestamptz), array_agg('urgent'::text),
        array_agg('Leads are due, but lead.activity or call.events cannot be read: nothing is taken back meanwhile.'::text))
      from branch b where b.parent_id is null having count(*) > 0
      """
    ) { $0.timestamp(since) }
  }
}
