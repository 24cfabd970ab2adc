internal import Postgres
internal import Printing
internal import Values

/// `reminders digest`: at which local time people get one reminder of all that is open.
enum ReminderDigests {
  static let command = Command(
    name: "reminders digest", summary: "see or set when people get a daily digest of what is open",
    options: [
      CommandOption("--at", "HH:MM", "local time of each branch"), CommandOption("--off", nil, "no digest"),
      CommandOption("--branch", "CODE", "for this branch and those below it, else for the whole firm"), .execute, .json,
    ],
    details: """
      Nobody gets a digest unless a time is set. The branch's own time counts before that of the branch above, and that
      before the firm's. Who has nothing open gets none.
      """,
    examples: [
      ("millrace reminders digest", "see what is set"),
      ("millrace reminders digest --at 08:30 --execute", "a digest every morning"),
      ("millrace reminders digest --off --branch CN-GD --execute", "but not there"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let time = try time(invocation.text("--at"))
    guard time == nil || !invocation.flag("--off") else { throw Failure.usage("--at and --off exclude each other.") }
    guard time != nil || invocation.flag("--off") else {
      guard invocation.text("--branch") == nil else { throw Failure.usage("--branch needs --at or --off.") }
      return try show(invocation, session)
    }
    let branch = invocation.text("--branch")
    if let branch {
      let known = try session.rows("select from branch where code = $1") { $0.text(branch) }.count
      guard known == 1 else { throw Failure.no("no branch has the code \(shown(branch)).") }
    }
    guard invocation.isExecuting else {
      let place = branch.map { "\($0) and the branches below it" } ?? "the whole firm"
      invocation.output.note("\(place): \(time ?? "no digest"). Nothing was done. To set it, add --execute.")
      return .done
    }
    try session.transaction {
      _ = try session.rows(
        """
        insert into digest_policy (branch_id, at) select (select id from branch where code = $1), $2::text::time
        on conflict (branch_id) do update set at = excluded.at
        """
      ) {
        $0.text(branch)
        $0.text(time)
      }
      try OperatorAction.record(invocation, "", session)
    }
    return try show(invocation, session)
  }

  private static func show(_ invocation: Invocation, _ session: Connection) throws -> Exit {
    let rows = try session.rows(
      """
      select b.code, to_char(p.at, 'HH24:MI') from digest_policy p left join branch b on b.id = p.branch_id
      order by b.code nulls first
      """)
    var table = Table(.left("branch"), .left("at"))
    for row in rows.map({ $0 }) {
      table.add(.text(row.optionalText(0) ?? "all others"), .text(row.optionalText(1) ?? "none"))
    }
    invocation.output.show(table, nothing: "Nobody gets a digest.")
    return .done
  }

  /// 00:00 to 23:59.
  private static func time(_ text: String?) throws(Failure) -> String? {
    guard let text else { return nil }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard text.utf8.count == 5, parts.count == 2, let hour = parts[0], let minute = parts[1], (0...23).contains(hour),
      (0...59).contains(minute)
    else { throw .usage("--at is \(shown(text)), but must be a time as 08:30.") }
    return text
  }
}
