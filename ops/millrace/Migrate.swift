internal import Migrations
internal import Printing
internal import Settings

/// `migrate`: acts at once, because every step is additive, each is all or nothing, and deployments call it unattended.
enum Migrate {
  static let command = Command(
    name: "migrate", summary: "give the database the schema that this version needs",
    options: [CommandOption("--check", nil, "change nothing; exit with 1 if something is missing"), .json],
    details: """
      Applies the steps that are missing, each in a transaction of its own. Acts at once and may be run again, or by
      several programs at the same time: each step happens once. The login must own the schema (or may create it) and
      may create roles, unless they are there. DATABASE_ROLE plays no part here.
      """,
    examples: [
      ("millrace migrate", "bring the schema up to date"),
      ("millrace migrate --check", "see whether that is needed"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let schema = try invocation.databaseSettings()[.databaseSchema]
    let session = try invocation.ownDatabase()
    let output = invocation.output
    let isCheck = invocation.flag("--check")
    let before = try Migrations.state(session)
    if !isCheck {
      try Migrations.apply(session, schema: schema) { step in
        if !output.isJSON { output.note("applied \(step.version) \(step.name)") }
      }
    }
    let after = try Migrations.state(session)
    var table = Table(.right("version"), .left("name"), .left("state"), .left("appliedAt"))
    for step in after.applied {
      let isNew = !before.applied.contains { $0.version == step.version }
      table.add(
        .number(Int64(step.version)), .text(step.name), .text(isNew ? "applied now" : "applied"), .time(step.at))
    }
    for step in after.missing { table.add(.number(Int64(step.version)), .text(step.name), .text("missing"), .none) }
    if output.isJSON || isCheck { output.show(table) }
    if !output.isJSON, !isCheck { output.note("The database is at migration \(after.version).") }
    return after.missing.isEmpty ? .done : .no
  }
}
