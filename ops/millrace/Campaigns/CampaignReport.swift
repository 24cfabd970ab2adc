internal import Printing
internal import Values

/// What `campaign status` prints.
struct CampaignReport {
  private let campaign: StoredCampaign
  private let progress: CampaignProgress
  /// Messages a second.
  private let rate: Double?
  private let health: CampaignHealth
  /// nil: it takes none of its own.
  private let course: CampaignCourse?
  private static let barWidth = 40

  init(
    _ campaign: StoredCampaign, _ progress: CampaignProgress, rate: Double?, _ health: CampaignHealth,
    _ course: CampaignCourse? = nil
  ) {
    (self.campaign, self.progress, self.rate, self.health, self.course) = (campaign, progress, rate, health, course)
  }

  /// Seconds until nothing is left, at the present rate and not above the campaign's pace; nil where it does not move.
  var secondsLeft: Double? {
    guard campaign.state == "running", progress.left > 0 else { return nil }
    let bound = campaign.pace.map { Double($0) / 3600 }
    guard let rate = rate.map({ min($0, bound ?? $0) }) ?? bound, rate > 0 else { return nil }
    return Double(progress.left) / rate
  }

  func text(width: Int?) -> String {
    let since = campaign.reason.map { ": \(printable($0))" } ?? ""
    var text = "\(campaign.name), version \(campaign.version): \(CampaignWords.state(campaign.state).english)\(since)\n"
    let isPlan = course?.repeats == true
    text += campaign.launchedAt == nil ? "It was not launched.\n" : isPlan ? "" : line + "\n"
    if let sentence = course?.sentence(campaign) { text += sentence + "\n" }
    if let course, !course.occasions.isEmpty { text += "\n" + course.table.fitted(to: width) }
    if !progress.counts.isEmpty { text += "\n" + counts.fitted(to: width) }
    let variants = variants
    if variants.rows.count > 1 { text += "\n" + variants.fitted(to: width) }
    if !isPlan { text += "\n" + outcome }
    if !health.gateways.isEmpty { text += "\n" + health.table.fitted(to: width) }
    for warning in warnings { text += "Warning: \(warning)\n" }
    return text
  }

  private var outcome: String {
    let reached = progress.reached
    let target = health.targetReach.map { ", of \(grouped($0)) hoped for (\(percent(reached, of: $0)))" } ?? ""
    var text = "Reached: \(grouped(reached))\(target). "
    let (tasks, done) = (progress.tasks, progress.sum { $0 == "done" })
    if tasks + done > 0 { text += "Tasks: \(grouped(tasks)) to do, \(grouped(done)) done. " }
    text += "Complaints: \(grouped(campaign.complaints)). Unsubscribed: \(grouped(campaign.unsubscribes)).\n"
    if let budget = health.budget {
      text += "Budget \(budget.name): \(budget.spent) spent\(budget.left.map { ", \($0) left" } ?? "").\n"
    }
    return text
  }

  /// The bar, and what moves.
  private var line: String {
    let filled = Int(progress.share * Double(Self.barWidth))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.barWidth - filled)
    let about = progress.unexpanded > 0 ? "about " : ""
    var parts = [
      "[\(bar)] \(Int(progress.share * 100)) %",
      "\(grouped(progress.done)) of \(about)\(grouped(progress.all))",
    ]
    if let rate, campaign.state == "running" { parts.append("\(oneDecimal(rate))/s") }
    if let seconds = secondsLeft { parts.append("\(Self.span(seconds)) left") }
    return parts.joined(separator: "   ")
  }

  static func span(_ seconds: Double) -> String {
    guard seconds < 366 * 86_400 else { return "over a year" }
    let seconds = Int(seconds.rounded(.up))
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<172_800: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    default: return "\(seconds / 86_400) days \(seconds % 86_400 / 3600) h"
    }
  }

  private var counts: Table {
    var sums: [[String]: Int64] = [:]
    var order: [[String]] = []
    for count in progress.counts {
      let key = [count.state, count.reason, count.channel ?? ""]
      if sums[key] == nil { order.append(key) }
      sums[key, default: 0] += count.recipients
    }
    let places = Dictionary(uniqueKeysWithValues: CampaignWords.recipientStates.enumerated().map { ($1, $0) })
    order.sort {
      (places[$0[0]] ?? 99, -(sums[$0] ?? 0), $0[1], $0[2]) < (places[$1[0]] ?? 99, -(sums[$1] ?? 0), $1[1], $1[2])
    }
    var table = Table(.left("state"), .left("reason"), .left("channel"), .right("people"), .left("meaning"))
    for key in order {
      table.add(
        .text(key[0]), .text(optional: key[1].isEmpty ? nil : key[1]), .text(optional: key[2].isEmpty ? nil : key[2]),
        people(sums[key] ?? 0), .text(CampaignWords.recipient(key[0], key[1])))
    }
    return table
  }

  private var variants: Table {
    var table = Table(
      .left("variant"), .right("people"), .right("queued"), .right("sent"), .right("delivered"), .right("failed"),
      .right("tasks"), .right("tasksDone"))
    for (variant, counts) in Dictionary(grouping: progress.counts, by: \.variant).sorted(by: { $0.key < $1.key }) {
      func sum(_ states: String...) -> Table.Cell {
        people(counts.reduce(0) { $0 + (states.isEmpty || states.contains($1.state) ? $1.recipients : 0) })
      }
      let names = health.variants
      let name = names.indices.contains(Int(variant)) ? names[Int(variant)] : "\(variant)"
      table.add(
        .text(name), sum(), sum("queued"), sum("accepted", "delivered", "uncertain"), sum("delivered"),
        sum("failed", "expired", "cancelled"), sum("assigned", "overdue", "done"), sum("done"))
    }
    return table
  }

  /// What somebody should see to.
  var warnings: [String] {
    var all: [String] = []
    let name = campaign.name
    if campaign.state == "scheduled", progress.at.seconds(since: campaign.startsAt) > 60 {
      all.append("its start is past and it has not begun: is launch-campaigns running?")
    }
    if campaign.state == "running", campaign.expandedAt == nil, progress.counts.isEmpty, course?.repeats != true,
      progress.at.seconds(since: max(campaign.startsAt, campaign.launchedAt ?? campaign.startsAt)) > 60
    {
      let old = course?.isJoined == true ? " Or is a transaction open that began before it?" : ""
      all.append("nobody of its audience has a row yet: is launch-campaigns running?\(old)")
    }
    if campaign.state == "paused" { all.append("it rests: `millrace campaign resume \(name)` lets it go on.") }
    if let seconds = secondsLeft, progress.at.seconds(since: campaign.expiresAt) + seconds > 0 {
      let late = CampaignReport.span(progress.at.seconds(since: campaign.expiresAt) + seconds)
      all.append(
        "at this rate it would need \(late) more than it has: `millrace campaign extend \(name) --until TIME`.")
    }
    let uncertain = progress.sum { $0 == "uncertain" }
    if uncertain > 0 {
      all.append("of \(grouped(uncertain)) nobody knows what became: `millrace outreach uncertain list`.")
    }
    return all + health.warnings(progress, campaign)
  }

  var json: String {
    var table = Table(
      .left("campaign"), .right("version"), .left("state"), .left("reason"), .right("done"), .right("left"),
      .right("tasks"), .right("share"), .right("rate"), .right("secondsLeft"), .left("starts"), .left("expires"),
      .right("complaints"), .right("unsubscribes"), .left("joined"), .right("waiting"), .left("plan"),
      .left("next"), .left("occasions"), .left("counts"), .left("variants"), .left("gateways"),
      .left("warnings"))
    func nested(_ table: Table) -> Table.Cell { .nested(json: String(table.json.dropLast()), shown: "") }
    table.add(
      .text(campaign.name), .number(campaign.version), .text(campaign.state), .text(optional: campaign.reason),
      .number(progress.done), .number(progress.left), .number(progress.tasks), .decimal(progress.share),
      rate.map { .decimal($0) } ?? .none,
      secondsLeft.map { .decimal($0) } ?? .none, .time(campaign.startsAt), .time(campaign.expiresAt),
      .number(campaign.complaints), .number(campaign.unsubscribes), course.map { .boolean($0.isJoined) } ?? .none,
      .number(optional: course?.waiting), .text(optional: course?.plan), .time(optional: course?.next),
      course.map { nested($0.table) } ?? .none, nested(counts), nested(variants), nested(health.table),
      .nested(json: "[\(warnings.map(jsonQuoted).joined(separator: ","))]", shown: ""))
    return table.json
  }
}
