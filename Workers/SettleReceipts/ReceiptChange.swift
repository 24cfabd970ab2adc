import Contract
import Outreach
import Postgres
import ServiceLog
import Topics
import Values

/// What a receipt or an answer changes.
struct ReceiptChange: Sendable {
  struct Told: Sendable {
    let key: SubmissionKey
    let status: OutreachReceipts.Status
    let code: String?
    let at: Timestamp

    init(_ receipt: ReceiptReading.Receipt) {
      (key, status, code, at) = (receipt.key, receipt.status, receipt.code, receipt.at)
    }
  }

  /// An address that is not to be written to any more.
  struct Suppression: Hashable, Sendable {
    let channel: String
    let address: String
    /// opted-out, complained, bounced
    let reason: String
    let detail: String?
  }

  struct Settled: Sendable {
    let message: Int64
    let attempt: Int32
    let from: String
    let to: String
    let reason: String?
    let detail: String?
    let at: Timestamp
    /// Of what was reserved, and is spent now.
    let currency: String?
  }

  var told: Told?
  var settled: Settled?
  /// Nobody knew until now that the gateway has the message, and what it costs.
  var action: ServiceAction?
  var reservation: Reservation?
  var answer: ReceiptReading.Answer?
  /// That they are written to no more.
  var confirmation: NewMessage?
  var engaged: ReceiptReading.Engaged?
  var suppression: Suppression?

  /// A message may take several steps within a batch: the first one's beginning and the last one's end are what is written.
  static func joined(_ changes: ArraySlice<ReceiptChange>) -> [Settled] {
    var joined: [Int64: Settled] = [:]
    for settled in changes.compactMap(\.settled) {
      let first = joined[settled.message] ?? settled
      joined[settled.message] = Settled(
        message: settled.message, attempt: settled.attempt, from: first.from, to: settled.to, reason: settled.reason,
        detail: settled.detail, at: settled.at, currency: first.currency)
    }
    return joined.values.sorted { $0.message < $1.message }
  }

  /// How often each was done in this batch, first and last.
  struct Tally: Sendable {
    let key: EngagementKey
    let url: String
    var first: Timestamp
    var last: Timestamp
    var times: Int64
  }

  private static func tallied(_ changes: ArraySlice<ReceiptChange>) -> [Tally] {
    var tallies: [EngagementKey: Tally] = [:]
    for engaged in changes.compactMap(\.engaged) {
      let key = engaged.key
      var tally = tallies[key] ?? Tally(key: key, url: engaged.url, first: engaged.at, last: engaged.at, times: 0)
      tally.first = min(tally.first, engaged.at)
      tally.last = max(tally.last, engaged.at)
      tally.times += 1
      tallies[key] = tally
    }
    return tallies.values.sorted { $0.key < $1.key }
  }

  static let writes = ledger + Write.addingMessages(\.confirmation)

  private static let ledger: [Write<ReceiptBook, ReceiptChange>] = [
    .total(
      { book, changes in
        Dictionary(changes.compactMap(\.told).map { ($0.key, $0) }) { $1 }.values.sorted { $0.key < $1.key }
          .map { (last: $0, told: book.submissions[$0.key]?.told ?? ToldState()) }
      },
      """
      update submission s set state = a.state, code = a.code, at = a.at, delivered_parts = a.delivered::integer[]
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
        a (gateway, id, state, code, at, delivered)
      where s.gateway = a.gateway and s.provider_id = a.id
      """,
      .text { $0.last.key.gateway }, .text { $0.last.key.id }, .text { $0.told.state }, .text { $0.last.code },
      .timestamp { $0.last.at },
      .text { "{\($0.told.delivered.sorted().map(String.init).joined(separator: ","))}" }),
    .total(
      { _, changes in joined(changes) },
      """
      update message m set state = a.state, reason = a.reason, detail = a.detail,
        accepted_at = coalesce(m.accepted_at, a.at), settled_at = case when a.state in ('delivered', 'failed') then a.at end,
        cost = coalesce(m.reserved, m.cost), currency = coalesce(a.currency, m.currency), reserved = null
      from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[])
        a (id, attempt, before, state, reason, detail, at, currency)
      where m.id = a.id and m.id = any($1) and m.attempt = a.attempt and m.state = a.before
      """,
      .integer { $0.message }, .small { $0.attempt }, .text { $0.from }, .text { $0.to }, .text { $0.reason },
      .text { $0.detail }, .timestamp { $0.at }, .text { $0.currency }),
    .total(
      { _, changes in changes.compactMap(\.answer) },
      """
      insert into answer (gateway, phone, sent_to, body, at, opted_out, message_id)
      select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[], $7::bigint[])
      """,
      .text { $0.gateway }, .integer { $0.phone }, .text { $0.to }, .text { $0.text }, .timestamp { $0.at },
      .boolean { $0.isOptOut }, .integer { $0.message }),
    .total(
      { _, changes in Array(Set(changes.compactMap(\.suppression))) },
      """
      select suppress_each($1, $2, $3, $4, 'settle-receipts')
      """,
      touchesEach: false, .text { $0.channel }, .text { $0.address }, .text { $0.reason }, .text { $0.detail }),
    // After all locks of messages, which a claim has before a budget's.
    .changingBudgets { $0.reservation?.spent },
    .total(
      { _, changes in tallied(changes) },
      """
      insert into engagement as e (message_id, kind, url, link, agent, first_at, last_at, times)
      select * from unnest($1::bigint[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[],
        $8::bigint[])
      on conflict (message_id, kind, link, agent) do update set first_at = least(e.first_at, excluded.first_at),
        last_at = greatest(e.last_at, excluded.last_at), times = e.times + excluded.times
      """,
      .integer { $0.key.message }, .text { $0.key.kind.rawValue }, .text { $0.url }, .fingerprint { $0.key.link },
      .text { $0.key.agent.rawValue }, .timestamp { $0.first }, .timestamp { $0.last }, .integer { $0.times }),
    .recording(by: SettleReceipts.name) { _, changes in changes.compactMap(\.action) },
  ]
}
