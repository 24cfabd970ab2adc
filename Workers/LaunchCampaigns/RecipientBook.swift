import Contract
import Postgres
import Runtime
import Topics
import Values

/// The recipients that a batch of outcomes is about, under the locks of their rows.
struct RecipientBook {
  private var before: [Recipient.Key: Recipient] = [:]
  private var now: [Recipient.Key: Recipient] = [:]
  /// Those whose messages do not say any more whose they were.
  private var erased: [Int64: Recipient.Key] = [:]
  private var rules: [Int64: FallBackRules] = [:]
  private var moved: Set<Recipient.Key> = []

  init(_ recipients: [Recipient], rules: [Int64: FallBackRules], erased: [Int64: Recipient.Key] = [:]) {
    before = Dictionary(uniqueKeysWithValues: recipients.map { ($0.key, $0) })
    (now, self.rules, self.erased) = (before, rules, erased)
  }

  /// Campaigns first where their own rows are to be written, then recipients: the order in which all lock.
  init(
    _ outcomes: [OutcomeReading], _ memory: inout PlanMemory, _ transaction: Transaction
  ) throws(PostgresError) {
    let keys = Set(outcomes.compactMap(\.recipient)).sorted()
    let lost = Set(outcomes.filter(\.isErased).map(\.told.id)).sorted()
    guard !keys.isEmpty || !lost.isEmpty else { return }
    let campaigns = Set(keys.map(\.campaign)).sorted()
    let counted = Set(outcomes.filter { $0.said != nil }.compactMap { $0.recipient?.campaign }).sorted()
    // Whether a campaign still begins anything is asked under the recipients' locks: who ends it waits for them.
    let (_, news, recipients, erased, open) = try transaction.ask(
      RecipientBook.lock(campaigns: counted), memory.news(campaigns), RecipientBook.locked(keys),
      RecipientBook.erased(lost), RecipientBook.thatFallBack(campaigns))
    memory.take(news)
    for campaign in open { rules[campaign] = memory[campaign].map { FallBackRules($0) } }
    before = Dictionary((recipients + erased).map { ($0.key, $0) }) { one, _ in one }
    now = before
    self.erased = Dictionary(erased.compactMap { row in row.message.map { ($0, row.key) } }) { one, _ in one }
  }

  private static func lock(campaigns: [Int64]) -> Question<Void> {
    guard !campaigns.isEmpty else { return Question(known: ()) }
    return Question("select from campaign where id = any($1) order by id for update") { $0.integers(campaigns) { $0 } }
  }

  /// Those that still begin something new.
  private static func thatFallBack(_ campaigns: [Int64]) -> Question<[Int64]> {
    guard !campaigns.isEmpty else { return Question(known: []) }
    return Question(
      "select id from campaign where id = any($1) and state in ('scheduled', 'running', 'paused') and settled_at is null"
    ) {
      $0.integers(campaigns) { $0 }
    } reading: {
      $0.map { $0.integer(0) }
    }
  }

  /// Under locks, in the order of the keys.
  static func locked(_ keys: [Recipient.Key]) -> Question<[Recipient]> {
    guard !keys.isEmpty else { return Question(known: []) }
    return Question(
      """
      select r.campaign_id, r.subject, r.variant, r.state, r.reason, r.place, r.channel, r.message_id, r.is_open, r.fallback_at
      from unnest($1::bigint[], $2::bigint[]) with ordinality k (campaign, subject, n)
      join campaign_recipient r on r.campaign_id = k.campaign and r.subject = k.subject
      order by k.n for update of r
      """
    ) {
      $0.integers(keys) { $0.campaign }
      $0.integers(keys) { $0.subject }
    } reading: {
      $0.map { Recipient($0) }
    }
  }

  /// Of messages of which nothing but their campaign is left: whoever of it is still open and has had them.
  private static func erased(_ messages: [Int64]) -> Question<[Recipient]> {
    guard !messages.isEmpty else { return Question(known: []) }
    return Question(
      """
      select r.campaign_id, r.subject, r.variant, r.state, r.reason, r.place, r.channel, r.message_id, r.is_open, r.fallback_at
      from message m join campaign_recipient r on r.campaign_id = m.campaign_id and r.message_id = m.id and r.is_open
      where m.id = any($1) and m.campaign_id <> 0
      order by r.campaign_id, r.subject for update of r
      """
    ) {
      $0.integers(messages) { $0 }
    } reading: {
      $0.map { Recipient($0) }
    }
  }

  // MARK: Deciding

  mutating func hear(_ outcome: OutcomeReading) -> Decision<OutcomeChange> {
    guard let key = outcome.recipient ?? erased[outcome.told.id] else { return .ignore("of-no-campaign") }
    guard var recipient = now[key] else { return .ignore("unknown-recipient") }
    if Sabotage.loseOutcome.isOn, key.subject % 3 == 0 { return .ignore("lost-on-purpose") }
    if let said = outcome.said { return .apply(OutcomeChange(campaign: key.campaign, said: said), outcome: said.word) }
    // Late news of a channel that another one has stood in for.
    guard recipient.message == outcome.told.id else { return .ignore("of-an-earlier-message") }
    guard recipient.take(outcome.told, rules[key.campaign] ?? .none) else { return .ignore("not-news") }
    now[key] = recipient
    moved.insert(key)
    return .apply(OutcomeChange(campaign: key.campaign, said: nil), outcome: "moved-on")
  }

  // MARK: Writing

  var changed: [Recipient] { moved.sorted().compactMap { now[$0] } }

  var counts: [CampaignCount.Change] { CampaignCount.changes(changed.map { (before[$0.key], $0) }) }
}

extension Recipient {
  /// From `campaign_id, subject, variant, state, reason, place, channel, message_id, is_open, fallback_at`.
  init(_ row: Row) {
    key = Key(campaign: row.integer(0), subject: row.integer(1))
    variant = Int32(row.small(2))
    guard let state = State(rawValue: row.text(3)) else {
      preconditionFailure("a recipient in a state that has no name")
    }
    self.state = state
    reason = row.optionalText(4)
    place = row.optionalInteger(5).map { Int($0) }
    channel = row.optionalText(6)
    message = row.optionalInteger(7)
    isOpen = row.boolean(8)
    fallbackAt = row.optionalTimestamp(9)
  }
}
