import Contract
import Postgres
import Topics
import Values

/// Leads without an owner in a branch that another has taken over go on there, whenever they came: a rule of
/// yesterday, or a pool above, may still name the closed branch for a moment.
enum EmptyClosedBranches: Sweep {
  static let name = "empty-closed-branches"

  struct Stranded: Sendable {
    let lead: Int64
    let version: Int32
    let region: String?
    let state: String
    let reason: String
    let branch: Int64
    let target: Int64
  }

  struct State {
    var branches: [Int64: HandOverState.Branch]
  }

  struct Moved: Sendable {
    let lead: Stranded
    let at: Timestamp
  }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Stranded] {
    try transaction.rows(
      """
      select s.id, s.version, s.region, s.state, s.reason, b.id, open_branch(b.id)
      from branch b cross join lateral (
        select * from (select l.id, l.version, l.region, l.state, l.held_reason as reason from lead l
          where l.state = 'held' and l.branch_id = b.id order by l.held_since, l.id limit $1 for update) held
        union all
        select * from (select l.id, l.version, l.region, l.state, 'branch-closed' from lead l
          where l.state = 'waiting' and l.branch_id = b.id order by l.id limit $1 for update) waiting
        union all
        select * from (select l.id, l.version, l.region, l.state, 'branch-closed' from lead l
          where l.state = 'pooled' and l.branch_id = b.id order by l.pooled_at limit $1 for update) pooled) s
      where b.merged_into_id is not null
        and not exists (
          select from set_aside a where a.sweep = 'empty-closed-branches' and a.item = s.id::text)
      limit $1
      """
    ) { $0.integer(Int64(limit)) }.map { row in
      Stranded(
        lead: row.integer(0), version: Int32(row.small(1)), region: row.optionalText(2), state: row.text(3),
        reason: row.text(4), branch: row.integer(5), target: row.integer(6))
    }
  }

  static func label(_ lead: Stranded) -> String { String(lead.lead) }

  static func load(
    _ leads: [Stranded], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) -> State {
    let rows = try transaction.rows(
      """
      select l.branch_id, b.code, b.id, l.held from branch_load l join branch b on b.id = l.branch_id
      where l.branch_id = any($1) order by l.branch_id for update of l
      """
    ) { $0.integers(Set(leads.map(\.branch) + leads.map(\.target)).sorted()) { $0 } }
    var state = State(branches: [:])
    for row in rows {
      let held = Int32(row.small(3))
      state.branches[row.integer(0)] = HandOverState.Branch(
        id: row.integer(0), code: row.text(1), open: row.integer(2), heldBefore: held, held: held)
    }
    return state
  }

  /// It stands in the other branch as held: its rotation takes it from there.
  static func decide(_ lead: Stranded, _ state: inout State, _ now: Timestamp) -> Decision<Moved> {
    guard let target = state.branches[lead.target] else { return .ignore("no-branch") }
    if lead.state == "held" { state.branches[lead.branch]?.held -= 1 }
    state.branches[lead.target]?.held += 1
    let version = LeadVersion(id: lead.lead, version: lead.version + 1, region: lead.region, at: now)
    let event = LeadOwnership.held(.init(lead: version, branch: target.code, reason: lead.reason))
    return .apply(Moved(lead: lead, at: now), emit: [Emission(event)], outcome: "moved")
  }

  static let writes: [Write<State, Moved>] = [
    .each(
      { $0 },
      """
      update lead l set state = 'held', branch_id = a.branch, held_reason = a.reason,
        held_since = coalesce(l.held_since, a.at), step_due_at = null, pooled_at = null, pool_due_at = null,
        version = a.version
      from unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[])
        a (id, version, branch, reason, at, former)
      where l.id = a.id and l.state = a.former and l.version = a.version - 1
      """,
      .integer { $0.lead.lead }, .small { $0.lead.version + 1 }, .integer { $0.lead.target }, .text { $0.lead.reason },
      .timestamp { $0.at }, .text { $0.lead.state }),
    .each(
      { $0 },
      """
      insert into lead_history (lead_id, version, at, what, branch_id, reason, worker)
      select id, version, at, 'held', branch, reason, 'keep-organisation'
      from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::bigint[], $5::text[])
        a (id, version, at, branch, reason)
      """,
      .integer { $0.lead.lead }, .small { $0.lead.version + 1 }, .timestamp { $0.at }, .integer { $0.lead.target },
      .text { $0.lead.reason }),
    .total(
      { state, _ in state.branches.values.filter { $0.held != $0.heldBefore }.sorted { $0.id < $1.id } },
      """
      update branch_load l set held = a.held from unnest($1::bigint[], $2::int[]) a (branch, held)
      where l.branch_id = a.branch
      """,
      .integer { $0.id }, .small { $0.held }),
  ]
}
