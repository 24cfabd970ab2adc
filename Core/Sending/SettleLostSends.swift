public import Contract
internal import Outreach
public import Postgres
public import Settings
internal import Topics
public import Values

/// Messages whose sender has ended, or was frozen, in the middle of a call: nobody knows any more whether the gateway has them, unless
/// a receipt says so.
public enum SettleLostSends<W: SendingWorker>: Sweep {
  public static var name: String { "settle-lost-sends" }

  public struct Lost: Sendable {
    let id: Int64
    let attempt: Int32
    let purpose: Purpose
    let gateway: String
    let source: String
    let event: String
    /// What receipts have told meanwhile, if anything.
    let step: OutreachOutcomes.Step

    var reason: String? {
      switch step {
      case .uncertain: "sender-lost"
      case .failed: "not-delivered"
      default: nil
      }
    }
  }

  public struct Bound: LaneCache {
    let after: Duration
    public init(_ settings: Settings) { after = settings[.lostAfter] }
  }

  public static func claim(
    _ limit: Int, _ cache: inout Bound, _ transaction: Transaction
  ) throws(PostgresError) -> [Lost] {
    let after = cache.after
    return try transaction.rows(
      """
      select m.id, m.attempt, m.purpose, m.gateway, m.source, m.event_id, told.state
      from message m
      cross join lateral (
        select case when bool_or(s.state = 'failed') then 'failed' when bool_and(s.state = 'delivered') then 'delivered'
          when count(*) > 0 then 'accepted' else 'uncertain' end as state
        from submission s where s.message_id = m.id and s.attempt = m.attempt) told
      where m.state = 'sending' and m.claimed_at < clock_timestamp() - $3 * interval '1 second' and m.channel = $1
      order by m.claimed_at limit $2 for update of m skip locked
      """
    ) {
      $0.text(W.channel.rawValue)
      $0.integer(Int64(limit))
      $0.integer(after.components.seconds)
    }.map {
      Lost(
        id: $0.integer(0), attempt: Int32($0.small(1)), purpose: Purpose(rawValue: $0.text(2)) ?? .marketing,
        gateway: $0.text(3), source: $0.text(4), event: $0.text(5), step: .init(rawValue: $0.text(6)) ?? .uncertain)
    }
  }

  public static func label(_ item: Lost) -> String { String(item.id) }

  public static func load(_ items: [Lost], _ cache: inout Bound, _ transaction: Transaction) -> Nothing { Nothing() }

  public static func decide(_ item: Lost, _ state: inout Nothing, _ now: Timestamp) -> Decision<Lost> {
    let outcome = OutreachOutcomes(
      id: item.id, item.step, channel: W.channel.rawValue, purpose: item.purpose, reason: item.reason,
      source: item.source, request: item.event, gateway: item.gateway, at: now)
    return .apply(item, emit: [Emission(outcome)], outcome: item.step == .uncertain ? "uncertain" : "known-by-receipt")
  }

  public static var writes: [Write<Nothing, Lost>] {
    [
      .each(
        { $0 },
        """
        update message m set state = a.state, reason = a.reason, detail = null,
          accepted_at = case when a.state <> 'uncertain' then clock_timestamp() end,
          settled_at = case when a.state in ('delivered', 'failed') then clock_timestamp() end
        from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[])
          a (id, attempt, state, reason, before)
        where m.id = a.id and m.id = any($1) and m.attempt = a.attempt and m.state = a.before
        """,
        .integer { $0.id }, .small { $0.attempt }, .text { $0.step.rawValue }, .text { $0.reason },
        .text { _ in "sending" })
    ]
  }

  public struct Nothing {}
}
