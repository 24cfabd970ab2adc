internal import Postgres
internal import Printing
internal import Values

/// `tasks`: what campaigns have people do about their customers and leads.
enum Tasks {
  static let list = Command(
    name: "tasks list", summary: "list what you are to do, and what your branches are to do, the first due first",
    options: [
      CommandOption("--state", "STATE", states.joined(separator: ", ") + " (default: open and overdue)"),
      CommandOption("--campaign", "NAME", "only those of this campaign"),
      CommandOption("--person", "CODE", "only those of this person"),
      CommandOption("--limit", "N", "so many at most (default 50)"),
      CommandOption("--all", nil, "everybody's, for operators"), .json,
    ],
    details: """
      Your own tasks, and as a manager those of your branch and of the branches below it; it needs no more than the role
      millrace_person, and `millrace leads setup` says whose login is whose. A task goes with its customer or lead: whoever
      has them now, has it. With --all, which needs the operator's role, everybody's.
      """,
    examples: [
      ("millrace tasks list", "what is to be done"),
      ("millrace tasks list --state overdue", "what should have been done"),
      ("millrace tasks list --campaign spring-bonds-2027 --state done --json", "what came of it"),
    ],
    run: runList)

  static let show = Command(
    name: "tasks show", summary: "show a task, with what to say", operands: "ID", operandCount: 1...1, options: [.json],
    details: "Your own, or of a branch that you manage.",
    examples: [("millrace tasks show 77", "what it is about")],
    run: runShow)

  static let finish = Command(
    name: "tasks done", summary: "say what came of a task", operands: "ID", operandCount: 1...1,
    options: [
      CommandOption("--result", "WORD", results.joined(separator: ", ") + " (required)"),
      CommandOption("--note", "TEXT", "what else there is to say, at most 1000 characters"), .json,
    ],
    details: """
      Stamped with the person whose login this is: their own tasks, and those of branches that they manage. A contact that is
      told of (a call that counts as a conversation, `millrace leads contact`) does a task by itself, as `contacted`.
      `unreachable` is an end as well; where the campaign has another channel for it, that is tried next.
      """,
    examples: [
      ("millrace tasks done 77 --result interested --note 'wants to see the terms'", "it went well"),
      ("millrace tasks done 78 --result unreachable", "nobody answers"),
    ],
    run: runFinish)

  static let states = ["open", "overdue", "done", "expired", "cancelled", "any"]
  private static let results = ["contacted", "interested", "declined", "unreachable"]

  // MARK: list

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let state = try invocation.choice("--state", states)
    let limit = try invocation.integer("--limit", 1...100_000) ?? 50
    let rows =
      invocation.flag("--all")
      ? try everybodys(state, limit, invocation) : try own(state, limit, invocation)
    var table = Table(
      .right("id"), .left("due"), .left("state"), .left("about"), .left("campaign"), .left("title"), .left("assignee"),
      .left("outcome"), .left("settled"), .left("settledBy"))
    for row in rows {
      table.add(
        .number(row.integer(0)), .time(row.timestamp(1)), .text(row.text(2)), .text("\(row.text(3)) \(row.text(4))"),
        .text(row.text(5)), .text(row.text(6)), .text(optional: row.optionalText(7)),
        .text(optional: row.optionalText(8)), .time(optional: row.optionalTimestamp(9)),
        .text(optional: row.optionalText(10)))
    }
    invocation.output.show(table, nothing: state == nil ? "There is nothing to do." : "There is no such task.")
    if rows.count == Int(limit) { invocation.output.note("There may be more: --limit \(limit) was reached.") }
    return .done
  }

  /// The database shows nobody else's.
  private static func own(_ state: String?, _ limit: Int64, _ invocation: Invocation) throws -> Rows {
    let session = try person(invocation)
    return try session.rows(
      """
      select id, due_at, state, subject_kind, subject_name, campaign, title, assignee, outcome, settled_at, settled_by from task
      where ($1 = 'any' or state = $1 or $1 is null and state in ('open', 'overdue'))
        and ($2::text is null or campaign = $2) and ($3::text is null or assignee = $3)
      order by due_at, id limit $4
      """
    ) { chosen(&$0, state, limit, invocation) }
  }

  private static func everybodys(_ state: String?, _ limit: Int64, _ invocation: Invocation) throws -> Rows {
    try invocation.database().rows(
      """
      select id, due_at, state, subject_kind, subject, campaign, title, assignee, outcome, settled_at, settled_by from task_seen
      where ($1 = 'any' or state = $1 or $1 is null and state in ('open', 'overdue'))
        and ($2::text is null or campaign = $2) and ($3::text is null or assignee = $3)
      order by due_at, id limit $4
      """
    ) { chosen(&$0, state, limit, invocation) }
  }

  private static func chosen(
    _ arguments: inout Arguments, _ state: String?, _ limit: Int64, _ invocation: Invocation
  ) {
    arguments.text(state)
    arguments.text(invocation.text("--campaign"))
    arguments.text(invocation.text("--person"))
    arguments.integer(limit)
  }

  // MARK: show

  private static func runShow(_ invocation: Invocation) throws -> Exit {
    let id = try number(invocation)
    let rows = try person(invocation).rows(
      """
      select id, state, due_at, subject_kind, subject_name, campaign, title, assignee, made_at, outcome, note, settled_at, settled_by, script
      from task where id = $1
      """
    ) { $0.integer(id) }
    guard let row = rows.first else { throw unknown(id) }
    var table = Table(
      .right("id"), .left("state"), .left("due"), .left("about"), .left("campaign"), .left("title"), .left("assignee"),
      .left("made"), .left("outcome"), .left("note"), .left("settled"), .left("settledBy"), .left("script"))
    table.add(
      .number(row.integer(0)), .text(row.text(1)), .time(row.timestamp(2)), .text("\(row.text(3)) \(row.text(4))"),
      .text(row.text(5)), .text(row.text(6)), .text(optional: row.optionalText(7)), .time(row.timestamp(8)),
      .text(optional: row.optionalText(9)), .text(optional: row.optionalText(10)),
      .time(optional: row.optionalTimestamp(11)), .text(optional: row.optionalText(12)), .text(row.text(13)))
    invocation.output.showUpright(table)
    if row.optionalTimestamp(11) == nil {
      invocation.output.note("Next: `millrace tasks done \(id) --result \(results.joined(separator: "|"))`.")
    }
    return .done
  }

  // MARK: done

  private static func runFinish(_ invocation: Invocation) throws -> Exit {
    let id = try number(invocation)
    guard let result = try invocation.choice("--result", results) else {
      throw Failure.usage("say what came of it: --result \(results.joined(separator: "|")).")
    }
    let note = invocation.text("--note")
    guard note?.count ?? 0 <= 1000 else { throw Failure.usage("--note has at most 1000 characters.") }
    let answer = try person(invocation).rows("select finish_task($1, $2, $3)") {
      $0.integer(id)
      $0.text(result)
      $0.text(note)
    }[0].text(0)
    switch answer {
    case "done": break
    case "unknown", "not-yours": throw unknown(id)
    case "is-done": throw Failure.no("the task \(id) is done already: `millrace tasks show \(id)` says by whom.")
    case let answer where answer.hasPrefix("is-"):
      throw Failure.no("the task \(id) is \(answer.dropFirst(3)): nothing is to be done any more.")
    default: throw Failure.no("nothing was done; the database answers \(shown(answer)).")
    }
    var table = Table(.right("id"), .left("state"), .left("outcome"))
    table.add(.number(id), .text("done"), .text(result))
    invocation.output.show(table)
    return .done
  }

  // MARK: Asking

  private static func number(_ invocation: Invocation) throws(Failure) -> Int64 {
    let word = invocation.operands[0]
    guard let id = Int64(word), id > 0 else { throw .usage("\(shown(word)) is no number of a task.") }
    return id
  }

  private static func unknown(_ id: Int64) -> Failure {
    .no("there is no task \(id) of yours, nor of a branch that you manage. `millrace tasks list` lists them.")
  }

  /// Refuses a login that is nobody's, which would see nothing and not know why.
  private static func person(_ invocation: Invocation) throws -> Connection {
    let session = try invocation.personsDatabase()
    _ = try session.rows("select acting_person()")
    return session
  }
}
