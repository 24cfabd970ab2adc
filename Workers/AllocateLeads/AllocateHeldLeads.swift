import Contract
import PhoneNumbers
import Postgres
import Topics
import Values

/// Gives held leads away when capacity appears, the oldest of each branch first, and finds a branch for those that no
/// rule wanted once there are newer rules.
enum AllocateHeldLeads: Sweep {
  static let name = "allocate-held-leads"

  struct HeldLead: Sendable {
    let id: Int64
    let version: Int32
    let branch: Int64?
    let region: String?
    let source: String
    let product: String?
  }

  /// At most as many of a branch as it has room for: a full branch costs nothing, however many wait there.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [HeldLead] {
    let rows = try transaction.rows(
      """
      with room as (
        select p.branch_id, sum(case when p.capacity is null then $1 else p.capacity - l.open_leads end)::bigint as free
        from branch_load b join person p on p.branch_id = b.branch_id join person_load l on l.person_id = p.id
        where b.held > 0 and p.active and p.weight > 0 and (p.capacity is null or p.capacity > l.open_leads)
          and not (coalesce(p.leave_from <= clock_timestamp(), p.leave_until is not null)
            and coalesce(p.leave_until > clock_timestamp(), true))
        group by p.branch_id),
      -- Whoever has the branch gives its oldest away: another sweep waits here and then finds what is left.
      locked as materialized (
        select b.branch_id, room.free from branch_load b join room on room.branch_id = b.branch_id
        order by b.branch_id for update of b),
      placeable as (
        select h.* from locked cross join lateral (
          select id, version, branch_id, region, source, product, held_since from lead
          where state = 'held' and branch_id = locked.branch_id
            and not exists (select from set_aside s where s.sweep = 'allocate-held-leads' and s.item = lead.id::text)
          order by held_since, id limit least(locked.free, $1) for update skip locked) h),
      routable as (
        select id, version, branch_id, region, source, product, held_since from lead
        where state = 'held' and branch_id is null and held_reason = 'no-rule'
          and held_ruleset < (select max(version) from ruleset)
          and not exists (select from set_aside s where s.sweep = 'allocate-held-leads' and s.item = lead.id::text)
        order by held_since, id limit $1 for update skip locked)
      select id, version, branch_id, region, source, product from (
        select * from placeable union all select * from routable) due
      order by held_since, id limit $1
      """
    ) { $0.integer(Int64(limit)) }
    return rows.map { row in
      HeldLead(
        id: row.integer(0), version: Int32(row.small(1)), branch: row.optionalInteger(2), region: row.optionalText(3),
        source: row.text(4), product: row.optionalText(5))
    }
  }

  static func label(_ lead: HeldLead) -> String { String(lead.id) }

  static func load(
    _ leads: [HeldLead], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    try cache.refresh(transaction)
    var wanted: Set<BranchProduct> = []
    for lead in leads {
      guard let branch = lead.branch ?? match(lead, cache.ruleset)?.branch else { continue }
      wanted.insert(BranchProduct(branch: branch, product: lead.product))
    }
    return try Allocation(wanted: wanted, &cache, transaction)
  }

  static func decide(_ lead: HeldLead, _ allocation: inout Allocation, _ now: Timestamp) -> Decision<LeadChange> {
    let rule = lead.branch == nil ? match(lead, allocation.ruleset) : nil
    guard let branch = lead.branch ?? rule?.branch else {
      return .apply(.rejudged(lead: lead.id, ruleset: allocation.ruleset.version), outcome: "no-rule")
    }
    let isNew = lead.branch == nil
    let placement = allocation.place(in: branch, behindHeld: isNew)
    let judgement = Judgement(
      placement, lead.id, lead.version + 1, now, ruleset: allocation.ruleset.version, rule: rule?.position)
    let version = LeadVersion(id: lead.id, version: lead.version + 1, region: lead.region, at: now)
    switch placement {
    case .owner(let branch, let code, let person, _, _):
      let until = allocation.deadline(branch, lead.product, now)
      let event = LeadOwnership.allocated(
        .init(lead: version, branch: code, owner: person.code, protectedUntil: until))
      return .apply(
        .placed(PlacedLead(protectedUntil: until, judgement: judgement)), emit: [Emission(event)],
        outcome: "allocated")
    case .held(_, let reason, let code, _, _):
      // Capacity went before the lock was there: the lead waits on where it was.
      guard isNew else { return .ignore("still-held") }
      let event = LeadOwnership.held(.init(lead: version, branch: code, reason: reason))
      return .apply(
        .routed(RoutedLead(lead: lead.id, version: lead.version + 1, judgement: judgement)), emit: [Emission(event)],
        outcome: "routed")
    }
  }

  static let writes = LeadChange.writes

  private static func match(_ lead: HeldLead, _ ruleset: Ruleset) -> Ruleset.Rule? {
    ruleset.match(lead.region.flatMap { RegionPath($0) }, lead.source, lead.product)
  }
}
