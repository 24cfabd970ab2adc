internal import Postgres
internal import Printing

/// `outreach templates withdraw`: a version that is no longer to be used.
enum TemplatesWithdraw {
  static let command = Command(
    name: "outreach templates withdraw", summary: "use a version no longer", operands: "NAME", operandCount: 1...1,
    options: TemplateChoice.options + [.execute, .json],
    details: """
      The version stays, for what was sent with it; the newest that is left is used from then on. A withdrawal is not
      taken back: load the text again, as a new version.
      """,
    examples: [
      ("millrace outreach templates withdraw maturity --channel sms --language zh-CN --version 3 --execute", "go back")
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    guard invocation.text("--version") != nil else { throw Failure.usage("say which version: --version N.") }
    let session = try invocation.database()
    let choice = try TemplateChoice(invocation)
    let found = try choice.one(session)
    guard found.state != .withdrawn else { throw Failure.no("version \(found.version) is withdrawn already.") }
    let left = try TemplateVersion.read(session, name: choice.name).last {
      $0.template.key == found.template.key && $0.version != found.version && $0.state != .withdrawn
    }
    var table = Table(.left("name"), .left("channel"), .left("language"), .right("version"), .right("thenUsed"))
    let key = found.template.key
    table.add(.text(key[0]), .text(key[1]), .text(key[2]), .number(found.version), .number(optional: left?.version))
    if invocation.isExecuting {
      try session.transaction {
        _ = try session.rows(
          "insert into template_withdrawal (name, channel, language, version) values ($1, $2, $3, $4)"
        ) {
          for word in key { $0.text(word) }
          $0.integer(found.version)
        }
        try OperatorAction.record(invocation, table.json, session)
      }
    }
    invocation.output.show(table)
    invocation.output.note(invocation.isExecuting ? "Withdrawn." : "Nothing was done. To withdraw it, add --execute.")
    return .done
  }
}
