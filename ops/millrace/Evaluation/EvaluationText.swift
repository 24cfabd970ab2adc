internal import Printing
internal import Values

/// An evaluation in the terminal, for machines and for spreadsheets.
struct EvaluationText {
  private let evaluation: Evaluation
  private let tables: EvaluationTables
  /// Of a table that could be long; machines and spreadsheets get all of it.
  private static let mostRows = 15

  init(_ evaluation: Evaluation) {
    self.evaluation = evaluation
    tables = EvaluationTables(evaluation)
  }

  /// - Parameter width: of the terminal, if it is for one.
  func text(width: Int?) -> String {
    let plan = evaluation.plan
    var text = "\(plan.name): \(printable(plan.title))\n"
    text +=
      "\(CampaignWords.state(plan.state).english), launched \(evaluation.clock.shown(plan.launchedAt)) (\(plan.zone))"
    text += plan.occasions > 1 ? ", \(grouped(Int64(plan.occasions))) occasions.\n" : ".\n"
    for table in tables.all where table.name != "timeLine" && table.name != "assets" {
      let shown = table.name == "freshness" ? table : brief(table)
      text += "\n\(table.title.english)\n" + shown.first(Self.mostRows).table.fitted(to: width)
      let rest = shown.rows.count - Self.mostRows
      if rest > 0 { text += "… and \(rest) more: --as json or csv has them.\n" }
    }
    for remark in Self.remarks(evaluation) { text += "\n\(remark.english)" }
    return text + "\n"
  }

  /// What fits a terminal: the rest is for --as json and csv.
  private func brief(_ table: ReportTable) -> ReportTable {
    guard ["channels", "variants", "regions", "branches"].contains(table.name) else {
      return table.name == "hours" ? withoutQuietHours(table) : table
    }
    return table.only([
      "targeted", "written", "reached", "failed", "skipped", "responded", "converted", "conversionRate", "cost",
    ])
  }

  private func withoutQuietHours(_ table: ReportTable) -> ReportTable {
    table.filtered { row in row.values.contains { !$0.isNothing } }
  }

  var json: String {
    let plan = evaluation.plan
    func nested(_ table: ReportTable) -> Table.Cell { .nested(json: String(table.table.json.dropLast()), shown: "") }
    let tables = tables.all
    let head: [(Table.Column, Table.Cell)] = [
      (.left("campaign"), .text(plan.name)), (.left("title"), .text(plan.title)),
      (.left("objective"), .text(plan.objective)), (.left("state"), .text(plan.state)),
      (.left("branch"), .text(plan.branch)), (.left("owner"), .text(plan.owner)),
      (.left("timeZone"), .text(plan.zone)), (.left("launched"), .time(plan.launchedAt)),
      (.left("expires"), .time(plan.expiresAt)), (.left("settled"), .time(optional: plan.settledAt)),
      (.left("made"), .time(evaluation.madeAt)), (.right("occasions"), .number(Int64(plan.occasions))),
      (.left("total"), nested(total)),
    ]
    return Table(
      head.map(\.0) + tables.map { .left($0.name) }, [head.map(\.1) + tables.map(nested)]
    ).json
  }

  private var total: ReportTable {
    var table = ReportTable(
      "total", CampaignWords.Both("in all", "合计"), keys: ["campaign"], measures: EvaluationTables.measures)
    table.add([.init(evaluation.plan.name)], EvaluationTables.values(evaluation.total))
    return table
  }

  var csv: String {
    var sheet = Spreadsheet()
    sheet.add(ReportTable.spreadsheetHead)
    total.add(to: &sheet)
    for table in tables.all { table.add(to: &sheet) }
    return sheet.text
  }

  /// What one has to know before one relies on the figures.
  static func remarks(_ evaluation: Evaluation) -> [CampaignWords.Both] {
    var all: [CampaignWords.Both] = []
    if evaluation.plan.settledAt == nil {
      all.append(.init("It is still under way: these are the figures so far.", "活动仍在进行，以上为截至目前的数据。"))
    }
    if evaluation.plan.conversion == nil {
      all.append(
        .init("Its definition names no conversion, so that none are counted.", "活动定义未指定转化目标，故无转化统计。"))
    } else if let lift = evaluation.lift {
      if lift.isSmall {
        all.append(
          .init(
            "Fewer than ten conversions in one of the groups: the interval says little.",
            "至少一组的转化数不足 10，区间仅供参考。"))
      } else if lift.isWithinChance {
        all.append(.init("Chance alone explains the difference to the control group.", "与对照组的差异可能仅为随机波动。"))
      }
    } else {
      all.append(
        .init(
          "Nobody was left alone for comparison, so that nobody knows what would have happened by itself.",
          "未设对照组，无法判断自然转化水平。"))
    }
    return all
  }
}
