import Contract
import Postgres
import Values

/// Gives held leads away when capacity appears, the oldest of each branch first, and finds a branch for those that no
/// rule wanted once there are newer rules.
enum AllocateHeldLeads: Sweep {
  static let name = "allocate-held-leads"

  /// Leads of branches that have room, at most as many of each as it has room for: a full branch costs nothing, however
  /// many wait there. Else those that no rule wanted, once there are newer rules: these are taken without holding a branch,
  /// so that `load` can lock all branches in their order.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [StandingLead] {
    let placeable = try transaction.rows(
      """
      with moment as materialized (select clock_timestamp() as at),
      queues as materialized (select array_agg(branch_id) as ids from branch_load where held > 0),
      able as materialized (
        select p.branch_id, p.person_id, least(coalesce(p.room, $1), $1) as room
        from queues q, moment m, people_at(q.ids, m.at) p
        where p.excluded is null and (p.room is null or p.room > 0)),
      room as (
        select r.branch_id, r.free, m.at - t.cool_off_days * interval '1 day' as cooled
        from moment m, (select branch_id, sum(room)::bigint as free from able group by 1) r
          join pool_terms(array(select distinct branch_id from able)) t on t.branch_id = r.branch_id),
      -- Whoever has the branch gives its oldest away: another sweep waits here and then finds what is left.
      locked as materialized (
        select b.branch_id, room.free, room.cooled from branch_load b join room on room.branch_id = b.branch_id
        order by b.branch_id for update of b),
      queue as materialized (
        select h.id, h.branch_id, row_number() over (partition by h.branch_id order by h.held_since, h.id) as place
        from locked cross join lateral (
          select id, branch_id, held_since from lead
          where state = 'held' and branch_id = locked.branch_id
            and not exists (select from set_aside s where s.sweep = 'allocate-held-leads' and s.item = lead.id::text)
            -- Those that everybody here had not long ago would stand in the way of others; see `cool_offs`.
            and (version = 1 or exists (
              select from able a where a.branch_id = locked.branch_id and not exists (
                select from lead_history p
                where p.lead_id = lead.id and p.former_owner_id = a.person_id and p.at > locked.cooled
                  and (p.what in ('reclaimed', 'released')
                    or (p.what in ('held', 'waiting') and p.reason in ('assigned', 'transferred'))))))
          order by held_since, id limit least(locked.free, $1)) h
        order by h.held_since, h.id limit $1),
      taken as materialized (
        select q.place, h.* from queue q join lead h on h.id = q.id and h.branch_id = q.branch_id and h.state = 'held'
        for update of h skip locked)
      -- Up to the first that somebody else has, or had before the branch was ours: nobody younger overtakes that one.
      select id, version, branch_id, region, source, product, language, (value_amount * 10000)::bigint, value_currency,
        level
      from (select *, row_number() over (partition by branch_id order by place) as nth from taken) t
      where nth = place
      order by held_since, id
      """
    ) { $0.integer(Int64(limit)) }
    if placeable.count > 0 { return placeable.map { StandingLead($0) } }
    return try transaction.rows(
      """
      select id, version, branch_id, region, source, product, language, (value_amount * 10000)::bigint, value_currency,
        level
      from lead
      where state = 'held' and branch_id is null and held_reason in ('no-rule', 'no-step-policy')
        and (held_ruleset < (select max(version) from ruleset)
          or held_step_policy < (select max(id) from step_policy))
        and not exists (select from set_aside s where s.sweep = 'allocate-held-leads' and s.item = lead.id::text)
      order by held_since, id limit $1 for update skip locked
      """
    ) { $0.integer(Int64(limit)) }.map { StandingLead($0) }
  }

  static func label(_ lead: StandingLead) -> String { String(lead.id) }

  static func load(
    _ leads: [StandingLead], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    let policy = try cache.refresh(transaction)
    var routes: [Int64: Route] = [:]
    for lead in leads {
      routes[lead.id] =
        lead.branch.map { .branch($0, nil) } ?? cache.match(lead.facts).map { Route(byRule: $0) } ?? Route.none
    }
    var allocation = try Allocation(
      policy, standing: leads, routes: leads.map { (routes[$0.id] ?? .none, $0.facts) }, &cache, transaction)
    allocation.routes = routes
    return allocation
  }

  static func decide(_ lead: StandingLead, _ allocation: inout Allocation, _ now: Timestamp) -> Decision<LeadChange> {
    guard let branch = lead.branch else { return route(lead, &allocation, now) }
    let placement = allocation.place(in: branch, behindHeld: false, of: lead)
    // Capacity went before the lock was there: the lead waits on where it was.
    if case .held = placement { return .ignore("still-held") }
    return allocation.move(lead, placement, nil, now)
  }

  private static func route(
    _ lead: StandingLead, _ allocation: inout Allocation, _ now: Timestamp
  ) -> Decision<LeadChange> {
    let policy = allocation.policy
    let route = allocation.routes[lead.id] ?? .none
    let placement = allocation.place(route, of: lead)
    if case .held(branch: nil, let reason, _, _, _, _, _) = placement {
      let rejudged = RejudgedLead(lead: lead.id, ruleset: policy.ruleset, stepPolicy: policy.stepPolicy)
      return .apply(.rejudged(rejudged), outcome: reason == "no-rule" ? "no-rule" : "no-step-policy")
    }
    return allocation.move(lead, placement, route.rule, now)
  }

  static let writes = LeadChange.writes + LeadChange.reminding
}
