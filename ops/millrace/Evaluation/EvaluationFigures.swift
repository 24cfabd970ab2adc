internal import Postgres
internal import Values

/// What was counted of campaigns, by channel, variant, region, branch and hour: two statements, each over all of them at once.
struct EvaluationFigures {
  /// As `grouping` numbers them: a bit for each that is not told apart.
  enum Dimension: Int64, CaseIterable {
    case all = 31
    case hour = 30
    case branch = 29
    case region = 27
    case variant = 23
    case channel = 15
  }

  private var counts: [Dimension: [String: EvaluationCounts]] = [:]

  var total: EvaluationCounts { counts[.all]?[""] ?? EvaluationCounts() }

  /// The most people first.
  func ranked(_ dimension: Dimension) -> [(key: String, counts: EvaluationCounts)] {
    all(dimension).sorted {
      ($1.counts.reached, $1.counts.targeted, $0.key) < ($0.counts.reached, $0.counts.targeted, $1.key)
    }
  }

  func inOrder(_ dimension: Dimension) -> [(key: String, counts: EvaluationCounts)] {
    all(dimension).sorted { $0.key < $1.key }
  }

  private func all(_ dimension: Dimension) -> [(key: String, counts: EvaluationCounts)] {
    (counts[dimension] ?? [:]).map { (key: $0.key, counts: $0.value) }
  }

  /// - Parameter zone: by whose clock hours are named.
  static func read(_ ids: [Int64], zone: String, _ session: Connection) throws -> EvaluationFigures {
    var figures = EvaluationFigures()
    func add(_ row: Row, _ found: EvaluationCounts) {
      guard let dimension = Dimension(rawValue: row.integer(0)) else { return }
      figures.counts[dimension, default: [:]][row.optionalText(1) ?? "", default: EvaluationCounts()].add(found)
    }
    for row in try session.rows(people, { $0.integers(ids) { $0 } }) { add(row, ofPeople(row)) }
    let rows = try session.rows(events) {
      $0.integers(ids) { $0 }
      $0.text(zone)
    }
    for row in rows { add(row, ofEvents(row)) }
    return figures
  }

  /// Of each campaign all together.
  static func ofEach(_ ids: [Int64], _ session: Connection) throws -> [Int64: EvaluationCounts] {
    var counts: [Int64: EvaluationCounts] = [:]
    for row in try session.rows(peopleOfEach, { $0.integers(ids) { $0 } }) {
      counts[row.integer(0), default: EvaluationCounts()].add(ofPeople(row))
    }
    for row in try session.rows(eventsOfEach, { $0.integers(ids) { $0 } }) {
      counts[row.integer(0), default: EvaluationCounts()].add(ofEvents(row))
    }
    return counts
  }

  // MARK: People

  static let people: Statement = """
    select grouping(channel, variant, region, branch)::bigint * 2 + 1,
      coalesce(channel, variant::text, region, branch), sum(people)::bigint,
      coalesce(sum(people) filter (where state = 'held-out'), 0)::bigint,
      coalesce(sum(people) filter (where state in ('queued', 'assigned', 'overdue')), 0)::bigint,
      coalesce(sum(people) filter (where state in ('accepted', 'delivered', 'uncertain', 'failed', 'done')), 0)::bigint,
      coalesce(sum(people) filter (where state in ('accepted', 'delivered') or state = 'done' and reason <> 'unreachable'), 0)::bigint,
      coalesce(sum(people) filter (where state = 'failed'), 0)::bigint,
      coalesce(sum(people) filter (where state = 'skipped'), 0)::bigint,
      coalesce(sum(people) filter (where state in ('expired', 'cancelled')), 0)::bigint
    from bi_campaign_people where campaign_id = any($1)
    group by grouping sets ((), (channel), (variant), (region), (branch))
    """

  static let peopleOfEach: Statement = """
    select campaign_id, null::text, sum(people)::bigint,
      coalesce(sum(people) filter (where state = 'held-out'), 0)::bigint,
      coalesce(sum(people) filter (where state in ('queued', 'assigned', 'overdue')), 0)::bigint,
      coalesce(sum(people) filter (where state in ('accepted', 'delivered', 'uncertain', 'failed', 'done')), 0)::bigint,
      coalesce(sum(people) filter (where state in ('accepted', 'delivered') or state = 'done' and reason <> 'unreachable'), 0)::bigint,
      coalesce(sum(people) filter (where state = 'failed'), 0)::bigint,
      coalesce(sum(people) filter (where state = 'skipped'), 0)::bigint,
      coalesce(sum(people) filter (where state in ('expired', 'cancelled')), 0)::bigint
    from bi_campaign_people where campaign_id = any($1) group by 1
    """

  private static func ofPeople(_ row: Row) -> EvaluationCounts {
    func count(_ column: Int32) -> Int64 { row.optionalInteger(column) ?? 0 }
    return EvaluationCounts(
      targeted: count(2), heldOut: count(3), waiting: count(4), written: count(5), reached: count(6), failed: count(7),
      skipped: count(8), ended: count(9))
  }

  // MARK: Events

  /// Put together twice, by time and by place, and told apart only then: a campaign has few hours and few places, and many of both.
  static let events: Statement = """
    with credit as materialized (
      select channel, variant, date_trunc('hour', converted_at, 'UTC') as hour, region, branch_id,
        case when is_goal then 'goal' else '' end as what, kind, currency, sum(share) as share, coalesce(sum(amount), 0) as amount
      from conversion_credit where campaign_id = any($1) and standing = 'credited' group by 1, 2, 3, 4, 5, 6, 7, 8),
    timed as (
      select channel, variant, hour, what, what = 'failed' and channel = 'email' and reason = 'not-delivered' as is_bounce, currency,
        sum(events) as events, sum(parts) as parts, sum(amount) as amount
      from campaign_figure where campaign_id = any($1) and events <> 0 group by 1, 2, 3, 4, 5, 6
      union all
      select channel, variant, hour, what || kind, false, currency, sum(share), 0, sum(amount) from credit group by 1, 2, 3, 4, 5, 6),
    placed as (
      select region, branch_id, what, what = 'failed' and channel = 'email' and reason = 'not-delivered' as is_bounce, currency,
        sum(events) as events, sum(parts) as parts, sum(amount) as amount
      from campaign_figure where campaign_id = any($1) and events <> 0 group by 1, 2, 3, 4, 5
      union all
      select region, branch_id, what || kind, false, currency, sum(share), 0, sum(amount) from credit group by 1, 2, 3, 4, 5)
    select case grouping(channel, variant, hour) when 7 then 31 when 6 then 30 when 5 then 23 else 15 end::bigint,
      coalesce(channel, variant::text, to_char(hour at time zone $2, 'YYYY-MM-DD HH24')), what, is_bounce, currency, sum(events)::float8,
      sum(parts)::bigint, round(sum(amount) * 10000)::bigint
    from timed group by grouping sets ((what, is_bounce, currency), (channel, what, is_bounce, currency), (variant, what, is_bounce, currency),
      (hour, what, is_bounce, currency))
    union all
    select case grouping(region, branch_id) when 1 then 27 else 29 end,
      coalesce(region, (select b.code from branch b where b.id = branch_id), ''), what, is_bounce, currency, sum(events)::float8,
      sum(parts)::bigint, round(sum(amount) * 10000)::bigint
    from placed group by grouping sets ((region, what, is_bounce, currency), (branch_id, what, is_bounce, currency))
    """

  static let eventsOfEach: Statement = """
    select campaign_id, null::text, what, what = 'failed' and channel = 'email' and reason = 'not-delivered', currency, sum(events)::float8,
      sum(parts)::bigint, round(sum(amount) * 10000)::bigint
    from campaign_figure where campaign_id = any($1) and events <> 0 group by 1, 3, 4, 5
    union all
    select campaign_id, null, case when is_goal then 'goal' else '' end || kind, false, currency, sum(share)::float8, 0,
      round(coalesce(sum(amount), 0) * 10000)::bigint
    from conversion_credit where campaign_id = any($1) and standing = 'credited' group by 1, 3, 5
    """

  private static func ofEvents(_ row: Row) -> EvaluationCounts {
    var counts = EvaluationCounts()
    let (what, number) = (row.text(2), Int64(row.double(5).rounded()))
    var sums = EvaluationCounts.Sums()
    switch what {
    case "accepted": (counts.sent, counts.parts) = (number, row.integer(6))
    case "delivered": counts.delivered = number
    case "failed": counts.bounced = row.boolean(3) ? number : 0
    case "opened": counts.opened = number
    case "machine-opened": counts.machineOpened = number
    case "clicked": counts.clicked = number
    case "machine-clicked": counts.machineClicked = number
    case "replied": counts.replied = number
    case "responded": counts.responded = number
    case "unsubscribed": counts.unsubscribed = number
    case "complained": counts.complained = number
    default: break
    }
    // Conversions: the campaign's own kind, and others. What somebody did is one, whichever it is.
    let isGoal = what.hasPrefix("goal")
    let kind = isGoal ? String(what.dropFirst(4)) : what
    if isGoal { counts.converted = row.double(5) }
    if kind == "contacted" { counts.contacted = number }
    let amount = row.integer(7)
    if isGoal { sums.amount = amount }
    if kind == "earned" {
      sums.revenue = amount
    } else if !isGoal, !["lead-converted", "assets-added", "contacted"].contains(kind) {
      sums.cost = amount
    }
    let currency = row.text(4)
    if !currency.isEmpty, sums != EvaluationCounts.Sums() { counts.sums[currency] = sums }
    return counts
  }
}
