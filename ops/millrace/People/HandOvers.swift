internal import Postgres
internal import Printing
internal import Values

/// `people hand-overs` and `people pending`: what is still on its way after somebody left, moved, or a branch was closed.
enum HandOvers {
  static let handOvers = Command(
    name: "people hand-overs", summary: "list what is handed over, or was: leads, reminders, customers",
    options: [
      CommandOption("--person", "CODE", "only of this person"),
      CommandOption("--all", nil, "finished ones too"), .json,
    ],
    details: """
      A hand-over goes through the phases leads, reminders, customers; `waits` says that its successor is not known
      yet, or that no manager is there for the customers: nothing is lost meanwhile, and it goes on by itself.
      """,
    examples: [("millrace people hand-overs", "see what is under way")],
    run: run)

  static let pending = Command(
    name: "people pending", summary: "list what was said of people and branches and cannot be true yet",
    options: [.json],
    details: """
      Reasons: `unknown-person` (nobody said yet that they joined), `unknown-branch`, `circle` (a branch would lie
      below itself), `no-parent`, `again` (looked at once more shortly). The latest that can be true holds meanwhile.
      """,
    examples: [("millrace people pending", "see what waits for other news")],
    run: runPending)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let rows = try invocation.database().rows(
      """
      select h.id, h.at, p.code, h.cause, b.code, h.successor, h.phase, h.leads, h.reminders, h.customers, h.finished_at,
        h.phase not in ('done', 'cancelled') and not h.follows
          and hand_over_receiver(h.person_id, h.from_branch_id, h.successor) is null
          and (h.successor is not null or h.phase = 'customers')
      from hand_over h join person p on p.id = h.person_id left join branch b on b.id = h.from_branch_id
      where ($1::text is null or p.code = $1) and ($2 or h.phase not in ('done', 'cancelled'))
      order by h.id
      """
    ) {
      $0.text(invocation.text("--person"))
      $0.boolean(invocation.flag("--all"))
    }
    var table = Table(
      .right("id"), .left("at"), .left("person"), .left("cause"), .left("fromBranch"), .left("successor"),
      .left("phase"),
      .left("waits"), .right("leads"), .right("reminders"), .right("customers"), .left("finishedAt"))
    for row in rows.map({ $0 }) {
      table.add(
        .number(row.integer(0)), .time(row.timestamp(1)), .text(row.text(2)), .text(row.text(3)),
        .text(optional: row.optionalText(4)), .text(optional: row.optionalText(5)), .text(row.text(6)),
        .boolean(row.boolean(11)), .number(row.integer(7)), .number(row.integer(8)), .number(row.integer(9)),
        .time(optional: row.optionalTimestamp(10)))
    }
    invocation.output.show(table, nothing: "Nothing is being handed over.")
    return .done
  }

  private static func runPending(_ invocation: Invocation) throws -> Exit {
    let rows = try invocation.database().rows(
      "select subject_kind, code, reason, waits_for, since from organisation_pending order by since, subject_kind, code"
    )
    var table = Table(.left("subject"), .left("code"), .left("reason"), .left("waitsFor"), .left("since"))
    for row in rows.map({ $0 }) {
      table.add(
        .text(row.text(0)), .text(row.text(1)), .text(row.text(2)), .text(optional: row.optionalText(3)),
        .time(row.timestamp(4)))
    }
    invocation.output.show(table, nothing: "Nothing is pending.")
    return .done
  }
}
