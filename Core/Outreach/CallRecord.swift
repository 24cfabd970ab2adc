public import Contract
internal import ServiceLog
internal import Topics
internal import Values

/// What a call that has ended changes in the ledger.
public struct CallRecord: Sendable {
  struct Attempt: Sendable {
    let outcome: String
    let code: String?
    let detail: String
  }

  let call: EndedCall
  let at: Timestamp
  private(set) var state = "sending"
  private(set) var reason: Reason?
  public private(set) var gateway: String
  private(set) var due: Timestamp?
  private(set) var refusedBy: String?
  /// The contact that it was counted as did not come about.
  private(set) var isNoContact = false
  var isAccepted = false
  var cost: Money?
  private(set) var budget: BudgetChange?
  var attempt: Attempt?
  var action: ServiceAction?
  private var step: OutreachOutcomes.Step?

  init(_ call: EndedCall, at: Timestamp) {
    self.call = call
    self.at = at
    gateway = call.message.gateway
  }

  mutating func settle(as outcome: (step: OutreachOutcomes.Step, reason: Reason?)) {
    step = outcome.step
    state = outcome.step.rawValue
    reason = outcome.reason
  }

  /// Back to a queue where there is a next try, else at its end.
  mutating func goOn(_ reason: Reason, refusedBy: Bool) {
    isNoContact = true
    if refusedBy { self.refusedBy = call.message.gateway }
    guard let next = call.next else { return settle(as: (.failed, reason)) }
    state = "queued"
    self.reason = reason
    gateway = next.gateway
    due = at.adding(next.wait)
  }

  /// Of what was reserved for the call becomes what it cost, or nothing; what nobody knows stays reserved.
  mutating func settle(_ reservation: Reservation) {
    if isAccepted {
      // A gateway whose price has gone, or has another currency since the claim, costs what it was claimed for.
      let cost = cost.flatMap { $0.currency == reservation.amount.currency ? $0 : nil } ?? reservation.amount
      self.cost = cost
      budget = reservation.spent(cost)
    } else if step != .uncertain {
      budget = reservation.givenBack
    }
  }

  public var outcome: StaticString {
    switch step {
    case .accepted: "accepted"
    case .delivered: "delivered"
    case .failed: "failed"
    case .uncertain: "uncertain"
    default: "queued-again"
    }
  }

  /// A message that is delivered before its acceptance was recorded has two steps behind it.
  public func emissions(_ channel: Channel) -> [Emission] {
    guard let step else { return [] }
    let steps = isAccepted && step != .accepted ? [.accepted, step] : [step]
    return steps.map {
      Emission(
        OutreachOutcomes(
          id: call.message.id, $0, channel: channel.rawValue, purpose: call.message.purpose,
          reason: $0 == step ? reason?.word : nil, source: call.message.source, request: call.message.event,
          gateway: gateway, cost: $0 == .accepted ? cost : nil, parts: $0 == .accepted ? call.message.parts : nil,
          at: at))
    }
  }

  /// The gateway has proved that nobody has the address.
  private var isGone: Bool { if case .refused(let refused) = call.ending { refused.kind == .gone } else { false } }

  private var isSettled: Bool { step == .delivered || step == .failed }

  /// The state that is left comes as a value: a literal would offer the index of that state to the planner, which has thousands of
  /// entries of rows that are in it no more.
  public static func writes(_ channel: Channel, by worker: String) -> [Write<RecordBook, CallRecord>] {
    [
      .total(
        { _, records in Array(records) },
        """
        update message m set state = a.state, reason = a.reason, detail = a.detail, gateway = a.gateway,
          due_at = coalesce(a.due_at, m.due_at), cost = a.cost::numeric, currency = a.currency,
          refused_by = case when a.refused_by is null then m.refused_by else m.refused_by || a.refused_by end,
          accepted_at = case when a.accepted then a.at end, settled_at = case when a.settled then a.at end,
          reserved = case when a.state = 'uncertain' then m.reserved end
        from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
          $9::text[], $10::text[], $11::boolean[], $12::boolean[], $13::timestamptz[], $14::text[])
          a (id, attempt, state, reason, detail, gateway, due_at, cost, currency, refused_by, accepted, settled, at, before)
        where m.id = a.id and m.id = any($1) and m.attempt = a.attempt and m.state = a.before
        """,
        .integer { $0.call.message.id }, .small { $0.call.attempt }, .text { $0.state }, .text { $0.reason?.word },
        .text { $0.reason?.detail }, .text { $0.gateway }, .timestamp { $0.due }, .text { $0.cost?.amount },
        .text { $0.cost?.currency }, .text { $0.refusedBy }, .boolean { $0.isAccepted }, .boolean { $0.isSettled },
        .timestamp { $0.at }, .text { _ in "sending" }),
      .total(
        { _, records in records.filter { $0.attempt != nil } },
        """
        insert into message_attempt (message_id, attempt, gateway, began_at, ended_at, outcome, code, detail)
        select u.id, u.attempt, u.gateway, m.claimed_at, u.at, u.outcome, u.code, u.detail
        from unnest($1::bigint[], $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[])
          u (id, attempt, gateway, at, outcome, code, detail) join message m on m.id = u.id
        """,
        .integer { $0.call.message.id }, .small { $0.call.attempt }, .text { $0.call.message.gateway },
        .timestamp { $0.at }, .text { $0.attempt?.outcome }, .text { $0.attempt?.code }, .text { $0.attempt?.detail }),
      .total(
        { _, records in records.filter { $0.isNoContact && $0.call.message.purpose != .transactional } },
        """
        delete from contact c using unnest($1::text[], $2::bigint[]) u (recipient, id)
        where c.recipient = u.recipient and c.message_id = u.id and c.recipient = any($1)
        """,
        touchesEach: false,
        .text { $0.call.message.recipient }, .integer { $0.call.message.id }),
      .total(
        { _, records in Set(records.filter(\.isGone).map(\.call.message.address)).sorted() },
        "select suppress(($2::text[])[1], $1::text[], 'bounced', null, ($3::text[])[1])",
        touchesEach: false, .text { $0 }, .text { _ in channel.rawValue }, .text { _ in worker }),
      .changingBudgets(\.budget),
      .recording(by: worker) { _, records in records.compactMap(\.action) },
    ]
  }
}
