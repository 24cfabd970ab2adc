internal import Contract
internal import LeadAllocation
internal import Postgres
internal import Settings
internal import Topics
internal import Values

/// `leads rehearse`: who would get what, and why, without anything being changed.
enum LeadsRehearse {
  static let command = Command(
    name: "leads rehearse", summary: "say who would get the leads of a file, and why, and change nothing",
    operands: "FILE", operandCount: 1...1,
    options: [
      CommandOption("--rules", "FILE|DIR", "as if this were loaded: rules, or anything that `leads setup` takes"),
      CommandOption("--source", "S", "of a table: the source of rows that name none"),
      CommandOption("--importer", "PERSON", "of a table: the code of whoever brings them"),
      CommandOption("--map", "COLUMN=FIELD,…", "of a table: what columns mean, as for `leads import`"),
      CommandOption("--explain", "LINE", "explain that line's lead in full, as `leads explain` does, and no other"),
      CommandOption("--all", nil, "print every lead, not only the first 50"), .json,
    ],
    details: """
      FILE is what `millrace publish lead.registered` takes, or a table (.csv, .tsv, .txt) that `leads import` takes.

      The worker's own decision is made, on copies of the firm, its counters and turns as they are in this moment. Nobody
      waits for it, and no row is kept. It needs the rights of both the operator and allocate-leads. The leads come in the
      order of the file, one after the other; what the workers do meanwhile is not in it, so that the turn may fall on
      another person when the leads are published.
      """,
    examples: [
      ("millrace leads rehearse leads.jsonl", "see who would get them"),
      ("millrace leads rehearse leads.csv --rules new-rules.json", "under rules that are not loaded"),
    ],
    run: run)

  private static let mostShown = 50

  private static func run(_ invocation: Invocation) throws -> Exit {
    let firm = try invocation.text("--rules").map { try FirmFiles.read($0) }
    let session = try invocation.database()
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let read = try RehearsalLeads(invocation, now: now)
    let settings = try Settings(reading: invocation.environment, declared: AllocateLeads.settings.map { [$0] } ?? [])
    let line = try invocation.integer("--explain", 1...1_000_000_000)
    var page: ExplanationPage?
    var warnings: [FirmWarnings.Warning] = []
    let outcomes = try RehearsalStage.with(session, phones: read.phones) { stage in
      if let firm {
        let outcome = try LeadsSetup.compare(firm, session, invocation.text("--rules") ?? "")
        try outcome.difference.write(session)
        try stage.addLoads()
        warnings = outcome.warnings
      }
      var cache = AllocateLeads.Cache(settings)
      let reader = AllocateLeads.reader(settings)
      let decisions = try stage.decide(
        as: AllocateLeads.self, role: "millrace_allocate_leads", read.leads.map { $0.delivery.read(by: reader) }, &cache
      )
      let outcomes = try RehearsalOutcome.read(read, decisions.map(said), session)
      if let line {
        page = try outcomes.first { $0.line == line }?.lead.flatMap { try Leads.explanation(of: $0, session) }
      }
      return outcomes
    }
    if let line {
      guard let page else { throw Failure.no("of line \(line) no lead would be made.") }
      invocation.output.write(invocation.output.isJSON ? page.json : page.text(width: invocation.output.width))
      return .done
    }
    show(outcomes, warnings, invocation)
    return outcomes.contains { $0.outcome == "refused" } ? .no : .done
  }

  private static func said(_ decision: Decision<AllocateLeads.Change>) -> RehearsalOutcome.Decided {
    switch decision {
    case .apply(_, _, let outcome): .applied("\(outcome)")
    case .ignore(let reason): .applied("\(reason)")
    case .reject(let refusal): .refused(refusal)
    }
  }

  private static func show(
    _ outcomes: [RehearsalOutcome], _ warnings: [FirmWarnings.Warning], _ invocation: Invocation
  ) {
    let output = invocation.output
    if output.isJSON {
      let leads = RehearsalOutcome.table(outcomes[...]).json.dropLast()
      return output.write("{\"leads\":\(leads),\"branches\":\(RehearsalOutcome.summary(outcomes).json.dropLast())}\n")
    }
    for warning in warnings { output.write("Warning: \(printable("\(warning.about): \(warning.sentence)")).\n") }
    let shown = invocation.flag("--all") ? outcomes[...] : outcomes.prefix(mostShown)
    output.show(RehearsalOutcome.table(shown), nothing: "The file has no lead.")
    if shown.count < outcomes.count { output.write("\(outcomes.count - shown.count) more: --all prints them.\n") }
    guard !outcomes.isEmpty else { return }
    output.write("\n")
    output.show(RehearsalOutcome.summary(outcomes))
    output.note("Nothing was changed.")
  }
}
