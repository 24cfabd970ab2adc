public import Contract
public import Postgres
public import Topics
public import Values

/// What becomes of a message that a lane has claimed.
public struct ClaimChange: Sendable {
  public enum Fate: Sendable, Equatable {
    /// It goes now; whether it counts among its recipient's contacts.
    case send(counts: Bool)
    /// Not before then.
    case wait(Timestamp, Reason)
    case end(OutreachOutcomes.Step, Reason)
  }

  public let message: DueMessage
  public let fate: Fate
  public let at: Timestamp
  /// Of one that goes and that a budget pays.
  let reservation: Reservation?

  init(_ message: DueMessage, _ fate: Fate, _ at: Timestamp, _ reservation: Reservation? = nil) {
    self.message = message
    self.fate = fate
    self.at = at
    self.reservation = reservation
  }

  /// One that resists every other change: it ends, so that those behind it go on.
  public init(notStorable message: DueMessage, _ error: PostgresError, _ at: Timestamp) {
    self.init(message, .end(.failed, Reason("not-storable", "the database refused it: \(error.sqlState)")), at)
  }

  public var isSent: Bool { if case .send = fate { true } else { false } }

  public var outcome: StaticString {
    switch fate {
    case .send: "sending"
    case .wait: "deferred"
    case .end: "ended"
    }
  }

  private var state: String {
    switch fate {
    case .send: "sending"
    case .wait: "queued"
    case .end(let step, _): step.rawValue
    }
  }

  private var reason: Reason? {
    switch fate {
    case .send: nil
    case .wait(_, let reason), .end(_, let reason): reason
    }
  }

  private var due: Timestamp? { if case .wait(let until, _) = fate { until } else { nil } }

  public func emission(_ channel: Channel) -> Emission? {
    guard case .end(let step, let reason) = fate else { return nil }
    return Emission(
      OutreachOutcomes(
        id: message.id, step, channel: channel.rawValue, purpose: message.purpose, reason: reason.word,
        source: message.source, request: message.event, at: at))
  }

  /// The state that is left comes as a value: a literal would offer the index of that state to the planner, which has thousands of
  /// entries of rows that are in it no more.
  public static func writes(_ channel: Channel) -> [Write<ClaimBook, ClaimChange>] {
    [
      .total(
        { _, changes in Array(changes) },
        """
        update message m set state = a.state, attempt = m.attempt + (a.state = 'sending')::integer, gateway = a.gateway,
          reason = a.reason, detail = a.detail, due_at = coalesce(a.due_at, m.due_at),
          claimed_at = case when a.state = 'sending' then clock_timestamp() else m.claimed_at end,
          settled_at = case when a.state in ('skipped', 'expired', 'failed') then clock_timestamp() end,
          reserved = a.reserved * 0.0001
        from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
          $8::text[], $9::bigint[]) a (id, attempt, state, gateway, reason, detail, due_at, before, reserved)
        where m.id = a.id and m.id = any($1) and m.attempt = a.attempt and m.state = a.before
        """,
        .integer { $0.message.id }, .small { $0.message.attempt }, .text { $0.state }, .text { $0.message.gateway },
        .text { $0.reason?.word }, .text { $0.reason?.detail }, .timestamp { $0.due }, .text { _ in "queued" },
        .integer { $0.reservation?.amount.tenThousandths }),
      .total(
        { _, changes in changes.filter { $0.fate == .send(counts: true) } },
        """
        insert into contact (recipient, at, channel, purpose, message_id)
        select * from unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::bigint[])
        """,
        .text { $0.message.recipient }, .timestamp { $0.at }, .text { _ in channel.rawValue },
        .text { $0.message.purpose.rawValue }, .integer { $0.message.id }),
      .changingBudgets { $0.reservation?.taken },
    ]
  }
}
