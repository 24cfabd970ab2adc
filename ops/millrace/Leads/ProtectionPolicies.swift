internal import Postgres
internal import Printing
internal import Values

/// `leads policy`: one policy of protection, and when its change counts.
enum ProtectionPolicies {
  static let command = Command(
    name: "leads policy", summary: "show policies of protection, or change one and say how many leads it touches",
    options: [
      CommandOption("--branch", "CODE", "of this branch and those below it that have none of their own"),
      CommandOption("--product", "WORD", "of leads for this product"),
      CommandOption("--level", "WORD", "of leads of this level"),
      CommandOption("--days", "N", "the period; without it policies are only shown"),
      CommandOption("--working-days", nil, "count the days on which the branch's calendar has hours"),
      CommandOption("--extension", "N", "days from a contact (left out: as the period)"),
      CommandOption("--maximum", "N", "days after which protection ends whatever contact there was"),
      CommandOption("--reclaim-to", "WHERE", "pool or allocate (left out: pool)"),
      CommandOption(
        "--at-once", nil, "begin the clocks of all owned leads anew, not only those that start from now on"),
      .execute, .json,
    ],
    details: """
      The nearest branch upwards counts first, then product, then level. A change holds from the next start of a clock: when a
      lead is given to somebody or contacted. With --at-once the clocks of owned leads are reckoned anew, from the last
      contact or from when the lead was given; what is over by then is taken back. Reminders (3 days and 1 day before, and on
      the last morning) are set by `leads setup`.
      """,
    examples: [
      ("millrace leads policy", "see all policies"),
      ("millrace leads policy --branch CN-GD --days 5 --at-once", "see how many leads that would touch"),
      ("millrace leads policy --branch CN-GD --days 5 --at-once --execute", "change it"),
    ],
    run: run)

  private struct Wish {
    let branch: Int64?
    let product: String?
    let level: String?
    let days: Int64
    let extensionDays: Int64?
    let maximum: Int64?
    let target: String
  }

  private static func run(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    guard let days = try invocation.integer("--days", 0...3650) else { return try show(invocation, session) }
    let target = invocation.text("--reclaim-to") ?? "pool"
    guard target == "pool" || target == "allocate" else {
      throw Failure.usage("--reclaim-to is \(shown(target)), but must be pool or allocate.")
    }
    let code = invocation.text("--branch")
    let branch = try code.map { code in
      let rows = try session.rows("select id from branch where code = $1") { $0.text(code) }
      guard let row = rows.first else { throw Failure.no("there is no branch \(shown(code)).") }
      return row.integer(0)
    }
    let wish = Wish(
      branch: branch, product: invocation.text("--product"), level: invocation.text("--level"), days: days,
      extensionDays: try invocation.integer("--extension", 0...3650),
      maximum: try invocation.integer("--maximum", 0...3650), target: target)
    let isAtOnce = invocation.flag("--at-once")
    let touched = try begin(wish, execute: false, session)
    var table = Table(
      .left("branch"), .left("product"), .left("level"), .right("days"), .right("ownedLeads"), .left("holds"),
      .left("done"))
    table.add(
      .text(optional: code), .text(optional: wish.product), .text(optional: wish.level), .number(days),
      .number(touched), .text(isAtOnce ? "at once" : "from the next start"), .boolean(invocation.isExecuting))
    if invocation.isExecuting {
      try session.transaction {
        try write(wish, workingDays: invocation.flag("--working-days"), session)
        try OperatorAction.record(invocation, table.json, session)
      }
      // In short transactions of its own each: owners go on working meanwhile.
      if isAtOnce { _ = try begin(wish, execute: true, session) }
    }
    invocation.output.show(table)
    if !invocation.isExecuting { invocation.output.note("Nothing was done. To change it, add --execute.") }
    return .done
  }

  private static func write(_ wish: Wish, workingDays: Bool, _ session: Connection) throws {
    _ = try session.rows(
      """
      insert into protection_policy (branch_id, product, level, period_days, working_days, extension_days, maximum_days,
        reclaim_to)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (branch_id, product, level) do update
        set period_days = excluded.period_days, working_days = excluded.working_days,
          extension_days = excluded.extension_days, maximum_days = excluded.maximum_days,
          reclaim_to = excluded.reclaim_to
      """
    ) {
      $0.integer(wish.branch)
      $0.text(wish.product)
      $0.text(wish.level)
      $0.small(Int32(wish.days))
      $0.boolean(workingDays)
      $0.small(wish.extensionDays.map { Int32($0) })
      $0.small(wish.maximum.map { Int32($0) })
      $0.text(wish.target)
    }
  }

  /// Goes through all leads, page by page; answers how many are concerned.
  private static func begin(_ wish: Wish, execute: Bool, _ session: Connection) throws -> Int64 {
    var last: Int64 = 0
    var concerned: Int64 = 0
    while true {
      let row = try session.rows("select next, concerned from begin_clocks_anew($1, $2, $3, $4, 5000, $5)") {
        $0.integer(wish.branch)
        $0.text(wish.product)
        $0.text(wish.level)
        $0.integer(last)
        $0.boolean(execute)
      }[0]
      concerned += row.integer(1)
      guard let next = row.optionalInteger(0) else { return concerned }
      last = next
    }
  }

  private static func show(_ invocation: Invocation, _ session: Connection) throws -> Exit {
    let rows = try session.rows(
      """
      select b.code, p.product, p.level, p.period_days, p.working_days, p.extension_days, p.maximum_days,
        array_to_string(p.reminder_days, ', '), p.last_morning::text, p.reclaim_to
      from protection_policy p left join branch b on b.id = p.branch_id
      order by b.code nulls first, p.product nulls first, p.level nulls first
      """)
    var table = Table(
      .left("branch"), .left("product"), .left("level"), .right("days"), .left("workingDays"), .right("extension"),
      .right("maximum"), .left("reminders"), .left("lastMorning"), .left("reclaimTo"))
    for row in rows.map({ $0 }) {
      table.add(
        .text(optional: row.optionalText(0)), .text(optional: row.optionalText(1)),
        .text(optional: row.optionalText(2)), .number(row.integer(3)), .boolean(row.boolean(4)),
        .number(optional: row.optionalInteger(5)), .number(optional: row.optionalInteger(6)), .text(row.text(7)),
        .text(optional: row.optionalText(8)), .text(row.text(9)))
    }
    invocation.output.show(table, nothing: "There is no policy: every lead is protected for 7 days.")
    return .done
  }
}
