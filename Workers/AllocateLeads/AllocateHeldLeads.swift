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

    init(_ row: Row) {
      self.init(
        id: row.integer(0), version: Int32(row.small(1)), branch: row.optionalInteger(2), region: row.optionalText(3),
        source: row.text(4), product: row.optionalText(5))
    }

    init(id: Int64, version: Int32, branch: Int64?, region: String?, source: String, product: String?) {
      self.id = id
      self.version = version
      self.branch = branch
      self.region = region
      self.source = source
      self.product = product
    }
  }

  /// Leads of branches that have room, at most as many of each as it has room for: a full branch costs nothing, however
  /// many wait there. Else those that no rule wanted, once there are newer rules: these are taken without holding a branch,
  /// so that `load` can lock all branches in their order.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [HeldLead] {
    let placeable = try transaction.rows(
      """
      with moment as materialized (select clock_timestamp() as at),
      queues as materialized (select array_agg(branch_id) as ids from branch_load where held > 0),
      room as (
        select p.branch_id, sum(least(coalesce(p.room, $1), $1))::bigint as free
        from queues q, moment m, people_at(q.ids, m.at) p
        where p.excluded is null and (p.room is null or p.room > 0)
        group by p.branch_id),
      -- Whoever has the branch gives its oldest away: another sweep waits here and then finds what is left.
      locked as materialized (
        select b.branch_id, room.free from branch_load b join room on room.branch_id = b.branch_id
        order by b.branch_id for update of b)
      select h.id, h.version, h.branch_id, h.region, h.source, h.product
      from locked cross join lateral (
        select id, version, branch_id, region, source, product, held_since from lead
        where state = 'held' and branch_id = locked.branch_id
          and not exists (select from set_aside s where s.sweep = 'allocate-held-leads' and s.item = lead.id::text)
        order by held_since, id limit least(locked.free, $1) for update skip locked) h
      order by h.held_since, h.id limit $1
      """
    ) { $0.integer(Int64(limit)) }
    if placeable.count > 0 { return placeable.map(HeldLead.init) }
    return try transaction.rows(
      """
      select id, version, branch_id, region, source, product from lead
      where state = 'held' and branch_id is null and held_reason = 'no-rule'
        and held_ruleset < (select max(version) from ruleset)
        and not exists (select from set_aside s where s.sweep = 'allocate-held-leads' and s.item = lead.id::text)
      order by held_since, id limit $1 for update skip locked
      """
    ) { $0.integer(Int64(limit)) }.map(HeldLead.init)
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
    let now = allocation.at ?? now
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
