import Contract
import Postgres
import Values

/// Recipients of campaigns that are over of whom nothing more is awaited: those for whom another channel would have stood in, and
/// those of whom nobody has found out within the time that gateways tell of messages. Tasks end by themselves (`TendTasks`).
enum ReleaseRecipients: Sweep {
  static let name = "release-recipients"
  static var pause: Duration { .seconds(2) }
  static var chunk: Int { 1000 }

  /// Hours in which a receipt may still come: short message centres try for three days as a rule.
  private static let hears: Int64 = 72

  /// Campaign by campaign, so that nobody who is open in one that runs is met.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Recipient] {
    try transaction.rows(
      """
      select r.*
      from campaign c cross join lateral (
        select r.campaign_id, r.subject, r.variant, r.state, r.reason, r.place, r.channel, r.message_id, r.is_open, r.fallback_at
        from campaign_recipient r
        where r.campaign_id = c.id and r.is_open
          and (r.state not in ('queued', 'uncertain', 'assigned', 'overdue')
            or r.state = 'uncertain' and r.changed_at < clock_timestamp() - $2 * interval '1 hour')
          and not exists (
            select from set_aside s where s.sweep = 'release-recipients' and s.item = r.campaign_id || '/' || r.subject)
        limit $1 for update skip locked) r
      where c.state in ('closed', 'cancelled') and c.settled_at is null
      limit $1
      """
    ) {
      $0.integer(Int64(limit))
      $0.integer(hears)
    }.map { Recipient($0) }
  }

  static func label(_ recipient: Recipient) -> String { recipient.key.label }

  static func load(
    _ recipients: [Recipient], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(_ recipient: Recipient, _ state: inout Void, _ now: Timestamp) -> Decision<Recipient> {
    var recipient = recipient
    recipient.end()
    return .apply(recipient, outcome: "released")
  }

  /// Where they stand stays as it is, and so does what is counted.
  static let writes: [Write<Void, Recipient>] = [.moving { _, recipients in Array(recipients) }]
}

extension Recipient.Key {
  /// As `set_aside` names them.
  var label: String { "\(campaign)/\(subject)" }
}
