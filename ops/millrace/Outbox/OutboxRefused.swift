internal import Postgres
internal import Printing
internal import Values

/// `outbox refused`: events of our own that the broker refused for good (too large, a policy, a topic that cannot take
/// them). The relay put them aside and went on; their readers lack them.
enum OutboxRefused {
  static let command = Command(
    name: "outbox refused", summary: "see events that the broker refused for good; send them again or discard them",
    operands: "list|resend|discard [ID...]", operandCount: 1...10_000,
    options: [
      CommandOption("--topic", "NAME", "only those of this topic"),
      CommandOption("--all", nil, "all open ones: needed to settle where neither an ID nor --topic is given"),
      CommandOption("--state", "STATE", "with list: open (the default), resent, discarded or all"),
      CommandOption("--limit", "N", "so many at most, the oldest first (default 1000)"), .execute, .json,
    ],
    details: """
      An event that is sent again goes through the outbox under its own id, behind everything that its key had since:
      readers that keep the highest version drop it where it is late. Mend the cause first, or it is refused again. What
      is discarded stays in the table, with who did it. Values are not listed, because they hold persons.
      """,
    examples: [
      ("millrace outbox refused list", "see what there is"),
      ("millrace outbox refused resend --topic lead.ownership", "see what would be sent again"),
      ("millrace outbox refused discard 17 --execute", "close one that nobody needs"),
    ],
    run: run)

  private struct Refused {
    let id: Int64
    let at: Timestamp
    let topic: String
    let type: String
    let event: String
    let bytes: Int64
    let state: String
    let reason: String
    /// A dead letter that is no longer in the database.
    let isGone: Bool

    init(_ row: Row) {
      id = row.integer(0)
      at = row.timestamp(1)
      topic = row.text(2)
      type = row.text(3)
      event = row.text(4)
      bytes = row.integer(5)
      state = row.text(6)
      reason = row.text(7)
      isGone = row.boolean(8)
    }
  }

  private static func run(_ invocation: Invocation) throws -> Exit {
    let verb = invocation.operands[0]
    let ids = try invocation.operands.dropFirst().map { word throws(Failure) -> Int64 in
      guard let id = Int64(word), id > 0 else { throw .usage("\(shown(word)) is not the number of a refused event.") }
      return id
    }
    switch verb {
    case "list": return try list(invocation, ids)
    case "resend": return try settle(invocation, ids, "resent")
    case "discard": return try settle(invocation, ids, "discarded")
    default: throw Failure.usage("\(shown(verb)) is not one of list, resend and discard.")
    }
  }

  private static func find(
    _ invocation: Invocation, _ ids: [Int64], state: String?, _ session: Connection
  ) throws -> (found: [Refused], isCut: Bool) {
    let limit = try invocation.integer("--limit", 1...1_000_000) ?? 1000
    let rows = try session.rows(
      """
      select r.id, r.refused_at, r.topic, r.type, r.event_id, octet_length(r.payload)::bigint, r.state, r.reason,
        r.type = 'dead letter' and not exists (select from dead_letter d where d.id::text = r.event_id)
      from outbox_refused r
      where (cardinality($1::bigint[]) = 0 or r.id = any($1)) and ($2::text is null or r.topic = $2)
        and ($3::text is null or r.state = $3)
      order by r.id limit $4
      """
    ) {
      $0.integers(ids) { $0 }
      $0.text(invocation.text("--topic"))
      $0.text(state)
      $0.integer(limit)
    }
    return (rows.map { Refused($0) }, rows.count == Int(limit))
  }

  private static func list(_ invocation: Invocation, _ ids: [Int64]) throws -> Exit {
    let word = invocation.text("--state") ?? "open"
    guard ["open", "resent", "discarded", "all"].contains(word) else {
      throw Failure.usage("--state is \(shown(word)), but must be open, resent, discarded or all.")
    }
    let session = try invocation.database()
    let (found, isCut) = try find(invocation, ids, state: word == "all" ? nil : word, session)
    var table = Table(
      .right("id"), .left("refusedAt"), .left("topic"), .left("type"), .left("eventId"), .right("bytes"),
      .left("state"), .left("reason"))
    for event in found {
      table.add(
        .number(event.id), .time(event.at), .text(event.topic), .text(event.type), .text(event.event),
        .number(event.bytes), .text(event.state), .text(event.reason))
    }
    invocation.output.show(table, nothing: "The broker has refused nothing that is open.")
    if isCut { invocation.output.note("There may be more: --limit was reached.") }
    return .done
  }

  private static func settle(_ invocation: Invocation, _ ids: [Int64], _ state: String) throws -> Exit {
    guard !ids.isEmpty || invocation.text("--topic") != nil || invocation.flag("--all") else {
      throw Failure.usage("say which: IDs, --topic, or --all.")
    }
    let session = try invocation.database()
    let (found, isCut) = try find(invocation, ids, state: "open", session)
    if let missing = ids.first(where: { id in !found.contains { $0.id == id } }) {
      throw Failure.no("there is no open refused event \(missing). Nothing was done.")
    }
    let meant = found.filter { state == "discarded" || !$0.isGone }
    if invocation.isExecuting, !meant.isEmpty {
      try session.transaction {
        let closed = try session.rows(
          """
          with locked as materialized (
            select id from outbox_refused where id = any($1) and state = 'open' order by id for update)
          update outbox_refused r set state = $2, settled_at = clock_timestamp(), settled_by = session_user
          from locked where r.id = locked.id
          """
        ) {
          $0.integers(meant) { $0.id }
          $0.text(state)
        }
        guard closed.affected == meant.count else {
          throw Failure.no("somebody else settled some of these meanwhile. Nothing was done; look again.")
        }
        if state == "resent" { try resend(meant.map(\.id), session) }
        try OperatorAction.record(
          invocation, "\(state): \(meant.map { String($0.id) }.joined(separator: " "))", session)
      }
    }
    show(found, state, invocation)
    if isCut { invocation.output.note("There may be more: --limit was reached.") }
    return .done
  }

  /// A row each, in the order in which they were refused: that is the order of their keys.
  private static func resend(_ ids: [Int64], _ session: Connection) throws(PostgresError) {
    _ = try session.rows(
      """
      insert into outbox (topic, source, types, keys, payloads, event_ids, dead_letters)
      select topic, source,
        case when type = 'dead letter' then '{}' else array[type] end,
        case when type = 'dead letter' then '{}' else array[key] end,
        case when type = 'dead letter' then '{}' else array[payload] end,
        case when type = 'dead letter' then '{}' else array[event_id] end,
        case when type = 'dead letter' then array[event_id::bigint] else '{}' end
      from outbox_refused where id = any($1) order by id
      """
    ) { $0.integers(ids) { $0 } }
  }

  private static func show(_ found: [Refused], _ state: String, _ invocation: Invocation) {
    var table = Table(
      .right("id"), .left("topic"), .left("eventId"), .left("reason"), .left("outcome"), .left("because"))
    var count = 0
    for event in found {
      let isLeftOut = state == "resent" && event.isGone
      if !isLeftOut { count += 1 }
      table.add(
        .number(event.id), .text(event.topic), .text(event.event), .text(event.reason),
        .text(isLeftOut ? "left out" : invocation.isExecuting ? state : "would be \(state)"),
        .text(optional: isLeftOut ? "the dead letter is no longer there" : nil))
    }
    invocation.output.show(table, nothing: "The broker has refused nothing that is open.")
    guard count > 0 else { return }
    if !invocation.isExecuting {
      invocation.output.note("Nothing was done. To do it to these \(count), add --execute.")
    } else if state == "resent" {
      invocation.output.note("\(count) are in the outbox; relay-events publishes them.")
    }
  }
}
