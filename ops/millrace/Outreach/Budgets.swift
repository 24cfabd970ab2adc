internal import Postgres
internal import Printing
internal import Values

/// `outreach budget list`, `set` and `remove`: what messages that name a budget may cost in all.
enum Budgets {
  static let list = Command(
    name: "outreach budget list", summary: "list what messages may cost, and what they have cost", options: [.json],
    details: """
      Reserved is what messages would cost that a gateway may have: those that are being sent, and those whose outcome
      nobody knows (`outreach uncertain list`).
      """,
    examples: [("millrace outreach budget list", "see the budgets")],
    run: runList)

  static let set = Command(
    name: "outreach budget set", summary: "set what messages may cost", operands: "NAME CURRENCY", operandCount: 2...2,
    options: [
      CommandOption(
        "--most", "AMOUNT", "all of its messages together; 0 is nothing at all; none: they are only counted"),
      .execute, .json,
    ],
    details: """
      A message that names the budget is sent only where its gateway's price, times its parts, is left; else it is skipped.
      What is being sent, or uncertain, counts as spent until it is known not to be. A lower bound than what is spent
      already stops what has not been claimed yet. Messages that name none need none.
      """,
    examples: [("millrace outreach budget set spring-2026 CNY --most 5000 --execute", "5,000 yuan")],
    run: runSet)

  static let remove = Command(
    name: "outreach budget remove", summary: "take a budget away", operands: "NAME", operandCount: 1...1,
    options: [.execute, .json],
    details: "Not while something is reserved. Messages that wait and name it are skipped.",
    examples: [("millrace outreach budget remove spring-2026 --execute", "no more of it")],
    run: runRemove)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    invocation.output.show(try table(try invocation.database()), nothing: "There is no budget.")
    return .done
  }

  /// - Parameter name: nil for all.
  static func table(_ session: Connection, name: String? = nil) throws -> Table {
    var table = Table(
      .left("budget"), .left("currency"), .right("most"), .right("spent"), .right("reserved"), .right("left"),
      .left("changedAt"), .left("changedBy"))
    for row in try session.rows(
      """
      select name, currency, most::text, spent::text, reserved::text, (most - spent - reserved)::text, changed_at, changed_by
      from budget where $1::text is null or name = $1 order by 1
      """,
      {
        $0.text(name)
      })
    {
      table.add(
        .text(row.text(0)), .text(row.text(1)), .text(optional: row.optionalText(2)), .text(row.text(3)),
        .text(row.text(4)), .text(optional: row.optionalText(5)), .time(row.timestamp(6)), .text(row.text(7)))
    }
    return table
  }

  private static func runSet(_ invocation: Invocation) throws -> Exit {
    let (name, currency) = (invocation.operands[0], invocation.operands[1])
    guard isName(name) else {
      throw Failure.usage("\(shown(name)) is no name: small letters, digits, dots, dashes, at most 63.")
    }
    guard Money("0", currency) != nil else {
      throw Failure.usage("\(shown(currency)) is no currency: three capital letters, as CNY.")
    }
    let most = try invocation.text("--most").map { text throws(Failure) in
      guard let money = Money(text, currency), money.tenThousandths >= 0 else {
        throw .usage("--most is \(shown(text)), but must be an amount from 0, as 5000 or 12.50.")
      }
      return money
    }
    let session = try invocation.database()
    func rows() throws -> Table { try table(session, name: name) }
    return try PreviewedChange.run(invocation, session, of: rows) {
      let rows = try session.rows(
        """
        insert into budget as b (name, currency, most) values ($1, $2, $3 * 0.0001)
        on conflict (name) do update set most = excluded.most, changed_at = clock_timestamp(), changed_by = session_user
        where b.currency = excluded.currency
        returning name
        """
      ) {
        $0.text(name)
        $0.text(currency)
        $0.integer(most?.tenThousandths)
      }
      if rows.isEmpty { throw Failure.no("\(name) is in another currency, which stays: remove it first.") }
    }
  }

  private static func isName(_ text: String) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool { (97...122).contains(byte) || (48...57).contains(byte) }
    return (1...63).contains(text.utf8.count) && text.utf8.first.map(isPlain) == true
      && text.utf8.allSatisfy { isPlain($0) || "._-".utf8.contains($0) }
  }

  private static func runRemove(_ invocation: Invocation) throws -> Exit {
    let name = invocation.operands[0]
    let session = try invocation.database()
    guard try !table(session, name: name).isEmpty else { throw Failure.no("there is no budget \(shown(name)).") }
    func rows() throws -> Table { try table(session, name: name) }
    return try PreviewedChange.run(invocation, session, of: rows) {
      let rows = try session.rows("delete from budget where name = $1 and reserved = 0 returning name") {
        $0.text(name)
      }
      if rows.isEmpty {
        throw Failure.no(
          "\(name) has reserved for messages that a gateway may have: `millrace outreach uncertain list`.")
      }
    }
  }
}
