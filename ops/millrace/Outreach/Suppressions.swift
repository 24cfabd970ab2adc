internal import Glibc
internal import Postgres
internal import Printing
internal import Tables
internal import Templates
internal import Values

/// `outreach suppress`, `unsuppress` and `suppressed list`: whom not to write to. Who says so is stamped by the database; the
/// record of what operators do has no addresses.
enum Suppressions {
  private static let reasons = ["opted-out", "bounced", "complained", "manual"]
  private static let given = [
    CommandOption("--channel", "CHANNEL", "sms (default), email or fax"),
    CommandOption("--file", "FILE", "the addresses of a file, one a line; - is standard input"),
  ]
  private static let normal = """
    Phones are taken in any form, China's without a country, and kept as E.164; e-mail addresses in lower case. One that is
    none ends the command before anything was done, with its line.
    """

  static let suppress = Command(
    name: "outreach suppress", summary: "let addresses not be written to", operands: "[ADDRESS...]",
    operandCount: 0...1000,
    options: given + [
      CommandOption("--reason", "REASON", "opted-out, bounced, complained or manual (default)"),
      CommandOption("--because", "TEXT", "a remark that is kept with it"), .execute, .json,
    ],
    details: """
      Opted-out keeps away marketing and service, the other reasons everything. It holds from the next claim of a message on:
      what is queued is skipped when its turn comes, what is at its gateway cannot be called back.

      \(normal)
      """,
    examples: [
      ("millrace outreach suppress 13812345678 --reason opted-out --execute", "somebody said so on the phone"),
      ("millrace outreach suppress --file list.txt --channel email --execute", "a list"),
    ],
    run: runSuppress)

  static let unsuppress = Command(
    name: "outreach unsuppress", summary: "let addresses be written to again", operands: "[ADDRESS...]",
    operandCount: 0...1000,
    options: given + [
      CommandOption(
        "--reason", "REASON", "lift this one only; opted-out and complained are lifted only where they are named"),
      .execute, .json,
    ],
    details: """
      What was so stays in the table, with who lifted it. Whoever has opted out or complained has to have said so: name the
      reason.

      \(normal)
      """,
    examples: [
      ("millrace outreach unsuppress 13812345678 --reason opted-out --execute", "they want to hear of us again")
    ],
    run: runLift)

  static let list = Command(
    name: "outreach suppressed list", summary: "list addresses that are not written to", operands: "[ADDRESS]",
    operandCount: 0...1,
    options: [
      CommandOption("--channel", "CHANNEL", "sms, email or fax"),
      CommandOption("--reason", "REASON", "opted-out, bounced, complained or manual"),
      CommandOption("--all", nil, "what was lifted too"),
      CommandOption("--limit", "N", "so many at most, the newest first (default 50)"), .json,
    ],
    details: "Addresses are masked unless the login was granted the role millrace_reveal.",
    examples: [
      ("millrace outreach suppressed list 13812345678 --all", "what is and was so of one address"),
      ("millrace outreach suppressed list --reason complained", "who has complained"),
    ],
    run: runList)

  // MARK: Changing

  private static func runSuppress(_ invocation: Invocation) throws -> Exit {
    let reason = try invocation.choice("--reason", reasons) ?? "manual"
    if let remark = invocation.text("--because"), !(1...300).contains(remark.count) {
      throw Failure.usage("--because has 1 to 300 characters.")
    }
    return try change(invocation, [reason], "suppressed", "suppressed already") { channel, addresses, session in
      try session.rows("select suppress_addresses($1, $2, $3, $4)") {
        $0.text(channel.rawValue)
        $0.texts(addresses) { $0 }
        $0.text(reason)
        $0.text(invocation.text("--because"))
      }
    }
  }

  private static func runLift(_ invocation: Invocation) throws -> Exit {
    let reason = try invocation.choice("--reason", reasons)
    let lifted = reason.map { [$0] } ?? ["bounced", "manual"]
    return try change(invocation, lifted, "lifted", "not suppressed for this") { channel, addresses, session in
      try session.rows("select lift_suppressions($1, $2, $3)") {
        $0.text(channel.rawValue)
        $0.texts(addresses) { $0 }
        $0.texts(lifted) { $0 }
      }
    }
  }

  /// A preview is the same, rolled back. Addresses are shown as they were given.
  private static func change(
    _ invocation: Invocation, _ reasons: [String], _ done: String, _ already: String,
    _ act: (MessageChannel, [String], Connection) throws -> Rows
  ) throws -> Exit {
    let channel = try invocation.channel()
    let addresses = try addresses(invocation, channel)
    let session = try invocation.database()
    try session.run(script: "begin")
    let changed: Set<String>
    do {
      changed = Set(try act(channel, addresses, session).map { $0.text(0) })
      try session.run(script: invocation.isExecuting ? "commit" : "rollback")
    } catch let first {
      // A session that cannot roll back is lost, and its transaction with it.
      do { try session.run(script: "rollback") } catch { throw first }
      throw first
    }
    var table = Table(.left("address"), .left("channel"), .left("reason"), .left("outcome"))
    for address in addresses {
      let outcome = changed.contains(address) ? (invocation.isExecuting ? done : "would be \(done)") : already
      table.add(
        .text(address), .text(channel.rawValue), .text(reasons.joined(separator: ", ")), .text(outcome))
    }
    invocation.output.show(table)
    if !invocation.isExecuting { invocation.output.note("Nothing was done. To do it, add --execute.") }
    return .done
  }

  private static func addresses(_ invocation: Invocation, _ channel: MessageChannel) throws -> [String] {
    var addresses = try invocation.operands.map { word throws(Failure) in
      try MessageAddress.of(word, channel, shown(word))
    }
    if let name = invocation.text("--file") {
      let file = try TextFile(name)
      // No address has a tab.
      let lines = LineFile(file, separator: 0x09)
      while let row = try lines.next() {
        let text = row.damage == nil ? row.cells[0] : ""
        let trimmed = String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
        addresses.append(try MessageAddress.of(trimmed, channel, "\(file.name):\(row.line)"))
      }
    }
    guard !addresses.isEmpty else { throw Failure.usage("say which: ADDRESS or --file FILE.") }
    var known: Set<String> = []
    return addresses.filter { known.insert($0).inserted }
  }

  // MARK: Listing

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let channel = try invocation.text("--channel") == nil ? nil : invocation.channel()
    let reason = try invocation.choice("--reason", reasons)
    let limit = try invocation.integer("--limit", 1...1_000_000) ?? 50
    let address = try invocation.operands.first.map { word throws(Failure) in
      try MessageAddress.of(word, word.contains("@") ? .email : .sms, shown(word))
    }
    let rows = try invocation.database().rows(
      """
      select s.channel, s.address, s.reason, s.since, s.said_by, s.lifted_at, s.lifted_by, s.detail
      from (
        select k.* from suppressions_of($1) k where $1::text is not null
        union all select k.* from suppression_seen k where $1::text is null) s
      where ($2::text is null or s.channel = $2) and ($3::text is null or s.reason = $3) and ($4 or s.lifted_at is null)
      order by s.id desc limit $5
      """
    ) {
      $0.text(address)
      $0.text(channel?.rawValue)
      $0.text(reason)
      $0.boolean(invocation.flag("--all"))
      $0.integer(limit)
    }
    var table = Table(
      .left("channel"), .left("address"), .left("reason"), .left("since"), .left("saidBy"), .left("liftedAt"),
      .left("liftedBy"), .left("detail"))
    for row in rows {
      table.add(
        .text(row.text(0)), .text(row.text(1)), .text(row.text(2)), .time(row.timestamp(3)), .text(row.text(4)),
        .time(optional: row.optionalTimestamp(5)), .text(optional: row.optionalText(6)),
        .text(optional: row.optionalText(7)))
    }
    invocation.output.show(table, nothing: "No address is suppressed.")
    if rows.count == Int(limit) { invocation.output.note("There may be more: --limit \(limit) was reached.") }
    return .done
  }
}
