internal import Values

/// What a campaign has achieved, or what all occasions of one that recurs have achieved together, as roll-up-metrics has counted it.
struct Evaluation {
  /// What was planned, and by whom.
  struct Plan {
    let id: Int64
    let name: String
    let title: String
    let objective: String
    let state: String
    /// Code and name.
    let branch: String
    let branchName: String
    let owner: String
    let launchedAt: Timestamp
    let expiresAt: Timestamp
    let settledAt: Timestamp?
    /// Their names, by their place.
    let variants: [String]
    let zone: String
    let targets: Targets
    /// What counts as a success: `lead-converted` and the like; nil where the plan names none.
    let conversion: String?
    /// Campaigns whose figures these are: more than one of a campaign that recurs.
    let occasions: Int
  }

  struct Targets {
    var reach: Int64?
    var responses: Int64?
    var conversions: Int64?
    var assets: Money?
  }

  /// People by what has become of them, with the reason.
  struct Ending {
    let state: String
    let reason: String
    let people: Int64
  }

  /// Conversions of one kind, by whose they are.
  struct Conversions {
    let kind: String
    let isGoal: Bool
    /// credited, passed-over, held-out, before-send or not-reached.
    let standing: String
    let facts: Int64
    let amounts: [Money]
  }

  /// People of one group on one day, in one currency: what they have beyond what they had at the launch.
  struct Assets {
    let day: String
    let currency: String
    let isControl: Bool
    let people: Int64
    let baseline: Money
    let assets: Money
    /// For each of them, in the currency's unit.
    let mean: Double
    let variance: Double
  }

  /// An earlier campaign of the same objective.
  struct Earlier {
    let name: String
    let title: String
    let launchedAt: Timestamp
    let counts: EvaluationCounts
    let lift: Lift?
  }

  /// How far roll-up-metrics has read a topic.
  struct Freshness {
    let topic: String
    /// The newest record that was read, by Kafka's clock.
    let heardTo: Timestamp?
  }

  let plan: Plan
  let madeAt: Timestamp
  let clock: BranchClock
  let total: EvaluationCounts
  let channels: [(key: String, counts: EvaluationCounts)]
  /// By their place.
  let variants: [(key: String, counts: EvaluationCounts)]
  let regions: [(key: String, counts: EvaluationCounts)]
  let branches: [(key: String, counts: EvaluationCounts)]
  /// By the hour of the branch's clock, `2027-03-01 09`, in order.
  let hours: [(key: String, counts: EvaluationCounts)]
  let endings: [Ending]
  let tasks: [EvaluationTasks]
  let conversions: [Conversions]
  let lift: Lift?
  let assets: [Assets]
  let earlier: [Earlier]
  let freshness: [Freshness]
  /// By code.
  let branchNames: [String: String]

  /// Stages of the way from the audience to success, each with how many got so far.
  var funnel: [(stage: String, number: Int64)] {
    var stages = [
      ("targeted", total.targeted), ("written", total.written), ("reached", total.reached),
      ("responded", total.responded),
    ]
    if total.contacted > 0 { stages.append(("contacted", total.contacted)) }
    stages.append(("converted", Int64(total.converted.rounded())))
    return stages
  }

  /// What was hoped for beside what came of it; as far as the plan names it.
  var goals: [(goal: String, target: Double, actual: Double, shown: (target: String, actual: String))] {
    func count(_ goal: String, _ target: Int64?, _ actual: Int64) -> (String, Double, Double, (String, String))? {
      target.map { (goal, Double($0), Double(actual), (grouped($0), grouped(actual))) }
    }
    var all = [
      count("reach", plan.targets.reach, total.reached), count("responses", plan.targets.responses, total.responded),
      count("conversions", plan.targets.conversions, Int64(total.converted.rounded())),
    ].compactMap { $0 }
    if let target = plan.targets.assets {
      let actual =
        total.money(\.amount).first { $0.currency == target.currency }
        ?? Money(tenThousandths: 0, currency: target.currency)
      all.append(
        (
          "assets", Double(target.tenThousandths), Double(actual.tenThousandths),
          (moneyRounded(target), moneyRounded(actual))
        ))
    }
    return all
  }

  /// By the hour of the day, from 0 to 23.
  var hoursOfDay: [EvaluationCounts] {
    var sums = Array(repeating: EvaluationCounts(), count: 24)
    for (key, counts) in hours {
      if let hour = Int(key.suffix(2)), sums.indices.contains(hour) { sums[hour].add(counts) }
    }
    return sums
  }

  /// By hour where it was over within three days, else by day; in order.
  var timeLine: (isByHour: Bool, points: [(at: String, counts: EvaluationCounts)]) {
    let days = Dictionary(grouping: hours) { String($0.key.prefix(10)) }
    guard days.count > 3 else { return (true, hours.map { (at: $0.key, counts: $0.counts) }) }
    let sums = days.map { day, hours in
      (at: day, counts: hours.reduce(into: EvaluationCounts()) { $0.add($1.counts) })
    }
    return (false, sums.sorted { $0.at < $1.at })
  }

  /// What assets have grown by because of the campaign, for each currency, as of the last day that is known of it.
  var assetsLift: [AssetsLift] {
    let known = Set(assets.map(\.currency)).sorted()
    return known.compactMap { currency in
      let ofIt = assets.filter { $0.currency == currency }
      let day = ofIt.filter { !$0.isControl }.map(\.day).max()
      func group(_ isControl: Bool) -> Assets? { ofIt.first { $0.day == day && $0.isControl == isControl } }
      return group(false).map { AssetsLift(treated: $0, control: group(true)) }
    }
  }
}
