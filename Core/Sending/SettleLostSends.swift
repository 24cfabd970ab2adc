public import Contract
internal import Outreach
public import Postgres
internal import ServiceLog
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
    let lead: Int64?
    /// The customer's code.
    let customer: String?
    let reservation: Reservation?
  }

  /// A message that is settled.
  public struct Settlement: Sendable {
    let lost: Lost
    let step: OutreachOutcomes.Step
    let at: Timestamp

    var reason: String? {
      switch step {
      case .uncertain: "sender-lost"
      case .failed: "not-delivered"
      default: nil
      }
    }

    /// What nobody knows stays reserved.
    var budget: BudgetChange? { step == .uncertain ? nil : lost.reservation?.spent }

    var action: ServiceAction? {
      guard step != .uncertain else { return nil }
      return .messaged(
        lead: lost.lead, customer: lost.customer, W.channel.rawValue, lost.purpose, source: lost.source,
        event: lost.event, at: at)
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
      select m.id, m.attempt, m.purpose, m.gateway, m.source, m.event_id, m.lead_id, c.code,
        m.budget, (m.reserved * 10000)::bigint, b.currency
      from message m left join customer c on c.id = m.customer_id left join budget b on b.name = m.budget
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
        gateway: $0.text(3), source: $0.text(4), event: $0.text(5), lead: $0.optionalInteger(6),
        customer: $0.optionalText(7), reservation: Reservation($0, from: 8))
    }
  }

  public static func label(_ item: Lost) -> String { String(item.id) }

  /// What receipts have told, asked for under the lock of the messages: who is about to tell waits for it.
  public static func load(
    _ items: [Lost], _ cache: inout Bound, _ transaction: Transaction
  ) throws(PostgresError) -> Told {
    let rows = try transaction.rows(
      """
      select u.id, m.parts, s.state, s.delivered_parts
      from unnest($1::bigint[], $2::int[]) u (id, attempt) join message m on m.id = u.id
      join submission s on s.message_id = u.id and s.attempt = u.attempt
      """
    ) {
      $0.integers(items) { $0.id }
      $0.smalls(items) { $0.attempt }
    }
    let told = rows.map { row in
      (
        id: row.integer(0), parts: row.optionalInteger(1).map { Int32($0) }, state: ToldState(row, from: 2)
      )
    }
    return Told(
      steps: Dictionary(grouping: told, by: \.id).mapValues { told in
        if told.contains(where: { $0.state.state == "failed" }) { return .failed }
        return ToldState.isDelivered(told.map(\.state), of: told[0].parts) ? .delivered : .accepted
      })
  }

  public struct Told {
    let steps: [Int64: OutreachOutcomes.Step]
  }

  public static func decide(_ item: Lost, _ told: inout Told, _ now: Timestamp) -> Decision<Settlement> {
    let settled = Settlement(lost: item, step: told.steps[item.id] ?? .uncertain, at: now)
    let outcome = OutreachOutcomes(
      id: item.id, settled.step, channel: W.channel.rawValue, purpose: item.purpose, reason: settled.reason,
      source: item.source, request: item.event, gateway: item.gateway,
      cost: settled.step == .uncertain ? nil : item.reservation?.amount, at: now)
    return .apply(
      settled, emit: outcome.afterAcceptance.map { Emission($0) },
      outcome: settled.step == .uncertain ? "uncertain" : "known-by-receipt")
  }

  public static var writes: [Write<Told, Settlement>] {
    [
      .each(
        { $0 },
        """
        update message m set state = a.state, reason = a.reason, detail = null,
          accepted_at = case when a.state <> 'uncertain' then clock_timestamp() end,
          settled_at = case when a.state in ('delivered', 'failed') then clock_timestamp() end,
          cost = case when a.state <> 'uncertain' then m.reserved end,
          currency = case when a.state <> 'uncertain' then a.currency end,
          reserved = case when a.state = 'uncertain' then m.reserved end
        from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[])
          a (id, attempt, state, reason, before, currency)
        where m.id = a.id and m.id = any($1) and m.attempt = a.attempt and m.state = a.before
        """,
        .integer { $0.lost.id }, .small { $0.lost.attempt }, .text { $0.step.rawValue }, .text { $0.reason },
        .text { _ in "sending" }, .text { $0.lost.reservation?.amount.currency }),
      .changingBudgets(\.budget),
      .recording(by: W.name) { _, settled in settled.compactMap(\.action) },
    ]
  }
}
