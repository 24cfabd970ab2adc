internal import Postgres
internal import Values

/// One row of a lead's history with all that decided it, put together from what allocation kept.
struct LeadExplanation {
  struct Named {
    let code: String
    let name: String
    var shown: String { "\(name) (\(code))" }
  }

  /// A row of `lead_history`.
  struct Judgement {
    let version: Int64
    let at: Timestamp
    let what: String
    let branch: Named?
    let owner: Int64?
    let reason: String?
    /// What gave the branch where it was no rule.
    let basis: String?
    /// Why the lead did not go where its source wanted it.
    let note: String?
    let ruleset: Int64?
    let rule: Int64?
    let snapshot: Int64?
    let choice: Int64?
    let worker: String
    let source: String?
    let event: String?
  }

  let judgement: Judgement
  /// The rules in order, each with the fact that excluded it; those after the one that matched were not reached.
  let rules: [(rule: RuleReading.Rule, obstacle: String?)]
  /// Whether the rules were asked: a held lead that knows its branch is not sent through them again.
  let asksRules: Bool
  /// The people as this choice found them; nil where none was made.
  let replay: ChoiceReplay?
  let takenAt: Timestamp?
  let people: [Int64: Named]

  /// Whom the choice, made again from the print, gives the lead to; where an importer kept it, whether they could.
  var recomputed: Int64? {
    guard let replay else { return nil }
    if judgement.basis == "importer" {
      return replay.people.first { $0.id == judgement.owner && $0.keepingObstacle == nil }?.id
    }
    return replay.winner.map { replay.people[$0].id }
  }

  /// Whether the choice made again is the one that was made.
  var isConfirmed: Bool { replay == nil || judgement.reason == "behind-held" || recomputed == judgement.owner }

  static func load(_ lead: Int64, _ reading: RuleReading, _ session: Connection) throws -> [LeadExplanation] {
    let rows = try session.rows(
      """
      select h.version, h.at, h.what, b.code, b.name, h.owner_id, h.reason, h.ruleset, h.rule_position, h.snapshot_id,
        h.choice, h.worker, h.source, h.event_id, s.taken_at, s.method, s.people, s.weights, s.capacities, s.daily_caps,
        s.weekly_caps, s.open_leads, s.given_today, s.given_this_week, coalesce(s.offsets, s.credits::bigint[]),
        s.excluded, s.kept_choices, s.kept_people, h.basis, h.note, s.passed_choices, s.passed_people, h.former_owner_id
      from lead_history h left join branch b on b.id = h.branch_id
        left join allocation_snapshot s on s.id = h.snapshot_id
      where h.lead_id = $1 order by h.version
      """
    ) { $0.integer(lead) }
    var before: String?
    var formerOwners: Set<Int64> = []
    return try rows.map { $0 }.map { row in
      defer { before = row.optionalText(3) }
      let judgement = Judgement(
        version: row.integer(0), at: row.timestamp(1), what: row.text(2),
        branch: row.optionalText(3).map { Named(code: $0, name: row.optionalText(4) ?? "") },
        owner: row.optionalInteger(5), reason: row.optionalText(6), basis: row.optionalText(28),
        note: row.optionalText(29), ruleset: row.optionalInteger(7),
        rule: row.optionalInteger(8), snapshot: row.optionalInteger(9), choice: row.optionalInteger(10),
        worker: row.text(11), source: row.optionalText(12), event: row.optionalText(13))
      var replay: ChoiceReplay?
      if row.optionalTimestamp(14) != nil, let choice = judgement.choice {
        var made = ChoiceReplay(row, from: 15)
        let kept = Dictionary(uniqueKeysWithValues: zip(row.integers(26), row.integers(27)))
        let passed = Dictionary(grouping: zip(row.integers(30), row.integers(31)), by: \.0)
        for number in 0..<choice {
          made.passed = Set(passed[number, default: []].map(\.1))
          if let importer = kept[number] { made.keep(importer) } else if !made.choose() { break }
        }
        // Where all who could take it cool off no choice was made: whom its own history names.
        made.passed =
          judgement.reason == "cooling-off" ? formerOwners : Set(passed[choice, default: []].map(\.1))
        replay = made
      }
      if let former = row.optionalInteger(32) { formerOwners.insert(former) }
      let asksRules =
        judgement.ruleset != nil && (judgement.version == 1 || judgement.rule != nil)
        && (judgement.basis == nil || judgement.basis == "step-overdue") && judgement.reason != "keys-disagree"
      var reading = reading
      reading.moment = judgement.at
      if judgement.basis == "step-overdue", let before { reading.within = try branches(within: before, session) }
      let ids = (replay?.people.map(\.id) ?? []) + [judgement.owner].compactMap { $0 }
      return LeadExplanation(
        judgement: judgement, rules: asksRules ? try rules(judgement, reading, session) : [], asksRules: asksRules,
        replay: replay, takenAt: row.optionalTimestamp(14), people: try names(ids, session))
    }
  }

  private static func rules(
    _ judgement: Judgement, _ reading: RuleReading, _ session: Connection
  ) throws(PostgresError) -> [(rule: RuleReading.Rule, obstacle: String?)] {
    let rows = try session.rows(
      """
      select r.position, r.region, r.source, r.product, b.code, r.language, r.currency,
        (r.value_from * 10000)::bigint, (r.value_below * 10000)::bigint, r.valid_from, r.valid_until, r.how = 'steps'
      from allocation_rule r join branch b on b.id = r.branch_id where r.ruleset = $1 order by r.position
      """
    ) { $0.integer(judgement.ruleset) }
    return rows.map { row in
      func money(_ column: Int32) -> Money? {
        row.optionalInteger(column).map { Money(tenThousandths: $0, currency: row.optionalText(6) ?? "") }
      }
      let rule = RuleReading.Rule(
        position: row.integer(0), region: row.optionalText(1), source: row.optionalText(2),
        product: row.optionalText(3), language: row.optionalText(5), currency: row.optionalText(6), valueFrom: money(7),
        valueBelow: money(8), validFrom: row.optionalTimestamp(9), validUntil: row.optionalTimestamp(10),
        isStep: row.boolean(11), branch: row.text(4))
      return (rule, reading.obstacle(rule))
    }
  }

  private static func branches(
    within code: String, _ session: Connection
  ) throws(PostgresError) -> Set<String> {
    let rows = try session.rows(
      """
      with recursive below (id, code, depth) as (
        select id, code, 0 from branch where code = $1
        union all
        select b.id, b.code, w.depth + 1 from below w join branch b on b.parent_id = w.id where w.depth < 30)
      select code from below
      """
    ) { $0.text(code) }
    return Set(rows.map { $0.text(0) })
  }

  private static func names(_ ids: [Int64], _ session: Connection) throws(PostgresError) -> [Int64: Named] {
    let rows = try session.rows("select id, code, name from person where id = any($1)") { $0.integers(ids) { $0 } }
    var names: [Int64: Named] = [:]
    for row in rows.map({ $0 }) { names[row.integer(0)] = Named(code: row.text(1), name: row.text(2)) }
    return names
  }
}
