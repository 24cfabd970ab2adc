internal import Postgres
internal import Printing
internal import Values

/// The steps of a campaign's life that people take: each is one call of `step_campaign`, which says who may and when.
enum CampaignSteps {
  private static let note = CommandOption("--note", "TEXT", "why; it stays in the campaign's record")
  private static let seen = CommandOption("--version", "N", "only if the campaign is still at this version")

  private static let whose = """
    You are known by your database login, which a person of the firm has (`login` in `leads setup`). Every step stays in
    the campaign's record, with who took it: `millrace campaign show`.
    """

  static let submit = Command(
    name: "campaign submit", summary: "ask for a campaign's review", operands: "NAME", operandCount: 1...1,
    options: [note, seen, .json],
    details: """
      A draft, or one that was rejected. There has to be a preview of this very version. A definition that changes afterwards
      is a draft again.

      \(whose)
      """,
    examples: [("millrace campaign submit spring-bonds-2027", "it is ready")],
    run: { try take($0, "submit", "submitted") })

  static let approve = Command(
    name: "campaign approve", summary: "approve what you have read", operands: "NAME", operandCount: 1...1,
    options: [
      CommandOption("--version", "N", "the version that you have read, which its preview names (required)"), note,
      .json,
    ],
    details: """
      By a manager of a branch of the same level as the author's, to whom the campaign's branch belongs or is subordinate;
      never by its author. Where the definition has changed since, nothing is approved.

      \(whose)
      """,
    examples: [
      ("millrace campaign preview spring-bonds-2027 --last", "read it first"),
      ("millrace campaign approve spring-bonds-2027 --version 3", "then approve it"),
    ],
    run: { invocation in
      guard invocation.text("--version") != nil else {
        throw Failure.usage("say which version you have read: --version N, as its preview has it.")
      }
      return try take(invocation, "approve", "approved")
    })

  static let reject = Command(
    name: "campaign reject", summary: "send a campaign back to its author", operands: "NAME", operandCount: 1...1,
    options: [CommandOption("--note", "TEXT", "why (required)"), seen, .json],
    details: "Submitted or approved, by whoever could approve it.\n\n\(whose)",
    examples: [("millrace campaign reject spring-bonds-2027 --note 'The control group is missing'", "with the reason")],
    run: { try take($0, "reject", "rejected") })

  static let pause = Command(
    name: "campaign pause", summary: "let a campaign rest", operands: "NAME", operandCount: 1...1,
    options: [CommandOption("--note", "TEXT", "why (required)"), .json],
    details: """
      Calls that are under way end; senders begin none of its messages any more, within two seconds. What waits keeps waiting.

      \(whose)
      """,
    examples: [("millrace campaign pause spring-bonds-2027 --note 'wrong interest rate'", "at once")],
    run: { try take($0, "pause", "paused") })

  static let resume = Command(
    name: "campaign resume", summary: "let a paused campaign go on", operands: "NAME", operandCount: 1...1,
    options: [note, .json], details: "From where it stood.\n\n\(whose)",
    examples: [("millrace campaign resume spring-bonds-2027", "go on")],
    run: { try take($0, "resume", "resumed") })

  static let extend = Command(
    name: "campaign extend", summary: "let a campaign end later", operands: "NAME", operandCount: 1...1,
    options: [
      CommandOption("--until", "TIME", "the new end, as 2027-04-30T18:00:00+08:00 (required)"), note, .json,
    ],
    details: "Approved, scheduled, running or paused; its definition stays as it was approved.\n\n\(whose)",
    examples: [("millrace campaign extend spring-bonds-2027 --until 2027-04-30T18:00:00+08:00", "a month more")],
    run: { invocation in
      guard let text = invocation.text("--until") else { throw Failure.usage("say until when: --until TIME.") }
      guard let until = Timestamp(rfc3339: text.utf8) else {
        throw Failure.usage("--until is \(shown(text)), but must be as 2027-04-30T18:00:00+08:00.")
      }
      return try take(invocation, "extend", "extended", until: until)
    })

  static let launch = Command(
    name: "campaign launch", summary: "let an approved campaign begin", operands: "NAME", operandCount: 1...1,
    options: [note, .execute, .json],
    details: """
      At its start, or at once where that is past. Without --execute its last preview is shown in short.

      \(whose)
      """,
    examples: [
      ("millrace campaign launch spring-bonds-2027", "see what would begin"),
      ("millrace campaign launch spring-bonds-2027 --execute", "let it begin"),
    ],
    run: runLaunch)

  static let cancel = Command(
    name: "campaign cancel", summary: "call a campaign off", operands: "NAME", operandCount: 1...1,
    options: [CommandOption("--note", "TEXT", "why (required with --execute)"), .execute, .json],
    details: """
      For good: what was not sent yet is never sent. Without --execute what that is gets counted.

      \(whose)
      """,
    examples: [
      ("millrace campaign cancel spring-bonds-2027 --note 'the product is withdrawn' --execute", "never mind")
    ],
    run: runCancel)

  // MARK: Taking them

  private static func take(
    _ invocation: Invocation, _ word: String, _ step: String, until: Timestamp? = nil
  ) throws -> Exit {
    let seen = invocation.command.has("--version") ? try invocation.integer("--version", 1...Int64(Int32.max)) : nil
    try take(invocation, word, step, seen, until, try invocation.database())
    return .done
  }

  private static func take(
    _ invocation: Invocation, _ word: String, _ step: String, _ seen: Int64?, _ until: Timestamp?, _ session: Connection
  ) throws {
    let name = invocation.operands[0]
    let note = invocation.text("--note")
    if let note, !(1...1_000).contains(note.count) { throw Failure.usage("--note has 1 to 1,000 characters.") }
    let answer = try session.rows("select step_campaign($1, $2, $3, $4, $5)") {
      $0.text(name)
      $0.text(step)
      $0.small(seen.map { Int32($0) })
      $0.text(note)
      $0.timestamp(until)
    }[0].text(0)
    guard answer != "unknown-campaign" else { throw try unknown(name, session) }
    guard answer == "done" else { throw CampaignAnswer.notDone(answer, word, name, seen: seen) }
    let campaign = try StoredCampaign.named(name, session)
    invocation.output.show(table(campaign))
    invocation.output.note(CampaignAnswer.next(campaign.state, name))
  }

  private static func unknown(_ name: String, _ session: Connection) throws -> Failure {
    CampaignAnswer.unknown(name, try session.rows("select name from campaign_seen").map { $0.text(0) })
  }

  private static func table(_ campaign: StoredCampaign) -> Table {
    var table = Table(
      .left("campaign"), .right("version"), .left("state"), .left("reason"), .left("starts"), .left("expires"))
    table.add(
      .text(campaign.name), .number(campaign.version), .text(campaign.state), .text(optional: campaign.reason),
      .time(campaign.startsAt), .time(campaign.expiresAt))
    return table
  }

  private static func runLaunch(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    if invocation.isExecuting {
      try take(invocation, "launch", "launched", nil, nil, session)
      return .done
    }
    let campaign = try StoredCampaign.named(invocation.operands[0], session)
    guard campaign.state == "approved" else {
      throw CampaignAnswer.notDone("is-\(campaign.state)", "launch", campaign.name, seen: nil)
    }
    guard let report = try PreviewReport.last(of: campaign, session) else {
      throw CampaignAnswer.notDone("no-preview", "launch", campaign.name, seen: nil)
    }
    var table = Table(
      .left("campaign"), .right("version"), .left("starts"), .left("expires"), .right("recipients"), .left("cost"),
      .right("perHour"), .left("previewed"))
    table.add(
      .text(campaign.name), .number(campaign.version), .time(campaign.startsAt), .time(campaign.expiresAt),
      .number(report.recipients), .text(optional: report.cost.map { "\($0)" }), .number(optional: report.perHour),
      .time(report.madeAt))
    invocation.output.show(table)
    invocation.output.note("Nothing was done. To launch it, add --execute.")
    return .done
  }

  private static func runCancel(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    if invocation.isExecuting {
      try take(invocation, "cancel", "cancelled", nil, nil, session)
      return .done
    }
    let campaign = try StoredCampaign.named(invocation.operands[0], session)
    guard !["closed", "finished", "cancelled"].contains(campaign.state) else {
      throw CampaignAnswer.notDone("is-\(campaign.state)", "cancel", campaign.name, seen: nil)
    }
    let progress = try session.ask(CampaignProgress.question(of: campaign))
    var table = Table(.left("campaign"), .left("state"), .right("sent"), .right("wouldNotBeSent"))
    table.add(.text(campaign.name), .text(campaign.state), .number(progress.done), .number(progress.left))
    invocation.output.show(table)
    invocation.output.note("Nothing was done. To call it off for good, add --note TEXT --execute.")
    return .done
  }
}
