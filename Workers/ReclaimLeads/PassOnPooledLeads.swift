import Contract
import Postgres
import Topics
import Values

/// Leads of the pool that nobody claimed in time: up a level, where more people may claim them, or to allocation.
enum PassOnPooledLeads: Sweep {
  static let name = "pass-on-pooled-leads"
  static var pause: Duration { .seconds(5) }

  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Lead] {
    try transaction.rows(
      """
      select id, version, state, branch_id, owner_id, region, product, level, held_reason, held_since, held_ruleset,
        protected_since, protected_until, check_at, contacted_at, former_owner_id, former_since, former_until, pooled_at,
        pool_due_at, step_due_at
      from lead
      where state = 'pooled' and pool_due_at <= statement_timestamp()
        and not exists (select from set_aside s where s.sweep = 'pass-on-pooled-leads' and s.item = lead.id::text)
      order by pool_due_at limit $1 for update skip locked
      """
    ) { $0.integer(Int64(limit)) }.map(Statements.lead)
  }

  static func label(_ lead: Lead) -> String { String(lead.id) }

  static func load(
    _ leads: [Lead], _ cache: inout LifeCache, _ transaction: Transaction
  ) throws(PostgresError) -> LeadBook {
    var book = LeadBook(locked: leads)
    var wanted = LeadBook.Wanted()
    wanted.moves = true
    for lead in leads { wanted.add(lead) }
    let parents = try Statements.parents(leads.compactMap(\.branch), transaction)
    wanted.branches.formUnion(parents)
    try book.fill(wanted, transaction)
    return book
  }

  static func decide(_ item: Lead, _ book: inout LeadBook, _ now: Timestamp) -> Decision<LifeChange> {
    guard var lead = book.leads[item.id], let branch = lead.branch.flatMap({ book.branches[$0] }) else {
      return .ignore("gone")
    }
    if branch.pool.unclaimedTo == "up", let parent = branch.parent.flatMap({ book.branches[$0] }) {
      book.pool(&lead, in: parent)
      book.leads[lead.id] = lead
      let step = LifeStep(lead, "pooled", at: book.at, reason: "unclaimed")
      return .apply(LifeChange(step: step), emit: [book.pooled(lead, from: nil, "unclaimed")], outcome: "went-up")
    }
    book.reroute(&lead)
    book.leads[lead.id] = lead
    let step = LifeStep(lead, "held", at: book.at, reason: "no-rule")
    return .apply(LifeChange(step: step), emit: [book.held(lead)], outcome: "to-allocation")
  }

  static let writes = LifeChange.writes
}
