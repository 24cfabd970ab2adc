internal import Campaigns
internal import Postgres
internal import Printing
internal import Values

/// `campaign list` and `campaign show`.
enum CampaignShow {
  static let list = Command(
    name: "campaign list", summary: "list campaigns, the newest first, with what has become of their recipients",
    options: [
      CommandOption("--state", "STATE", CampaignWords.states.joined(separator: ", ")),
      CommandOption("--branch", "CODE", "only those of this branch"),
      CommandOption("--of", "NAME", "the occasions of this campaign, which comes again; else they are counted with it"),
      CommandOption("--limit", "N", "so many at most (default 50)"), .json,
    ],
    details:
      """
      Sent: a gateway has it, or nobody knows whether it has it. People: everybody of the audience who has a row so far.
      Tasks: those that are to be done still.
      """,
    examples: [
      ("millrace campaign list", "what there is"),
      ("millrace campaign list --state submitted", "what waits for a review"),
      ("millrace campaign list --of birthday-care", "each day of one that comes again"),
    ],
    run: runList)

  static let show = Command(
    name: "campaign show", summary: "show what a campaign is, and every step of its life", operands: "NAME",
    operandCount: 1...1,
    options: [CommandOption("--definition", nil, "only the definition, as it was written"), .json],
    details: """
      Steps name the version they were about and, where one was looked at, the number of the preview. What was done by
      nobody in particular, as an expiry, was launch-campaigns. Of a signed command the login is the front end.
      """,
    examples: [
      ("millrace campaign show spring-bonds-2027", "all of it"),
      ("millrace campaign show spring-bonds-2027 --definition > spring-bonds.json", "the file once more"),
    ],
    run: runShow)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let state = try invocation.choice("--state", CampaignWords.states)
    let limit = try invocation.integer("--limit", 1...100_000) ?? 50
    let session = try invocation.database()
    let plan = try invocation.text("--of").map { try StoredCampaign.named($0, session).name }
    let rows = try session.rows(
      """
      select c.name, c.version, c.state, c.branch, c.owner, c.starts_at, c.expires_at, n.people, n.queued, n.sent, n.failed, n.skipped,
        n.tasks, n.tasks_done
      from (
        select s.* from campaign_seen s join campaign_course_seen k on k.campaign_id = s.id
        where ($1::text is null or s.state = $1) and ($2::text is null or s.branch = $2) and k.plan is not distinct from $4
        order by s.id desc limit $3) c
      cross join lateral (
        select coalesce(sum(r.recipients), 0)::bigint as people,
          coalesce(sum(r.recipients) filter (where r.state = 'queued'), 0)::bigint as queued,
          coalesce(sum(r.recipients) filter (where r.state in ('accepted', 'delivered', 'uncertain')), 0)::bigint as sent,
          coalesce(sum(r.recipients) filter (where r.state in ('failed', 'expired', 'cancelled')), 0)::bigint as failed,
          coalesce(sum(r.recipients) filter (where r.state in ('skipped', 'held-out')), 0)::bigint as skipped,
          coalesce(sum(r.recipients) filter (where r.state in ('assigned', 'overdue')), 0)::bigint as tasks,
          coalesce(sum(r.recipients) filter (where r.state = 'done'), 0)::bigint as tasks_done
        from campaign_count r
        where r.campaign_id = any(array(select c.id union all select o.campaign_id from campaign_course_seen o where o.plan_id = c.id))) n
      order by c.id desc
      """
    ) {
      $0.text(state)
      $0.text(invocation.text("--branch"))
      $0.integer(limit)
      $0.text(plan)
    }
    var table = Table(
      .left("name"), .right("version"), .left("state"), .left("branch"), .left("owner"), .left("starts"),
      .left("expires"),
      .right("people"), .right("queued"), .right("sent"), .right("notSent"), .right("notWrittenTo"),
      .right("tasks"), .right("tasksDone"))
    for row in rows {
      table.add(
        .text(row.text(0)), .number(row.integer(1)), .text(row.text(2)), .text(row.text(3)), .text(row.text(4)),
        .time(row.timestamp(5)), .time(row.timestamp(6)), people(row.integer(7)), people(row.integer(8)),
        people(row.integer(9)), people(row.integer(10)), people(row.integer(11)), people(row.integer(12)),
        people(row.integer(13)))
    }
    invocation.output.show(table, nothing: "There is no such campaign. `millrace campaign define FILE` makes one.")
    if rows.count == Int(limit) { invocation.output.note("There may be more: --limit \(limit) was reached.") }
    return .done
  }

  private static func runShow(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let campaign = try StoredCampaign.named(invocation.operands[0], session)
    if invocation.flag("--definition") {
      invocation.output.write(campaign.definition + (campaign.definition.hasSuffix("\n") ? "" : "\n"))
      return .done
    }
    let steps = stepTable(try steps(campaign, session))
    let course = try CampaignCourse.read(campaign, session)
    guard !invocation.output.isJSON else {
      let all = Table(
        facts(campaign).columns + [
          .left("plan"), .left("next"), .left("occasions"), .left("definition"), .left("steps"),
        ],
        [
          facts(campaign).rows[0] + [
            .text(optional: course.plan), .time(optional: course.next),
            .nested(json: String(course.table.json.dropLast()), shown: ""),
            .nested(json: campaign.definition, shown: ""), .nested(json: String(steps.json.dropLast()), shown: ""),
          ]
        ])
      invocation.output.showUpright(all)
      return .done
    }
    let definition = try CampaignDefinition(reading: campaign.definition)
    invocation.output.write("\(campaign.name): \(printable(definition.title))\n\n")
    let known = facts(campaign)
    let told = zip(known.columns, known.rows[0]).filter { $0.1 != .none }
    let said = CampaignFacts(definition, branch: campaign.branch, owner: campaign.owner).facts.filter {
      !["branch", "owner"].contains($0.label.english)
    }
    invocation.output.write(
      Table(
        told.map(\.0) + said.map { .left($0.label.english) },
        [told.map(\.1) + said.map { .text($0.value.english) }]
      ).upright)
    if let sentence = course.sentence(campaign) { invocation.output.write("\n\(sentence)\n") }
    if !course.occasions.isEmpty {
      invocation.output.write("\n")
      invocation.output.show(course.table)
    }
    invocation.output.write("\n")
    invocation.output.show(steps)
    invocation.output.note(CampaignAnswer.next(campaign.state, campaign.name))
    return .done
  }

  private static func facts(_ campaign: StoredCampaign) -> Table {
    var table = Table(
      .left("campaign"), .right("version"), .left("state"), .left("reason"), .left("branch"), .left("author"),
      .left("owner"), .left("starts"), .left("expires"), .left("created"), .left("launched"), .left("settled"),
      .right("complaints"), .right("unsubscribes"))
    let isLaunched = campaign.launchedAt != nil
    table.add(
      .text(campaign.name), .number(campaign.version), .text(campaign.state), .text(optional: campaign.reason),
      .text(campaign.branch), .text(campaign.author), .text(campaign.owner), .time(campaign.startsAt),
      .time(campaign.expiresAt), .time(campaign.createdAt), .time(optional: campaign.launchedAt),
      .time(optional: campaign.settledAt), isLaunched ? .number(campaign.complaints) : .none,
      isLaunched ? .number(campaign.unsubscribes) : .none)
    return table
  }

  // MARK: Steps

  struct Step {
    let at: Timestamp
    let what: String
    let version: Int64
    let state: String
    /// The person's code and name; nil where nobody took it.
    let person: String?
    /// Or the front end that has signed it.
    let login: String
    let note: String?
    let preview: Int64?
  }

  static func steps(_ campaign: StoredCampaign, _ session: Connection) throws -> [Step] {
    try session.rows(
      """
      select s.at, s.what, s.version, s.state, p.name || ' (' || p.code || ')', coalesce(s.command_source, s.login), s.note,
        s.preview_id
      from campaign_step s left join person p on p.id = s.person_id where s.campaign_id = $1 order by s.number
      """
    ) { $0.integer(campaign.id) }.map {
      Step(
        at: $0.timestamp(0), what: $0.text(1), version: $0.integer(2), state: $0.text(3), person: $0.optionalText(4),
        login: $0.text(5), note: $0.optionalText(6), preview: $0.optionalInteger(7))
    }
  }

  private static func stepTable(_ steps: [Step]) -> Table {
    var table = Table(
      .left("at"), .left("step"), .right("version"), .left("state"), .left("by"), .left("login"), .right("preview"),
      .left("note"))
    for step in steps {
      table.add(
        .time(step.at), .text(step.what), .number(step.version), .text(step.state), .text(optional: step.person),
        .text(step.login), .number(optional: step.preview), .text(optional: step.note))
    }
    return table
  }
}
