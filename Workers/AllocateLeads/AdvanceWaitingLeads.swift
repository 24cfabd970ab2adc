import Contract
import Postgres
import Values

/// Sees to it that no lead idles on its way down: reminds the manager of the branch that should pass it on, and once the
/// deadline is over gives it to the branch above or to a person, as the branch's policy says.
enum AdvanceWaitingLeads: Sweep {
  static let name = "advance-waiting-leads"

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [StandingLead] {
    try transaction.rows(
      """
      select id, version, branch_id, region, source, product, language, (value_amount * 10000)::bigint, value_currency,
        level, step_due_at
      from lead
      where state = 'waiting' and coalesce(step_remind_at, step_due_at) <= statement_timestamp()
        and not exists (select from set_aside s where s.sweep = 'advance-waiting-leads' and s.item = lead.id::text)
      order by coalesce(step_remind_at, step_due_at), id limit $1 for update skip locked
      """
    ) { $0.integer(Int64(limit)) }.map { StandingLead($0, due: $0.timestamp(10)) }
  }

  static func label(_ lead: StandingLead) -> String { String(lead.id) }

  static func load(
    _ leads: [StandingLead], _ cache: inout AllocationCache, _ transaction: Transaction
  ) throws(PostgresError) -> Allocation {
    let policy = try cache.refresh(transaction)
    let ladder = try Ladder.load(Set(leads.compactMap(\.branch)).sorted(), transaction)
    let rules = cache.rules.valid
    var routes: [Int64: Route] = [:]
    for lead in leads where lead.due.map({ $0 <= policy.moment }) ?? true {
      routes[lead.id] = lead.branch.map { ladder.route(lead.facts, from: $0, rules) }
    }
    var allocation = try Allocation(
      policy, standing: leads, routes: leads.map { (routes[$0.id] ?? .none, $0.facts) }, &cache, transaction)
    allocation.routes = routes
    return allocation
  }

  static func decide(_ lead: StandingLead, _ allocation: inout Allocation, _ now: Timestamp) -> Decision<LeadChange> {
    guard let branch = lead.branch, let due = lead.due else { return .ignore("not-waiting") }
    guard let route = allocation.routes[lead.id] else {
      let reminded = RemindedLead(
        lead: lead.id, version: lead.version, branch: branch, due: due, at: allocation.at ?? now)
      return .apply(.reminded(reminded), outcome: "reminded")
    }
    return allocation.move(lead, allocation.place(route, of: lead), route.rule, now)
  }

  static let writes = LeadChange.writes + LeadChange.reminding
}

/// Branches that leads wait at, with what is above and below them.
struct Ladder {
  struct Rung {
    let then: Step.Then
    /// The branch above, where it passes leads down itself.
    let above: Int64?
    /// The branch and all below it.
    let within: Set<Int64>
  }

  var rungs: [Int64: Rung] = [:]

  /// Up, or to a person: by the first valid direct rule whose branch lies at or below this one, else of this branch.
  func route(_ lead: LeadFacts, from branch: Int64, _ rules: [Ruleset.Rule]) -> Route {
    guard let rung = rungs[branch] else { return .branch(branch, nil, basis: .stepOverdue) }
    if rung.then == .escalate, let above = rung.above { return .passing(above, nil, basis: .escalated) }
    let rule = rules.first { $0.how == .direct && rung.within.contains($0.branch) && $0.matches(lead) }
    return .branch(rule?.branch ?? branch, rule, basis: .stepOverdue)
  }

  static func load(_ branches: [Int64], _ transaction: Transaction) throws(PostgresError) -> Ladder {
    let rows = try transaction.rows(
      """
      with recursive below (top, id, depth) as (
        select id, id, 0 from branch where id = any($1)
        union all
        select w.top, b.id, w.depth + 1 from below w join branch b on b.parent_id = w.id where w.depth < 30)
      select b.id, coalesce(p.then_do, 'allocate'), case when u.id is not null then b.parent_id end,
        array(select id from below where top = b.id)
      from branch b
        left join lateral (
          select then_do from step_policy s where s.branch_id = b.id or s.level = b.level
          order by s.branch_id nulls last limit 1) p on true
        left join branch a on a.id = b.parent_id
        left join lateral (
          select s.id from step_policy s where s.branch_id = a.id or s.level = a.level limit 1) u on true
      where b.id = any($1)
      """
    ) { $0.integers(branches) { $0 } }
    var ladder = Ladder()
    for row in rows {
      ladder.rungs[row.integer(0)] = Rung(
        then: Step.Then(rawValue: row.text(1)) ?? .allocate, above: row.optionalInteger(2),
        within: Set(row.integers(3)))
    }
    return ladder
  }
}
