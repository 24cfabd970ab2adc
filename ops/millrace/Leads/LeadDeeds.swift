internal import Digest
internal import Postgres
internal import Printing
internal import Values

/// What people do about a lead under their own login: `leads claim`, `contact`, `release`, `assign`.
enum LeadDeeds {
  private static let wait = CommandOption(
    "--wait", "SECONDS", "wait so long for what comes of it (default 15; 0 does not wait)")

  private static let whose = """
    You are known by your database login, which a person of the firm has (`login` in `leads setup`); nobody acts for
    somebody else. The command is written down and reclaim-leads decides, in the order in which commands came. Exit 1
    where it was declined; the reason is told.
    """

  static let claim = Command(
    name: "leads claim", summary: "take a lead from your branch's pool", operands: "LEAD", operandCount: 1...1,
    options: [wait, .json],
    details: """
      First come, first served. Declined: `taken`, `not-in-the-pool`, `another-branch`, `too-early` (it has only just come to
      the pool), `cooling-off` (you had it not long ago), `claim-cap` (enough for one day), `full` (your capacity).

      \(whose)
      """,
    examples: [("millrace leads claim 1042", "claim a lead")],
    run: { invocation in
      try give(invocation) { session, lead in
        try session.rows("select claim_lead($1)") { $0.integer(lead) }
      }
    })

  static let contact = Command(
    name: "leads contact", summary: "say that you were in contact with your lead", operands: "LEAD",
    operandCount: 1...1,
    options: [
      CommandOption("--at", "TIME", "when it happened: 2026-01-31T09:30:00+08:00, or 30m ago as 30m"), wait, .json,
    ],
    details: """
      What counts is when it happened: a contact before the end of protection extends it, and restores a lead that was taken
      back meanwhile unless somebody else has it by now.

      \(whose)
      """,
    examples: [("millrace leads contact 1042 --at 2h", "a call two hours ago")],
    run: { invocation in
      try give(invocation) { session, lead in
        let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
        let happened = try Moments.since(invocation.text("--at"), now: now, option: "--at")
        return try session.rows("select contact_lead($1, $2)") {
          $0.integer(lead)
          $0.timestamp(happened)
        }
      }
    })

  static let release = Command(
    name: "leads release", summary: "give a lead back to the pool", operands: "LEAD", operandCount: 1...1,
    options: [wait, .json],
    details: "Yours, or as a manager one of your branches'. The former owner may not claim it for a while.\n\n\(whose)",
    examples: [("millrace leads release 1042", "give it back")],
    run: { invocation in
      try give(invocation) { session, lead in
        try session.rows("select release_lead($1)") { $0.integer(lead) }
      }
    })

  static let assign = Command(
    name: "leads assign", summary: "give a lead of your branches to a branch or a person", operands: "LEAD",
    operandCount: 1...1,
    options: [CommandOption("--to", "CODE", "the branch or person (required)"), wait, .json],
    details: """
      For managers of the lead's branch or one above it, to what they manage. A lead on its way down goes on waiting at the
      branch under a deadline of its own; any other lead that goes to a branch is given to whoever's turn it is. Capacity is
      kept: `full`.

      \(whose)
      """,
    examples: [
      ("millrace leads assign 1042 --to CN-GD-SZ", "pass it down to a branch"),
      ("millrace leads assign 1042 --to P0001", "give it to a person"),
    ],
    run: { invocation in
      guard let receiver = invocation.text("--to") else { throw Failure.usage("say to whom: --to CODE.") }
      return try give(invocation) { session, lead in
        try session.rows("select assign_lead($1, $2)") {
          $0.integer(lead)
          $0.text(receiver)
        }
      }
    })

  /// Words for what was wanted and came about.
  private static let done: Set<String> = ["claimed", "contacted", "restored", "released", "assigned"]

  private static func give(
    _ invocation: Invocation, _ command: (Connection, Int64) throws -> Rows
  ) throws -> Exit {
    guard let lead = Int64(invocation.operands[0]), lead > 0 else {
      throw Failure.usage("\(shown(invocation.operands[0])) is no lead's number.")
    }
    let seconds = try invocation.integer("--wait", 0...3600) ?? 15
    let session = try invocation.personsDatabase()
    let id = try command(session, lead)[0].fingerprint(0)
    let outcome = try settled(id, seconds, session)
    var table = Table(.right("lead"), .left("outcome"))
    table.add(.number(lead), .text(optional: outcome))
    invocation.output.show(table)
    guard let outcome else {
      invocation.output.note(
        seconds == 0 ? "Written down." : "Written down, but not decided within \(seconds) s: is reclaim-leads running?")
      return .done
    }
    return done.contains(outcome) ? .done : .no
  }

  private static func settled(_ id: Fingerprint, _ seconds: Int64, _ session: Connection) throws -> String? {
    try Asking.until(within: seconds) {
      $0 != nil
    } _: {
      try session.rows("select outcome from command_outcomes($1)") { $0.fingerprints([id]) { $0 } }.first?.optionalText(
        0)
    }
  }
}
