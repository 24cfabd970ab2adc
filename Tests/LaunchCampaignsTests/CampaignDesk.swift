import Campaigns
import Contract
import Outreach
import Postgres
import Settings
import TestKit
import Topics
import Values

@testable import launch_campaigns

/// A firm with campaigns in a database of its own, and the worker's turns on it, made with the worker's own rights. After each turn the
/// counts have to equal the rows.
final class CampaignDesk {
  /// The test's own session.
  let session: Connection
  /// The worker's.
  let lane: Connection
  private var memory = PlanMemory()
  private let noCache: NoCache
  /// What somebody else does once, between what the next turn has decided and what it writes.
  var meanwhile: (() throws -> Void)?
  /// What somebody does once, when the next turn knows what is due and has locked nothing yet.
  var afterClaim: (() throws -> Void)?
  /// What somebody else does once, when all of the next turn is written and nothing committed.
  var beforeCommit: (() throws -> Void)?
  /// What was emitted in the last turn.
  private(set) var emitted: [String] = []

  /// Shanghai and Pudong below it, Beijing beside it; Ann answers for campaigns. A gateway for texts to China, one for mails, and a
  /// template for each.
  static let firm = #"""
    insert into branch (id, code, name, parent_id, level, time_zone) values (1, 'HQ', 'h', null, 'head-office', 'Asia/Shanghai'),
      (2, 'SH', 's', 1, 'province', 'Asia/Shanghai'), (3, 'PD', 'p', 2, 'city', 'Asia/Shanghai'),
      (4, 'BJ', 'b', 1, 'province', 'Asia/Shanghai');
    insert into person (id, code, branch_id, name, manager, login) values (1, 'P-1', 2, 'Ann', false, 'ann'),
      (2, 'P-2', 2, 'Bea', true, 'bea');
    insert into gateway (name, channel, place, countries, price, currency, description) values
      ('text', 'sms', 1, '{CN}', 0.05, 'CNY', '{"name": "text", "channel": "sms", "place": 1, "countries": ["CN"],
        "price": {"amount": "0.05", "currency": "CNY"},
        "request": {"method": "POST", "url": "http://127.0.0.1:9/", "json": {"to": "{{to}}", "text": "{{text}}"}},
        "answer": {"accepted": [{"status": ["200"]}]}}'),
      ('mail', 'email', 2, null, null, null, '{"name": "mail", "channel": "email", "place": 2,
        "smtp": {"url": "smtp://127.0.0.1:9", "encryption": "never"}, "from": "Firm <firm@firm.example>",
        "bounces": "bounces+{mark}@firm.example"}');
    insert into template (name, channel, language, text) values ('bonds', 'sms', 'zh-CN', '{{name}}您好'), ('bonds', 'sms', 'en-GB', 'Dear {{name}}');
    insert into template (name, channel, language, subject, text) values ('bonds', 'email', 'en-GB', 'Bonds', 'Dear {{name}}');
    insert into contact_policy (channel, purpose, without_consent) values ('sms', 'marketing', true), ('email', 'marketing', true);
    """#

  static func open(_ more: String = "", _ body: @escaping @Sendable (CampaignDesk) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try CampaignDesk(database)
        try desk.session.run(script: firm + more)
        try body(desk)
      }
    }
  }

  init(_ database: TestDatabase) throws {
    session = try database.connect()
    noCache = NoCache(try Settings(reading: Environment([:]), declared: []))
    var limits = TestDatabase.limits
    limits.role = "millrace_launch_campaigns"
    lane = try database.connect(as: "launch-campaigns", limits: limits)
  }

  // MARK: Campaigns

  static let texts = #"[{"channel": "sms", "template": "bonds"}]"#
  /// A mail where a text has failed, or was silent for an hour.
  static let textsAndMails = #"""
    [{"channel": "sms", "template": "bonds"},
     {"channel": "email", "template": "bonds", "onFailure": true, "afterSilence": "PT1H"}]
    """#

  static func definition(
    _ name: String = "spring", channels: String = texts, filter: String = "level in (gold, silver)", more: String = ""
  ) -> String {
    #"""
    {"name": "\#(name)", "title": "Spring", "objective": "cross-sell", "owner": "P-1", "branch": "SH", "purpose": "marketing",
     "audience": {"customers": "\#(filter)"}, "channels": \#(channels), "expires": "2100-01-01T00:00:00Z"\#(more)}
    """#
  }

  /// A campaign of Shanghai, as its row stands.
  func plan(
    _ id: Int64, _ state: String = "running", _ definition: String = definition(),
    starts: String = "now() - interval '1 hour'",
    expires: String = "now() + interval '1 day'", expanded: Bool = true
  ) throws {
    _ = try session.rows(
      """
      insert into campaign (id, name, definition, audience, state, branch_id, author_id, owner_id, starts_at, expires_at, time_zone, seed,
        launched_at, expanded_at)
      overriding system value
      values ($1, $2, $3, 'customers', $4, 2, 2, 1, now() - interval '2 days', now() + interval '1 day', 'Asia/Shanghai', 'seed', now(),
        case when $5 then now() end)
      """
    ) {
      $0.integer(id)
      $0.text("c\(id)")
      $0.text(definition)
      $0.text(state)
      $0.boolean(expanded)
    }
    try session.run(script: "update campaign set starts_at = \(starts), expires_at = \(expires) where id = \(id)")
  }

  /// A recipient with a message of their own, which has the number of the subject.
  func recipient(
    _ campaign: Int64, _ subject: Int64, _ state: String = "queued", open: Bool = true, place: Int = 0,
    fallback: String = "null", message: String? = nil
  ) throws {
    try session.run(
      script: """
        insert into campaign_recipient (campaign_id, subject, variant, state, place, channel, message_id, is_open, fallback_at, changed_at)
        values (\(campaign), \(subject), 0, '\(state)', \(place), '\(place == 0 ? "sms" : "email")', \(subject), \(open), \(fallback), now());
        insert into campaign_count (campaign_id, variant, channel, state, reason, recipients)
        values (\(campaign), 0, '\(place == 0 ? "sms" : "email")', '\(state)', '', 1)
        on conflict (campaign_id, variant, channel, state, reason) do update set recipients = campaign_count.recipients + 1;
        insert into message (id, channel, purpose, priority, state, source, event_id, recipient, phone, body, gateway, requested_at, due_at,
          campaign_id)
        values (\(subject), 'sms', 'marketing', 2, '\(message ?? state)', '/millrace/campaigns', '\(campaign)/\(subject)/\(place)', 'x',
          8613800000000 + \(subject), 'x', 'text', now(), now(), \(campaign))
        """)
  }

  // MARK: Turns

  @discardableResult
  func hear(_ outcomes: OutreachOutcomes...) throws -> [String] {
    try turn(LaunchCampaigns.self) { _, _ in
      outcomes.enumerated().map { Delivery(OutcomeReading($1), source: "/x", id: "\($0)", happened: moment(0)) }
    }
  }

  /// Of a recipient's message, which has the number of the subject.
  func told(
    _ step: OutreachOutcomes.Step, _ campaign: Int64, _ subject: Int64, place: Int = 0, reason: String? = nil,
    message: Int64? = nil, at: Timestamp = moment(0), source: String = "/millrace/campaigns"
  ) -> OutreachOutcomes {
    OutreachOutcomes(
      id: message ?? subject, step, channel: "sms", purpose: .marketing, reason: reason, source: source,
      request: source == "erased" ? "erased" : "\(campaign)/\(subject)/\(place)", at: at)
  }

  @discardableResult
  func tend() throws -> [String] { try sweep(TendCampaigns.self) }

  @discardableResult
  func expand(_ limit: Int = 1000) throws -> [String] { try sweep(ExpandCampaigns.self, limit) }

  @discardableResult
  func makeOccasions() throws -> [String] { try sweep(MakeOccasions.self) }

  @discardableResult
  func spread() throws -> [String] { try sweep(SpreadChanges.self) }

  @discardableResult
  func join(_ limit: Int = 1000) throws -> [String] { try sweep(JoinCampaigns.self, limit) }

  @discardableResult
  func fallBack() throws -> [String] { try sweep(FallBack.self) }

  @discardableResult
  func withdraw(_ limit: Int = 1000) throws -> [String] { try sweep(WithdrawMessages.self, limit) }

  @discardableResult
  func release() throws -> [String] { try sweep(ReleaseRecipients.self) }

  @discardableResult
  func tendTasks(_ limit: Int = 1000) throws -> [String] { try sweep(TendTasks.self, limit) }

  @discardableResult
  func preview() throws -> [String] { try sweep(MakePreviews.self, 1) }

  private func sweep<S: Sweep>(_ sweep: S.Type, _ limit: Int = 1000) throws -> [String] where S.Cache == PlanMemory {
    try turn(sweep) { memory, transaction in try sweep.claim(limit, &memory, transaction) }
  }

  private func sweep<S: Sweep>(_ sweep: S.Type, _ limit: Int = 1000) throws -> [String] where S.Cache == NoCache {
    var cache = noCache
    return try turn(sweep, &cache) { cache, transaction in try sweep.claim(limit, &cache, transaction) }
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ claim: (inout PlanMemory, Transaction) throws -> [D.Item]
  ) throws -> [String] where D.Cache == PlanMemory {
    do { return try turn(worker, &memory, claim) } catch {
      memory = PlanMemory()
      throw error
    }
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ cache: inout D.Cache, _ claim: (inout D.Cache, Transaction) throws -> [D.Item]
  ) throws -> [String] {
    _ = try lane.rows("begin")
    do {
      let transaction = Transaction(open: lane)
      let items = try claim(&cache, transaction)
      try afterClaim?()
      afterClaim = nil
      var state = try D.load(items, &cache, transaction)
      let now = try lane.rows("select clock_timestamp()")[0].timestamp(0)
      var changes: [D.Change] = []
      var outcomes: [String] = []
      emitted = []
      for item in items {
        switch D.decide(item, &state, now) {
        case .apply(let change, let emit, let outcome):
          changes.append(change)
          outcomes.append(outcome.description)
          emitted += emit.map { "\($0.type) \($0.key)" }
        case .ignore(let reason): outcomes.append(reason.description)
        case .reject(let refusal): outcomes.append(refusal.reason)
        }
      }
      try meanwhile?()
      meanwhile = nil
      for source in [Write<D.State, D.Change>.Source.changes, .state] {
        for write in D.writes where write.source == source {
          var arguments = Arguments()
          let rows = write.bind(state, changes[...], &arguments)
          guard rows > 0 else { continue }
          let touched = try lane.rows(write.statement, arguments).affected
          if write.touchesEach, touched != rows { throw PostgresError.changedMeanwhile }
        }
      }
      try beforeCommit?()
      beforeCommit = nil
      _ = try lane.rows("commit")
      try checkCounts()
      return outcomes
    } catch {
      _ = try lane.rows("rollback")
      throw error
    }
  }

  private func checkCounts() throws {
    let wrong = try lines(
      """
      select format('campaign %s: %s %s %s %s counts %s, and there are %s', campaign_id, variant, channel, state, reason,
        coalesce(k.recipients, 0), coalesce(r.recipients, 0))
      from (select * from campaign_count where recipients > 0) k
      full join (
        select campaign_id, variant, coalesce(channel, '') as channel, state, coalesce(reason, '') as reason, count(*) as recipients
        from campaign_recipient group by 1, 2, 3, 4, 5) r using (campaign_id, variant, channel, state, reason)
      where k.recipients is distinct from r.recipients
      """)
    guard wrong.isEmpty else { throw Wrong(description: wrong.joined(separator: "; ")) }
  }

  // MARK: Looking

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  /// Where a recipient stands: `accepted open by 0, next in 3600 s`.
  func standing(_ campaign: Int64, _ subject: Int64) throws -> String {
    try session.rows(
      """
      select concat_ws(' ', state, reason, case when is_open then 'open' end, 'by', coalesce(place::text, 'none'),
        'in ' || extract(epoch from fallback_at - '1970-01-01 00:16:40+00')::bigint)
      from campaign_recipient where campaign_id = $1 and subject = $2
      """
    ) {
      $0.integer(campaign)
      $0.integer(subject)
    }[0].text(0)
  }

  func state(_ campaign: Int64) throws -> String {
    try session.rows(
      """
      select concat_ws(' ', state, case when expanded_at is not null then 'expanded' end, case when settled_at is not null then 'settled' end)
      from campaign where id = $1
      """
    ) { $0.integer(campaign) }[0].text(0)
  }

  func steps(_ campaign: Int64) throws -> [String] {
    try session.rows(
      "select concat_ws(' ', what, state_before, state, note) from campaign_step where campaign_id = $1 order by number"
    ) { $0.integer(campaign) }.map { $0.text(0) }
  }
}

struct Wrong: Error, CustomStringConvertible { let description: String }

func moment(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: (1000 + seconds) * 1_000_000) }
