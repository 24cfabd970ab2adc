internal import Postgres
internal import Values

/// `campaign preview`: what a campaign would do, worked out by launch-campaigns, so that nobody's login needs a right to see
/// customers.
enum CampaignPreview {
  static let command = Command(
    name: "campaign preview", summary: "show what a campaign would do, for its review", operands: "NAME",
    operandCount: 1...1,
    options: [
      CommandOption("--html", "FILE", "write it as one page, in English and Chinese, to read and to pass on"),
      CommandOption("--last", nil, "the newest that was made of this version, in place of a new one"),
      CommandOption("--wait", "SECONDS", "wait so long for it (default 60)"), .json,
    ],
    details: """
      Whom it would reach, by channel, branch, region and variant; who gets nothing and why; parts, cost, how long it would
      take; messages as people would get them, with masked addresses; what templates lack. Nothing is sent. The launch asks
      the same question of the same tables: where nothing changes in between, it counts the same people.

      The page is one file without anything from elsewhere. FILE.html#zh opens it in Chinese.
      """,
    examples: [
      ("millrace campaign preview spring-bonds-2027", "in the terminal"),
      ("millrace campaign preview spring-bonds-2027 --html preview.html", "as a page for who reviews it"),
      ("millrace campaign preview spring-bonds-2027 --last --json", "the newest, for machines"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let name = invocation.operands[0]
    let seconds = try invocation.integer("--wait", 0...3600) ?? 60
    guard invocation.text("--html") == nil || !invocation.output.isJSON else {
      throw Failure.usage("--html and --json exclude each other.")
    }
    let session = try invocation.database()
    let campaign = try StoredCampaign.named(name, session)
    let report = invocation.flag("--last") ? try last(campaign, session) : try new(campaign, seconds, session)
    guard let file = invocation.text("--html") else {
      invocation.output.write(
        invocation.output.isJSON
          ? report.text + "\n" : try PreviewText(report, campaign).text(width: invocation.output.width))
      return .done
    }
    let steps = try CampaignShow.steps(campaign, session)
    let moments =
      [report.madeAt, campaign.startsAt, campaign.expiresAt] + steps.map(\.at) + [report.ends].compactMap { $0 }
    let page = PreviewPage(
      report, campaign, steps, branches: try branchNames(report, campaign, session),
      clock: try BranchClock.read(campaign.branch, moments, session))
    try OutputFile.write(try page.html(), to: file)
    invocation.output.write("Written: \(printable(file)). \(printable(file))#zh opens it in Chinese.\n")
    return .done
  }

  private static func last(_ campaign: StoredCampaign, _ session: Connection) throws -> PreviewReport {
    guard let report = try PreviewReport.last(of: campaign, session) else {
      throw Failure.no(
        "there is no preview of version \(campaign.version) of \(campaign.name) yet: `millrace campaign preview "
          + "\(campaign.name)` makes one.")
    }
    return report
  }

  private static func new(_ campaign: StoredCampaign, _ seconds: Int64, _ session: Connection) throws -> PreviewReport {
    let name = campaign.name
    let asked = try session.rows("select ask_for_preview($1)") { $0.text(name) }[0].optionalInteger(0)
    guard let asked else { throw CampaignAnswer.unknown(name, []) }
    let rows = try Asking.until(within: seconds) {
      $0[0].optionalTimestamp(0) != nil
    } _: {
      try session.rows("select made_at, result, failure from campaign_preview where id = $1") { $0.integer(asked) }
    }
    if let result = rows[0].optionalText(1) { return try PreviewReport(reading: result) }
    if let failure = rows[0].optionalText(2) { throw Failure.no("no preview can be made: \(printable(failure))") }
    throw Failure.no(
      "the preview is asked for, but was not made within \(seconds) s: is launch-campaigns running? `millrace campaign "
        + "preview \(name) --last` shows it once it is there.")
  }

  /// Of the branches that the page names.
  private static func branchNames(
    _ report: PreviewReport, _ campaign: StoredCampaign, _ session: Connection
  ) throws -> [String: String] {
    let codes = Set(report.groups.compactMap(\.branch) + [campaign.branch]).sorted()
    let rows = try session.rows("select code, name from branch where code = any($1)") { $0.texts(codes) { $0 } }
    return Dictionary(uniqueKeysWithValues: rows.map { ($0.text(0), $0.text(1)) })
  }
}
