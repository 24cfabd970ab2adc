internal import Campaigns
internal import Postgres
internal import Printing
internal import Tables
internal import Values

/// `campaign recipients`: what became of each, by their codes; nobody's address is among it.
enum CampaignRecipients {
  static let command = Command(
    name: "campaign recipients", summary: "list a campaign's recipients and what became of each", operands: "NAME",
    operandCount: 1...1,
    options: [
      CommandOption("--state", "STATE", "where they stand; `campaign status` lists the states"),
      CommandOption("--reason", "REASON", "why: `opted-out`"),
      CommandOption("--limit", "N", "so many at most (default 50; with --csv all)"),
      CommandOption("--csv", nil, "all of them as a table for spreadsheets, in UTF-8 with a heading"), .json,
    ],
    details: """
      Everybody of the audience is one row once the campaign has begun: who got nothing too, with the reason. Customers stand
      there by their code, leads by their number. `millrace outreach show` tells more of a message.
      """,
    examples: [
      ("millrace campaign recipients spring-bonds-2027 --state failed", "who got none"),
      ("millrace campaign recipients spring-bonds-2027 --csv > recipients.csv", "all, for a spreadsheet"),
    ],
    run: run)

  private static let columns: [Table.Column] = [
    .left("recipient"), .left("variant"), .left("state"), .left("reason"), .left("channel"), .right("message"),
    .left("region"), .left("branch"), .left("nextTry"), .left("changed"),
  ]
  /// Rows that are asked for at a time.
  private static let page: Int64 = 10_000

  private static func run(_ invocation: Invocation) throws -> Exit {
    let isCSV = invocation.flag("--csv")
    guard !isCSV || !invocation.output.isJSON else { throw Failure.usage("--csv and --json exclude each other.") }
    let state = try invocation.choice("--state", CampaignWords.recipientStates)
    let given = try invocation.integer("--limit", 1...1_000_000_000)
    let limit = given ?? (isCSV ? Int64.max : 50)
    let session = try invocation.database()
    let campaign = try StoredCampaign.named(invocation.operands[0], session)
    let names = try CampaignDefinition(reading: campaign.definition).variants.map(\.name)
    var found: [[Table.Cell]] = []
    var after: Int64 = -1
    var count: Int64 = 0
    if isCSV { invocation.output.write(line(columns.map(\.name), isFirst: true)) }
    while count < limit {
      let most = min(page, limit - count)
      let rows = try session.rows(
        """
        select subject, coalesce(customer, subject::text), variant, state, reason, channel, message_id, region, branch, fallback_at,
          changed_at
        from campaign_recipient_seen
        where campaign_id = $1 and subject > $2 and ($3::text is null or state = $3) and ($4::text is null or reason = $4)
        order by subject limit $5
        """
      ) {
        $0.integer(campaign.id)
        $0.integer(after)
        $0.text(state)
        $0.text(invocation.text("--reason"))
        $0.integer(most)
      }
      for row in rows {
        let cells = cells(row, names)
        if isCSV {
          invocation.output.write(line(cells.map { $0 == .none ? "" : $0.shown }))
        } else {
          found.append(cells)
        }
        after = row.integer(0)
      }
      count += Int64(rows.count)
      if rows.count < Int(most) { break }
    }
    guard !isCSV else { return .done }
    invocation.output.show(
      Table(columns, found), nothing: nothing(campaign, isChosen: state != nil || invocation.text("--reason") != nil))
    if count == limit { invocation.output.note("There may be more: --limit \(limit) was reached.") }
    return .done
  }

  private static func nothing(_ campaign: StoredCampaign, isChosen: Bool) -> String {
    campaign.launchedAt == nil
      ? "\(campaign.name) was not launched: it has no recipients yet."
      : isChosen ? "There is no such recipient." : "Nobody of its audience has a row yet."
  }

  private static func cells(_ row: Row, _ variants: [String]) -> [Table.Cell] {
    let variant = row.small(2)
    return [
      .text(row.text(1)), .text(variants.indices.contains(variant) ? variants[variant] : "\(variant)"),
      .text(row.text(3)), .text(optional: row.optionalText(4)), .text(optional: row.optionalText(5)),
      .number(optional: row.optionalInteger(6)), .text(optional: row.optionalText(7)),
      .text(optional: row.optionalText(8)), .time(optional: row.optionalTimestamp(9)), .time(row.timestamp(10)),
    ]
  }

  /// Programs for spreadsheets take the mark in front for UTF-8.
  private static func line(_ cells: [String], isFirst: Bool = false) -> String {
    var bytes: [UInt8] = isFirst ? [0xEF, 0xBB, 0xBF] : []
    bytes.append(cells: cells)
    return String(decoding: bytes, as: UTF8.self)
  }
}
