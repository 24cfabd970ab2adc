internal import Contract
internal import Gateways
public import Postgres
internal import ServiceLog
internal import Topics
public import Values

/// What the ledger says of messages whose calls have ended, under the locks of their rows.
public struct RecordBook: Sendable {
  struct Standing: Sendable {
    let state: String
    let attempt: Int32
    /// The customer's code.
    let customer: String?
    var reservation: Reservation?
  }

  private var standing: [Int64: Standing] = [:]
  /// What receipts have told already, by gateway and its id. An id that another message has is not among them.
  private var told: [SubmissionKey: Told] = [:]

  struct Told: Sendable {
    let state: ToldState
    let code: String?
  }

  /// Submissions first, then messages: the order in which receipts lock them as well.
  public init(_ calls: [EndedCall], _ transaction: Transaction) throws(PostgresError) {
    let accepted = calls.flatMap { call in call.ids.map { (call: call, id: $0) } }
    let (told, standing) = try transaction.ask(
      accepted.isEmpty ? Question(known: [:]) : RecordBook.submissions(accepted), RecordBook.messages(calls))
    self.told = told
    self.standing = standing
  }

  init(standing: [Int64: Standing], told: [SubmissionKey: Told] = [:]) {
    self.standing = standing
    self.told = told
  }

  private static func submissions(_ accepted: [(call: EndedCall, id: String)]) -> Question<[SubmissionKey: Told]> {
    let sorted = accepted.sorted { ($0.call.message.gateway, $0.id) < ($1.call.message.gateway, $1.id) }
    return Question(
      """
      insert into submission as s (gateway, provider_id, message_id, attempt, told_at)
      select distinct on (gateway, provider_id) u.*, clock_timestamp()
      from unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) u (gateway, provider_id, message_id, attempt)
      order by gateway, provider_id
      on conflict (gateway, provider_id) do update set message_id = excluded.message_id, attempt = excluded.attempt
        where s.message_id is null or s.message_id = excluded.message_id
      returning gateway, provider_id, state, delivered_parts, code
      """
    ) {
      $0.texts(sorted) { $0.call.message.gateway }
      $0.texts(sorted) { $0.id }
      $0.integers(sorted) { $0.call.message.id }
      $0.smalls(sorted) { $0.call.attempt }
    } reading: {
      Dictionary(
        $0.map {
          (
            SubmissionKey(gateway: $0.text(0), id: $0.text(1)),
            Told(state: ToldState($0, from: 2), code: $0.optionalText(4))
          )
        }
      ) { one, _ in one }
    }
  }

  private static func messages(_ calls: [EndedCall]) -> Question<[Int64: Standing]> {
    Question(
      """
      select m.id, m.state, m.attempt, c.code, m.budget, (m.reserved * 10000)::bigint, b.currency
      from message m left join customer c on c.id = m.customer_id left join budget b on b.name = m.budget
      where m.id = any($1) order by m.id for update of m
      """
    ) {
      $0.integers(calls) { $0.message.id }
    } reading: {
      Dictionary(
        $0.map {
          (
            $0.integer(0),
            Standing(
              state: $0.text(1), attempt: Int32($0.small(2)), customer: $0.optionalText(3),
              reservation: Reservation($0, from: 4))
          )
        }
      ) { one, _ in one }
    }
  }

  /// What is to be written; nil where somebody has settled the message meanwhile, so that nothing of this call is known to matter.
  public func conclude(_ call: EndedCall, _ channel: Channel, _ now: Timestamp) -> CallRecord? {
    let message = call.message
    guard let standing = standing[message.id], standing.state == "sending", standing.attempt == call.attempt else {
      return nil
    }
    var record = CallRecord(call, at: now)
    switch call.ending {
    case .accepted(let ids, let cost):
      record.settle(as: outcome(ids, of: message))
      record.cost = cost
      record.isAccepted = true
      record.action = .messaged(
        lead: message.lead, customer: standing.customer, channel.rawValue, message.purpose, source: message.source,
        event: message.event, at: now)
    case .unknown(let detail):
      record.attempt = CallRecord.Attempt(outcome: "unknown", code: nil, detail: detail)
      record.settle(as: (.uncertain, Reason("unanswered", detail)))
    case .refused(let refused):
      record.attempt = CallRecord.Attempt(
        outcome: "refused", code: refused.code, detail: refused.detail)
      record.goOn(Reason(RecordBook.word(refused.kind), refused.detail), refusedBy: true)
    case .notSent(let code, let detail):
      record.attempt = CallRecord.Attempt(outcome: "not-sent", code: code, detail: detail)
      record.goOn(Reason("unreachable", detail), refusedBy: false)
    case .given(let reason): record.goOn(reason, refusedBy: false)
    }
    if let reservation = standing.reservation { record.settle(reservation) }
    return record
  }

  private static func word(_ kind: Refused.Kind) -> String {
    switch kind {
    case .gone, .recipient, .message: "refused"
    case .gateway: "gateway-refused"
    case .later: "refused-for-now"
    case .busy: "gateway-busy"
    }
  }

  /// Accepted, unless receipts were faster. Of several parts each has to arrive.
  private func outcome(_ ids: [String], of message: DueMessage) -> (OutreachOutcomes.Step, Reason?) {
    let told = ids.map { self.told[SubmissionKey(gateway: message.gateway, id: $0)] }
    if let failed = told.first(where: { $0?.state.state == "failed" }) {
      return (.failed, Reason("not-delivered", failed?.code))
    }
    if ToldState.isDelivered(told.map { $0?.state ?? ToldState() }, of: message.parts) { return (.delivered, nil) }
    if told.contains(where: { $0 == nil }) {
      return (.accepted, Reason("id-used-twice", "the gateway has given this message's id to another one as well"))
    }
    return (.accepted, nil)
  }
}
