import Campaigns
import Contract
import Outreach
import Values

/// What an expansion writes: a person of the audience with their message, or how far it has come.
enum Expansion: Sendable {
  case ranges([CampaignRange])
  case person(Person)
  case end(End)
  case refused(CampaignMove)
  case looked(JoinCampaigns.Looked)

  struct Person: Sendable {
    private(set) var recipient: Recipient
    let region: String?
    let branch: Int64?
    private(set) var message: NewMessage?
    /// The plan that this is an occasion of leaves them alone for a while.
    let isRemembered: Bool
    private(set) var task: NewTask?
  }

  struct End: Sendable {
    /// As it stood when the page began.
    let range: CampaignRange
    let reached: Int64
    /// Nobody of the range is left.
    let isAll: Bool
  }

  var person: Person? { if case .person(let person) = self { person } else { nil } }
  var end: End? { if case .end(let end) = self { end } else { nil } }
  var looked: JoinCampaigns.Looked? { if case .looked(let looked) = self { looked } else { nil } }
  var ranges: [CampaignRange] { if case .ranges(let ranges) = self { ranges } else { [] } }
  var move: CampaignMove? { if case .refused(let move) = self { move } else { nil } }
}

extension Expansion.Person {
  /// As the audience has them; whoever gets a message is queued, and has none yet.
  init(_ candidate: Candidate, of campaign: LaunchedCampaign) {
    let (state, reason): (Recipient.State, String?) =
      switch candidate.outcome {
      case .send: (.queued, nil)
      case .heldOut: (.heldOut, nil)
      case .skipped(let reason): (.skipped, reason)
      case .excluded: preconditionFailure("whoever is excluded is in no audience")
      }
    let isSent = candidate.outcome == .send
    let place = isSent ? candidate.place : nil
    recipient = Recipient(
      key: Recipient.Key(campaign: campaign.id, subject: candidate.subject), variant: Int32(candidate.variant),
      state: state, reason: reason, place: place, channel: place.map { campaign.plan.channels[$0].channel.rawValue },
      message: nil, isOpen: isSent)
    (region, branch, message, task) = (candidate.region, candidate.branch, nil, nil)
    isRemembered = campaign.isRemembered
  }

  /// Their message or the task about them, or why there is none: then another channel may stand in.
  mutating func take(_ made: Result<Approach, Unmade>, _ rules: FallBackRules, _ now: Timestamp) {
    switch made {
    case .success(.task(let task)):
      self.task = task
      recipient.state = .assigned
    case .success(.message(let message)):
      self.message = message
      recipient.message = message.id
    case .failure(let unmade):
      skip(unmade.reason)
      recipient.wait(for: rules, at: now)
    }
  }

  mutating func skip(_ reason: String) {
    (recipient.state, recipient.reason) = (.skipped, reason)
    recipient.end()
  }

  var outcome: StaticString {
    switch recipient.state {
    case .queued: "queued"
    case .assigned: "assigned"
    case .heldOut: "held-out"
    default: "skipped"
    }
  }
}

extension Expansion {
  static let writes: [Write<ExpandCampaigns.Book, Expansion>] =
    [
      .each(
        \.person,
        """
        insert into campaign_recipient (campaign_id, subject, variant, state, reason, place, channel, message_id, region, branch_id,
          is_open, fallback_at, changed_at)
        select *, clock_timestamp() from unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[], $5::text[], $6::int[], $7::text[],
          $8::bigint[], $9::text[], $10::bigint[], $11::boolean[], $12::timestamptz[])
        """,
        .integer { $0.recipient.key.campaign }, .integer { $0.recipient.key.subject }, .small { $0.recipient.variant },
        .text { $0.recipient.state.rawValue }, .text { $0.recipient.reason },
        .small { $0.recipient.place.map { Int32($0) } }, .text { $0.recipient.channel },
        .integer { $0.recipient.message }, .text { $0.region }, .integer { $0.branch },
        .boolean { $0.recipient.isOpen },
        .timestamp { $0.recipient.fallbackAt })
    ] + Write.addingMessages { $0.person?.message } + [.addingTasks { $0.person?.task }]
    + [
      .remembering {
        $0.person.flatMap { $0.isRemembered && ($0.message != nil || $0.task != nil) ? $0.recipient.key : nil }
      }
    ]
    + movingRanges
    + Write.moving(\.move)
    + Write.counting { _, changes in
      CampaignCount.changes(changes.compactMap(\.person).map { (nil, $0.recipient) })
    }

  /// After all that other lanes do not wait for: the campaign's row is locked, so that whoever pauses or ends it comes before the page or
  /// after it. The last range's end sees what other lanes have ended.
  private static let movingRanges: [Write<ExpandCampaigns.Book, Expansion>] = [
    .total(
      { _, changes in changes.flatMap(\.ranges) },
      """
      insert into campaign_range (campaign_id, number, reached, until)
      select a.* from unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[]) a (campaign, number, reached, until)
      join campaign c on c.id = a.campaign and c.state = 'running' and c.expanded_at is null
      """,
      .integer { $0.campaign }, .small { $0.number }, .integer { $0.reached }, .integer { $0.until }),
    .total(
      { _, changes in changes.compactMap(\.end).filter { !$0.isAll } },
      """
      with running as materialized (
        select id from campaign where id = any($1) and state = 'running' and expanded_at is null order by id for update)
      update campaign_range r set reached = a.reached
      from unnest($1::bigint[], $2::int[], $3::bigint[], $4::bigint[]) a (campaign, number, before, reached)
      join running c on c.id = a.campaign
      where r.campaign_id = a.campaign and r.number = a.number and r.reached = a.before
      """,
      .integer { $0.range.campaign }, .small { $0.range.number }, .integer { $0.range.reached }, .integer { $0.reached }
    ),
    .total(
      { _, changes in changes.compactMap(\.end).filter(\.isAll) },
      """
      with running as materialized (
        select id from campaign where id = any($1) and state = 'running' and expanded_at is null order by id for update)
      delete from campaign_range r
      using unnest($1::bigint[], $2::int[], $3::bigint[]) a (campaign, number, before) join running c on c.id = a.campaign
      where r.campaign_id = a.campaign and r.number = a.number and r.reached = a.before
      """,
      .integer { $0.range.campaign }, .small { $0.range.number }, .integer { $0.range.reached }),
    .total(
      { _, changes in changes.compactMap(\.end).filter(\.isAll) },
      """
      update campaign c set expanded_at = clock_timestamp()
      where c.id = any($1) and c.expanded_at is null and not exists (select from campaign_range r where r.campaign_id = c.id)
      """,
      touchesEach: false, .integer { $0.range.campaign }),
  ]
}
