internal import Postgres
internal import Printing
internal import Values

/// `leads transfer`: all that one person has, to others.
enum LeadTransfer {
  static let command = Command(
    name: "leads transfer", summary: "hand over all leads and customers of a person",
    options: [
      CommandOption("--from", "PERSON", "whose leads and customers (required)"),
      CommandOption("--to", "PERSON", "who shall have them"),
      CommandOption("--by-rule", nil, "instead: whoever's turn it is in each lead's branch; customers to the manager"),
      CommandOption("--wait", "SECONDS", "wait so long for what comes of it (default 60; 0 does not wait)"), .execute,
      .json,
    ],
    details: """
      For managers of both, or of a branch above them; you are known by your database login. What is beyond the receiver's
      capacity stays where it is and is told as `full`. The clock goes on or begins anew as the receiver's pool policy says.
      The receiver has one reminder for all of it. Customers go with them, by rule to the nearest manager; a profile
      that names the former manager once more does not bring them back, one that names another does.
      """,
    examples: [
      ("millrace leads transfer --from P0001 --to P0002", "see how many there are and how many fit"),
      ("millrace leads transfer --from P0001 --by-rule --execute", "hand them over by rotation"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    guard let giver = invocation.text("--from") else { throw Failure.usage("say whose leads: --from PERSON.") }
    let receiver = invocation.text("--to")
    guard (receiver != nil) != invocation.flag("--by-rule") else {
      throw Failure.usage("say who shall have them: either --to PERSON or --by-rule.")
    }
    let seconds = try invocation.integer("--wait", 0...3600) ?? 60
    let session = try invocation.personsDatabase()
    let row = try session.rows("select transfer, leads, fits, customers, customers_to from transfer_leads($1, $2, $3)")
    {
      $0.text(giver)
      $0.text(receiver)
      $0.boolean(invocation.isExecuting)
    }[0]
    let leads = row.integer(1)
    guard let transfer = row.optionalInteger(0) else {
      var table = Table(
        .left("from"), .left("to"), .right("leads"), .right("fits"), .right("customers"),
        .left("customersTo"), .left("done"))
      table.add(
        .text(giver), .text(receiver ?? "by rule"), .number(leads), .number(row.optionalInteger(2) ?? leads),
        .number(row.integer(3)), .text(optional: row.optionalText(4)), .boolean(false))
      invocation.output.show(table)
      if leads + row.integer(3) > 0 { invocation.output.note("Nothing was done. To hand them over, add --execute.") }
      return .done
    }
    let outcomes = try settled(transfer, leads, seconds, session)
    var table = Table(.left("from"), .left("to"), .right("leads"), .left("outcome"), .right("transfer"))
    if row.integer(3) > 0 {
      invocation.output.note(
        "\(row.integer(3)) customers go to \(shown(row.optionalText(4) ?? "-")): keep-customers gives them on.")
    }
    for (outcome, count) in outcomes {
      table.add(
        .text(giver), .text(receiver ?? "by rule"), .number(count), .text(outcome ?? "not decided yet"),
        .number(transfer))
    }
    invocation.output.show(table)
    return outcomes.allSatisfy { $0.outcome == "transferred" || $0.outcome == nil } ? .done : .no
  }

  private static func settled(
    _ transfer: Int64, _ leads: Int64, _ seconds: Int64, _ session: Connection
  ) throws -> [(outcome: String?, count: Int64)] {
    try Asking.until(within: seconds) {
      $0.allSatisfy { $0.outcome != nil }
    } _: {
      try session.rows("select outcome, leads from transfer_outcomes($1) order by outcome nulls last") {
        $0.integer(transfer)
      }.map { (outcome: $0.optionalText(0), count: $0.integer(1)) }
    }
  }
}
