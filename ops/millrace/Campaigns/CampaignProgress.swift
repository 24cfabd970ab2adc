internal import Postgres
internal import Values

/// How far a campaign is, from its counts and, until everybody has a row, its last preview.
struct CampaignProgress {
  struct Count {
    let variant: Int64
    let channel: String?
    let state: String
    /// Empty where there is none.
    let reason: String
    let recipients: Int64
  }

  let at: Timestamp
  let counts: [Count]
  /// Messages and tasks of people who have no row yet, as far as anybody can say.
  let unexpanded: Int64

  /// People whose message was sent or whose task was done, or for whom it has come to nothing.
  var done: Int64 {
    sum { ["accepted", "delivered", "uncertain", "failed", "expired", "cancelled", "done"].contains($0) }
  }

  /// Tasks that are still to be done.
  var tasks: Int64 { sum { $0 == "assigned" || $0 == "overdue" } }
  var queued: Int64 { sum { $0 == "queued" } }
  /// Whom a message still has to go to.
  var left: Int64 { queued + unexpanded }
  var all: Int64 { done + left + tasks }
  /// Of nothing all is done once nothing is to come.
  var share: Double { all > 0 ? Double(done) / Double(all) : isExpanded ? 1 : 0 }
  private let isExpanded: Bool

  /// People whom a message has reached, or somebody in person.
  var reached: Int64 {
    counts.reduce(0) {
      let isReached = ["accepted", "delivered"].contains($1.state) || $1.state == "done" && $1.reason != "unreachable"
      return $0 + (isReached ? $1.recipients : 0)
    }
  }

  func sum(_ isCounted: (_ state: String) -> Bool) -> Int64 {
    counts.reduce(0) { $0 + (isCounted($1.state) ? $1.recipients : 0) }
  }

  /// - Parameter planned: recipients of the last preview.
  init(at: Timestamp, _ counts: [Count], isExpanded: Bool, planned: Int64) {
    self.at = at
    self.counts = counts
    self.isExpanded = isExpanded
    let known = counts.reduce(0) {
      $0
        + (["skipped", "held-out"].contains($1.state) ? 0 : $1.recipients)
    }
    unexpanded = isExpanded ? 0 : max(0, planned - known)
  }

  /// Of one that comes again: of all its occasions.
  static func question(of campaign: StoredCampaign) -> Question<CampaignProgress> {
    let isExpanded = campaign.expandedAt != nil || campaign.isOver
    return Question(
      """
      select clock_timestamp(), n.variant, n.channel, n.state, n.reason, n.recipients,
        case when $3 then (select (p.result::jsonb ->> 'recipients')::bigint from campaign_preview p
          where p.campaign_id = $1 and p.version = $2 and p.result is not null order by p.id desc limit 1) end
      from (select 1) one
      left join campaign_count n on n.recipients > 0
        and n.campaign_id = any(array(select $1 union all select campaign_id from campaign_course_seen where plan_id = $1))
      order by n.state, n.recipients desc, n.variant, n.channel
      """
    ) {
      $0.integer(campaign.id)
      $0.integer(campaign.version)
      $0.boolean(!isExpanded)
    } reading: { rows in
      let counts = rows.compactMap { row in
        row.optionalText(3).map { state in
          Count(
            variant: row.integer(1), channel: row.text(2).isEmpty ? nil : row.text(2), state: state,
            reason: row.text(4),
            recipients: row.integer(5))
        }
      }
      return CampaignProgress(
        at: rows[0].timestamp(0), counts, isExpanded: isExpanded, planned: rows[0].optionalInteger(6) ?? 0)
    }
  }
}
