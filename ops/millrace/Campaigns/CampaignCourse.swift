internal import Postgres
internal import Values

/// How a campaign goes on by itself, as `campaign status` tells it.
struct CampaignCourse {
  /// People join it until it expires.
  let isJoined: Bool
  /// Changed people whom it has still to look at.
  let waiting: Int64

  static func read(_ campaign: StoredCampaign, _ session: Connection) throws -> CampaignCourse {
    let row = try session.rows("select joins, waiting from campaign_course_seen where campaign_id = $1") {
      $0.integer(campaign.id)
    }[0]
    return CampaignCourse(isJoined: row.boolean(0), waiting: row.integer(1))
  }

  /// A sentence for the terminal; nil of one that does not go on by itself, or not any more.
  func sentence(_ campaign: StoredCampaign) -> String? {
    guard isJoined, ["scheduled", "running", "paused"].contains(campaign.state) else { return nil }
    let waits = waiting > 0 ? " \(grouped(waiting)) changed people wait to be looked at." : ""
    return "People join it until \(Table.Cell.time(campaign.expiresAt).shown).\(waits)"
  }
}
