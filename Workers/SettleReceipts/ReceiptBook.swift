import Contract
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
    /// Of each of its parts, by what the gateway calls it.
    var parts: [SubmissionKey: String?] = [:]
  }

  struct Submission {
    var message: Int64?
    var attempt: Int32?
    var state: String?
  }

  private(set) var submissions: [SubmissionKey: Submission] = [:]
  private(set) var messages: [Int64: Message] = [:]
  var confirmations = Confirmations()

  init(submissions: [SubmissionKey: Submission], messages: [Int64: Message]) {
    self.submissions = submissions
    self.messages = messages
  }

  /// Submissions first, then messages: the order in which senders lock them as well.
  init(_ readings: [ReceiptReading], _ transaction: Transaction) throws(PostgresError) {
    var receipts: [SubmissionKey: ReceiptReading.Receipt] = [:]
    for reading in readings {
      if case .receipt(let receipt) = reading.content { receipts[receipt.key] = receipt }
    }
    guard !receipts.isEmpty else { return }
    let sorted = receipts.values.sorted { ($0.key.gateway, $0.key.id) < ($1.key.gateway, $1.key.id) }
    submissions = try transaction.ask(ReceiptBook.submissions(sorted))
    let wanted = Set(submissions.values.compactMap(\.message)).sorted()
    guard !wanted.isEmpty else { return }
    let (messages, parts) = try transaction.ask(ReceiptBook.messages(wanted), ReceiptBook.parts(wanted))
    self.messages = messages
    for (id, attempt, key, state) in parts where messages[id]?.attempt == attempt {
      self.messages[id]?.parts[key] = .some(state)
    }
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
      returning gateway, provider_id, message_id, attempt, state
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
              state: $0.optionalText(4))
          )
        }
      ) { one, _ in one }
    }
  }

  private static func messages(_ ids: [Int64]) -> Question<[Int64: Message]> {
    Question(
      """
      select m.id, m.attempt, m.state, m.channel, m.purpose, m.source, m.event_id, m.gateway, m.lead_id, c.code,
        m.budget, (m.reserved * 10000)::bigint, b.currency
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
              reservation: Reservation($0, from: 10))
          )
        }
      ) { one, _ in one }
    }
  }

  private static func parts(_ ids: [Int64]) -> Question<[(Int64, Int32, SubmissionKey, String?)]> {
    Question("select message_id, attempt, gateway, provider_id, state from submission where message_id = any($1)") {
      $0.integers(ids) { $0 }
    } reading: {
      $0.map {
        (
          $0.integer(0), Int32($0.optionalInteger(1) ?? 0), SubmissionKey(gateway: $0.text(2), id: $0.text(3)),
          $0.optionalText(4)
        )
      }
    }
  }

  // MARK: Deciding

  /// Forward only: what is told late or twice changes nothing.
  mutating func settle(_ receipt: ReceiptReading.Receipt, _ now: Timestamp) -> Decision<ReceiptChange> {
    guard var submission = submissions[receipt.key] else { return .ignore("unread") }
    guard ReceiptBook.rank(receipt.status.rawValue) > ReceiptBook.rank(submission.state) else {
      return .ignore("not-news")
    }
    submission.state = receipt.status.rawValue
    submissions[receipt.key] = submission
    var change = ReceiptChange(told: ReceiptChange.Told(receipt))
    guard let id = submission.message, var message = messages[id] else { return .apply(change, outcome: "kept") }
    guard submission.attempt == message.attempt else { return .apply(change, outcome: "of-another-attempt") }
    message.parts[receipt.key] = receipt.status.rawValue
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
      request: message.event, gateway: message.gateway, cost: change.reservation?.amount, at: now)
    return .apply(change, emit: [Emission(outcome)], outcome: ReceiptBook.word(step))
  }

  /// Where the message goes from where it stands; nil where it stays. While it is being sent, what its sender has to say comes first:
  /// the sender finds what receipts have told.
  private static func step(of message: Message) -> OutreachOutcomes.Step? {
    guard message.state == "accepted" || message.state == "uncertain" else { return nil }
    if message.parts.values.contains("failed") { return .failed }
    if isDelivered(message) { return .delivered }
    // The gateway speaks of it, so it has it.
    return message.state == "uncertain" ? .accepted : nil
  }

  /// What is told under our reference is told of the whole. Where the gateway has ids of its own, all of those have to be delivered:
  /// our reference stands beside them where the answer to the call named none.
  private static func isDelivered(_ message: Message) -> Bool {
    let reference = MessageReference(message: message.id, attempt: message.attempt).description
    let whole = SubmissionKey(gateway: message.gateway, id: reference)
    if message.parts[whole] == "delivered" { return true }
    let parts = message.parts.filter { $0.key != whole }
    return !parts.isEmpty && parts.values.allSatisfy { $0 == "delivered" }
  }

  static func rank(_ state: String?) -> Int {
    switch state {
    case nil: 0
    case "accepted": 1
    case "buffered": 2
    default: 3
    }
  }

  private static func word(_ step: OutreachOutcomes.Step) -> StaticString {
    switch step {
    case .delivered: "delivered"
    case .failed: "failed"
    default: "accepted"
    }
  }
}
