import Campaigns
import Contract
import Outreach
import Postgres
import Values

/// Writes to those who have come to fulfil a campaign's filter since it was launched: each once, as all others of it.
///
/// What they cost is what has changed, however many the campaign has.
enum JoinCampaigns: Sweep {
  static let name = "join-campaigns"
  static var chunk: Int { 1000 }
  typealias Cache = PlanMemory

  enum Item: Sendable {
    case expanding(ExpandCampaigns.Item)
    /// One of those whom the campaign has looked at, whether or not they belong to it.
    case looked(Looked)
  }

  struct Looked: Sendable {
    let campaign: Int64
    let id: Int64
    /// Nobody joins the campaign any more.
    let isOver: Bool
  }

  /// Of one campaign, the next whom it has to look at; campaigns take turns at random. One that rests or is still being expanded keeps its
  /// queue. As with pages, whoever pauses or ends it does not wait, and then what is found counts for nothing.
  static func claim(
    _ limit: Int, _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> [Item] {
    let rows = try transaction.rows(
      """
      with recursive queue as (
        (select campaign_id from campaign_joiner order by campaign_id limit 1)
        union all
        select (select j.campaign_id from campaign_joiner j where j.campaign_id > q.campaign_id order by j.campaign_id limit 1)
        from queue q where q.campaign_id is not null)
      select c.* from (
        select c.id, c.branch_id, c.seed, c.name, c.owner_id, c.state in ('closed', 'finished', 'cancelled')
        from queue q join campaign c on c.id = q.campaign_id
        where c.state in ('closed', 'finished', 'cancelled')
          or c.state = 'running' and c.expanded_at is not null and c.expires_at > clock_timestamp()
        order by random()) c
      where pg_try_advisory_xact_lock(hashtextextended('millrace expand campaign ' || c.id, 0)) limit 1
      """)
    guard let row = rows.first else { return [] }
    let (id, isOver) = (row.integer(0), row.boolean(5))
    let queue = try transaction.ask(next(limit, of: id))
    let looked = queue.map { Item.looked(Looked(campaign: id, id: $0.id, isOver: isOver)) }
    guard !isOver else { return looked }
    memory.take(try transaction.ask(memory.news([id])))
    guard let plan = memory[id] else { return [] }
    let campaign: LaunchedCampaign
    switch try memory.launched(id, plan, branch: row.integer(1), seed: row.text(2), transaction) {
    case .success(let launched): campaign = launched
    case .failure(let refusal):
      return [.expanding(.refused(campaign: id, name: row.text(3), owner: row.integer(4), refusal))]
    }
    let (people, aside) = try transaction.ask(
      campaign.audience.joining(Set(queue.filter { !$0.hasRow }.map(\.subject)).sorted(), id),
      Question("select item from set_aside where sweep = 'join-campaigns'", reading: { Set($0.map { $0.text(0) }) }))
    return people.map { person in
      .expanding(
        .person(person, campaign, isAside: !aside.isEmpty && aside.contains("\(id)/\(person.subject)")))
    } + looked
  }

  private struct Queued {
    let id: Int64
    let subject: Int64
    /// They are of the campaign already.
    let hasRow: Bool
  }

  private static func next(_ limit: Int, of campaign: Int64) -> Question<[Queued]> {
    Question(
      """
      select j.id, j.subject, exists (select from campaign_recipient r where r.campaign_id = j.campaign_id and r.subject = j.subject)
      from campaign_joiner j where j.campaign_id = $1 order by j.id limit $2
      """
    ) {
      $0.integer(campaign)
      $0.integer(Int64(limit))
    } reading: {
      $0.map { Queued(id: $0.integer(0), subject: $0.integer(1), hasRow: $0.boolean(2)) }
    }
  }

  static func label(_ item: Item) -> String {
    switch item {
    case .expanding(let item): ExpandCampaigns.label(item)
    case .looked(let looked): "\(looked.campaign)/queue/\(looked.id)"
    }
  }

  static func load(
    _ items: [Item], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) -> ExpandCampaigns.Book {
    let expanding = items.compactMap { if case .expanding(let item) = $0 { item } else { nil } }
    return try ExpandCampaigns.load(expanding, &memory, transaction)
  }

  static func decide(_ item: Item, _ book: inout ExpandCampaigns.Book, _ now: Timestamp) -> Decision<Expansion> {
    switch item {
    case .looked(let looked): .apply(.looked(looked), outcome: looked.isOver ? "too-late" : "looked-at")
    case .expanding(let item): ExpandCampaigns.decide(item, &book, now)
    }
  }

  /// The campaign's row first: whoever ends it afterwards finds its new people, and whoever has ended it before takes this back.
  static let writes: [Write<ExpandCampaigns.Book, Expansion>] =
    [
      .each(
        \.looked,
        """
        with held as materialized (
          select c.id, c.state <> 'running' as is_over from campaign c where c.id = any($1::bigint[]) for update)
        delete from campaign_joiner j
        using unnest($1::bigint[], $2::bigint[], $3::boolean[]) a (campaign, id, is_over) join held h on h.id = a.campaign
        where j.campaign_id = a.campaign and j.id = a.id and h.is_over = a.is_over
        """,
        .integer { $0.campaign }, .integer { $0.id }, .boolean { $0.isOver })
    ] + Expansion.writes
}
