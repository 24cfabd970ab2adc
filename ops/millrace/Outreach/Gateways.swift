internal import Gateways
internal import Postgres
internal import Printing
internal import Values

/// `outreach gateways list`, `enable` and `disable`.
enum GatewayCommands {
  static let list = Command(
    name: "outreach gateways list", summary: "list gateways, how much waits for them and how they do", options: [.json],
    details: """
      Oldest: since when the longest overdue message waits. Accepted and failed are of the last hour, failed also of what the
      gateway had accepted before. Last error: what it, or the way to it, said when it last did not take a message.
      """,
    examples: [("millrace outreach gateways list", "see which gateway is in trouble")],
    run: runList)

  static let enable = switching("enable", "let a gateway take calls again", to: true)
  static let disable = switching("disable", "let a gateway take no more calls; its queue stays", to: false)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let rows = try invocation.database().rows(
      """
      with waiting as (
        select gateway, count(*) as number, min(due_at) filter (where due_at <= now()) as oldest from message_seen
        where state = 'queued' group by 1),
      flying as (select gateway, count(*) as number from message_seen where state = 'sending' group by 1),
      unknown as (select gateway, count(*) as number from message_seen where state = 'uncertain' group by 1),
      taken as (
        select gateway, count(*) as number from message_seen where accepted_at > now() - interval '1 hour' group by 1),
      lost as (
        select gateway, count(*) as number from message_seen
        where settled_at > now() - interval '1 hour' and state = 'failed' group by 1)
      select g.name, g.channel, g.enabled, g.place, array_to_string(g.countries, ', '), array_to_string(g.purposes, ', '),
        g.rate::bigint, g.price || ' ' || g.currency, g.version, coalesce(w.number, 0), w.oldest, coalesce(f.number, 0),
        coalesce(u.number, 0), coalesce(t.number, 0), coalesce(l.number, 0), e.ended_at, concat_ws(': ', e.code, e.detail),
        g.description
      from gateway g
      left join waiting w on w.gateway = g.name
      left join flying f on f.gateway = g.name
      left join unknown u on u.gateway = g.name
      left join taken t on t.gateway = g.name
      left join lost l on l.gateway = g.name
      left join lateral (
        select a.ended_at, a.code, a.detail from message_attempt a where a.gateway = g.name order by a.ended_at desc limit 1
      ) e on true
      order by g.channel, g.place, g.name
      """)
    var table = Table(
      .left("name"), .left("channel"), .left("state"), .right("queued"), .left("oldest"), .right("inFlight"),
      .right("uncertain"), .right("accepted"), .right("failed"), .right("place"), .left("countries"), .left("purposes"),
      .right("rate"), .left("price"), .right("version"), .left("wants"), .left("lastErrorAt"), .left("lastError"))
    for row in rows {
      let stored = Result { () throws(Refusal) in try StoredGateway(text: row.text(17)) }
      var state = row.boolean(2) ? "enabled" : "disabled"
      var wants: Table.Cell = .none
      switch stored {
      case .success(let gateway) where gateway.description.secrets.isEmpty: break
      case .success(let gateway): wants = GatewaysLoad.list(gateway.description.secrets)
      case .failure(let refusal): state = "unreadable: \(refusal)"
      }
      let hasFailed = row.optionalTimestamp(15) != nil
      table.add(
        .text(row.text(0)), .text(row.text(1)), .text(state), .number(row.integer(9)),
        .time(optional: row.optionalTimestamp(10)), .number(row.integer(11)), .number(row.integer(12)),
        .number(row.integer(13)), .number(row.integer(14)), .number(row.integer(3)),
        .text(optional: row.optionalText(4)), .text(optional: row.optionalText(5)),
        .number(optional: row.optionalInteger(6)), .text(optional: row.optionalText(7)), .number(row.integer(8)), wants,
        .time(optional: row.optionalTimestamp(15)), hasFailed ? .text(row.text(16)) : .none)
    }
    invocation.output.show(table, nothing: "No gateway is stored: `millrace outreach gateways load` does that.")
    return .done
  }

  private static func switching(_ word: String, _ summary: String, to enabled: Bool) -> Command {
    Command(
      name: "outreach gateways \(word)", summary: summary, operands: "NAME", operandCount: 1...1,
      options: [.execute, .json],
      details: """
        Workers take it up within a second. What is queued for a gateway that is disabled waits; calls under way end as they
        do. Requests that nobody has given a gateway to still go to the first that serves them.
        """,
      examples: [("millrace outreach gateways \(word) kannel --execute", "do it")],
      run: { invocation in
        let name = invocation.operands[0]
        let session = try invocation.database()
        let rows = try session.rows(
          """
          select enabled, (select count(*) from message_seen m where m.state = 'queued' and m.gateway = $1) from gateway
          where name = $1
          """
        ) { $0.text(name) }
        guard let row = rows.first else { throw Failure.no("there is no gateway \(shown(name)).") }
        guard row.boolean(0) != enabled else { throw Failure.no("\(name) is \(word)d already.") }
        var table = Table(.left("name"), .left("becomes"), .right("queued"))
        table.add(.text(name), .text(word + "d"), .number(row.integer(1)))
        if invocation.isExecuting {
          try session.transaction {
            _ = try session.rows(
              """
              update gateway set enabled = $2, version = version + 1, changed_at = clock_timestamp(),
                changed_by = session_user
              where name = $1
              """
            ) {
              $0.text(name)
              $0.boolean(enabled)
            }
            try OperatorAction.record(invocation, table.json, session)
          }
        }
        invocation.output.show(table)
        invocation.output.note(invocation.isExecuting ? "Done." : "Nothing was done. To do it, add --execute.")
        return .done
      })
  }
}
