internal import Postgres
internal import Values

/// A campaign as the database shows it to operators.
struct StoredCampaign {
  let id: Int64
  let name: String
  let version: Int64
  let state: String
  /// Why it is paused, rejected or cancelled.
  let reason: String?
  let branch: String
  let author: String
  let owner: String
  /// JSON, as its author wrote it.
  let definition: String
  let startsAt: Timestamp
  let expiresAt: Timestamp
  /// Messages an hour.
  let pace: Int64?
  let createdAt: Timestamp
  let launchedAt: Timestamp?
  /// nil while there may be people of the audience who have no row yet.
  let expandedAt: Timestamp?
  let complaints: Int64
  let unsubscribes: Int64
  let settledAt: Timestamp?

  /// Nothing becomes of it any more.
  var isOver: Bool { settledAt != nil || state == "finished" }

  /// - Parameter name: nil for all; the newest first.
  static func read(_ session: Connection, name: String? = nil) throws -> [StoredCampaign] {
    try session.rows(
      """
      select id, name, version, state, reason, branch, author, owner, definition, starts_at, expires_at, pace, created_at,
        launched_at, expanded_at, complaints, unsubscribes, settled_at
      from campaign_seen where $1::text is null or name = $1 order by id desc
      """
    ) { $0.text(name) }.map(StoredCampaign.init)
  }

  /// Ends the command where there is none, with the name that may have been meant.
  static func named(_ name: String, _ session: Connection) throws -> StoredCampaign {
    if let found = try read(session, name: name).first { return found }
    let known = try session.rows("select name from campaign_seen").map { $0.text(0) }
    throw CampaignAnswer.unknown(name, known)
  }

  private init(_ row: Row) {
    (id, name, version, state) = (row.integer(0), row.text(1), row.integer(2), row.text(3))
    (reason, branch, author, owner) = (row.optionalText(4), row.text(5), row.text(6), row.text(7))
    (definition, startsAt, expiresAt) = (row.text(8), row.timestamp(9), row.timestamp(10))
    (pace, createdAt, launchedAt) = (row.optionalInteger(11), row.timestamp(12), row.optionalTimestamp(13))
    (expandedAt, complaints, unsubscribes) = (row.optionalTimestamp(14), row.integer(15), row.integer(16))
    settledAt = row.optionalTimestamp(17)
  }
}
