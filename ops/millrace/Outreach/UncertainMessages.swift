internal import Postgres
internal import Printing
internal import Values

/// `outreach uncertain list` and `resolve`: messages of which nobody knows whether their gateway has them.
enum UncertainMessages {
  static let list = Command(
    name: "outreach uncertain list", summary: "list messages whose outcome nobody knows, the oldest first",
    options: [
      CommandOption("--gateway", "NAME", "only those that this gateway was called for"),
      CommandOption("--older", "TIME", "only those called so long ago: 30m, 12h, or before a time with its zone"),
      CommandOption("--totals", nil, "how many for each gateway, and since when"),
      CommandOption("--limit", "N", "so many at most (default 50)"), .json,
    ],
    details: """
      A call that had no answer, or whose sender died, is never made again by itself: the gateway may have the message. A
      receipt settles it, however late; else ask the gateway's operator, and say what they found by `uncertain resolve`.
      """,
    examples: [
      ("millrace outreach uncertain list --totals", "see where they are"),
      ("millrace outreach uncertain list --gateway kannel --older 1h", "those that no receipt will settle any more"),
    ],
    run: runList)

  static let resolve = Command(
    name: "outreach uncertain resolve", summary: "say what became of uncertain messages, or send them again",
    operands: "ID...", operandCount: 1...500,
    options: [
      CommandOption("--as", "OUTCOME", "delivered, failed, or again: back to its queue (required)"),
      CommandOption("--because", "TEXT", "how that is known; kept with who said so (required)"), .execute, .json,
    ],
    details: """
      All of them or none. A message becomes uncertain only when its call has ended, or once LOST_AFTER has passed since its
      claim, which is longer than any call takes: none of these calls is still under way. But again sends for a second
      time what the gateway may have: be sure that it has not. Rules on hours and frequency hold as for the first time, and
      so does its deadline. Programs are told by outreach.outcomes.
      """,
    examples: [
      (
        "millrace outreach uncertain resolve 1042 --as again --because 'not in the report of 3 May'", "see what it does"
      ),
      ("millrace outreach uncertain resolve 1042 --as delivered --because 'in the report' --execute", "settle it"),
    ],
    run: runResolve)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let limit = try invocation.integer("--limit", 1...1_000_000) ?? 50
    let session = try invocation.database()
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let older = try Moments.since(invocation.text("--older"), now: now, option: "--older")
    if invocation.flag("--totals") { return try totals(invocation, older, session) }
    let rows = try session.rows(
      """
      select id, gateway, claimed_at, attempt, purpose, coalesce(phone, email), reason, detail from message_seen
      where state = 'uncertain' and ($1::text is null or gateway = $1) and ($2::timestamptz is null or claimed_at <= $2)
      order by claimed_at, id limit $3
      """
    ) {
      $0.text(invocation.text("--gateway"))
      $0.timestamp(older)
      $0.integer(limit)
    }
    var table = Table(
      .right("id"), .left("gateway"), .left("called"), .right("attempt"), .left("purpose"), .left("to"),
      .left("reason"), .left("detail"))
    for row in rows {
      table.add(
        .number(row.integer(0)), .text(row.text(1)), .time(optional: row.optionalTimestamp(2)), .number(row.integer(3)),
        .text(row.text(4)), .text(optional: row.optionalText(5)), .text(optional: row.optionalText(6)),
        .text(optional: row.optionalText(7)))
    }
    invocation.output.show(table, nothing: "No message is uncertain.")
    if rows.count == Int(limit) { invocation.output.note("There may be more: --limit \(limit) was reached.") }
    return .done
  }

  private static func totals(_ invocation: Invocation, _ older: Timestamp?, _ session: Connection) throws -> Exit {
    var table = Table(.left("gateway"), .left("reason"), .right("messages"), .left("oldest"), .left("newest"))
    for row in try session.rows(
      """
      select gateway, reason, count(*), min(claimed_at), max(claimed_at) from message_seen
      where state = 'uncertain' and ($1::text is null or gateway = $1) and ($2::timestamptz is null or claimed_at <= $2)
      group by 1, 2 order by 1, 2
      """,
      {
        $0.text(invocation.text("--gateway"))
        $0.timestamp(older)
      })
    {
      table.add(
        .text(row.text(0)), .text(optional: row.optionalText(1)), .number(row.integer(2)),
        .time(optional: row.optionalTimestamp(3)), .time(optional: row.optionalTimestamp(4)))
    }
    invocation.output.show(table, nothing: "No message is uncertain.")
    return .done
  }

  private static func runResolve(_ invocation: Invocation) throws -> Exit {
    let ids = try invocation.operands.map { word throws(Failure) in
      guard let id = Int64(word), id > 0 else { throw .usage("\(shown(word)) is no message's number.") }
      return id
    }
    guard Set(ids).count == ids.count else { throw Failure.usage("a number stands there twice.") }
    guard let verdict = try invocation.choice("--as", ["delivered", "failed", "again"]) else {
      throw Failure.usage("say what became of them: --as delivered, failed or again.")
    }
    guard let because = invocation.text("--because"), (1...300).contains(because.count) else {
      throw Failure.usage("--because TEXT is needed: how it is known, in at most 300 characters.")
    }
    let session = try invocation.database()
    let found = try find(ids, again: verdict == "again", session)
    if invocation.isExecuting {
      try session.transaction {
        let settled = try session.rows("select resolve_uncertain($1, $2, $3, $4)") {
          $0.integers(found) { $0.id }
          $0.smalls(found) { $0.attempt }
          $0.text(verdict)
          $0.text(because)
        }
        guard settled.count == found.count else {
          throw Failure.no("somebody, or a receipt, settled some of these meanwhile. Nothing was done; look again.")
        }
      }
    }
    let then = verdict == "again" ? "queued" : verdict
    var table = Table(.right("id"), .left("gateway"), .right("attempt"), .left("called"), .left("to"), .left("becomes"))
    for message in found {
      table.add(
        .number(message.id), .text(message.gateway), .number(Int64(message.attempt)), .time(optional: message.called),
        .text(optional: message.address), .text(then))
    }
    invocation.output.show(table)
    invocation.output.note(invocation.isExecuting ? "Done." : "Nothing was done. To do it, add --execute.")
    return .done
  }

  private struct Uncertain {
    let id: Int64
    let attempt: Int32
    let gateway: String
    let called: Timestamp?
    let address: String?
  }

  /// All of them, or one sentence on the first that is not as it has to be.
  private static func find(_ ids: [Int64], again: Bool, _ session: Connection) throws -> [Uncertain] {
    let rows = try session.rows(
      """
      select id, attempt, gateway, claimed_at, coalesce(phone, email), state from message_seen where id = any($1) order by id
      """
    ) { $0.integers(ids) { $0 } }
    let states = Dictionary(uniqueKeysWithValues: rows.map { ($0.integer(0), $0.text(5)) })
    for id in ids {
      guard let state = states[id] else { throw Failure.no("there is no message \(id). Nothing was done.") }
      guard state == "uncertain" else { throw Failure.no("message \(id) is \(state). Nothing was done.") }
    }
    let found = rows.map {
      Uncertain(
        id: $0.integer(0), attempt: Int32($0.small(1)), gateway: $0.text(2), called: $0.optionalTimestamp(3),
        address: $0.optionalText(4))
    }
    if again, let erased = found.first(where: { $0.address == nil }) {
      throw Failure.no("message \(erased.id) was erased: nobody can be sent it. Nothing was done.")
    }
    return found
  }
}
