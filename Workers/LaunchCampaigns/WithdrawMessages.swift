import Contract
import Outreach
import Postgres
import Topics
import Values

/// Messages that still wait when their campaign is over: they are not sent any more. Their recipients hear of it as of every outcome.
enum WithdrawMessages: Sweep {
  static let name = "withdraw-messages"
  static var chunk: Int { 1000 }

  struct Waiting: Sendable {
    let id: Int64
    let channel: String
    let purpose: Purpose
    let source: String
    let event: String
    /// closed, cancelled
    let campaign: String

    var step: OutreachOutcomes.Step { campaign == "cancelled" ? .cancelled : .expired }
    var reason: String { "campaign-\(campaign)" }
  }

  /// Queue by queue, each in its own order: a campaign's messages lie there together.
  static func claim(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [Waiting] {
    try transaction.rows(
      """
      select m.id, m.channel, m.purpose, m.source, m.event_id, c.state
      from campaign c cross join gateway g cross join lateral (
        select m.id, m.channel, m.purpose, m.source, m.event_id from message m
        where m.state = 'queued' and m.gateway = g.name and m.campaign_id = c.id
          and not exists (select from set_aside s where s.sweep = 'withdraw-messages' and s.item = m.id::text)
        order by m.priority, m.due_at limit $1 for update skip locked) m
      where c.state in ('closed', 'cancelled') and c.settled_at is null
      limit $1
      """
    ) { $0.integer(Int64(limit)) }.map {
      Waiting(
        id: $0.integer(0), channel: $0.text(1), purpose: Purpose(rawValue: $0.text(2)) ?? .marketing,
        source: $0.text(3), event: $0.text(4), campaign: $0.text(5))
    }
  }

  static func label(_ message: Waiting) -> String { String(message.id) }

  static func load(
    _ messages: [Waiting], _ cache: inout NoCache, _ transaction: Transaction
  ) throws(PostgresError) {}

  static func decide(_ message: Waiting, _ state: inout Void, _ now: Timestamp) -> Decision<Waiting> {
    let outcome = OutreachOutcomes(
      id: message.id, message.step, channel: message.channel, purpose: message.purpose, reason: message.reason,
      source: message.source, request: message.event, at: now)
    return .apply(
      message, emit: [Emission(outcome)], outcome: message.step == .cancelled ? "cancelled" : "expired")
  }

  /// The state that is left comes as a value, as wherever messages change.
  static let writes: [Write<Void, Waiting>] = [
    .each(
      { $0 },
      """
      update message m set state = a.state, reason = a.reason, detail = null, settled_at = clock_timestamp()
      from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) a (id, state, reason, before)
      where m.id = a.id and m.id = any($1) and m.state = a.before
      """,
      .integer { $0.id }, .text { $0.step.rawValue }, .text { $0.reason }, .text { _ in "queued" })
  ]
}
