internal import Postgres
internal import Printing
internal import Values

/// `campaign verify` and `campaign rebuild`: figures against what was heard, the ledger and the conversions, and figures made again.
enum CampaignFigures {
  static let verify = Command(
    name: "campaign verify", summary: "compare a campaign's figures with what they are made from, to the unit",
    operands: "[NAME]", operandCount: 0...1,
    options: [
      CommandOption("--all", nil, "every campaign that was launched"),
      CommandOption("--within", "SECONDS", "how long what is on its way may take to arrive (default 30)"), .json,
    ],
    details: """
      In one snapshot: figures are added up again from what was heard, people counted again from the ledger, credits
      worked out again from conversions, messages and tasks (whose numbers stand below zero), and each message's last
      step looked for among what was heard.
      Events go on arriving meanwhile; a difference counts when it still stands, unchanged, at the end of the time.
      """,
    examples: [
      ("millrace campaign verify spring-bonds-2027", "one"),
      ("millrace campaign verify --all --json", "all, for a script"),
    ],
    run: verify)

  static let rebuild = Command(
    name: "campaign rebuild", summary: "make a campaign's figures again", operands: "NAME", operandCount: 1...1,
    options: [CommandOption("--execute", nil, "do it; else what would change is shown"), .json],
    details: """
      Figures are corrected by what they are wrong by, in one statement: nobody finds them missing, and what is counted
      meanwhile is counted. People are counted again; credits and assets roll-up-metrics works out again within seconds.
      """,
    examples: [("millrace campaign rebuild spring-bonds-2027 --execute", "after a difference was understood")],
    run: rebuild)

  private static let mostShown = 100

  /// A difference, as the database tells it.
  private struct Difference: Hashable {
    let campaign: String
    let what: String
    let item: String
    let found: String
    let expected: String
  }

  // MARK: Verifying

  private static func verify(_ invocation: Invocation) throws -> Exit {
    let isAll = invocation.flag("--all")
    guard isAll == invocation.operands.isEmpty else { throw Failure.usage("name a campaign, or say --all.") }
    let patience = try invocation.integer("--within", 0...3600) ?? 30
    let session = try invocation.database()
    let campaigns =
      isAll
      ? try StoredCampaign.read(session).filter { $0.launchedAt != nil }
      : [try StoredCampaign.named(invocation.operands[0], session)]
    // One of a million takes some seconds.
    _ = try session.rows("set statement_timeout = '10min'")
    var standing: Set<Difference>?
    var passing = 0
    let last = try Asking.until(within: patience, every: 500, \Set<Difference>.isEmpty) {
      var found: Set<Difference> = []
      for campaign in campaigns { found.formUnion(try differences(campaign, session)) }
      // Those that have changed since were on their way.
      let still = standing.map { $0.intersection(found) } ?? found
      passing = found.count - still.count
      standing = still
      return still
    }
    let wrong = last.sorted { ($0.campaign, $0.what, $0.item) < ($1.campaign, $1.what, $1.item) }
    let names = campaigns.count == 1 ? "the campaign \(campaigns[0].name)" : "\(campaigns.count) campaigns"
    show(wrong, invocation, nothing: "The figures of \(names) are what they are made from.")
    if passing > 0 { invocation.output.note("\(passing) more were on their way.") }
    return wrong.isEmpty ? .done : .no
  }

  private static func differences(_ campaign: StoredCampaign, _ session: Connection) throws -> [Difference] {
    try session.rows("select what, item, found, expected from campaign_differences($1)") { $0.integer(campaign.id) }.map
    {
      Difference(
        campaign: campaign.name, what: $0.text(0), item: $0.text(1), found: told($0.text(2)),
        expected: told($0.text(3)))
    }
  }

  /// What is on one side alone comes as the blanks between its fields from the other.
  static func told(_ side: String) -> String { side.allSatisfy { $0 == " " } ? "none" : side }

  private static func show(_ differences: [Difference], _ invocation: Invocation, nothing: String) {
    var table = Table(.left("campaign"), .left("what"), .left("which"), .left("found"), .left("expected"))
    for one in differences.prefix(mostShown) {
      table.add(.text(one.campaign), .text(one.what), .text(one.item), .text(one.found), .text(one.expected))
    }
    invocation.output.show(table, nothing: nothing)
    if differences.count > mostShown {
      invocation.output.note("\(differences.count) differ; the first \(mostShown) are shown.")
    }
  }

  // MARK: Rebuilding

  private static func rebuild(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let campaign = try StoredCampaign.named(invocation.operands[0], session)
    _ = try session.rows("set statement_timeout = '10min'")
    let found = try differences(campaign, session)
    show(found, invocation, nothing: "The figures of the campaign \(campaign.name) are what they are made from.")
    guard invocation.flag("--execute") else {
      invocation.output.note("Nothing was changed: --execute makes them again.")
      return .done
    }
    try session.transaction {
      let answer = try session.rows("select rebuild_campaign($1)") { $0.text(campaign.name) }[0].text(0)
      guard answer == "done" else { throw Failure.no("the campaign \(shown(campaign.name)) is not there any more.") }
      try OperatorAction.record(invocation, "\(found.count) differences before", session)
    }
    invocation.output.note("Its figures were made again.")
    return .done
  }
}
