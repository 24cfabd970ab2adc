internal import Printing
internal import Values

/// Branches and people in the order of one of their figures: in a terminal, for machines, in a spreadsheet and as a page.
struct PeopleRanking {
  typealias Both = CampaignWords.Both
  typealias Order = (name: String, value: @Sendable (PeopleCounts) -> Double)

  private let branches: [(rank: Int, counts: PeopleCounts)]
  private let people: [(rank: Int, counts: PeopleCounts)]
  private let order: Order
  private let span: PeopleReport.Span

  init(_ counts: [PeopleCounts], by order: Order, withPeople: Bool, _ span: PeopleReport.Span) {
    (self.order, self.span) = (order, span)
    branches = Self.ranked(counts.filter { $0.person == nil }, order)
    people = withPeople ? Self.ranked(counts.filter { $0.person != nil }, order) : []
  }

  /// The most first; of equals each has the same place, and they stand by their codes.
  private static func ranked(_ counts: [PeopleCounts], _ order: Order) -> [(rank: Int, counts: PeopleCounts)] {
    let sorted = counts.map { (value: order.value($0), counts: $0) }.sorted {
      ($1.value, $0.counts.branch, $0.counts.person ?? "") < ($0.value, $1.counts.branch, $1.counts.person ?? "")
    }
    var ranked: [(rank: Int, counts: PeopleCounts)] = []
    for (place, one) in sorted.enumerated() {
      let isEqual = place > 0 && sorted[place - 1].value == one.value
      ranked.append((isEqual ? ranked[place - 1].rank : place + 1, one.counts))
    }
    return ranked
  }

  // MARK: Tables

  private static let measures = [
    "held", "waiting", "pooled", "owned", "allocated", "contactedInTime", "inTime", "reclaimed", "converted", "calls",
    "talk", "tasksDone", "tasksOverdue", "campaignSent", "campaignConverted",
  ]

  private static func values(_ counts: PeopleCounts) -> [ReportTable.Value] {
    func count(_ number: Int64?) -> ReportTable.Value { number.map { .count($0) } ?? .none }
    return [
      count(counts.held), count(counts.waiting), count(counts.pooled), .count(counts.owned), .count(counts.allocated),
      .count(counts.contactedInTime), .share(optional: counts.inTime), .count(counts.reclaimed),
      .count(counts.converted), .count(counts.calls), .decimal((Double(counts.talkSeconds) / 6).rounded() / 10),
      .count(counts.tasksDone), .count(counts.tasksOverdue), count(counts.campaignSent),
      .decimal(counts.campaignConverted),
    ]
  }

  private func table(
    _ name: String, _ title: Both, _ ranked: [(rank: Int, counts: PeopleCounts)], _ keys: [String],
    _ key: (PeopleCounts) -> [ReportTable.Key]
  ) -> ReportTable {
    var table = ReportTable(name, title, keys: keys, measures: ["rank"] + Self.measures)
    for one in ranked { table.add(key(one.counts), [.count(Int64(one.rank))] + Self.values(one.counts)) }
    return table
  }

  private var branchTable: ReportTable {
    table("branches", Both("Branches", "机构"), branches, ["branch", "name"]) {
      [.init($0.branch), .init($0.name)]
    }
  }

  private var peopleTable: ReportTable {
    table("people", Both("People", "人员"), people, ["person", "name", "branch"]) {
      [.init($0.person ?? ""), .init($0.name), .init($0.branch)]
    }
  }

  func text(width: Int?) -> String {
    let shown = [branchTable, peopleTable].filter { !$0.rows.isEmpty }
    guard !shown.isEmpty else { return "There is no branch.\n" }
    return shown.map { $0.withoutEmptyMeasures(but: order.name).table.fitted(to: width) }.joined(separator: "\n")
  }

  /// One array: branches have no person.
  var json: String {
    let all = table("", Both("", ""), branches + people, ["branch", "person", "name"]) {
      [.init($0.branch), .init($0.person ?? ""), .init($0.name)]
    }.table
    return Table(
      all.columns, all.rows.map { row in [row[0], row[1] == .text("") ? .none : row[1]] + row.dropFirst(2) }
    ).json
  }

  var csv: String {
    var sheet = Spreadsheet()
    sheet.add(ReportTable.spreadsheetHead)
    branchTable.add(to: &sheet)
    peopleTable.add(to: &sheet)
    return sheet.text
  }

  // MARK: A page

  var html: String {
    Page(
      title: "Millrace", style: ReportStyle.text,
      parts: [head, chart(branches, branchTable), chart(people, peopleTable)]
    ).html
  }

  private var head: String {
    func minute(_ moment: Timestamp) -> String {
      moment.rfc3339.prefix(16).split(separator: "T").joined(separator: " ")
    }
    let (from, until) = (minute(span.from), minute(span.until) + " UTC")
    let by = MeasureWords.of(order.name)
    return """
      <header>
      \(Page.languages)
      <p class="kind">\(say("People report", "人员业绩报告"))</p>
      <h1>\(say("Branches and people", "机构与人员"))</h1>
      <p class="sub"><span>\(say("\(from) to \(until)", "\(from) 至 \(until)"))</span>
      <span>\(say("ranked by \(by.english)", "按\(by.chinese)排名"))</span></p>
      </header>
      """
  }

  private static let mostBars = 15

  private func chart(_ ranked: [(rank: Int, counts: PeopleCounts)], _ table: ReportTable) -> String {
    guard !ranked.isEmpty else { return "" }
    let place = Self.measures.firstIndex(of: order.name) ?? 0
    let bars = ranked.prefix(Self.mostBars).map { one in
      RankingChart.Bar(
        rank: one.rank, name: Both(one.counts.name, one.counts.name), value: max(0, order.value(one.counts)),
        shown: Self.values(one.counts)[place].words,
        remark: Both(one.counts.person ?? one.counts.branch, one.counts.person ?? one.counts.branch))
    }
    let by = MeasureWords.of(order.name)
    let label = Both("\(table.title.english) by \(by.english)", "\(table.title.chinese)：\(by.chinese)")
    return """
      <section class="chart"><h2>\(say(label))</h2>
      \(RankingChart(bars: Array(bars), label: label).svg)</section>
      <section class="long"><h2>\(say(table.title))</h2>
      \(ReportMarkup(table: table.withoutEmptyMeasures(but: order.name), most: 40).markup)</section>
      """
  }
}
