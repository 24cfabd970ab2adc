internal import Values

/// An evaluation as tables: for the terminal, machines and spreadsheets, and what of a page is no chart.
struct EvaluationTables {
  typealias Both = CampaignWords.Both
  typealias Key = ReportTable.Key
  typealias Value = ReportTable.Value

  let evaluation: Evaluation

  init(_ evaluation: Evaluation) { self.evaluation = evaluation }

  /// In the order in which people read them; those about which nothing is known are left out.
  var all: [ReportTable] {
    [
      goals, funnel, channels, variants, regions, branches, hoursOfDay, timeLine, endings, tasks, conversions,
      lift, assetsLift, assets, money, earlier, freshness,
    ].filter { !$0.rows.isEmpty }
  }

  // MARK: The whole

  var goals: ReportTable {
    var table = ReportTable(
      "targets", Both("What was hoped for", "目标完成情况"), keys: ["goal"], measures: ["target", "actual", "attained"])
    for goal in evaluation.goals {
      table.add(
        [Key(goal.goal, EvaluationWords.goal(goal.goal))],
        [
          .text(Both(goal.shown.target, goal.shown.target)), .text(Both(goal.shown.actual, goal.shown.actual)),
          goal.target > 0 ? .share(goal.actual / goal.target) : .none,
        ])
    }
    return table
  }

  var funnel: ReportTable {
    var table = ReportTable(
      "funnel", Both("From the audience to success", "转化漏斗"), keys: ["stage"],
      measures: ["people", "ofTargeted", "ofPrevious"])
    let stages = evaluation.funnel
    for (place, stage) in stages.enumerated() {
      let before = place > 0 ? stages[place - 1].number : 0
      table.add(
        [Key(stage.stage, EvaluationWords.stage(stage.stage))],
        [
          .count(stage.number), share(stage.number, of: stages[0].number),
          place > 0 ? share(stage.number, of: before) : .none,
        ])
    }
    return table
  }

  func share(_ part: Int64, of whole: Int64) -> Value {
    whole > 0 ? .share(Double(part) / Double(whole)) : .none
  }

  // MARK: By what tells people apart

  static let measures = [
    "targeted", "written", "reached", "failed", "skipped", "sent", "parts", "delivered", "bounced", "opened",
    "machineOpened", "clicked", "machineClicked", "replied", "unsubscribed", "complained", "contacted", "converted",
    "responded", "responseRate",
    "conversionRate", "cost", "costPerConversion", "amount", "revenue",
  ]

  static func values(_ counts: EvaluationCounts) -> [Value] {
    [
      .count(counts.targeted), .count(counts.written), .count(counts.reached), .count(counts.failed),
      .count(counts.skipped), .count(counts.sent), .count(counts.parts), .count(counts.delivered),
      .count(counts.bounced), .count(counts.opened), .count(counts.machineOpened), .count(counts.clicked),
      .count(counts.machineClicked), .count(counts.replied), .count(counts.unsubscribed), .count(counts.complained),
      .count(counts.contacted), .decimal(counts.converted), .count(counts.responded),
      .share(optional: counts.responseRate), .share(optional: counts.conversionRate),
      .money(counts.cost), .money(counts.costPerConversion), .money(counts.amount), .money(counts.revenue),
    ]
  }

  private func breakdown(
    _ name: String, _ title: Both, _ key: String, _ rows: [(key: String, counts: EvaluationCounts)],
    _ words: (String) -> Both
  ) -> ReportTable {
    var table = ReportTable(name, title, keys: [key], measures: Self.measures)
    for row in rows { table.add([Key(row.key, words(row.key))], Self.values(row.counts)) }
    return table.withoutEmptyMeasures()
  }

  var channels: ReportTable {
    breakdown("channels", Both("By channel", "按渠道"), "channel", evaluation.channels) {
      $0.isEmpty ? EvaluationWords.none : CampaignWords.channel($0)
    }
  }

  var variants: ReportTable {
    let names = evaluation.plan.variants
    let rows = evaluation.variants.map { row in
      (key: Int(row.key).flatMap { names.indices.contains($0) ? names[$0] : nil } ?? row.key, counts: row.counts)
    }
    return breakdown("variants", Both("By variant", "按版本"), "variant", rows) { Both($0, $0) }
  }

  var regions: ReportTable {
    breakdown("regions", Both("By region", "按地区"), "region", evaluation.regions) {
      $0.isEmpty ? EvaluationWords.unknown : Both($0, $0)
    }
  }

  var branches: ReportTable {
    breakdown("branches", Both("By branch", "按机构"), "branch", evaluation.branches) { branch($0) }
  }

  func branch(_ code: String) -> Both {
    if code.isEmpty { return EvaluationWords.none }
    return evaluation.branchNames[code].map { Both("\($0) (\(code))", "\($0)（\(code)）") } ?? Both(code, code)
  }

  // MARK: By time

  private static let timeMeasures = ["sent", "delivered", "responded", "contacted", "converted", "cost"]

  private static func timeValues(_ counts: EvaluationCounts) -> [Value] {
    [
      .count(counts.sent), .count(counts.delivered), .count(counts.responded), .count(counts.contacted),
      .decimal(counts.converted), .money(counts.cost),
    ]
  }

  var hoursOfDay: ReportTable {
    var table = ReportTable("hours", Both("By hour of the day", "按时段"), keys: ["hour"], measures: Self.timeMeasures)
    guard !evaluation.hours.isEmpty else { return table }
    for (hour, counts) in evaluation.hoursOfDay.enumerated() {
      table.add([Key((hour < 10 ? "0" : "") + "\(hour)")], Self.timeValues(counts))
    }
    return table.withoutEmptyMeasures()
  }

  var timeLine: ReportTable {
    var table = ReportTable(
      "timeLine", Both("In the course of time", "时间走势"), keys: ["at"], measures: Self.timeMeasures)
    let line = evaluation.timeLine
    for point in line.points {
      table.add([Key(line.isByHour ? point.at + ":00" : point.at)], Self.timeValues(point.counts))
    }
    return table.withoutEmptyMeasures()
  }

  // MARK: What became of them

  var endings: ReportTable {
    var table = ReportTable(
      "reasons", Both("Who got nothing, and why", "未触达原因"), keys: ["state", "reason"], measures: ["people", "share"])
    for ending in evaluation.endings {
      table.add(
        [
          Key(ending.state, EvaluationWords.ending(ending.state)),
          Key(ending.reason, EvaluationWords.reason(ending.reason)),
        ], [.count(ending.people), share(ending.people, of: evaluation.total.targeted)])
    }
    return table
  }

  var conversions: ReportTable {
    var table = ReportTable(
      "conversions", Both("What people did, and whose merit it is", "转化与归因"), keys: ["kind", "standing"],
      measures: ["isGoal", "facts", "amount"])
    for conversion in evaluation.conversions {
      table.add(
        [
          Key(conversion.kind, EvaluationWords.kind(conversion.kind)),
          Key(conversion.standing, EvaluationWords.standing(conversion.standing)),
        ],
        [
          .text(conversion.isGoal ? Both("yes", "是") : Both("no", "否")), .count(conversion.facts),
          .money(conversion.amounts),
        ])
    }
    return table
  }

  // MARK: Treated against control

  var lift: ReportTable {
    var table = ReportTable(
      "lift", Both("Against the control group", "与对照组比较"), keys: ["group"],
      measures: ["people", "converted", "rate", "low", "high"])
    guard let lift = evaluation.lift else { return table }
    table.add(
      [Key("treated", Both("written to", "实验组"))],
      [.count(lift.treated), .count(lift.treatedConverted), .share(lift.treatedRate), .none, .none])
    table.add(
      [Key("control", Both("control group", "对照组"))],
      [.count(lift.control), .count(lift.controlConverted), .share(lift.controlRate), .none, .none])
    table.add(
      [Key("lift", Both("difference", "差异"))],
      [.none, .none, .share(lift.difference), .share(lift.low), .share(lift.high)])
    return table
  }

  var assetsLift: ReportTable {
    var table = ReportTable(
      "assetsLift", Both("Assets because of it, each and in all", "增量资产"), keys: ["currency", "day"],
      measures: ["addedEach", "low", "high", "incremental"])
    for lift in evaluation.assetsLift {
      guard let difference = lift.difference else { continue }
      func money(_ units: Double?) -> Value { .money(units.flatMap { lift.money($0) }.map { [$0] } ?? []) }
      table.add(
        [Key(lift.treated.currency), Key(lift.treated.day)],
        [
          money(difference), money(lift.interval?.low), money(lift.interval?.high),
          .money([lift.incremental].compactMap { $0 }),
        ])
    }
    return table
  }

  var assets: ReportTable {
    var table = ReportTable(
      "assets", Both("Assets, day by day", "逐日资产"), keys: ["day", "group"],
      measures: ["people", "baseline", "assets", "added", "addedEach"])
    for day in evaluation.assets {
      let added = Money(
        tenThousandths: day.assets.tenThousandths - day.baseline.tenThousandths, currency: day.currency)
      let each = Money(tenThousandths: Int64((day.mean * 10_000).rounded()), currency: day.currency)
      table.add(
        [
          Key(day.day),
          day.isControl ? Key("control", Both("control group", "对照组")) : Key("treated", Both("written to", "实验组")),
        ],
        [.count(day.people), .money([day.baseline]), .money([day.assets]), .money([added]), .money([each])])
    }
    return table
  }

  // MARK: Money, others, and how fresh it is

  var money: ReportTable {
    var table = ReportTable(
      "money", Both("Cost and return", "费用与回报"), keys: ["currency"],
      measures: ["cost", "costPerReached", "costPerConversion", "amount", "revenue", "return"])
    let total = evaluation.total
    for currency in total.sums.keys.sorted() {
      func of(_ sums: [Money]) -> Value { .money(sums.filter { $0.currency == currency }) }
      table.add(
        [Key(currency)],
        [
          of(total.cost), of(total.costPerReached), of(total.costPerConversion), of(total.amount), of(total.revenue),
          .share(optional: total.returns.first { $0.currency == currency }?.ratio),
        ])
    }
    return table.withoutEmptyMeasures()
  }

  var earlier: ReportTable {
    var table = ReportTable(
      "earlier", Both("Beside earlier campaigns of this objective", "与同目标历史活动比较"), keys: ["campaign"],
      measures: [
        "launched", "targeted", "reached", "reachRate", "responseRate", "converted", "conversionRate", "lift", "cost",
        "costPerConversion",
      ])
    guard !evaluation.earlier.isEmpty else { return table }
    func add(_ name: String, _ title: String, _ at: Timestamp, _ counts: EvaluationCounts, _ lift: Lift?) {
      table.add(
        [Key(name, Both(title, title))],
        [
          .time(at, String(evaluation.clock.shown(at).prefix(10))), .count(counts.targeted), .count(counts.reached),
          .share(optional: counts.deliveryRate),
          .share(optional: counts.responseRate), .decimal(counts.converted), .share(optional: counts.conversionRate),
          .share(optional: lift?.difference), .money(counts.cost), .money(counts.costPerConversion),
        ])
    }
    let plan = evaluation.plan
    add(plan.name, plan.title, plan.launchedAt, evaluation.total, evaluation.lift)
    for one in evaluation.earlier { add(one.name, one.title, one.launchedAt, one.counts, one.lift) }
    return table
  }

  var freshness: ReportTable {
    var table = ReportTable(
      "freshness", Both("How fresh this is", "数据时效"), keys: ["topic"], measures: ["heardTo"])
    for topic in evaluation.freshness {
      table.add([Key(topic.topic)], [topic.heardTo.map { .time($0, evaluation.clock.shown($0)) } ?? .none])
    }
    return table
  }
}
