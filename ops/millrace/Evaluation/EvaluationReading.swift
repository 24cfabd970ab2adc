internal import Postgres
internal import Values

/// Reads an evaluation from the views of roll-up-metrics: its figures are few, however many people a campaign has.
enum EvaluationReading {
  /// - Parameter wanted: a campaign's name or number; a name that is a number is a name.
  static func read(_ wanted: String, _ session: Connection) throws -> Evaluation {
    let campaign = try stored(wanted, session)
    guard let launchedAt = campaign.launchedAt else {
      throw Failure.no(
        "\(campaign.name) was not launched, so that nothing came of it. \(CampaignAnswer.next(campaign.state, campaign.name))"
      )
    }
    // So much is added up at once that the disk would be slow, and so seldom that compiling it would be slower.
    _ = try session.rows("select set_config('work_mem', '64MB', false), set_config('jit', 'off', false)")
    let ids = try occasions(of: campaign, session)
    guard let row = try session.rows(plan, { $0.integer(campaign.id) }).first else {
      throw Failure.no("roll-up-metrics does not know \(campaign.name): its figures are made once it is launched.")
    }
    let plan = plan(row, campaign, launchedAt, occasions: ids.count)
    let figures = try EvaluationFigures.read(ids, zone: plan.zone, session)
    let earlier = try earlier(than: plan, but: ids, session)
    let freshness = try session.rows(freshness).map {
      Evaluation.Freshness(topic: $0.text(0), heardTo: $0.optionalTimestamp(1))
    }
    let madeAt = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let moments =
      [madeAt, plan.launchedAt, plan.expiresAt] + [plan.settledAt].compactMap { $0 } + freshness.compactMap(\.heardTo)
      + earlier.map(\.launchedAt)
    return Evaluation(
      plan: plan, madeAt: madeAt, clock: try BranchClock.read(plan.branch, moments, session), total: figures.total,
      channels: figures.ranked(.channel), variants: figures.inOrder(.variant), regions: figures.ranked(.region),
      branches: figures.ranked(.branch), hours: figures.inOrder(.hour), endings: try endings(ids, session),
      tasks: try EvaluationTasks.read(ids, session), conversions: try conversions(ids, session),
      lift: try lifts(ids, session).all, assets: try assets(ids, session),
      earlier: earlier, freshness: freshness,
      branchNames: try names(figures.inOrder(.branch).map(\.key), session))
  }

  private static func stored(_ wanted: String, _ session: Connection) throws -> StoredCampaign {
    if let found = try StoredCampaign.read(session, name: wanted).first { return found }
    if let number = Int64(wanted),
      let name = try session.rows("select name from campaign_seen where id = $1", { $0.integer(number) }).first?.text(0)
    {
      return try StoredCampaign.named(name, session)
    }
    return try StoredCampaign.named(wanted, session)
  }

  /// Campaigns whose figures are meant: itself, and of a plan that comes again its occasions.
  private static func occasions(of campaign: StoredCampaign, _ session: Connection) throws -> [Int64] {
    try session.rows(occasions) { $0.integer(campaign.id) }.map { $0.integer(0) }
  }

  static let occasions: Statement = """
    select $1::bigint union all select o.campaign_id from campaign_course_seen o where o.plan_id = $1 order by 1
    """

  static let plan: Statement = """
    select b.id, b.name, b.title, b.objective, b.branch, coalesce(r.name, b.branch), b.owner, b.settled_at, b.variants, b.time_zone,
      b.target_reach::bigint, b.target_responses::bigint, b.target_conversions::bigint, round(b.target_assets, 4)::text, b.target_currency,
      b.conversion_kind
    from bi_campaign b left join branch r on r.code = b.branch where b.id = $1
    """

  private static func plan(
    _ row: Row, _ campaign: StoredCampaign, _ launchedAt: Timestamp, occasions: Int
  ) -> Evaluation.Plan {
    let assets = row.optionalText(13).flatMap { amount in Money(amount, row.optionalText(14) ?? "") }
    return Evaluation.Plan(
      id: campaign.id, name: campaign.name, title: row.text(2), objective: row.text(3), state: campaign.state,
      branch: row.text(4), branchName: row.text(5), owner: row.text(6), launchedAt: launchedAt,
      expiresAt: campaign.expiresAt, settledAt: row.optionalTimestamp(7), variants: row.texts(8), zone: row.text(9),
      targets: .init(
        reach: row.optionalInteger(10), responses: row.optionalInteger(11), conversions: row.optionalInteger(12),
        assets: assets),
      conversion: row.optionalText(15), occasions: occasions)
  }

  // MARK: What became of them

  static let endings: Statement = """
    select state, reason, sum(people)::bigint from bi_campaign_people
    where campaign_id = any($1) and state in ('skipped', 'failed', 'expired', 'cancelled')
    group by 1, 2 order by 3 desc, 1, 2
    """

  private static func endings(_ ids: [Int64], _ session: Connection) throws -> [Evaluation.Ending] {
    try session.rows(endings) { $0.integers(ids) { $0 } }.map {
      Evaluation.Ending(state: $0.text(0), reason: $0.optionalText(1) ?? "", people: $0.integer(2))
    }
  }

  static let conversions: Statement = """
    select kind, is_goal, standing, currency, count(distinct conversion_id), round(sum(amount), 4)::text from conversion_credit
    where campaign_id = any($1) group by 1, 2, 3, 4 order by 2 desc, 1, 3, 4
    """

  private static func conversions(_ ids: [Int64], _ session: Connection) throws -> [Evaluation.Conversions] {
    var all: [Evaluation.Conversions] = []
    for row in try session.rows(conversions, { $0.integers(ids) { $0 } }) {
      let amounts = row.optionalText(5).flatMap { Money($0, row.text(3)) }.map { [$0] } ?? []
      let (kind, isGoal, standing) = (row.text(0), row.boolean(1), row.text(2))
      if let last = all.last, (last.kind, last.isGoal, last.standing) == (kind, isGoal, standing) {
        all[all.count - 1] = .init(
          kind: kind, isGoal: isGoal, standing: standing, facts: last.facts + row.integer(4),
          amounts: last.amounts + amounts)
      } else {
        all.append(.init(kind: kind, isGoal: isGoal, standing: standing, facts: row.integer(4), amounts: amounts))
      }
    }
    return all
  }

  // MARK: Treated against control

  static let lifts: Statement = """
    select campaign_id, sum(treated)::bigint, sum(control)::bigint, sum(treated_converted)::bigint, sum(control_converted)::bigint
    from bi_campaign_lift where campaign_id = any($1) group by grouping sets ((campaign_id), ())
    """

  private static func lifts(_ ids: [Int64], _ session: Connection) throws -> (all: Lift?, of: [Int64: Lift]) {
    var all: Lift?
    var each: [Int64: Lift] = [:]
    for row in try session.rows(lifts, { $0.integers(ids) { $0 } }) {
      let lift = Lift(
        treated: row.optionalInteger(1) ?? 0, control: row.optionalInteger(2) ?? 0,
        treatedConverted: row.optionalInteger(3) ?? 0, controlConverted: row.optionalInteger(4) ?? 0)
      if let id = row.optionalInteger(0) { each[id] = lift } else { all = lift }
    }
    return (all, each)
  }

  /// Means and variances of groups of people, put together.
  static let assets: Statement = """
    select day::text, currency, is_control, people, round(baseline, 4)::text, round(assets, 4)::text, mean::float8,
      greatest(0, case when people > 1 then (squares - people * mean * mean) / (people - 1) else 0 end)::float8
    from (
      select day, currency, is_control, sum(people)::bigint as people, sum(baseline) as baseline, sum(assets) as assets,
        sum(added) / nullif(sum(people), 0) as mean,
        sum(coalesce(added_variance, 0) * (people - 1) + people * added_mean * added_mean) as squares
      from bi_campaign_assets where campaign_id = any($1) group by 1, 2, 3) s
    where people > 0 order by 1, 2, 3
    """

  private static func assets(_ ids: [Int64], _ session: Connection) throws -> [Evaluation.Assets] {
    try session.rows(assets) { $0.integers(ids) { $0 } }.compactMap { row in
      guard let baseline = Money(row.text(4), row.text(1)), let assets = Money(row.text(5), row.text(1)) else {
        return nil
      }
      return Evaluation.Assets(
        day: row.text(0), currency: row.text(1), isControl: row.boolean(2), people: row.integer(3), baseline: baseline,
        assets: assets, mean: row.double(6), variance: row.double(7))
    }
  }

  // MARK: Beside others

  static let earlier: Statement = """
    select id, name, title, launched_at from bi_campaign
    where objective = $1 and launched_at < $2 and not id = any($3) order by launched_at desc, id desc limit 8
    """

  private static func earlier(
    than plan: Evaluation.Plan, but ids: [Int64], _ session: Connection
  ) throws -> [Evaluation.Earlier] {
    let rows = try session.rows(earlier) {
      $0.text(plan.objective)
      $0.timestamp(plan.launchedAt)
      $0.integers(ids) { $0 }
    }
    let known = rows.map { (id: $0.integer(0), name: $0.text(1), title: $0.text(2), at: $0.timestamp(3)) }
    guard !known.isEmpty else { return [] }
    let counts = try EvaluationFigures.ofEach(known.map(\.id), session)
    let lifts = try lifts(known.map(\.id), session).of
    return known.map {
      Evaluation.Earlier(
        name: $0.name, title: $0.title, launchedAt: $0.at, counts: counts[$0.id] ?? EvaluationCounts(),
        lift: lifts[$0.id])
    }
  }

  static let freshness: Statement = "select topic, heard_to from bi_freshness order by topic"

  private static func names(_ codes: [String], _ session: Connection) throws -> [String: String] {
    let rows = try session.rows("select code, name from branch where code = any($1)") { $0.texts(codes) { $0 } }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), $0.text(1)) })
  }
}
