internal import Campaigns
internal import Templates
internal import Values

/// What a definition says, point by point, in English and Chinese: for the review, and for `campaign show`.
struct CampaignFacts {
  typealias Both = CampaignWords.Both

  struct Fact {
    let label: Both
    let value: Both
    /// Words of the definition as they stand there.
    let isCode: Bool
  }

  private(set) var facts: [Fact] = []

  /// - Parameter branch: as it is called.
  init(_ definition: CampaignDefinition, branch: String, owner: String) {
    add("objective", "目标", definition.objective)
    add("branch", "机构", branch)
    add("owner", "负责人", owner)
    say(
      Both("purpose", "用途"), definition.purpose == .marketing ? Both("marketing", "营销") : Both("service", "服务"))
    if let product = definition.product {
      let risk = product.risk
      say(
        Both("product", "产品"),
        Both(
          product.code + (risk.map { ", risk \($0): for ratings C\($0) and above" } ?? ""),
          product.code + (risk.map { "，风险等级 R\($0)：适合 C\($0) 及以上客户" } ?? "")))
    }
    let isLeads = definition.audience == .leads
    add(
      isLeads ? "leads who are" : "customers who are", isLeads ? "目标线索" : "目标客户", definition.filter.text, isCode: true)
    if let exclusion = definition.exclusion { add("but not who are", "排除条件", exclusion.text, isCode: true) }
    course(definition.course)
    if let list = definition.columnsOf { add("told from the list", "模板可用名单", list) }
    if definition.control > .none { add("control group", "对照组", "\(definition.control)") }
    if definition.variants.count > 1 {
      add(
        "variants", "版本", definition.variants.map { "\($0.name) \($0.share)" }.joined(separator: ", "))
    }
    say(Both("channels", "渠道"), CampaignFacts.channels(definition.channels))
    if let hours = definition.hours {
      say(Both("hours", "发送时段"), Both("within those of the calendar \(hours)", "日历 \(hours) 的时段内"))
    }
    if let pace = definition.pace {
      say(
        Both("pace", "发送速度"),
        Both("\(grouped(Int64(pace))) messages an hour at most", "每小时最多 \(grouped(Int64(pace))) 条"))
    }
    if let cap = definition.cap {
      let within = CampaignFacts.span(cap.within)
      say(
        Both("cap", "接触频次"),
        Both(
          "nobody who had \(cap.messages) by the channel within \(within.english)",
          "\(within.chinese)内同一渠道最多 \(cap.messages) 条"))
    }
    if let budget = definition.budget { add("budget", "预算", budget) }
    if let pauseAt = definition.pauseAt { say(Both("pauses itself", "自动暂停"), CampaignFacts.pause(pauseAt)) }
    targets(definition.targets)
    if let conversion = definition.conversion {
      say(Both("success", "转化"), CampaignFacts.success(conversion))
    }
  }

  private mutating func add(_ english: String, _ chinese: String, _ value: String, isCode: Bool = false) {
    facts.append(Fact(label: Both(english, chinese), value: Both(value, value), isCode: isCode))
  }

  private mutating func say(_ label: Both, _ value: Both) {
    facts.append(Fact(label: label, value: value, isCode: false))
  }

  private mutating func targets(_ targets: CampaignDefinition.Targets) {
    let all = [
      (Both("reach", "触达"), targets.reach.map { grouped(Int64($0)) }),
      (Both("responses", "响应"), targets.responses.map { grouped(Int64($0)) }),
      (Both("conversions", "转化"), targets.conversions.map { grouped(Int64($0)) }),
      (Both("assets", "新增资产"), targets.assets.map { "\($0)" }),
    ].compactMap { word, value in value.map { (word, $0) } }
    guard !all.isEmpty else { return }
    say(
      Both("targets", "指标"),
      Both(
        all.map { "\($0.english) \($1)" }.joined(separator: ", "),
        all.map { "\($0.chinese) \($1)" }.joined(separator: "，")))
  }

  private mutating func course(_ course: CampaignDefinition.Course) {
    switch course {
    case .once: break
    case .every(let recurrence): say(Both("comes again", "定期重复"), CampaignFacts.recurrence(recurrence))
    case .joined: say(Both("who joins", "陆续加入"), Both("whoever comes to fulfil this until it expires", "到期前新符合条件的人"))
    }
  }

  private static func channels(_ steps: [CampaignDefinition.Step]) -> Both {
    var english: [String] = []
    var chinese: [String] = []
    for (place, step) in steps.enumerated() {
      let when = place > 0 ? when(step, after: steps[place - 1]) : []
      let what = what(step)
      english.append((when.isEmpty ? "" : when.map(\.english).joined(separator: " or ") + " ") + what.english)
      chinese.append(when.map(\.chinese).joined(separator: "或") + what.chinese)
    }
    return Both(english.joined(separator: ", then "), chinese.joined(separator: "，之后"))
  }

  private static func recurrence(_ recurrence: Recurrence) -> Both {
    let days: Both
    if !recurrence.weekdays.isEmpty {
      let names: [Recurrence.Weekday: Both] = [
        .mon: Both("Monday", "周一"), .tue: Both("Tuesday", "周二"), .wed: Both("Wednesday", "周三"),
        .thu: Both("Thursday", "周四"), .fri: Both("Friday", "周五"), .sat: Both("Saturday", "周六"),
        .sun: Both("Sunday", "周日"),
      ]
      let known = recurrence.weekdays.compactMap { names[$0] }
      days = Both(
        "each " + known.map(\.english).joined(separator: ", "), "每" + known.map(\.chinese).joined(separator: "、"))
    } else if !recurrence.days.isEmpty {
      let list = recurrence.days.map(String.init)
      days = Both(
        "each month on day " + list.joined(separator: ", "), "每月 " + list.joined(separator: "、") + " 日")
    } else {
      days = Both("every day", "每天")
    }
    let open = span(recurrence.open)
    let again = recurrence.again.map { span($0) }
    return Both(
      "\(days.english) at \(recurrence.at), open for \(open.english)"
        + (again.map { "; nobody again within \($0.english)" } ?? ""),
      "\(days.chinese) \(recurrence.at)，持续 \(open.chinese)" + (again.map { "；同一人 \($0.chinese)内不重复" } ?? ""))
  }

  private static func what(_ step: CampaignDefinition.Step) -> Both {
    let channel = CampaignWords.channel(step.channel.rawValue)
    if let task = step.task {
      let due = span(task.due)
      return Both("\(channel.english), due within \(due.english)", "\(channel.chinese)（\(due.chinese)内完成）")
    }
    let template = step.template ?? ""
    return Both(
      "\(channel.english) “\(template)”" + (step.gateway.map { " by \($0)" } ?? ""),
      "\(channel.chinese)“\(template)”" + (step.gateway.map { "（\($0)）" } ?? ""))
  }

  private static func when(_ step: CampaignDefinition.Step, after last: CampaignDefinition.Step) -> [Both] {
    let (within, silence) = (step.onFailure.map(span), step.afterSilence.map(span))
    if last.task != nil {
      // What is overdue for so long, or at once, where nothing else is said.
      let overdue =
        silence.map { Both("when overdue by \($0.english)", "逾期\($0.chinese)时") } ?? Both("when overdue", "逾期时")
      return (within == nil ? [] : [Both("when nobody could be reached", "联系不上时")]) + [overdue]
    }
    return [
      within.map { Both("on failure within \($0.english)", "\($0.chinese)内发送失败时") },
      silence.map { Both("after \($0.english) of silence", "\($0.chinese)无回执时") },
    ].compactMap { $0 }
  }

  private static func pause(_ pauseAt: CampaignDefinition.PauseAt) -> Both {
    let all = [
      pauseAt.failures.map { Both("\($0) failures", "失败率 \($0)") },
      pauseAt.complaints.map { Both("\($0) complaints", "投诉率 \($0)") },
    ].compactMap { $0 }
    let after = grouped(Int64(pauseAt.after))
    return Both(
      "at more than \(all.map(\.english).joined(separator: " or ")), once \(after) were sent",
      "发送 \(after) 条后，\(all.map(\.chinese).joined(separator: "或"))以上")
  }

  private static func success(_ conversion: CampaignDefinition.Conversion) -> Both {
    let what =
      switch conversion.by {
      case .leadConverted: Both("a lead becomes a customer", "线索转为客户")
      case .assetsAdded: Both("assets are added", "资产增加")
      case .contacted: Both("a contact", "有效联系")
      }
    let credit =
      switch conversion.credit {
      case .lastTouch: Both("credited to the last campaign", "归因于最后一次触达")
      case .even: Both("credited to all campaigns evenly", "各次触达平均归因")
      }
    let within = span(conversion.within)
    return Both(
      "\(what.english) within \(within.english), \(credit.english)",
      "\(within.chinese)内\(what.chinese)，\(credit.chinese)")
  }

  /// `24 h`, `30 days`.
  static func span(_ duration: Duration) -> Both {
    let seconds = duration.components.seconds
    let units: [(seconds: Int64, english: String, chinese: String)] = [
      (86_400, "days", "天"), (3_600, "h", "小时"), (60, "min", "分钟"),
    ]
    // A day and a night is better said in hours.
    let unit = units.first { seconds % $0.seconds == 0 && seconds >= ($0.seconds == 86_400 ? 2 * 86_400 : $0.seconds) }
    guard let unit else { return Both("\(seconds) s", "\(seconds) 秒") }
    return Both("\(seconds / unit.seconds) \(unit.english)", "\(seconds / unit.seconds) \(unit.chinese)")
  }
}
