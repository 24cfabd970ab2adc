internal import Printing
internal import Values

/// An evaluation as one page, for whoever wants to know what came of it.
struct EvaluationPage {
  typealias Both = CampaignWords.Both

  let evaluation: Evaluation
  private let tables: EvaluationTables

  init(_ evaluation: Evaluation) {
    self.evaluation = evaluation
    tables = EvaluationTables(evaluation)
  }

  var html: String {
    Page(
      title: "\(evaluation.plan.title) · \(evaluation.plan.name)", style: ReportStyle.text,
      parts: [
        head, figures, goals, funnel, timeLine, regions, lift, assets, groups, reasons,
        ReportMarkup(table: tables.tasks).section, ReportMarkup(table: tables.conversions).section,
        ReportMarkup(table: tables.money).section, earlier, freshness,
      ]
    ).html
  }

  private var total: EvaluationCounts { evaluation.total }
  private var hasConversions: Bool { evaluation.plan.conversion != nil }

  private func time(_ moment: Timestamp) -> String { evaluation.clock.shown(moment) }

  // MARK: On top

  private var head: String {
    let plan = evaluation.plan
    let until = plan.settledAt ?? plan.expiresAt
    let occasions = Int64(plan.occasions)
    return """
      <header>
      \(Page.languages)
      <p class="kind">\(say("Campaign report", "营销活动评估报告"))</p>
      <h1>\(escaped(plan.title))</h1>
      <p class="sub"><code>\(escaped(plan.name))</code>
      <span class="state">\(say(CampaignWords.state(plan.state)))</span>
      <span>\(say("\(time(plan.launchedAt)) to \(time(until))", "\(time(plan.launchedAt)) 至 \(time(until))"))</span>
      <span>\(say("\(plan.branchName), \(plan.owner)", "\(plan.branchName)，\(plan.owner)"))</span>
      <span>\(say("objective: \(plan.objective)", "目标：\(plan.objective)"))</span>\
      \(plan.occasions > 1 ? "<span>\(say("\(grouped(occasions)) occasions", "共 \(grouped(occasions)) 期"))</span>" : "")</p>
      </header>
      """
  }

  private var figures: String {
    var all = [
      Page.figure(
        grouped(total.reached),
        Both("people reached, of \(grouped(total.targeted)) targeted", "触达人数，目标 \(grouped(total.targeted)) 人"),
        isFirst: true)
    ]
    if hasConversions {
      all.append(
        Page.figure(
          plainDecimal(total.converted),
          Both("conversions, \(rate(total.conversionRate)) of those reached", "转化，占触达人数 \(rate(total.conversionRate))"))
      )
    }
    all.append(
      Page.figure(
        grouped(total.responded),
        Both("responses, \(rate(total.responseRate)) of those reached", "响应，占触达人数 \(rate(total.responseRate))")))
    if let lift = evaluation.lift {
      let points = LiftChart.points(lift.difference)
      all.append(
        Page.figure(
          String(points.english.dropLast(3)), Both("points more than the control group converted", "个百分点：较对照组转化率提升")))
    }
    for cost in total.cost { all.append(Page.figure(moneyRounded(cost), Both("cost", "费用"))) }
    for cost in total.costPerConversion {
      all.append(Page.figure(moneyRounded(cost), Both("for each conversion", "单次转化成本")))
    }
    for amount in total.amount {
      all.append(Page.figure(moneyRounded(amount), Both("brought in by conversions", "转化金额")))
    }
    for revenue in total.revenue { all.append(Page.figure(moneyRounded(revenue), Both("revenue", "收入"))) }
    let remarks = EvaluationText.remarks(evaluation).map { "<p>\(say($0))</p>" }
    return """
      <section><div class="figures">\(all.joined())</div>
      \(remarks.isEmpty ? "" : "<div class=\"remarks\">\(remarks.joined())</div>")</section>
      """
  }

  private func rate(_ rate: Double?) -> String { rate.map { shareShown($0) } ?? "–" }

  private var goals: String {
    guard !evaluation.goals.isEmpty else { return "" }
    let all = evaluation.goals.map { goal in
      let share = goal.target > 0 ? goal.actual / goal.target : 0
      return """
        <div\(share < 1 ? " class=\"short\"" : "")>\(say(EvaluationWords.goal(goal.goal)))<br><b>\(escaped(goal.shown.actual))</b>
        <span class="of">\(say("of \(goal.shown.target), \(shareShown(share))", "目标 \(goal.shown.target)，完成 \(shareShown(share))"))</span>
        <div class="bar"><span style="width:\(oneDecimal(min(max(share, 0), 1) * 100))%"></span></div></div>
        """
    }
    return
      "<section><h2>\(say(tables.goals.title))</h2><div class=\"goals\">\(all.joined(separator: "\n"))</div></section>"
  }

  // MARK: Charts

  private var funnel: String {
    """
    <section class="chart"><h2>\(say(tables.funnel.title))</h2>
    \(FunnelChart(stages: evaluation.funnel).svg)
    <p class="note">\(say("People as the ledger counts them; responses are messages of which somebody, and no program, followed a link, or that somebody answered. Reached: no receipt says that it failed.", "人数以台账为准；响应为客户本人点击链接或回复的信息条数（不含程序访问）。触达：未收到失败回执。"))</p></section>
    """
  }

  private var timeLine: String {
    let line = evaluation.timeLine
    guard !line.points.isEmpty else { return "" }
    func point(_ at: String, _ counts: EvaluationCounts) -> TimeLineChart.Point {
      .init(
        at: at, sent: Double(counts.sent), delivered: Double(counts.delivered), responses: Double(counts.responded),
        converted: counts.converted)
    }
    let course = TimeLineChart(
      line.points.map { point(line.isByHour ? $0.at + ":00" : $0.at, $0.counts) }, tables.timeLine.title)
    let hours = TimeLineChart(
      evaluation.hoursOfDay.enumerated().map { point(($0.offset < 10 ? "0" : "") + "\($0.offset)", $0.element) },
      tables.hoursOfDay.title)
    return """
      <section class="chart"><h2>\(say(tables.timeLine.title))</h2>
      \(course.svg)
      <h3>\(say(tables.hoursOfDay.title))</h3>
      \(hours.svg)
      <p class="note">\(say("By the clock of the branch, \(evaluation.plan.zone).", "时间为机构当地时间（\(evaluation.plan.zone)）。"))</p></section>
      """
  }

  private static let mostBars = 12

  private var regions: String {
    let known = evaluation.regions.filter { $0.counts.reached > 0 }
    guard known.count > 1 else { return "" }
    let isByConversions = known.contains { $0.counts.converted > 0 }
    let ranked = known.sorted {
      (isByConversions ? $0.counts.converted : 0, $0.counts.reached, $1.key)
        > (isByConversions ? $1.counts.converted : 0, $1.counts.reached, $0.key)
    }
    let bars = ranked.prefix(Self.mostBars).enumerated().map { place, region in
      let counts = region.counts
      let number = isByConversions ? plainDecimal(counts.converted) : grouped(counts.reached)
      let rate = isByConversions ? counts.conversionRate : counts.deliveryRate
      return RankingChart.Bar(
        rank: place + 1, name: region.key.isEmpty ? EvaluationWords.unknown : Both(region.key, region.key),
        value: isByConversions ? counts.converted : Double(counts.reached), shown: Both(number, number),
        remark: rate.map {
          Both("\(shareShown($0)) of \(grouped(counts.reached))", "占 \(grouped(counts.reached)) 人的 \(shareShown($0))")
        })
    }
    let title =
      isByConversions ? Both("Regions by conversions", "地区转化排名") : Both("Regions by people reached", "地区触达排名")
    return """
      <section class="chart"><h2>\(say(title))</h2>
      \(RankingChart(bars: Array(bars), label: title).svg)
      \(ranked.count > Self.mostBars ? "<p class=\"note\">\(say("The first \(Self.mostBars) of \(ranked.count).", "共 \(ranked.count) 个地区，列出前 \(Self.mostBars) 个。"))</p>" : "")</section>
      """
  }

  private var lift: String {
    guard let lift = evaluation.lift else { return "" }
    let (low, high) = (LiftChart.points(lift.low), LiftChart.points(lift.high))
    let control = grouped(lift.control)
    return """
      <section class="chart"><h2>\(say(tables.lift.title))</h2>
      \(LiftChart(lift: lift).svg)
      <p class="note">\(say("Of \(grouped(lift.treated)) who were to be written to \(grouped(lift.treatedConverted)) converted, of \(control) left alone \(grouped(lift.controlConverted)). With a confidence of 95 % the difference is between \(low.english) and \(high.english).", "实验组 \(grouped(lift.treated)) 人中 \(grouped(lift.treatedConverted)) 人转化，对照组 \(control) 人中 \(grouped(lift.controlConverted)) 人转化。95% 置信区间：\(low.chinese)至\(high.chinese)。"))</p></section>
      """
  }

  private var assets: String {
    let currencies = Set(evaluation.assets.map(\.currency)).sorted()
    guard !currencies.isEmpty else { return "" }
    let charts = currencies.map { currency in
      """
      <h3>\(say("What each has beyond what they had at the launch, \(currency)", "人均较启动时新增资产（\(currency)）"))</h3>
      \(AssetsChart(days: evaluation.assets.filter { $0.currency == currency }).svg)
      """
    }
    return """
      <section class="chart"><h2>\(say("Assets since the launch", "启动以来的资产变化"))</h2>
      \(charts.joined(separator: "\n"))
      \(tables.assetsLift.rows.isEmpty ? "" : "<h3>\(say(tables.assetsLift.title))</h3>" + ReportMarkup(table: tables.assetsLift).markup)
      </section>
      """
  }

  // MARK: Tables

  private var groups: String {
    let all = [tables.channels, tables.variants, tables.branches, tables.regions].filter {
      $0.name != "variants" || $0.rows.count > 1
    }
    return all.map { table in
      ReportMarkup(
        table: table.only([
          "targeted", "reached", "failed", "skipped", "responded", "responseRate", "converted", "conversionRate",
          "cost",
        ]), most: 10
      ).section
    }.joined(separator: "\n")
  }

  private var reasons: String {
    guard !evaluation.endings.isEmpty else { return "" }
    let most = evaluation.endings.map(\.people).max() ?? 1
    let rows = evaluation.endings.prefix(20).map { ending in
      let why = EvaluationWords.reason(ending.reason)
      return """
        <tr><td>\(say(why)) <small>\(say(EvaluationWords.ending(ending.state)))</small>\
        <div class="bar"><span style="width:\(oneDecimal(Double(ending.people) * 100 / Double(max(most, 1))))%"></span></div></td>\
        <td class="number">\(grouped(ending.people))</td><td class="number">\(percent(ending.people, of: total.targeted))</td></tr>
        """
    }
    return """
      <section><h2>\(say(tables.endings.title))</h2>
      <table class="bars why">\(rows.joined(separator: "\n"))</table></section>
      """
  }

  private var earlier: String {
    ReportMarkup(
      table: tables.earlier.only([
        "launched", "reached", "responseRate", "converted", "conversionRate", "lift", "costPerConversion",
      ])
    ).section
  }

  private var freshness: String {
    let table = tables.freshness
    let rows = evaluation.freshness.map { topic in
      "<tr><td class=\"key\"><code>\(escaped(topic.topic))</code></td><td class=\"number\">\(topic.heardTo.map { time($0) } ?? "–")</td></tr>"
    }
    return """
      <section><h2>\(say(table.title))</h2>
      \(rows.isEmpty ? "" : "<table class=\"fresh\">\(rows.joined(separator: "\n"))</table>")
      <p class="note">\(say("Made \(time(evaluation.madeAt)), by the clock of the branch. Each figure stands for what had been read of its topic by then; what comes late is added to the hour in which it happened.", "生成于 \(time(evaluation.madeAt))（机构当地时间）。各项数据截至对应数据来源的读取时间；迟到的数据会补计入其发生的时段。"))</p></section>
      """
  }
}
