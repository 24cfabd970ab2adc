internal import Postgres
internal import Printing
internal import Templates
internal import Values

/// `outreach list`: messages, or how many there are in each state.
enum MessagesList {
  static let command = Command(
    name: "outreach list", summary: "list messages, the newest first, or count them by state",
    options: [
      CommandOption("--phone", "PHONE", "to this phone; China's without a country"),
      CommandOption("--email", "ADDRESS", "to this address"),
      CommandOption("--customer", "CODE", "to this customer"),
      CommandOption("--state", "STATE", MessageWords.states.joined(separator: ", ")),
      CommandOption("--reason", "REASON", "why it is there: `opted-out`"),
      CommandOption("--gateway", "NAME", "in its queue, or given to it last"),
      CommandOption("--purpose", "PURPOSE", "transactional, service or marketing"),
      CommandOption("--channel", "CHANNEL", "sms, email or fax"),
      CommandOption("--since", "TIME", "asked for since then: 2h, 7d, or a time with its zone"),
      CommandOption("--totals", nil, "how many in each state, for each reason"),
      CommandOption("--limit", "N", "so many at most (default 50)"), .json,
    ],
    details: """
      Addresses are masked unless the login was granted the role millrace_reveal. Every message is one row, whatever became
      of it, so that totals are sums of the list.
      """,
    examples: [
      ("millrace outreach list --phone 13812345678", "what somebody was sent"),
      ("millrace outreach list --totals --since 1d", "what became of a day's messages"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let people = ["--phone", "--email", "--customer"].filter { invocation.text($0) != nil }
    guard people.count < 2 else { throw Failure.usage("\(people.joined(separator: " and ")) exclude each other.") }
    let limit = try invocation.integer("--limit", 1...1_000_000) ?? 50
    let filter = try Filter(invocation)
    let session = try invocation.database()
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let since = try Moments.since(invocation.text("--since"), now: now, option: "--since")
    if invocation.flag("--totals") { return try totals(invocation, filter, since, session) }
    let rows = try session.rows(
      """
      select m.id, m.requested_at, m.channel, m.purpose, coalesce(m.phone, m.email), m.customer, m.state, m.reason, m.gateway,
        m.attempt, m.due_at, m.template
      from messages_found($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) m order by m.id desc
      """
    ) {
      filter.bind(&$0, since)
      $0.integer(limit)
    }
    var table = Table(
      .right("id"), .left("requested"), .left("channel"), .left("purpose"), .left("to"), .left("customer"),
      .left("state"), .left("reason"), .left("gateway"), .right("attempt"), .left("due"), .left("template"))
    for row in rows {
      let isQueued = row.text(6) == "queued"
      table.add(
        .number(row.integer(0)), .time(row.timestamp(1)), .text(row.text(2)), .text(row.text(3)),
        .text(optional: row.optionalText(4)), .text(optional: row.optionalText(5)), .text(row.text(6)),
        .text(optional: row.optionalText(7)), .text(row.text(8)), .number(row.integer(9)),
        isQueued ? .time(row.timestamp(10)) : .none, .text(optional: row.optionalText(11)))
    }
    invocation.output.show(table, nothing: "No message matches.")
    if rows.count == Int(limit) { invocation.output.note("There may be more: --limit \(limit) was reached.") }
    return .done
  }

  private static func totals(
    _ invocation: Invocation, _ filter: Filter, _ since: Timestamp?, _ session: Connection
  ) throws -> Exit {
    // All messages together are one pass over the table; one person's are found by their index.
    let rows = try session.rows(
      """
      select m.channel, m.state, m.reason, m.currency, count(*), sum(m.parts)::bigint, sum(m.cost)::text
      from (
        select k.* from messages_found($1, $2, $3, $4, $5, $6, $7, $8, $9, null) k where num_nonnulls($1, $2, $3) > 0
        union all select k.* from message_seen k where num_nonnulls($1, $2, $3) = 0) m
      where ($4::text is null or m.state = $4) and ($5::text is null or m.reason = $5)
        and ($6::text is null or m.gateway = $6) and ($7::text is null or m.purpose = $7)
        and ($8::text is null or m.channel = $8) and ($9::timestamptz is null or m.requested_at >= $9)
      group by 1, 2, 3, 4 order by 1, 2, 5 desc, 3, 4
      """
    ) { filter.bind(&$0, since) }
    var table = Table(
      .left("channel"), .left("state"), .left("reason"), .right("messages"), .right("parts"),
      .right("cost"), .left("currency"))
    for row in rows {
      table.add(
        .text(row.text(0)), .text(row.text(1)), .text(optional: row.optionalText(2)), .number(row.integer(4)),
        .number(optional: row.optionalInteger(5)), .text(optional: row.optionalText(6)),
        .text(optional: row.optionalText(3)))
    }
    invocation.output.show(table, nothing: "No message matches.")
    return .done
  }

  private struct Filter {
    let phone: Int64?
    let email: String?
    let customer: String?
    let state: String?
    let reason: String?
    let gateway: String?
    let purpose: String?
    let channel: String?

    init(_ invocation: Invocation) throws(Failure) {
      phone = try invocation.text("--phone").map { text throws(Failure) in
        try MessageAddress.phone(text, "--phone").digits
      }
      email = try invocation.text("--email").map { text throws(Failure) in try MessageAddress.email(text, "--email") }
      customer = invocation.text("--customer")
      state = try invocation.choice("--state", MessageWords.states)
      reason = invocation.text("--reason")
      gateway = invocation.text("--gateway")
      purpose = try invocation.choice("--purpose", ["transactional", "service", "marketing"])
      channel = try invocation.choice("--channel", ["sms", "email", "fax"])
    }

    /// The first nine arguments.
    func bind(_ arguments: inout Arguments, _ since: Timestamp?) {
      arguments.integer(phone)
      arguments.text(email)
      arguments.text(customer)
      arguments.text(state)
      arguments.text(reason)
      arguments.text(gateway)
      arguments.text(purpose)
      arguments.text(channel)
      arguments.timestamp(since)
    }
  }
}
