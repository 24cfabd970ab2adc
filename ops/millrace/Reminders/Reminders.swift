internal import Postgres
internal import Printing
internal import Values

/// `reminders`: who is to see to what.
enum Reminders {
  static let list = Command(
    name: "reminders list", summary: "list reminders, the first due first",
    options: [
      CommandOption("--person", "CODE", "only those of this person"),
      CommandOption("--branch", "CODE", "only those of this branch and of those below it"),
      CommandOption("--kind", "KIND", "only of this kind: `lead-held`, `digest`"),
      CommandOption("--about", "WHAT", "only about this lead, customer, person or branch: a number or code"),
      CommandOption("--state", "STATE", "open (default), done, cancelled, expired or all"),
      CommandOption("--urgent", nil, "only urgent ones"),
      CommandOption("--overdue", nil, "only those past their due time"),
      CommandOption("--limit", "N", "so many at most (default 50)"), .json,
    ],
    details: """
      A reminder without an assignee stands on its branch's list: neither the branch nor any above it has an active
      manager. Of urgent ones that stay open a manager is told (table reminder_policy).
      """,
    examples: [
      ("millrace reminders list --branch CN-GD --overdue", "see what a branch has not seen to"),
      ("millrace reminders list --about 1042 --state all", "see everything that was raised about a lead"),
    ],
    run: runList)

  static let own = Command(
    name: "reminders own", summary: "list what your own login's person is to see to", options: [.json],
    details: "Needs no more than the role millrace_person; `millrace leads setup` says whose login it is.",
    examples: [("millrace reminders own", "see what is to be done")],
    run: runOwn)

  static let finish = Command(
    name: "reminders done", summary: "say that you have seen to reminders", operands: "ID...", operandCount: 1...1000,
    options: [.json],
    details: """
      Stamped with the person whose login this is: their own reminders, and those of branches that they manage. Exit 1
      where one of them is unknown or somebody else's; one that is settled already is no fault.
      """,
    examples: [("millrace reminders done 77 78", "settle two")],
    run: runFinish)

  private static let states = ["open", "done", "cancelled", "expired", "all"]

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let state = invocation.text("--state") ?? "open"
    guard states.contains(state) else {
      throw Failure.usage("--state is \(shown(state)), but must be \(states.joined(separator: ", ")).")
    }
    let limit = try invocation.integer("--limit", 1...100_000) ?? 50
    let rows = try invocation.database().rows(
      """
      with recursive below as (
        select id from branch where code = $2 union all select b.id from below join branch b on b.parent_id = below.id)
      select r.id, r.due_at, r.urgency, r.kind, r.subject_kind, r.subject, p.code, p.name, b.code, r.state, r.settled_at,
        coalesce(r.settled_by, r.settled_for), r.detail
      from reminder r left join person p on p.id = r.assignee_id left join branch b on b.id = r.branch_id
      where ($1::text is null or p.code = $1) and ($2::text is null or r.branch_id in (select id from below))
        and ($3::text is null or r.kind = $3) and ($4::text is null or r.subject = $4)
        and ($5 = 'all' or r.state = $5) and (not $6 or r.urgency = 'urgent')
        and (not $7 or (r.state = 'open' and r.due_at < clock_timestamp()))
      order by r.due_at, r.id limit $8
      """
    ) {
      $0.text(invocation.text("--person"))
      $0.text(invocation.text("--branch"))
      $0.text(invocation.text("--kind"))
      $0.text(invocation.text("--about"))
      $0.text(state)
      $0.boolean(invocation.flag("--urgent"))
      $0.boolean(invocation.flag("--overdue"))
      $0.integer(limit)
    }
    var table = Table(
      .right("id"), .left("due"), .left("urgency"), .left("kind"), .left("about"), .left("assignee"), .left("name"),
      .left("branch"), .left("state"), .left("settledAt"), .left("settledBy"), .left("detail"))
    for row in rows.map({ $0 }) {
      table.add(
        .number(row.integer(0)), .time(row.timestamp(1)), .text(row.text(2)), .text(row.text(3)),
        .text("\(row.text(4)) \(row.text(5))"), .text(optional: row.optionalText(6)),
        .text(optional: row.optionalText(7)), .text(optional: row.optionalText(8)), .text(row.text(9)),
        .time(optional: row.optionalTimestamp(10)), .text(optional: row.optionalText(11)),
        .text(optional: row.optionalText(12)))
    }
    invocation.output.show(table, nothing: "No reminder matches.")
    return .done
  }

  private static func runOwn(_ invocation: Invocation) throws -> Exit {
    let rows = try invocation.asPerson().rows(
      "select id, due_at, urgency, kind, subject_kind, subject, detail from own_reminders()")
    var table = Table(.right("id"), .left("due"), .left("urgency"), .left("kind"), .left("about"), .left("detail"))
    for row in rows.map({ $0 }) {
      table.add(
        .number(row.integer(0)), .time(row.timestamp(1)), .text(row.text(2)), .text(row.text(3)),
        .text("\(row.text(4)) \(row.text(5))"), .text(optional: row.optionalText(6)))
    }
    invocation.output.show(table, nothing: "There is nothing to see to.")
    return .done
  }

  private static func runFinish(_ invocation: Invocation) throws -> Exit {
    let ids = try invocation.operands.map { word throws(Failure) in
      guard let id = Int64(word), id > 0 else { throw .usage("\(shown(word)) is no number of a reminder.") }
      return id
    }
    let rows = try invocation.asPerson().rows("select id, outcome from finish_reminders($1)") {
      $0.integers(ids) { $0 }
    }
    var table = Table(.right("id"), .left("outcome"))
    for row in rows.map({ $0 }) { table.add(.number(row.integer(0)), .text(row.text(1))) }
    invocation.output.show(table)
    return rows.contains { ["unknown", "not-yours"].contains($0.text(1)) } ? .no : .done
  }
}

extension Invocation {
  /// A session with no more rights than a person's own login has.
  fileprivate func asPerson() throws -> Connection { try connect(try databaseSettings(), role: "millrace_person") }
}
