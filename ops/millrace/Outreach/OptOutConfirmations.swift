internal import Postgres
internal import Printing
internal import Values

/// `outreach policy confirm` and `confirmations`: where somebody who writes STOP is told that it was heard.
enum OptOutConfirmations {
  static let list = Command(
    name: "outreach policy confirmations", summary: "list where opting out is confirmed, and with which template",
    options: [.json], examples: [("millrace outreach policy confirmations", "see the countries")], run: runList)

  static let set = Command(
    name: "outreach policy confirm", summary: "confirm to phones of a country that they are written to no more",
    operands: "COUNTRY", operandCount: 1...1,
    options: [
      CommandOption("--template", "NAME", "what it says: a stored template of short messages that wants no variables"),
      CommandOption("--none", nil, "say nothing any more"), .execute, .json,
    ],
    details: """
      One short message goes to whoever was not suppressed until then, by the gateway that heard the answer and from the
      number that it was sent to, within five minutes or not at all. It is transactional: opting out does not keep it away.
      """,
    examples: [("millrace outreach policy confirm US --template opted-out --execute", "in the United States")],
    run: runSet)

  private static func runList(_ invocation: Invocation) throws -> Exit {
    invocation.output.show(try table(try invocation.database()), nothing: "Nowhere is opting out confirmed.")
    return .done
  }

  private static func table(_ session: Connection, country: String? = nil) throws -> Table {
    var table = Table(.left("country"), .left("template"), .left("changedAt"), .left("changedBy"))
    for row in try session.rows(
      """
      select country, template, changed_at, changed_by from opt_out_confirmation
      where $1::text is null or country = $1 order by 1
      """,
      {
        $0.text(country)
      })
    { table.add(.text(row.text(0)), .text(row.text(1)), .time(row.timestamp(2)), .text(row.text(3))) }
    return table
  }

  private static func runSet(_ invocation: Invocation) throws -> Exit {
    let country = invocation.operands[0]
    guard country.utf8.count == 2, country.utf8.allSatisfy({ (65...90).contains($0) }) else {
      throw Failure.usage("\(shown(country)) is no country: two capital letters, as US.")
    }
    let template = invocation.text("--template")
    guard (template == nil) == invocation.flag("--none") else {
      throw Failure.usage("give one of --template and --none.")
    }
    let session = try invocation.database()
    if let template { try check(template, session) }
    func rows() throws -> Table { try table(session, country: country) }
    return try PreviewedChange.run(invocation, session, of: rows) {
      _ = try session.rows("delete from opt_out_confirmation where country = $1") { $0.text(country) }
      guard let template else { return }
      _ = try session.rows("insert into opt_out_confirmation (country, template) values ($1, $2)") {
        $0.text(country)
        $0.text(template)
      }
    }
  }

  /// Each of its languages has to say something of itself.
  private static func check(_ template: String, _ session: Connection) throws {
    let rows = try session.rows(
      "select language from template_in_use where channel = 'sms' and name = $1 order by 1"
    ) { $0.text(template) }
    guard !rows.isEmpty else { throw Failure.no("there is no template \(shown(template)) of short messages.") }
    for row in rows {
      let found = try TemplateChoice(template, .sms, row.text(0)).one(session)
      let wanted = try found.template.check().variables.filter { $0.need == .always }.map(\.name)
      guard wanted.isEmpty else {
        throw Failure.no("\(template) in \(row.text(0)) wants \(wanted.joined(separator: ", ")), which nobody gives.")
      }
    }
  }
}
