import Campaigns
import Contract
import Postgres
import Settings
import TestKit
import Topics
import Values

@testable import roll_up_metrics

/// A firm with launched campaigns in a database of its own, and the worker's turns on it, made with the worker's own rights.
final class FigureDesk {
  /// The test's own session.
  let session: Connection
  private let lane: Connection
  private var memory = CampaignMemory()
  private let noCache: NoCache
  private var serial = 0

  /// Customers 1 to 9 (`C1` and so on), leads 101 to 109.
  static let firm = #"""
    insert into branch (id, code, name, parent_id, level, time_zone) values (1, 'HQ', 'h', null, 'head-office', 'Asia/Shanghai'),
      (2, 'SH', 's', 1, 'province', 'Asia/Shanghai');
    insert into person (id, code, branch_id, name, manager, login) values (1, 'P-1', 2, 'Ann', false, 'ann');
    insert into customer (id, code, version, data, status, changed_at)
      select n, 'C' || n, 1, gen_random_uuid(), 'active', now() from generate_series(1, 9) n;
    insert into lead (id, phone, source, state, branch_id, held_reason, held_since, version, registered_at)
      select n, 8613800000000 + n, 'wechat', 'held', 2, 'no-rule', now(), 1, now() from generate_series(101, 109) n;
    """#

  static func open(_ body: @escaping @Sendable (FigureDesk) throws -> Void) async throws {
    try await onThread {
      try TestDatabase.with { database in
        let desk = try FigureDesk(database)
        try desk.session.run(script: firm)
        try body(desk)
      }
    }
  }

  init(_ database: TestDatabase) throws {
    session = try database.connect()
    noCache = NoCache(try Settings(reading: Environment([:]), declared: []))
    var limits = TestDatabase.limits
    limits.role = "millrace_roll_up_metrics"
    lane = try database.connect(as: "roll-up-metrics", limits: limits)
  }

  // MARK: Campaigns

  /// Launched at `moment(0)`.
  func campaign(_ id: Int64, goal: String? = nil, audience: String = "customers") throws {
    let conversion = goal.map { #", "conversion": \#($0)"# } ?? ""
    try session.run(
      script: """
        insert into campaign (id, name, definition, audience, state, branch_id, author_id, owner_id, starts_at, expires_at, time_zone,
          launched_at, expanded_at)
        overriding system value
        values (\(id), 'c\(id)', '{"name": "c\(id)", "title": "Spring", "objective": "cross-sell"\(conversion)}', '\(audience)', 'running', 2, 1,
          1, '\(moment(0).rfc3339)', '2100-01-01', 'Asia/Shanghai', '\(moment(0).rfc3339)', '\(moment(0).rfc3339)')
        """)
  }

  static let lastTouch = #"{"by": "lead-converted", "within": "P10D"}"#
  static let even = #"{"by": "lead-converted", "within": "P10D", "credit": "even"}"#

  /// A recipient, chosen at that moment, and what stands of them in the ledger of messages: number `1000 * campaign + subject`, not sent
  /// yet. Of one who is skipped nothing does, nor of one whose channel is `manager`.
  func recipient(
    _ campaign: Int64, _ subject: Int64, variant: Int = 0, state: String = "queued", region: String? = "CN-JS",
    at: Int64 = 0, channel: String = "sms"
  ) throws {
    let place = region.map { "'\($0)'" } ?? "null"
    let person = subject > 100 ? "null, \(subject)" : "\(subject), null"
    let hasNone = state == "held-out" || state == "skipped"
    try session.run(
      script: """
        insert into campaign_recipient (campaign_id, subject, variant, state, place, channel, message_id, region, branch_id, is_open, changed_at,
          chosen_at)
        select \(campaign), \(subject), \(variant), '\(state)', 0, \(hasNone ? "null" : "'\(channel)'"), null, \(place), 2, false, m.at, m.at
        from (values ('\(moment(at).rfc3339)'::timestamptz)) m (at);
        insert into campaign_count (campaign_id, variant, channel, state, reason, recipients)
        values (\(campaign), \(variant), '\(hasNone ? "" : channel)', '\(state)', '', 1)
        on conflict (campaign_id, variant, channel, state, reason) do update set recipients = campaign_count.recipients + 1;
        """)
    guard !hasNone, channel != "manager" else { return }
    try session.run(
      script: """
        insert into message (id, channel, purpose, priority, state, source, event_id, customer_id, lead_id, recipient, phone, body, gateway,
          requested_at, due_at, campaign_id)
        values (\(message(campaign, subject)), 'sms', 'marketing', 2, 'queued', '/millrace/campaigns', '\(campaign)/\(subject)/0', \(person),
          'x', 8613800000000, 'x', 'text', now(), now(), \(campaign))
        """)
  }

  func message(_ campaign: Int64, _ subject: Int64) -> Int64 { 1000 * campaign + subject }

  /// The ledger has it that the gateway took the message.
  func accept(_ campaign: Int64, _ subject: Int64, at seconds: Int64) throws {
    try session.run(
      script: """
        update message set state = 'accepted', accepted_at = '\(moment(seconds).rfc3339)' where id = \(message(campaign, subject))
        """)
  }

  func told(
    _ step: OutreachOutcomes.Step, _ campaign: Int64, _ subject: Int64, at seconds: Int64 = 60, reason: String? = nil,
    cost: Money? = nil, parts: Int32? = nil, machine: Bool? = nil, firstResponse: Bool? = nil,
    source: String = CampaignMessageID.source
  ) -> OutreachOutcomes {
    OutreachOutcomes(
      id: message(campaign, subject), step, channel: "sms", purpose: .marketing, reason: reason, source: source,
      request: source == CampaignMessageID.source ? "\(campaign)/\(subject)/0" : source, cost: cost, parts: parts,
      url: step == .clicked ? "https://firm.example/" : nil, machine: machine,
      firstResponse: firstResponse, at: moment(seconds))
  }

  // MARK: Turns

  /// - Parameter isTorn: the batch is rolled back before it is committed, as by a process that dies.
  @discardableResult
  func hear(_ outcomes: [OutreachOutcomes], isTorn: Bool = false) throws -> [String] {
    try turn(RollUpMetrics.self, &memory, isTorn: isTorn) { _, _ in
      outcomes.map { delivery(OutcomeReading($0), "/x", happened: $0.at) }
    }
  }

  @discardableResult
  func hear(_ outcomes: OutreachOutcomes...) throws -> [String] { try hear(outcomes) }

  @discardableResult
  func value(_ values: [(CustomerValue, id: String)], isTorn: Bool = false) throws -> [String] {
    var cache = noCache
    return try turn(RollUpValues.self, &cache, isTorn: isTorn) { _, _ in
      values.map { Delivery($0.0, source: "/core", id: $0.id, happened: $0.0.at) }
    }
  }

  /// The lead was converted, in the ledger and in what is told of it.
  @discardableResult
  func convert(_ lead: Int64, to customer: Int64, at seconds: Int64) throws -> [String] {
    try session.run(
      script: """
        update lead set state = 'converted', customer_id = \(customer), converted_at = '\(moment(seconds).rfc3339)', version = version + 1
        where id = \(lead)
        """)
    return try heard(lead, convertedTo: customer, at: seconds)
  }

  @discardableResult
  func heard(_ lead: Int64, convertedTo customer: Int64, at seconds: Int64) throws -> [String] {
    var cache = noCache
    let event = LeadOwnership.converted(
      .init(lead: LeadVersion(id: lead, version: 2, at: moment(seconds)), customer: "C\(customer)", by: .identity))
    return try turn(RollUpLeads.self, &cache) { _, _ in [delivery(event, "/x", happened: moment(seconds))] }
  }

  @discardableResult
  func contact(_ entries: [ServiceRecorded.Entry], isTorn: Bool = false) throws -> [String] {
    var cache = noCache
    return try turn(RollUpContacts.self, &cache, isTorn: isTorn) { _, _ in
      entries.map { delivery(.recorded($0), "/x", happened: $0.at) }
    }
  }

  @discardableResult
  func contact(_ entries: ServiceRecorded.Entry...) throws -> [String] { try contact(entries) }

  /// As long as there is something to do.
  func attribute() throws {
    var cache = noCache
    while try !turn(AttributeConversions.self, &cache, { try AttributeConversions.claim(3, $1) }).isEmpty {}
  }

  func countPeople() throws {
    var cache = noCache
    while try !turn(CountPeople.self, &cache, { try CountPeople.claim(1, $1) }).isEmpty {}
  }

  func compareAssets() throws {
    var cache = noCache
    while try !turn(CompareAssets.self, &cache, { try CompareAssets.claim(1, $1) }).isEmpty {}
  }

  private func delivery<Reading>(_ reading: Reading, _ source: String, happened: Timestamp) -> Delivery<Reading> {
    serial += 1
    return Delivery(reading, source: source, id: "\(serial)", happened: happened)
  }

  private func turn<D: Deciding>(
    _ worker: D.Type, _ cache: inout D.Cache, isTorn: Bool = false,
    _ claim: (inout D.Cache, Transaction) throws -> [D.Item]
  ) throws -> [String] {
    _ = try lane.rows("begin")
    do {
      let transaction = Transaction(open: lane)
      let items = try claim(&cache, transaction)
      var state = try D.load(items, &cache, transaction)
      let now = try lane.rows("select clock_timestamp()")[0].timestamp(0)
      var changes: [D.Change] = []
      var outcomes: [String] = []
      for item in items {
        switch D.decide(item, &state, now) {
        case .apply(let change, _, let outcome):
          changes.append(change)
          outcomes.append(outcome.description)
        case .ignore(let reason): outcomes.append(reason.description)
        case .reject(let refusal): outcomes.append(refusal.reason)
        }
      }
      for source in [Write<D.State, D.Change>.Source.changes, .state] {
        for write in D.writes where write.source == source {
          var arguments = Arguments()
          let rows = write.bind(state, changes[...], &arguments)
          guard rows > 0 else { continue }
          let touched = try lane.rows(write.statement, arguments).affected
          if write.touchesEach, touched != rows { throw PostgresError.changedMeanwhile }
        }
      }
      _ = try lane.rows(isTorn ? "rollback" : "commit")
      return outcomes
    } catch {
      _ = try lane.rows("rollback")
      throw error
    }
  }

  // MARK: Looking

  func lines(_ statement: Statement) throws -> [String] {
    try session.rows(statement).map { $0.optionalText(0) ?? "-" }
  }

  /// All figures, a line each.
  func figures() throws -> [String] {
    try lines(
      """
      select format('%s %s %s v%s %s %s %s%s: %s', campaign_id, to_char(hour at time zone 'UTC', 'HH24'), channel, variant, region, branch_id,
        what, case when reason <> '' then ' (' || reason || ')' else '' end, events)
        || case when parts > 0 then format(', %s parts', parts) else '' end
        || case when currency <> '' then format(', %s %s', amount::numeric(12, 4), currency) else '' end
      from campaign_figure where events <> 0 order by campaign_id, hour, channel, variant, region, branch_id, what, reason, currency
      """)
  }

  /// All credits, a line each.
  func credits() throws -> [String] {
    try lines(
      """
      select concat_ws(' ', c.kind, k.campaign_id, k.subject, k.message_id, case when k.is_goal then 'goal' end, k.standing, nullif(k.channel, ''), k.region,
        k.share::text, k.amount::text, nullif(k.currency, ''))
      from conversion_credit k join conversion c on c.id = k.conversion_id
      order by c.kind, c.reference, k.campaign_id, k.subject, k.message_id
      """)
  }

  /// Those that were taken down are looked at as if they had been told so much earlier.
  func pass(minutes: Int64) throws {
    try session.run(
      script: """
        update conversion set told_at = told_at - interval '\(minutes) minutes', due_at = due_at - interval '\(minutes) minutes'
        """)
  }

  /// What `campaign verify` finds, a line each.
  func differences(_ campaign: Int64) throws -> [String] {
    try session.rows(
      "select concat_ws(' | ', what, item, found, expected) from campaign_differences($1) order by 1"
    ) {
      $0.integer(campaign)
    }.map { $0.text(0) }
  }

  func apart() throws -> [String] {
    try lines(
      """
      select concat_ws(' ', topic, reason, events::text, amount::numeric(20, 4)::text, nullif(currency, '')) from figure_apart
      order by topic, reason, currency
      """)
  }
}

/// 2027-05-01 00:00 UTC and so many seconds.
func moment(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: (1_809_129_600 + seconds) * 1_000_000) }

func yuan(_ amount: String) -> Money { Money(amount, "CNY") ?? Money(tenThousandths: 0, currency: "CNY") }
