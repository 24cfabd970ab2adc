import Contract
import Mail
import Outreach
import Postgres
import Topics
import Values

/// What the ledger knows of the messages that receipts are about, under the locks of their rows.
struct ReceiptBook {
  struct Message {
    let id: Int64
    let attempt: Int32
    var state: String
    let channel: String
    let purpose: Purpose
    let source: String
    let event: String
    let gateway: String
    let lead: Int64?
    /// The customer's code.
    let customer: String?
    /// Of one that is uncertain.
    let reservation: Reservation?
    /// As suppression lists it; nil once it was erased.
    let address: String?
    /// How many parts its text needs, where that is known.
    let count: Int32?
    /// What was told of it, by what the gateway calls it.
    var told: [SubmissionKey: ToldState] = [:]
  }

  struct Submission {
    var message: Int64?
    var attempt: Int32?
    var told = ToldState()
  }

  private(set) var submissions: [SubmissionKey: Submission] = [:]
  private(set) var messages: [Int64: Message] = [:]
  var confirmations = Confirmations()
  var engagements = Engagements()
  /// Which messages answers are to.
  private(set) var answered: [AnswerKey: Int64] = [:]

  init(submissions: [SubmissionKey: Submission] = [:], messages: [Int64: Message]) {
    self.submissions = submissions
    self.messages = messages
  }

  /// Submissions first, then messages: the order in which senders lock them as well.
  init(_ readings: [ReceiptReading], _ transaction: Transaction) throws(PostgresError) {
    var receipts: [SubmissionKey: ReceiptReading.Receipt] = [:]
    var engaged: Set<Int64> = []
    var answers: Set<AnswerKey> = []
    for reading in readings {
      switch reading.content {
      case .receipt(let receipt): receipts[receipt.key] = receipt
      case .engagement(let told): engaged.insert(told.key.message)
      case .inbound(let answer): answers.insert(AnswerKey(answer))
      case .refused: continue
      }
    }
    let sorted = receipts.values.sorted { ($0.key.gateway, $0.key.id) < ($1.key.gateway, $1.key.id) }
    (submissions, answered) = try transaction.ask(
      sorted.isEmpty ? Question(known: [:]) : ReceiptBook.submissions(sorted), AnswerKey.messages(Array(answers)))
    engaged.formUnion(answered.values)
    let receipted = Set(submissions.values.compactMap(\.message))
    let wanted = receipted.union(engaged).sorted()
    guard !wanted.isEmpty else { return }
    let (messages, parts, known) = try transaction.ask(
      ReceiptBook.messages(wanted), receipted.isEmpty ? Question(known: []) : ReceiptBook.parts(receipted.sorted()),
      engaged.isEmpty ? Question(known: []) : ReceiptBook.engagements(engaged.sorted()))
    self.messages = messages
    engagements = Engagements(known)
    for (id, attempt, key, told) in parts where messages[id]?.attempt == attempt { self.messages[id]?.told[key] = told }
  }

  /// A receipt that comes before the answer to its call makes the row that the sender will find.
  private static func submissions(
    _ receipts: [ReceiptReading.Receipt]
  ) -> Question<[SubmissionKey: Submission]> {
    Question(
      """
      insert into submission as s (gateway, provider_id, message_id, attempt, told_at)
      select u.gateway, u.provider_id, m.id, case when m.id is not null then u.attempt end, clock_timestamp()
      from unnest($1::text[], $2::text[], $3::bigint[], $4::int[]) with ordinality u (gateway, provider_id, message_id, attempt, n)
      left join message m on m.id = u.message_id
      order by u.n
      on conflict (gateway, provider_id) do update set told_at = excluded.told_at,
        message_id = coalesce(s.message_id, excluded.message_id), attempt = coalesce(s.attempt, excluded.attempt)
      returning gateway, provider_id, message_id, attempt, state, delivered_parts
      """
    ) {
      $0.texts(receipts) { $0.key.gateway }
      $0.texts(receipts) { $0.key.id }
      $0.integers(receipts) { $0.reference?.message }
      $0.smalls(receipts) { $0.reference?.attempt }
    } reading: {
      Dictionary(
        $0.map {
          (
            SubmissionKey(gateway: $0.text(0), id: $0.text(1)),
            Submission(
              message: $0.optionalInteger(2), attempt: $0.optionalInteger(3).map { Int32($0) },
              told: ToldState($0, from: 4))
          )
        }
      ) { one, _ in one }
    }
  }

  private static func messages(_ ids: [Int64]) -> Question<[Int64: Message]> {
    Question(
      """
      select m.id, m.attempt, m.state, m.channel, m.purpose, m.source, m.event_id, m.gateway, m.lead_id, c.code,
        m.budget, (m.reserved * 10000)::bigint, b.currency, coalesce('+' || m.phone, lower(m.email)), m.parts
      from message m left join customer c on c.id = m.customer_id left join budget b on b.name = m.budget
      where m.id = any($1)
      order by m.id for update of m
      """
    ) {
      $0.integers(ids) { $0 }
    } reading: {
      Dictionary(
        $0.map {
          (
            $0.integer(0),
            Message(
              id: $0.integer(0), attempt: Int32($0.small(1)), state: $0.text(2), channel: $0.text(3),
              purpose: Purpose(rawValue: $0.text(4)) ?? .marketing, source: $0.text(5), event: $0.text(6),
              gateway: $0.text(7), lead: $0.optionalInteger(8), customer: $0.optionalText(9),
              reservation: Reservation($0, from: 10), address: $0.optionalText(13),
              count: $0.optionalInteger(14).map { Int32($0) })
          )
        }
      ) { one, _ in one }
    }
  }

  private static func parts(_ ids: [Int64]) -> Question<[(Int64, Int32, SubmissionKey, ToldState)]> {
    Question(
      """
      select message_id, attempt, gateway, provider_id, state, delivered_parts from submission where message_id = any($1)
      """
    ) {
      $0.integers(ids) { $0 }
    } reading: {
      $0.map {
        (
          $0.integer(0), Int32($0.optionalInteger(1) ?? 0), SubmissionKey(gateway: $0.text(2), id: $0.text(3)),
          ToldState($0, from: 4)
        )
      }
    }
  }

  // MARK: Deciding

  /// Forward only: what is told late or twice changes nothing.
  mutating func settle(_ receipt: ReceiptReading.Receipt, _ now: Timestamp) -> Decision<ReceiptChange> {
    guard var submission = submissions[receipt.key] else { return .ignore("unread") }
    guard submission.told.take(receipt.status, of: receipt.part) else { return .ignore("not-news") }
    submissions[receipt.key] = submission
    var change = ReceiptChange(told: ReceiptChange.Told(receipt))
    guard let id = submission.message, var message = messages[id] else { return .apply(change, outcome: "kept") }
    change.suppression = ReceiptBook.suppression(receipt, of: message)
    guard submission.attempt == message.attempt else { return .apply(change, outcome: "of-another-attempt") }
    message.told[receipt.key] = submission.told
    let step = ReceiptBook.step(of: message)
    messages[id] = message
    guard let step else { return .apply(change, outcome: "noted") }
    messages[id]?.state = step.rawValue
    let reason = step == .failed ? "not-delivered" : nil
    change.reservation = message.state == "uncertain" ? message.reservation : nil
    change.settled = ReceiptChange.Settled(
      message: id, attempt: message.attempt, from: message.state, to: step.rawValue, reason: reason,
      detail: step == .failed ? receipt.code : nil, at: now, currency: change.reservation?.amount.currency)
    if message.state == "uncertain" {
      change.action = .messaged(
        lead: message.lead, customer: message.customer, message.channel, message.purpose, source: message.source,
        event: message.event, at: now)
    }
    let outcome = OutreachOutcomes(
      id: id, step, channel: message.channel, purpose: message.purpose, reason: reason, source: message.source,
      request: message.event, gateway: message.gateway, cost: change.reservation?.amount, parts: message.count, at: now)
    let outcomes = message.state == "uncertain" ? outcome.afterAcceptance : [outcome]
    return .apply(change, emit: outcomes.map { Emission($0) }, outcome: ReceiptBook.word(step))
  }

  /// Where the message goes from where it stands; nil where it stays. While it is being sent, what its sender has to say comes first:
  /// the sender finds what receipts have told.
  private static func step(of message: Message) -> OutreachOutcomes.Step? {
    guard message.state == "accepted" || message.state == "uncertain" else { return nil }
    if message.told.values.contains(where: { $0.state == "failed" }) { return .failed }
    if isDelivered(message) { return .delivered }
    // The gateway speaks of it, so it has it.
    return message.state == "uncertain" ? .accepted : nil
  }

  /// What is told under our reference is told of the whole. Where the gateway has ids of its own, all of those have to be delivered:
  /// our reference stands beside them where the answer to the call named none.
  private static func isDelivered(_ message: Message) -> Bool {
    let reference = MessageReference(message: message.id, attempt: message.attempt).description
    let whole = SubmissionKey(gateway: message.gateway, id: reference)
    if let told = message.told[whole], ToldState.isDelivered([told], of: message.count) { return true }
    return ToldState.isDelivered(message.told.filter { $0.key != whole }.map(\.value), of: message.count)
  }

  /// A mailbox that does not exist or was closed gets nothing more.
  private static func suppression(
    _ receipt: ReceiptReading.Receipt, of message: Message
  ) -> ReceiptChange.Suppression? {
    guard receipt.status == .failed, message.channel == "email", let address = message.address,
      let code = receipt.code, MailStatus.isGone(code)
    else { return nil }
    return ReceiptChange.Suppression(
      channel: message.channel, address: address, reason: "bounced", detail: "message \(message.id): \(code)")
  }

  private static func word(_ step: OutreachOutcomes.Step) -> StaticString {
    switch step {
    case .delivered: "delivered"
    case .failed: "failed"
    default: "accepted"
    }
  }
}

extension ToldState {
  /// False where it is no news: forward only, and what is told of a part is told of that part alone.
  fileprivate mutating func take(_ status: OutreachReceipts.Status, of part: Int32?) -> Bool {
    if let part, status == .delivered {
      return state != "delivered" && state != "failed" && delivered.insert(part).inserted
    }
    guard ToldState.rank(status.rawValue) > ToldState.rank(state) else { return false }
    state = status.rawValue
    return true
  }

  private static func rank(_ state: String?) -> Int {
    switch state {
    case nil: 0
    case "accepted": 1
    case "buffered": 2
    default: 3
    }
  }
}
