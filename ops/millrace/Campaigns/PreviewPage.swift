internal import Campaigns
internal import Printing
internal import Values

/// A preview as one page for whoever reviews it.
struct PreviewPage {
  typealias Both = CampaignWords.Both

  let report: PreviewReport
  let campaign: StoredCampaign
  let steps: [CampaignShow.Step]
  /// By code.
  let branches: [String: String]
  let clock: BranchClock

  init(
    _ report: PreviewReport, _ campaign: StoredCampaign, _ steps: [CampaignShow.Step], branches: [String: String],
    clock: BranchClock
  ) {
    (self.report, self.campaign, self.steps, self.branches, self.clock) = (report, campaign, steps, branches, clock)
  }

  func html() throws(Refusal) -> String {
    let definition = try CampaignDefinition(reading: campaign.definition)
    return Page(
      title: "\(definition.title) · \(campaign.name) \(report.version)", style: PreviewStyle.text,
      parts: [
        head(definition), warnings, figures, audience, skipped, recipients(definition), samples(definition), missing,
        plan(definition), history, decision,
      ]
    ).html
  }

  // MARK: Parts

  private func head(_ definition: CampaignDefinition) -> String {
    """
    <header>
    \(Page.languages)
    <p class="kind">\(say("Campaign preview", "营销活动预览"))</p>
    <h1>\(escaped(definition.title))</h1>
    <p class="sub"><code>\(escaped(campaign.name))</code>
    <span>\(say("version \(report.version)", "第 \(report.version) 版"))</span>
    <span class="state">\(say(CampaignWords.state(campaign.state)))</span>
    <span>\(say("made \(time(report.madeAt)); nothing was sent", "生成于 \(time(report.madeAt))，尚未发送任何信息"))</span></p>
    \(report.version == campaign.version ? "" : "<p class=\"old\">\(say("The definition has changed since: this is no longer what would be done.", "活动定义此后已修改，本预览已过时。"))</p>")
    </header>
    """
  }

  private var warnings: String {
    guard !report.warnings.isEmpty else { return "" }
    return """
      <section class="warnings"><h2>\(say("To look at first", "请先注意"))</h2>
      <ul>\(report.warnings.map { "<li>\(say(PreviewWarning.both($0)))</li>" }.joined())</ul></section>
      """
  }

  private var figures: String {
    var all = [
      Page.figure(grouped(report.recipients), Both("people would be reached", "人将被联系"), isFirst: true),
      Page.figure(
        report.cost.map { moneyShown($0) } ?? "–",
        report.cost == nil ? Both("cost unknown: no price", "费用未知：无单价") : Both("cost, about", "预计费用")),
    ]
    if let budget = report.budget {
      all.append(
        Page.figure(
          budget.left.map { moneyShown($0) } ?? "∞",
          Both("left in the budget \(budget.name)", "预算 \(budget.name) 余额")))
    }
    if let perHour = report.perHour { all.append(Page.figure(grouped(perHour), Both("messages an hour", "条/小时"))) }
    if let ends = report.ends { all.append(Page.figure(time(ends), Both("would be through by", "预计完成时间"))) }
    if let mean = report.partsOnAverage, let most = report.partsAtMost {
      all.append(
        Page.figure(
          oneDecimal(mean), Both("parts a short message on average, \(most) at most", "平均每条短信计费条数，最多 \(most) 条")))
    }
    return "<section class=\"figures\">\(all.joined())</section>"
  }

  private var audience: String {
    let parts: [(String, Both, Int64)] = [
      ("send", Both("would be reached", "将联系"), report.recipients),
      ("held", Both("control group, left alone for comparison", "对照组，不发送"), report.heldOut),
      ("skip", Both("get nothing", "不发送"), report.skippedPeople),
    ]
    let stack = parts.map { "<span class=\"\($0.0)\" style=\"flex-grow:\($0.2)\"></span>" }.joined()
    let legend = parts.map { style, words, number in
      """
      <tr><td><i class="\(style)"></i>\(say(words))</td><td>\(grouped(number))</td><td>\(percent(number, of: report.audience))</td></tr>
      """
    }.joined(separator: "\n")
    let excluded =
      report.excluded > 0
      ? "<p class=\"note\">"
        + say(
          "The exclusion took out \(grouped(report.excluded)) more, who are not counted here.",
          "排除条件另剔除 \(grouped(report.excluded)) 人，未计入上表。") + "</p>" : ""
    return """
      <section><h2>\(say("Whom it is about", "目标人群"))</h2>
      <div class="stack">\(stack)</div>
      <table>\(legend)
      <tr class="sum"><td>\(say("in all", "合计"))</td><td>\(grouped(report.audience))</td><td></td></tr></table>
      \(excluded)</section>
      """
  }

  private var skipped: String {
    guard !report.skipped.isEmpty else { return "" }
    let rows = report.skipped.map { reason, number in
      row(say(CampaignWords.reason(reason)), number, of: report.skippedPeople, note: "<code>\(escaped(reason))</code>")
    }
    return """
      <section><h2>\(say("Who gets nothing, and why", "不发送的原因"))</h2>
      <table class="bars why">\(rows.joined(separator: "\n"))</table></section>
      """
  }

  private func recipients(_ definition: CampaignDefinition) -> String {
    let shares = Dictionary(
      definition.variants.map { ($0.name, "\($0.share)") }, uniquingKeysWith: { first, _ in first })
    let tables = [
      table(Both("Channel", "渠道"), \.channel) { say(CampaignWords.channel($0)) },
      definition.variants.count > 1
        ? table(Both("Variant", "版本"), \.variant) {
          "\(escaped($0)) <small>\(say("planned \(shares[$0] ?? "-")", "计划 \(shares[$0] ?? "-")"))</small>"
        } : "",
      table(Both("Branch", "机构"), \.branch) { code in
        escaped(branches[code] ?? code) + " <code>\(escaped(code))</code>"
      },
      table(Both("Region", "地区"), \.region) { escaped($0) },
      table(Both("Language", "语言"), \.language) { escaped($0) },
    ]
    return """
      <section><h2>\(say("Who would be reached", "联系对象分布"))</h2>
      <div class="columns">\(tables.joined(separator: "\n"))</div></section>
      """
  }

  /// Of a property with many values the first so many.
  private static let mostRows = 30

  private func table(
    _ title: Both, _ property: (PreviewReport.Group) -> String?, _ shown: (String) -> String
  ) -> String {
    let counts = report.recipients(by: property)
    guard !counts.isEmpty else { return "" }
    var rows = counts.prefix(Self.mostRows).map { value, number in
      row(value.map(shown) ?? say("unknown", "未知"), number, of: report.recipients)
    }
    let rest = counts.dropFirst(Self.mostRows)
    if !rest.isEmpty {
      rows.append(
        row(
          say("\(rest.count) more", "其余 \(rest.count) 项"), rest.reduce(0) { $0 + $1.people }, of: report.recipients))
    }
    return "<div><h3>\(say(title))</h3><table class=\"bars\">\(rows.joined(separator: "\n"))</table></div>"
  }

  private func row(_ name: String, _ number: Int64, of whole: Int64, note: String = "") -> String {
    let width = whole > 0 ? oneDecimal(Double(number) * 100 / Double(whole)) : "0"
    return """
      <tr><td>\(name) \(note)<div class="bar"><span style="width:\(width)%"></span></div></td><td>\(grouped(number))</td>\
      <td>\(percent(number, of: whole))</td></tr>
      """
  }

  private func samples(_ definition: CampaignDefinition) -> String {
    guard !report.samples.isEmpty else { return "" }
    let cards = report.samples.map { sample in
      let facts = [
        sample.variant.map { say("variant \($0)", "版本 \($0)") },
        say(CampaignWords.channel(sample.channel)), sample.language.map(escaped),
        sample.to.map { escaped($0) },
        sample.parts.map { say($0 == 1 ? "1 part" : "\($0) parts", "计费 \($0) 条") },
      ].compactMap { $0 }
      let subject = sample.subject.map { "<p class=\"subject\">\(escaped($0))</p>" } ?? ""
      let language = sample.language.map { " lang=\"\(escaped($0))\"" } ?? ""
      return """
        <article class="\(escaped(sample.channel))"><p class="facts">\(facts.map { "<span>\($0)</span>" }.joined())</p>
        <div class="message"\(language)>\(subject)<p>\(escaped(sample.text))</p></div></article>
        """
    }
    return """
      <section><h2>\(say("As people would read it", "实际内容示例"))</h2>
      <div class="cards">\(cards.joined(separator: "\n"))</div></section>
      """
  }

  private var missing: String {
    guard !report.missing.isEmpty else { return "" }
    let rows = report.missing.map { missing in
      """
      <tr><td><code>\(escaped(missing.variable))</code></td><td><code>\(escaped(missing.template))</code></td>\
      <td>\(grouped(missing.recipients))</td></tr>
      """
    }
    return """
      <section><h2>\(say("What templates want and nobody knows", "模板缺失的变量"))</h2>
      <table><tr><th>\(say("variable", "变量"))</th><th>\(say("template", "模板"))</th>
      <th>\(say("people without it", "缺失人数"))</th></tr>\(rows.joined(separator: "\n"))</table></section>
      """
  }

  private func plan(_ definition: CampaignDefinition) -> String {
    let branch = branches[campaign.branch].map { "\($0) (\(campaign.branch))" } ?? campaign.branch
    var rows = CampaignFacts(definition, branch: branch, owner: campaign.owner).facts.map { fact in
      let value = fact.isCode ? "<code>\(escaped(fact.value.english))</code>" : say(fact.value)
      return "<dt>\(say(fact.label))</dt><dd>\(value)</dd>"
    }
    let start = definition.starts == nil ? say("at its launch", "启动后立即") : time(campaign.startsAt)
    rows.append("<dt>\(say("from", "开始"))</dt><dd>\(start)</dd>")
    rows.append("<dt>\(say("until", "截止"))</dt><dd>\(time(campaign.expiresAt))</dd>")
    return """
      <section><h2>\(say("The plan", "活动方案"))</h2>
      <dl>\(rows.joined(separator: "\n"))</dl>
      <p class="note">\(say("Times by the clock of the branch, \(clock.zone).", "时间为机构当地时间（\(clock.zone)）。"))</p>
      <details><summary>\(say("the definition as it was written", "定义原文"))</summary>
      <pre>\(escaped(campaign.definition))</pre></details></section>
      """
  }

  private var history: String {
    guard !steps.isEmpty else { return "" }
    let rows = steps.map { step in
      """
      <tr><td>\(time(step.at))</td><td>\(say(CampaignWords.step(step.what)))</td><td>\(step.version)</td>\
      <td>\(escaped(step.person ?? step.login))</td><td>\(escaped(step.note ?? ""))</td></tr>
      """
    }
    return """
      <section><h2>\(say("What has been done so far", "处理记录"))</h2>
      <table class="steps"><tr><th>\(say("when", "时间"))</th><th>\(say("what", "操作"))</th><th>\(say("version", "版本"))</th>
      <th>\(say("who", "操作人"))</th><th>\(say("note", "备注"))</th></tr>\(rows.joined(separator: "\n"))</table></section>
      """
  }

  private var decision: String {
    guard campaign.state == "submitted", report.version == campaign.version else { return "" }
    return """
      <section class="decision"><h2>\(say("To decide", "审批"))</h2>
      <p>\(say("By a peer of its author, never by themselves:", "由作者的同级人员审批，作者本人不得审批："))</p>
      <pre>millrace campaign approve \(escaped(campaign.name)) --version \(report.version)
      millrace campaign reject \(escaped(campaign.name)) --note '…'</pre></section>
      """
  }

  // MARK: Writing

  private func time(_ moment: Timestamp) -> String { clock.shown(moment) }
}
