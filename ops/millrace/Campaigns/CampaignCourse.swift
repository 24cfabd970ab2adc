internal import Postgres
internal import Printing
internal import Values

/// How a campaign goes on by itself: who joins it, and when it comes again.
struct CampaignCourse {
  /// One of the days of a campaign that comes again.
  struct Occasion {
    let name: String
    let state: String
    let people: Int64
    let queued: Int64
    let sent: Int64
    let notSent: Int64
    let notWrittenTo: Int64
  }

  /// Its number.
  private let campaign: Int64
  /// People join it until it expires.
  let isJoined: Bool
  /// Changed people whom it has still to look at.
  let waiting: Int64
  /// It makes occasions, and writes to nobody by itself.
  let repeats: Bool
  /// Of an occasion: what it is one of.
  let plan: String?
  /// When the next occasion is due; nil where it has not begun, or is over.
  let next: Timestamp?
  /// The latest ones, the newest first.
  private(set) var occasions: [Occasion] = []
  static let mostOccasions: Int64 = 10

  static func read(_ campaign: StoredCampaign, _ session: Connection) throws -> CampaignCourse {
    try session.ask(question(of: campaign)).withOccasions(session)
  }

  /// Without its occasions.
  static func question(of campaign: StoredCampaign) -> Question<CampaignCourse> {
    Question("select joins, waiting, repeats, plan, next_at from campaign_course_seen where campaign_id = $1") {
      $0.integer(campaign.id)
    } reading: { rows in
      let row = rows[0]
      return CampaignCourse(
        campaign: campaign.id, isJoined: row.boolean(0), waiting: row.integer(1), repeats: row.boolean(2),
        plan: row.optionalText(3), next: row.optionalTimestamp(4).flatMap { $0 < campaign.expiresAt ? $0 : nil })
    }
  }

  /// Asks for them only where it makes some.
  func withOccasions(_ session: Connection) throws -> CampaignCourse {
    guard repeats else { return self }
    var course = self
    course.occasions = try session.rows(
      """
      select s.name, s.state, n.people, n.queued, n.sent, n.failed, n.skipped
      from (select campaign_id, day from campaign_course_seen where plan_id = $1 order by day desc limit $2) o
      join campaign_seen s on s.id = o.campaign_id
      cross join lateral (
        select coalesce(sum(r.recipients), 0)::bigint as people,
          coalesce(sum(r.recipients) filter (where r.state = 'queued'), 0)::bigint as queued,
          coalesce(sum(r.recipients) filter (where r.state in ('accepted', 'delivered', 'uncertain')), 0)::bigint as sent,
          coalesce(sum(r.recipients) filter (where r.state in ('failed', 'expired', 'cancelled')), 0)::bigint as failed,
          coalesce(sum(r.recipients) filter (where r.state in ('skipped', 'held-out')), 0)::bigint as skipped
        from campaign_count r where r.campaign_id = s.id) n
      order by o.day desc
      """
    ) {
      $0.integer(campaign)
      $0.integer(CampaignCourse.mostOccasions)
    }.map {
      Occasion(
        name: $0.text(0), state: $0.text(1), people: $0.integer(2), queued: $0.integer(3), sent: $0.integer(4),
        notSent: $0.integer(5), notWrittenTo: $0.integer(6))
    }
    return course
  }

  /// What goes on, for the terminal; nil of one that does nothing by itself, or not any more.
  func sentence(_ campaign: StoredCampaign) -> String? {
    guard ["scheduled", "running", "paused"].contains(campaign.state) else { return nil }
    if isJoined {
      let waits = waiting > 0 ? " \(grouped(waiting)) changed people wait to be looked at." : ""
      return "People join it until \(Table.Cell.time(campaign.expiresAt).shown).\(waits)"
    }
    guard repeats else { return nil }
    if let next {
      return "It comes \(occasions.isEmpty ? "for the first time" : "again") at \(Table.Cell.time(next).shown)."
    }
    return campaign.state == "scheduled" ? "It has not begun." : "It does not come again before it expires."
  }

  var table: Table {
    var table = Table(
      .left("occasion"), .left("state"), .right("people"), .right("queued"), .right("sent"), .right("notSent"),
      .right("notWrittenTo"))
    for occasion in occasions {
      table.add(
        .text(occasion.name), .text(occasion.state), millrace.people(occasion.people),
        millrace.people(occasion.queued), millrace.people(occasion.sent), millrace.people(occasion.notSent),
        millrace.people(occasion.notWrittenTo))
    }
    return table
  }
}
