internal import PhoneNumbers
internal import Postgres
internal import Printing
internal import Values

/// `leads`: whose a lead is and why, and who waits.
enum Leads {
  static let explain = Command(
    name: "leads explain", summary: "explain each decision about a lead, so that it can be made again by hand",
    operands: "LEAD|PHONE", operandCount: 1...1, options: [.json],
    details: """
      A lead is named by its number, or by its phone: +8613800138000, or the national form of mainland China.

      Prints the lead, then for each row of its history the rules in order, each with the fact that excluded it, and the
      people of the branch with their turns before the choice and the fact that excluded them. Whose turn it is follows
      from that alone. The command makes the choice again and says so if it is not the one that was made (exit 1).
      """,
    examples: [("millrace leads explain 1042", "explain a lead"), ("millrace leads explain 13800138000", "by phone")],
    run: runExplain)

  static let held = Command(
    name: "leads held", summary: "count held leads by branch and reason", options: [.json],
    details: """
      Reasons: `vacant` (the branch has nobody), `nobody-available` (all inactive, on leave or without weight); else the
      obstacle that can be expected to end first: `off-hours`, `daily-cap`, `holiday`, `weekly-cap`, `full` (open leads at
      capacity), `calendar-ended`. `behind-held` (others of the branch wait already), `no-rule` (no rule names a branch),
      `phone-…` (the number cannot be dialled), `keys-disagree` (ID number, customer number and customers contradict each
      other), `no-step-policy` (a rule lets a branch pass leads down for which no policy says how long it may take).
      """,
    examples: [("millrace leads held", "see where leads wait, and for what")],
    run: runHeld)

  static let list = Command(
    name: "leads list", summary: "list leads, the newest first",
    options: [
      CommandOption("--branch", "CODE", "only those of this branch"),
      CommandOption("--owner", "CODE", "only those of this person"),
      CommandOption("--state", "STATE", "owned, held, waiting, pooled or converted"),
      CommandOption("--limit", "N", "so many at most (default 50)"),
      .json,
    ],
    details: "The middle of each phone number is left out; `millrace leads explain` prints one in full.",
    examples: [("millrace leads list --branch CN-GD --state held", "see who waits in a branch")],
    run: runList)

  private static func runHeld(_ invocation: Invocation) throws -> Exit {
    let rows = try invocation.database().rows(
      """
      select b.code, b.name, l.held_reason, count(*), min(l.held_since)
      from lead l left join branch b on b.id = l.branch_id where l.state = 'held'
      group by 1, 2, 3 order by count(*) desc, 1, 3
      """)
    var table = Table(.left("branch"), .left("name"), .left("reason"), .right("leads"), .left("oldest"))
    for row in rows.map({ $0 }) {
      table.add(
        .text(optional: row.optionalText(0)), .text(optional: row.optionalText(1)), .text(row.text(2)),
        .number(row.integer(3)), .time(row.timestamp(4)))
    }
    invocation.output.show(table, nothing: "No lead is held.")
    return .done
  }

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let state = invocation.text("--state")
    let states = ["owned", "held", "waiting", "pooled", "converted"]
    guard state.map({ states.contains($0) }) ?? true else {
      throw Failure.usage("--state is \(shown(state ?? "")), but must be one of \(states.joined(separator: ", ")).")
    }
    let limit = try invocation.integer("--limit", 1...100_000) ?? 50
    let rows = try invocation.database().rows(
      """
      select l.id, l.phone, l.region, l.source, l.product, l.state, b.code, p.code, p.name, l.held_reason,
        coalesce(l.protected_since, l.held_since), l.protected_until
      from lead l left join branch b on b.id = l.branch_id left join person p on p.id = l.owner_id
      where ($1::text is null or b.code = $1) and ($2::text is null or p.code = $2)
        and ($3::text is null or l.state = $3)
      order by l.id desc limit $4
      """
    ) {
      $0.text(invocation.text("--branch"))
      $0.text(invocation.text("--owner"))
      $0.text(state)
      $0.integer(limit)
    }
    var table = Table(
      .right("lead"), .left("phone"), .left("region"), .left("source"), .left("product"), .left("state"),
      .left("branch"), .left("owner"), .left("name"), .left("reason"), .left("since"), .left("protectedUntil"))
    for row in rows.map({ $0 }) {
      table.add(
        .number(row.integer(0)), .text(optional: row.optionalInteger(1).map(masked)),
        .text(optional: row.optionalText(2)), .text(row.text(3)), .text(optional: row.optionalText(4)),
        .text(row.text(5)), .text(optional: row.optionalText(6)), .text(optional: row.optionalText(7)),
        .text(optional: row.optionalText(8)), .text(optional: row.optionalText(9)),
        .time(optional: row.optionalTimestamp(10)), .time(optional: row.optionalTimestamp(11)))
    }
    invocation.output.show(table, nothing: "No lead\(table.isEmpty && invocation.operands.isEmpty ? "" : " matches").")
    return .done
  }

  /// `+86138****8000`.
  static func masked(_ phone: Int64) -> String {
    let digits = String(phone)
    guard digits.count > 8 else { return "+" + String(repeating: "*", count: digits.count) }
    return "+" + digits.prefix(digits.count - 8) + "****" + digits.suffix(4)
  }

  private static func runExplain(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let word = invocation.operands[0]
    guard let page = try explanation(of: Int64(word), orPhone: phone(word), session) else {
      throw Failure.no("there is no lead with the number or phone \(shown(word)).")
    }
    invocation.output.write(invocation.output.isJSON ? page.json : page.text(width: invocation.output.width))
    return page.isConfirmed ? .done : .no
  }

  static func explanation(
    of lead: Int64?, orPhone phone: Int64? = nil, _ session: Connection
  ) throws -> ExplanationPage? {
    let rows = try session.rows(
      """
      select l.id, l.phone, l.phone_text, l.region, l.name, l.source, l.product, l.state, b.code, b.name, p.code, p.name,
        l.held_reason, l.held_since, l.protected_since, l.protected_until, l.version, l.registered_at,
        l.language, trim_scale(l.value_amount)::text || ' ' || l.value_currency, l.customer_number,
        (select code from person where id = l.importer_id), (select code from customer_seen where id = l.customer_id),
        (select string_agg(code, ', ' order by code) from customer_seen where id = any(l.suggested_customers)),
        l.step_due_at, (l.value_amount * 10000)::bigint, l.value_currency
      from lead l left join branch b on b.id = l.branch_id left join person p on p.id = l.owner_id
      where l.id = $1 or l.phone = $2
      """
    ) {
      $0.integer(lead)
      $0.integer(phone)
    }
    guard let row = rows.first else { return nil }
    let value = row.optionalInteger(25).map { Money(tenThousandths: $0, currency: row.optionalText(26) ?? "") }
    let reading = RuleReading(
      region: row.optionalText(3), source: row.text(5), product: row.optionalText(6), language: row.optionalText(18),
      value: value)
    let story = try LeadExplanation.load(row.integer(0), reading, session)
    return ExplanationPage(row, story, try duplicates(row.integer(0), session))
  }

  private static func phone(_ word: String) -> Int64? {
    do throws(PhoneNumber.Refusal) {
      return try PhoneNumber(parsing: word, in: PhoneCountry("CN")).digits
    } catch {
      return nil
    }
  }

  private static func duplicates(_ lead: Int64, _ session: Connection) throws(PostgresError) -> Table {
    let rows = try session.rows(
      """
      select at, registered_at, source, product, event_source, event_id from lead_duplicate where lead_id = $1 order by at
      """
    ) { $0.integer(lead) }
    var table = Table(
      .left("at"), .left("registeredAt"), .left("source"), .left("product"), .left("eventSource"), .left("eventId"))
    for row in rows.map({ $0 }) {
      table.add(
        .time(row.timestamp(0)), .time(row.timestamp(1)), .text(row.text(2)), .text(optional: row.optionalText(3)),
        .text(row.text(4)), .text(row.text(5)))
    }
    return table
  }
}
