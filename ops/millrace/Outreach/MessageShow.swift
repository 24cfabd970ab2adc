internal import Postgres
internal import Printing
internal import Values

/// `outreach show`: all that is known of a message, and why it is where it is.
enum MessageShow {
  static let command = Command(
    name: "outreach show", summary: "print what is known of a message, and what decided it", operands: "ID",
    operandCount: 1...1, options: [.json],
    details: """
      Addresses are masked, and the text is left out, unless the login was granted the role millrace_reveal. Below stand the
      calls after which the gateway proved not to have it, or after which nobody knew; what the gateway calls it, with what
      receipts say of each part; what people made of it while it was uncertain; and what its recipient did with it, how often,
      and whether a person or a program did it, where that can be told. Links are cut off behind the host for logins that
      addresses are masked for.
      """,
    examples: [("millrace outreach show 1042", "see one message")],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    guard let id = Int64(invocation.operands[0]), id > 0 else {
      throw Failure.usage("\(shown(invocation.operands[0])) is no message's number.")
    }
    let session = try invocation.database()
    let rows = try session.rows(message) { $0.integer(id) }
    guard let row = rows.first else { throw Failure.no("there is no message \(id).") }
    let attempts = try attempts(id, session)
    let submissions = try submissions(id, session)
    let resolutions = try resolutions(id, session)
    let engagement = try engagement(id, session)
    var table = Table(
      columns + [.left("attempts"), .left("submissions"), .left("resolutions"), .left("engagement")],
      [cells(row) + [below(attempts), below(submissions), below(resolutions), below(engagement)]])
    if invocation.output.isJSON {
      invocation.output.showUpright(table)
      return .done
    }
    let told = zip(columns, table.rows[0]).filter { $0.1 != .none }
    table = Table(told.map(\.0), [told.map(\.1)])
    invocation.output.showUpright(table)
    for part in [attempts, submissions, resolutions, engagement] where !part.isEmpty {
      invocation.output.write("\n")
      invocation.output.show(part)
    }
    return .done
  }

  private static func below(_ table: Table) -> Table.Cell {
    let json = table.json
    return .nested(json: String(json.dropLast()), shown: "below")
  }

  private static let message: Statement = """
    select m.id, m.channel, m.purpose, m.priority, m.state, m.reason, m.detail, m.gateway, array_to_string(m.refused_by, ', '),
      m.attempt, coalesce(m.phone, m.email), m.customer, m.lead_id, m.country, m.time_zone, m.sender, m.template,
      m.template_version, m.language, m.subject, m.body, m.parts, m.cost::text, m.currency, m.requested_at, m.due_at, m.deadline,
      m.claimed_at, m.accepted_at, m.settled_at, m.source, m.event_id, c.login, p.code, m.budget,
      m.reserved::text
    from message_seen m
    left join message_command c on m.source = '/millrace/people' and c.id = m.event_id
    left join person p on p.id = c.person_id
    where m.id = $1
    """

  private static let columns: [Table.Column] = [
    .right("id"), .left("channel"), .left("purpose"), .left("priority"), .left("state"), .left("reason"),
    .left("words"),
    .left("detail"), .left("gateway"), .left("refusedBy"), .right("attempt"), .left("to"), .left("customer"),
    .right("lead"), .left("country"), .left("timeZone"), .left("sender"), .left("template"), .right("templateVersion"),
    .left("language"), .left("subject"), .left("text"), .right("parts"), .left("cost"), .left("budget"),
    .left("reserved"), .left("requestedAt"),
    .left("dueAt"), .left("deadline"), .left("claimedAt"), .left("acceptedAt"), .left("settledAt"), .left("source"),
    .left("eventId"), .left("askedBy"),
  ]

  private static func cells(_ row: Row) -> [Table.Cell] {
    func text(_ column: Int32) -> Table.Cell {
      row.optionalText(column).flatMap { $0.isEmpty ? nil : .text($0) } ?? .none
    }
    func time(_ column: Int32) -> Table.Cell { .time(optional: row.optionalTimestamp(column)) }
    let state = row.text(4)
    let cost = row.optionalText(22).map { "\($0) \(row.optionalText(23) ?? "")" }
    let asker = row.optionalText(32).map { login in row.optionalText(33).map { "\($0) (\(login))" } ?? login }
    return [
      .number(row.integer(0)), text(1), text(2), .text(["urgent", "normal", "bulk"][row.small(3)]), .text(state),
      text(5), .text(MessageWords.of(state: state, reason: row.optionalText(5))), text(6), text(7), text(8),
      .number(row.integer(9)), text(10), text(11), .number(optional: row.optionalInteger(12)), text(13), text(14),
      text(15), text(16), .number(optional: row.optionalInteger(17)), text(18), text(19), text(20),
      .number(optional: row.optionalInteger(21)), .text(optional: cost), text(34), text(35), time(24), time(25),
      time(26), time(27),
      time(28), time(29), text(30), text(31), .text(optional: asker),
    ]
  }

  // MARK: What happened to it

  private static func attempts(_ id: Int64, _ session: Connection) throws -> Table {
    var table = Table(
      .right("attempt"), .left("gateway"), .left("began"), .left("ended"), .left("outcome"), .left("code"),
      .left("detail"))
    for row in try session.rows(
      """
      select attempt, gateway, began_at, ended_at, outcome, code, detail from message_attempt where message_id = $1 order by 1
      """, { $0.integer(id) })
    {
      table.add(
        .number(row.integer(0)), .text(row.text(1)), .time(row.timestamp(2)), .time(row.timestamp(3)),
        .text(row.text(4)), .text(optional: row.optionalText(5)), .text(optional: row.optionalText(6)))
    }
    return table
  }

  private static func submissions(_ id: Int64, _ session: Connection) throws -> Table {
    var table = Table(
      .right("attempt"), .left("gateway"), .left("providerId"), .left("receipt"), .left("partsDelivered"),
      .left("code"), .left("at"), .left("told"))
    for row in try session.rows(
      """
      select attempt, gateway, provider_id, state, code, at, told_at, array_to_string(delivered_parts, ', ')
      from submission where message_id = $1 order by 1, 2, 3
      """, { $0.integer(id) })
    {
      table.add(
        .number(optional: row.optionalInteger(0)), .text(row.text(1)), .text(row.text(2)),
        .text(optional: row.optionalText(3)), .text(optional: row.text(7).isEmpty ? nil : row.text(7)),
        .text(optional: row.optionalText(4)), .time(optional: row.optionalTimestamp(5)), .time(row.timestamp(6)))
    }
    return table
  }

  private static func resolutions(_ id: Int64, _ session: Connection) throws -> Table {
    var table = Table(.right("attempt"), .left("resolved"), .left("at"), .left("by"), .left("because"))
    for row in try session.rows(
      """
      select r.attempt, r.outcome, r.at, r.login, p.code, r.because
      from message_resolution r left join person p on p.id = r.person_id where r.message_id = $1 order by 1
      """, { $0.integer(id) })
    {
      let person = row.optionalText(4).map { "\($0) (\(row.text(3)))" } ?? row.text(3)
      table.add(
        .number(row.integer(0)), .text(row.text(1)), .time(row.timestamp(2)), .text(person), .text(row.text(5)))
    }
    return table
  }

  private static func engagement(_ id: Int64, _ session: Connection) throws -> Table {
    var table = Table(
      .left("recipient"), .left("url"), .left("agent"), .right("times"), .left("first"), .left("last"))
    for row in try session.rows(
      """
      select kind, url, agent, times, first_at, last_at from engagement_seen where message_id = $1 order by first_at, kind, url, agent
      """, { $0.integer(id) })
    {
      table.add(
        .text(row.text(0)), .text(optional: row.text(1).isEmpty ? nil : row.text(1)), .text(row.text(2)),
        .number(row.integer(3)), .time(row.timestamp(4)), .time(row.timestamp(5)))
    }
    return table
  }
}
