import Contract
import LeadClock
import Postgres
import Reminders
import Topics
import Values

/// What taking leads back needs beside the leads: where they go, and whose they were. The leads are locked; branches only once
/// the rows are on their way (see `writes`), because nothing that is decided here depends on what they guard.
struct Reclaiming {
  struct Owner {
    let code: String
    let home: Int64
  }

  struct Way {
    let branchCode: String
    let target: Target
    /// When a lead that comes to the pool now goes on; nil is never.
    let unclaimedAt: Timestamp?
  }

  enum Target: String { case pool, allocate }

  /// Owners that a lane remembers, after which it forgets them all: its memory does not grow.
  static let remembered = 50_000

  /// The database's clock once the leads were locked; nil where there are none.
  let at: Timestamp?
  let owners: [Int64: Owner]
  let ways: [LeadClock.Place: Way]

  static func ways(from places: [LeadClock.Place]) -> Question<(at: Timestamp?, ways: [LeadClock.Place: Way])> {
    Question(
      """
      with moment as materialized (select clock_timestamp() as at),
      pool as materialized (
        select t.branch_id, case when t.unclaimed_days is not null then e.ends end as due
        from moment m cross join pool_terms($1) t
          cross join lateral protection_end(m.at, coalesce(t.unclaimed_days, 0), false, null, t.time_zone, t.day_end) e)
      select t.branch_id, t.product, t.level, t.reclaim_to, b.code, p.due, m.at
      from moment m cross join protection_terms($1, $2, $3) t join branch b on b.id = t.branch_id
        join pool p on p.branch_id = t.branch_id
      """,
      {
        $0.integers(places) { $0.branch }
        $0.texts(places) { $0.product }
        $0.texts(places) { $0.level }
      },
      reading: { rows in
        var ways: [LeadClock.Place: Way] = [:]
        for row in rows {
          let place = LeadClock.Place(branch: row.integer(0), product: row.optionalText(1), level: row.optionalText(2))
          ways[place] = Way(
            branchCode: row.text(4), target: Target(rawValue: row.text(3)) ?? .pool,
            unclaimedAt: row.optionalTimestamp(5))
        }
        return (rows.first?.timestamp(6), ways)
      })
  }

  static func owners(_ people: [Int64]) -> Question<[Int64: Owner]> {
    guard !people.isEmpty else { return Question(known: [:]) }
    return Question(
      "select id, code, branch_id from person where id = any($1)", { $0.integers(people) { $0 } },
      reading: { rows in
        Dictionary(
          uniqueKeysWithValues: rows.map { ($0.integer(0), Owner(code: $0.text(1), home: $0.integer(2))) })
      })
  }
}

/// A lead that was taken back.
final class Reclaimed: Sendable {
  let lead: Int64
  let version: Int32
  let at: Timestamp
  let branch: Int64
  let owner: Int64
  let home: Int64
  let isPooled: Bool
  let unclaimedAt: Timestamp?

  init(_ lead: ReclaimDueLeads.Due, _ owner: Reclaiming.Owner, _ way: Reclaiming.Way, at: Timestamp) {
    self.lead = lead.id
    version = lead.version + 1
    self.at = at
    branch = lead.place.branch
    self.owner = lead.owner
    home = owner.home
    isPooled = way.target == .pool
    unclaimedAt = isPooled ? way.unclaimedAt : nil
  }
}

extension ReclaimDueLeads {
  static func load(
    _ leads: [Due], _ cache: inout LifeCache, _ transaction: Transaction
  ) throws(PostgresError) -> Reclaiming {
    if cache.owners.count > Reclaiming.remembered { cache.owners = [:] }
    let unknown = Set(leads.map(\.owner).filter { cache.owners[$0] == nil })
    let (found, owners) = try transaction.ask(
      Reclaiming.ways(from: Set(leads.map(\.place)).sorted()), Reclaiming.owners(unknown.sorted()))
    cache.owners.merge(owners) { $1 }
    return Reclaiming(at: found.at, owners: cache.owners, ways: found.ways)
  }

  static func decide(_ lead: Due, _ state: inout Reclaiming, _ now: Timestamp) -> Decision<Reclaimed> {
    guard let at = state.at, let owner = state.owners[lead.owner], let way = state.ways[lead.place] else {
      return .ignore("gone")
    }
    let reclaimed = Reclaimed(lead, owner, way, at: at)
    let version = LeadVersion(id: lead.id, version: lead.version + 1, region: lead.region, at: at)
    let event: LeadOwnership =
      switch way.target {
      case .pool:
        .pooled(
          .init(lead: version, branch: way.branchCode, formerOwner: owner.code, reason: "protection-ended"))
      case .allocate: .held(.init(lead: version, branch: way.branchCode, reason: "reclaimed"))
      }
    return .apply(reclaimed, emit: [Emission(event)], outcome: "reclaimed")
  }

  /// Leads and history first; then the branches are locked, for as long as it takes to count and commit, so that a sweep of
  /// thousands holds up nobody who gives or claims leads; then people, who must be in the branches that were locked.
  static let writes: [Write<Reclaiming, Reclaimed>] = [
    .each(
      { $0 },
      """
      update lead l
      set state = case when a.pooled then 'pooled' else 'held' end, version = a.version, owner_id = null,
        held_reason = case when not a.pooled then 'reclaimed' end, held_since = case when not a.pooled then a.at end,
        held_ruleset = null, held_step_policy = null, held_reminded_at = null, protected_since = null,
        protected_until = null, check_at = null, former_owner_id = l.owner_id, former_since = l.protected_since,
        former_until = l.protected_until, pooled_at = case when a.pooled then a.at end, pool_due_at = a.due
      from unnest($1::bigint[], $2::int[], $3::boolean[], $4::timestamptz[], $5::timestamptz[])
        a (id, version, pooled, at, due)
      where l.id = a.id and l.state = 'owned' and l.version = a.version - 1
      """,
      .integer { $0.lead }, .small { $0.version }, .boolean { $0.isPooled }, .timestamp { $0.at },
      .timestamp { $0.unclaimedAt }),
    .each(
      { $0 },
      """
      insert into lead_history (lead_id, version, at, what, branch_id, former_owner_id, reason, worker)
      select id, version, at, 'reclaimed', branch, owner, 'protection-ended', 'reclaim-leads'
      from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::bigint[]) a (id, version, at, branch, owner)
      """,
      .integer { $0.lead }, .small { $0.version }, .timestamp { $0.at }, .integer { $0.branch }, .integer { $0.owner }),
    .total(
      { _, changes in Set(changes.map(\.home) + changes.filter { !$0.isPooled }.map(\.branch)).sorted() },
      """
      select from branch_load where branch_id = any($1) order by branch_id for update
      """,
      .integer { $0 }),
    .total(
      { _, changes in Tally.of(changes.filter { !$0.isPooled }, by: { Tally.Key(id: $0.branch, home: $0.branch) }) },
      """
      update branch_load l set held = l.held + a.count from unnest($1::bigint[], $2::int[]) a (branch, count)
      where l.branch_id = a.branch
      """,
      .integer { $0.key.id }, .small { $0.count }),
    .total(
      { _, changes in Tally.of(changes, by: { Tally.Key(id: $0.owner, home: $0.home) }) },
      """
      update person_load l set open_leads = l.open_leads - a.count
      from unnest($1::bigint[], $2::bigint[], $3::int[]) a (person, home, count)
        join person p on p.id = a.person and p.branch_id = a.home
      where l.person_id = a.person
      """,
      .integer { $0.key.id }, .integer { $0.key.home }, .small { $0.count }),
    .cancelling(by: ReclaimLeads.name) { _, changes in
      changes.map { .about(.lead($0.lead), because: "reclaimed") }
    },
  ]
}

/// How many leads of one branch or person, in order.
private struct Tally {
  struct Key: Hashable {
    let id: Int64
    let home: Int64
  }

  let key: Key
  let count: Int32

  static func of(_ changes: some Sequence<Reclaimed>, by key: (Reclaimed) -> Key) -> [Tally] {
    var counts: [Key: Int32] = [:]
    for change in changes { counts[key(change), default: 0] += 1 }
    return counts.map { Tally(key: $0.key, count: $0.value) }.sorted { $0.key.id < $1.key.id }
  }
}
