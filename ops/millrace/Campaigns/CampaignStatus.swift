internal import Campaigns
internal import Glibc
internal import Postgres
internal import Values

/// `campaign status`: how far a campaign is, from its counts, which no number of recipients makes slow.
enum CampaignStatus {
  static let command = Command(
    name: "campaign status", summary: "show how far a campaign is and what becomes of its recipients", operands: "NAME",
    operandCount: 1...1,
    options: [
      CommandOption("--watch", nil, "go on until it is over, or interrupted"),
      CommandOption("--every", "SECONDS", "with --watch: how often (default 2)"),
      CommandOption("--times", "N", "with --watch: end after so many"), .json,
    ],
    details: """
      The rate is that of the last minute with --watch, else the mean since the launch. Until everybody of the audience has a
      row, what is left is known from the last preview. What is to be seen to stands below, as warnings.
      """,
    examples: [
      ("millrace campaign status spring-bonds-2027", "once"),
      ("millrace campaign status spring-bonds-2027 --watch", "follow it"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let every = try invocation.integer("--every", 1...3600) ?? 2
    let times = invocation.flag("--watch") ? try invocation.integer("--times", 1...1_000_000) : 1
    let session = try invocation.database()
    var pace = CampaignPace()
    var turn: Int64 = 0
    while true {
      turn += 1
      let campaign = try StoredCampaign.named(invocation.operands[0], session)
      let definition = try CampaignDefinition(reading: campaign.definition)
      let (progress, course, gateways, budget) = try session.ask(
        CampaignProgress.question(of: campaign), CampaignCourse.question(of: campaign),
        CampaignHealth.gateways(campaign, definition), CampaignHealth.budget(definition))
      pace.add(progress)
      if invocation.flag("--watch"), !invocation.output.isJSON, isatty(STDOUT_FILENO) == 1 {
        invocation.output.write("\u{1B}[H\u{1B}[2J")
      }
      let report = CampaignReport(
        campaign, progress, rate: pace.rate(campaign, progress), CampaignHealth(definition, gateways, budget),
        try course.withOccasions(session))
      invocation.output.write(
        invocation.output.isJSON ? report.json : report.text(width: invocation.output.width))
      if times.map({ turn >= $0 }) ?? campaign.isOver { return .done }
      if invocation.flag("--watch"), !invocation.output.isJSON { invocation.output.write("\n") }
      sleep(UInt32(every))
    }
  }
}

/// How quickly a campaign goes on.
struct CampaignPace {
  private var seen: [(at: Timestamp, done: Int64)] = []
  /// Seconds that the rate is of.
  private static let window = 60.0

  mutating func add(_ progress: CampaignProgress) {
    seen.append((progress.at, progress.done))
    seen.removeAll { progress.at.seconds(since: $0.at) > Self.window }
  }

  /// Messages a second; nil where nobody can say.
  func rate(_ campaign: StoredCampaign, _ progress: CampaignProgress) -> Double? {
    if let first = seen.first, progress.at > first.at {
      return Double(progress.done - first.done) / progress.at.seconds(since: first.at)
    }
    guard campaign.state == "running", let launched = campaign.launchedAt else { return nil }
    let seconds = progress.at.seconds(since: max(launched, campaign.startsAt))
    return seconds > 0 ? Double(progress.done) / seconds : nil
  }
}
