/// Tables of reports as parts of a page: rows on a screen and on paper, a card for each on a phone.
struct ReportMarkup {
  let table: ReportTable
  /// Of one that could be long, so many are seen at once, and the others behind a word.
  var most = 12

  /// With its title; nothing of a table without rows.
  var section: String {
    table.rows.isEmpty ? "" : "<section><h2>\(say(table.title))</h2>\n\(markup)</section>"
  }

  var markup: String {
    let head = (table.keys + table.measures).map(MeasureWords.of)
    let titles = head.enumerated().map { place, words in
      "<th\(place < table.keys.count ? "" : " class=\"number\"")>\(say(words))</th>"
    }
    let rows = table.rows.map { row($0, head) }
    let first =
      "<table class=\"data\"><tr>\(titles.joined())</tr>\n\(rows.prefix(most).joined(separator: "\n"))</table>"
    guard rows.count > most else { return first }
    let rest = rows.dropFirst(most)
    return first + """
      <details><summary>\(say("\(rest.count) more", "其余 \(rest.count) 项"))</summary>
      <table class="data"><tr>\(titles.joined())</tr>
      \(rest.joined(separator: "\n"))</table></details>
      """
  }

  private func row(_ row: ReportTable.Row, _ head: [CampaignWords.Both]) -> String {
    let keys = row.keys.map { "<td class=\"key\">\(say($0.words))</td>" }
    let values = zip(row.values, head.dropFirst(row.keys.count)).map { value, words in
      // What has no number says nothing on a phone.
      "<td class=\"number\(value.isNothing ? " nothing" : "")\" data-en=\"\(escaped(words.english))\" data-zh=\"\(escaped(words.chinese))\">\(say(value.words))</td>"
    }
    return "<tr>\((keys + values).joined())</tr>"
  }
}
