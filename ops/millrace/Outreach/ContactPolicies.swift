internal import Postgres
internal import Printing
internal import Values

/// `outreach policy list`, `set` and `remove`: when and how often people are written to.
enum ContactPolicies {
  private static let place = "CHANNEL PURPOSE"

  static let list = Command(
    name: "outreach policy list", summary: "list when and how often people are written to", options: [.json],
    examples: [("millrace outreach policy list", "see the rules")],
    run: runList)

  static let set = Command(
    name: "outreach policy set", summary: "set when and how often people are written to", operands: place,
    operandCount: 2...2,
    options: [
      CommandOption("--calendar", "CODE", "at these hours, by the clock where the recipient is; none: at any time"),
      CommandOption(
        "--spread", "TIME", "what waited for the hours goes within so much of their beginning (default 1m)"),
      CommandOption("--most", "N", "at most so many to one person within --within; 0 is none at all"),
      CommandOption("--within", "TIME", "the period of --most: 24h, 7d"),
      CommandOption("--without-consent", nil, "write also to those whose consent nobody knows"), .execute, .json,
    ],
    details: """
      CHANNEL is sms, email, fax, or all for what all channels together may do; PURPOSE is service or marketing. The rule is
      set as a whole: what is left out is not bound. Transactional messages go at any time and count for nothing. Calendars
      are those of `leads setup`. Senders take a rule up within a second; what waits already keeps its moment.
      """,
    examples: [
      (
        "millrace outreach policy set sms marketing --calendar day --spread 30m --most 2 --within 7d --execute",
        "a rule"
      ),
      ("millrace outreach policy set all marketing --most 4 --within 30d --execute", "one for all channels"),
    ],
    run: runSet)

  static let remove = Command(
    name: "outreach policy remove", summary: "bind a channel and purpose no longer", operands: place,
    operandCount: 2...2, options: [.execute, .json],
    details: "Without a rule people are written to at any time and as often as asked; marketing only with consent.",
    examples: [("millrace outreach policy remove sms marketing --execute", "take the rule away")],
    run: runRemove)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    let table = try table(try invocation.database())
    invocation.output.show(table, nothing: "No rule is set: at any time, as often as asked, marketing with consent.")
    return .done
  }

  private static func table(_ session: Connection, channel: String? = nil, purpose: String? = nil) throws -> Table {
    var table = Table(
      .left("channel"), .left("purpose"), .left("calendar"), .left("spread"), .right("most"), .left("within"),
      .left("withoutConsent"), .left("changedAt"), .left("changedBy"))
    for row in try session.rows(
      """
      select p.channel, p.purpose, c.code, extract(epoch from p.spread)::bigint, p.most::bigint,
        extract(epoch from p.period)::bigint, p.without_consent, p.changed_at, p.changed_by
      from contact_policy p left join calendar c on c.id = p.calendar_id
      where ($1::text is null or p.channel = $1) and ($2::text is null or p.purpose = $2) order by 1, 2
      """,
      {
        $0.text(channel)
        $0.text(purpose)
      })
    {
      let hasHours = row.optionalText(2) != nil
      table.add(
        .text(row.text(0)), .text(row.text(1)), .text(optional: row.optionalText(2)),
        hasHours ? .text(Spans.shown(row.integer(3))) : .none, .number(optional: row.optionalInteger(4)),
        .text(optional: row.optionalInteger(5).map { Spans.shown($0) }), .boolean(row.boolean(6)),
        .time(row.timestamp(7)), .text(row.text(8)))
    }
    return table
  }

  private static func target(_ invocation: Invocation) throws(Failure) -> (channel: String, purpose: String) {
    let (channel, purpose) = (invocation.operands[0], invocation.operands[1])
    guard ["sms", "email", "fax", "all"].contains(channel) else {
      throw .usage("\(shown(channel)) is no channel: sms, email, fax or all.")
    }
    guard ["service", "marketing"].contains(purpose) else {
      throw .usage("\(shown(purpose)) is no purpose that can be bound: service or marketing.")
    }
    return (channel, purpose)
  }

  private static func runSet(_ invocation: Invocation) throws -> Exit {
    let (channel, purpose) = try target(invocation)
    let most = try invocation.integer("--most", 0...1_000_000)
    let period = try Spans.seconds(invocation.text("--within"), atMost: 366 * 86_400, "--within", zero: false)
    let spread = try Spans.seconds(invocation.text("--spread"), atMost: 12 * 3600, "--spread", zero: true)
    guard (most == nil) == (period == nil) else { throw Failure.usage("--most and --within belong together.") }
    let code = invocation.text("--calendar")
    guard channel != "all" || code == nil else {
      throw Failure.usage("hours belong to a channel of its own: --calendar is not for all.")
    }
    guard spread == nil || code != nil else { throw Failure.usage("--spread is of the hours that --calendar gives.") }
    let session = try invocation.database()
    let calendar = try code.map { code in
      let rows = try session.rows("select id from calendar where code = $1") { $0.text(code) }
      guard let row = rows.first else { throw Failure.no("there is no calendar \(shown(code)).") }
      return row.integer(0)
    }
    func rows() throws -> Table { try table(session, channel: channel, purpose: purpose) }
    return try PreviewedChange.run(invocation, session, of: rows) {
      _ = try session.rows(
        """
        insert into contact_policy as p (channel, purpose, calendar_id, spread, most, period, without_consent)
        values ($1, $2, $3, $4 * interval '1 second', $5, $6 * interval '1 second', $7)
        on conflict (channel, purpose) do update set calendar_id = excluded.calendar_id, spread = excluded.spread,
          most = excluded.most, period = excluded.period, without_consent = excluded.without_consent,
          changed_at = clock_timestamp(), changed_by = session_user
        """
      ) {
        $0.text(channel)
        $0.text(purpose)
        $0.integer(calendar)
        $0.integer(spread ?? 60)
        $0.small(most.map { Int32($0) })
        $0.integer(period)
        $0.boolean(invocation.flag("--without-consent"))
      }
    }
  }

  private static func runRemove(_ invocation: Invocation) throws -> Exit {
    let (channel, purpose) = try target(invocation)
    let session = try invocation.database()
    guard try !table(session, channel: channel, purpose: purpose).isEmpty else {
      throw Failure.no("there is no rule for \(channel) \(purpose).")
    }
    func rows() throws -> Table { try table(session, channel: channel, purpose: purpose) }
    return try PreviewedChange.run(invocation, session, of: rows) {
      _ = try session.rows("delete from contact_policy where channel = $1 and purpose = $2") {
        $0.text(channel)
        $0.text(purpose)
      }
    }
  }
}

/// Spans of time on a command line: a whole number and `s`, `m`, `h` or `d`; a day is 86,400 seconds.
enum Spans {
  private static let units: [(name: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]

  static func seconds(_ text: String?, atMost longest: Int64, _ option: String, zero: Bool) throws(Failure) -> Int64? {
    guard let text else { return nil }
    let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
    let unit = units.first { $0.name == text[digits.endIndex...] }?.seconds
    guard let count = Int64(digits), count <= 1_000_000_000, let unit, count * unit <= longest, zero || count > 0 else {
      throw .usage("\(option) is \"\(printable(text))\", but must be as 30m, 24h or 7d, at most \(shown(longest)).")
    }
    return count * unit
  }

  static func shown(_ seconds: Int64) -> String {
    guard seconds != 0, let unit = units.first(where: { seconds % $0.seconds == 0 }) else { return "0s" }
    return "\(seconds / unit.seconds)\(unit.name)"
  }
}
