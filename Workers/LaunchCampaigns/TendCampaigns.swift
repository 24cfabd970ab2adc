import Campaigns
import Contract
import Postgres
import Values

/// Takes campaigns at work a step on when it is due: begins, closes and finishes them, and pauses one that goes wrong.
enum TendCampaigns: Sweep {
  static let name = "tend-campaigns"
  typealias Cache = PlanMemory

  /// A step that was due when the campaign was looked at.
  struct Due: Sendable {
    let id: Int64
  }

  /// Looks without locking: those that nothing is due of go on undisturbed.
  static func claim(
    _ limit: Int, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> [Due] {
    let aside = try transaction.rows("select item from set_aside where sweep = 'tend-campaigns'").map { $0.text(0) }
    let standings = try transaction.ask(CampaignStanding.ask(of: nil)).filter { !aside.contains(String($0.id)) }
    memory.take(try transaction.ask(memory.news(standings.map(\.id))))
    return standings.filter { step($0, memory) != nil }.prefix(limit).map { Due(id: $0.id) }
  }

  static func label(_ due: Due) -> String { String(due.id) }

  struct Book {
    var standings: [Int64: CampaignStanding]
    let memory: PlanMemory
  }

  /// Waits for whoever has a campaign, and looks again.
  static func load(
    _ due: [Due], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> Book {
    let ids = due.map(\.id).sorted()
    _ = try transaction.rows("select from campaign where id = any($1) order by id for update") {
      $0.integers(ids) { $0 }
    }
    let standings = try transaction.ask(CampaignStanding.ask(of: ids))
    return Book(standings: Dictionary(uniqueKeysWithValues: standings.map { ($0.id, $0) }), memory: memory)
  }

  static func decide(_ due: Due, _ book: inout Book, _ now: Timestamp) -> Decision<CampaignMove> {
    guard let campaign = book.standings[due.id], let step = step(campaign, book.memory) else {
      return .ignore("done-meanwhile")
    }
    let move = CampaignMove(
      campaign: campaign.id, name: campaign.name, owner: campaign.owner, before: campaign.state, step: step, at: now)
    return .apply(move, outcome: step.outcome)
  }

  private static func step(_ campaign: CampaignStanding, _ memory: PlanMemory) -> CampaignStep? {
    campaign.step(memory[campaign.id], unreadable: memory.refusal(of: campaign.id))
  }

  static let writes: [Write<Book, CampaignMove>] = Write.moving { $0 }
}

extension CampaignStanding {
  /// Of these campaigns, or of all that are at work. With `offset 0` who is open is looked up campaign by campaign; without it the planner
  /// may read all who are open anywhere, as it believes in more campaigns than there are.
  static func ask(of ids: [Int64]?) -> Question<[CampaignStanding]> {
    Question(
      """
      select c.id, c.name, c.owner_id, c.state, c.starts_at <= clock_timestamp(), c.expires_at <= clock_timestamp(),
        c.expanded_at is not null,
        exists (select from campaign_recipient r where r.campaign_id = c.id and r.is_open offset 0)
          or c.repeats and exists (select from campaign o where o.parent_id = c.id and o.settled_at is null),
        coalesce(k.sent, 0), coalesce(k.failed, 0), c.complaints, coalesce(s.causes, '{}'), c.joins
      from campaign c
      left join lateral (
        select sum(n.recipients)::bigint as sent, sum(n.recipients) filter (where n.state = 'failed')::bigint as failed
        from campaign_count n
        where n.campaign_id = c.id and n.channel <> '' and n.state in ('accepted', 'delivered', 'uncertain', 'failed')) k
        on c.state = 'running'
      left join lateral (
        select array_agg(split_part(s.note, ':', 1)) as causes from campaign_step s
        where s.campaign_id = c.id and s.what = 'paused' and s.person_id is null) s on c.state = 'running'
      where c.state in ('scheduled', 'running', 'paused', 'closed', 'cancelled') and c.settled_at is null
        and ($1::bigint[] is null or c.id = any($1::bigint[]))
      order by c.id
      """
    ) {
      $0.text(ids.map { "{\($0.map(String.init).joined(separator: ","))}" })
    } reading: {
      $0.compactMap { CampaignStanding($0) }
    }
  }

  private init?(_ row: Row) {
    guard let state = State(rawValue: row.text(3)) else { return nil }
    self.init(
      id: row.integer(0), name: row.text(1), owner: row.integer(2), state: state, hasStarted: row.boolean(4),
      hasExpired: row.boolean(5), isExpanded: row.boolean(6), isOpen: row.boolean(7), sent: row.integer(8),
      failed: row.integer(9), complaints: row.integer(10),
      pausedFor: Set(row.texts(11).compactMap { PauseCause(rawValue: $0) }), isJoined: row.boolean(12))
  }
}
