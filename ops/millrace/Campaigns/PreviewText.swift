internal import Campaigns
internal import Printing
internal import Values

/// A preview in the terminal.
struct PreviewText {
  private let report: PreviewReport
  private let campaign: StoredCampaign
  private let definition: CampaignDefinition
  /// Of a table that could be long.
  private static let mostRows = 12
  private static let barWidth = 24

  init(_ report: PreviewReport, _ campaign: StoredCampaign) throws(Refusal) {
    self.report = report
    self.campaign = campaign
    definition = try CampaignDefinition(reading: campaign.definition)
  }

  /// - Parameter width: of the terminal, if it is for one.
  func text(width: Int?) -> String {
    var text = "\(campaign.name), version \(report.version): \(printable(definition.title))\n"
    text += "Made \(Table.Cell.time(report.madeAt).shown). Nothing was sent.\n\n"
    text += audience.fitted(to: width)
    if report.excluded > 0 { text += "The exclusion took out \(grouped(report.excluded)) more.\n" }
    if !report.skipped.isEmpty { text += "\n" + skipped.fitted(to: width) }
    text += "\n" + plan.upright
    let tables = [
      table("channel", \.channel), table("variant", \.variant), table("branch", \.branch), table("region", \.region),
      table("language", \.language),
    ]
    // A campaign without variants has none to tell apart.
    for table in tables where table.rows.contains(where: { $0[0] != .text("unknown") }) {
      text += "\n" + table.fitted(to: width)
    }
    if !report.missing.isEmpty { text += "\n" + missing.fitted(to: width) }
    for sample in report.samples { text += "\n" + shown(sample) }
    if !report.warnings.isEmpty { text += "\n" }
    for warning in report.warnings { text += "Warning: \(printable(warning)).\n" }
    let isOld = report.version != campaign.version
    text += "\n" + (isOld ? "The definition has changed since.\n" : "") + next + "\n"
    return text
  }

  private var next: String {
    let name = campaign.name
    return switch campaign.state {
    case "draft": "Next: `millrace campaign submit \(name)` asks for its review."
    case "submitted":
      "Next: `millrace campaign approve \(name) --version \(report.version)`, or `millrace campaign reject \(name) --note TEXT`, "
        + "by a peer of its author."
    default: CampaignAnswer.next(campaign.state, name)
    }
  }

  private var audience: Table {
    var table = Table(.left("audience"), .right("people"), .right("share"), .left("bar"))
    func add(_ name: String, _ number: Int64) {
      table.add(
        .text(name), people(number), .text(percent(number, of: report.audience)),
        .text(PreviewText.bar(number, of: report.audience)))
    }
    add("would be reached", report.recipients)
    add("control group", report.heldOut)
    add("get nothing", report.skippedPeople)
    table.add(.text("in all"), people(report.audience), .none, .none)
    return table
  }

  private var skipped: Table {
    var table = Table(.left("getNothing"), .right("people"), .left("because"))
    for (reason, number) in report.skipped {
      table.add(.text(reason), people(number), .text(CampaignWords.reason(reason).english))
    }
    return table
  }

  private var plan: Table {
    var columns: [Table.Column] = []
    var cells: [Table.Cell] = []
    func add(_ name: String, _ cell: Table.Cell) {
      guard cell != .none else { return }
      columns.append(.left(name))
      cells.append(cell)
    }
    add("parts", .text(optional: PreviewText.parts(report)))
    add("cost", .text(optional: report.cost.map { "about \($0), as the samples are long" }))
    add(
      "budget", .text(optional: report.budget.map { "\($0.name), \($0.left.map { "\($0) left" } ?? "without bound")" }))
    add("anHour", .text(optional: report.perHour.map { "\(grouped($0)) messages" }))
    add("starts", definition.starts == nil ? .text("at its launch") : .time(campaign.startsAt))
    add("wouldEnd", .time(optional: report.ends))
    add("expires", .time(campaign.expiresAt))
    return Table(columns, [cells])
  }

  static func parts(_ report: PreviewReport) -> String? {
    guard let mean = report.partsOnAverage, let most = report.partsAtMost else { return nil }
    return "\(oneDecimal(mean)) a short message on average, \(most) at most"
  }

  private func table(_ name: String, _ property: (PreviewReport.Group) -> String?) -> Table {
    var table = Table(.left(name), .right("recipients"), .right("share"))
    let counts = report.recipients(by: property)
    for (value, number) in counts.prefix(PreviewText.mostRows) {
      table.add(.text(value ?? "unknown"), people(number), .text(percent(number, of: report.recipients)))
    }
    let rest = counts.dropFirst(PreviewText.mostRows)
    if !rest.isEmpty {
      let number = rest.reduce(0) { $0 + $1.people }
      table.add(.text("\(rest.count) more"), people(number), .text(percent(number, of: report.recipients)))
    }
    return table
  }

  private var missing: Table {
    var table = Table(.left("variable"), .left("template"), .right("peopleWithout"))
    for missing in report.missing {
      table.add(.text(missing.variable), .text(missing.template), people(missing.recipients))
    }
    return table
  }

  private func shown(_ sample: PreviewReport.Sample) -> String {
    let head = [
      sample.variant.map { "Variant \($0)" }, CampaignWords.channel(sample.channel).english, sample.language,
      sample.to.map { "to \($0)" }, sample.parts.map { $0 == 1 ? "1 part" : "\($0) parts" },
    ].compactMap { $0.map(printable) }.joined(separator: ", ")
    let subject = sample.subject.map { "  \(printable($0))\n\n" } ?? ""
    let text = lines(sample.text).split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
    return "\(head):\n\(subject)\(text)"
  }

  static func bar(_ part: Int64, of whole: Int64) -> String {
    let filled = whole > 0 ? Int((Double(part) / Double(whole) * Double(barWidth)).rounded()) : 0
    return String(repeating: "#", count: filled) + String(repeating: ".", count: barWidth - filled)
  }
}
