import Campaigns
import Contract
import Postgres
import Settings
import Values

/// What a lane keeps of campaigns that were launched and of their recipients: nothing of it changes any more.
struct CampaignMemory: LaneCache {
  struct Known: Sendable {
    let launched: Timestamp
    let isOfLeads: Bool
    /// It counts conversions.
    let hasGoal: Bool
  }

  struct Recipient: Hashable, Sendable {
    let campaign: Int64
    let subject: Int64

    init(_ id: CampaignMessageID) { (campaign, subject) = (id.campaign, id.subject) }
  }

  private var campaigns: [Int64: Known] = [:]
  /// A message is heard of two or three times within seconds. Two halves, so that the older one can go as a whole.
  private var recent: [Recipient: FigurePlace] = [:]
  private var former: [Recipient: FigurePlace] = [:]

  private static let mostCampaigns = 10_000
  /// Of each half, before a batch adds its own. A message is opened tens of thousands of messages later, if at all. With a batch's few
  /// thousand it stays below the 24,576 at which a dictionary doubles its room.
  private static let mostRecipients = 20_000

  init(_ settings: Settings) {}

  /// For tests.
  init() {}

  /// Of those that are asked for, whatever there is.
  mutating func know(
    _ recipients: Set<Recipient>, and others: Set<Int64>, _ transaction: Transaction
  ) throws(PostgresError) -> (campaigns: [Int64: Known], places: [Recipient: FigurePlace]) {
    if campaigns.count > CampaignMemory.mostCampaigns { campaigns.removeAll() }
    if recent.count > CampaignMemory.mostRecipients {
      former = recent
      recent.removeAll(keepingCapacity: true)
    }
    let wanted = Set(recipients.map(\.campaign)).union(others)
    var places: [Recipient: FigurePlace] = [:]
    places.reserveCapacity(recipients.count)
    var missing: [Recipient] = []
    for recipient in recipients {
      if let place = recent[recipient] ?? former[recipient] {
        places[recipient] = place
      } else {
        missing.append(recipient)
      }
    }
    // In the order of the table, whose neighbours lie on one page.
    missing.sort { ($0.campaign, $0.subject) < ($1.campaign, $1.subject) }
    let (known, found) = try transaction.ask(
      CampaignMemory.campaigns(wanted.filter { campaigns[$0] == nil }.sorted()), CampaignMemory.places(missing))
    campaigns.merge(known) { $1 }
    for (number, place) in found {
      places[missing[number]] = place
      recent[missing[number]] = place
    }
    return (campaigns.filter { wanted.contains($0.key) }, places)
  }

  private static func campaigns(_ wanted: [Int64]) -> Question<[Int64: Known]> {
    guard !wanted.isEmpty else { return Question(known: [:]) }
    return Question(
      """
      select c.id, c.launched_at, c.audience = 'leads', g.campaign_id is not null
      from campaign c left join campaign_goal g on g.campaign_id = c.id
      where c.id = any($1) and c.launched_at is not null
      """
    ) {
      $0.integers(wanted) { $0 }
    } reading: {
      Dictionary(
        $0.map {
          ($0.integer(0), Known(launched: $0.timestamp(1), isOfLeads: $0.boolean(2), hasGoal: $0.boolean(3)))
        }
      ) { one, _ in one }
    }
  }

  private static func places(_ wanted: [Recipient]) -> Question<[(Int, FigurePlace)]> {
    guard !wanted.isEmpty else { return Question(known: []) }
    return Question(
      """
      select k.n, r.variant, coalesce(r.region, ''), coalesce(r.branch_id, 0)
      from unnest($1::bigint[], $2::bigint[]) with ordinality k (campaign, subject, n)
      join campaign_recipient r on r.campaign_id = k.campaign and r.subject = k.subject
      """
    ) {
      $0.integers(wanted) { $0.campaign }
      $0.integers(wanted) { $0.subject }
    } reading: {
      $0.map {
        (
          Int($0.integer(0)) - 1,
          FigurePlace(variant: Int32($0.small(1)), region: $0.text(2), branch: $0.integer(3))
        )
      }
    }
  }
}
