internal import Postgres
internal import Values

/// `people report`: how many leads branches and people have, were given, and converted.
enum PeopleReport {
  static let command = Command(
    name: "people report", summary: "count leads by branch and person: held, waiting, owned, allocated, converted",
    options: [
      CommandOption("--branch", "CODE", "only this branch and those below it, with their people"),
      CommandOption("--people", nil, "all people, not only branches"),
      CommandOption("--from", "TIME", "allocated and converted since then: 2026-01-31T09:30:00+08:00, or 7d ago"),
      CommandOption("--until", "TIME", "and before then"), .json,
    ],
    details: """
      Held (nobody can take them), waiting (to be passed down), pooled (to be claimed) and owned are as of now. Allocated
      and converted are those of the time that is asked for, else all that there ever were. A branch's are those that
      were given or converted there; a person's, wherever that was. Without a time, those of a branch are those of its
      people.
      """,
    examples: [
      ("millrace people report", "see the branches"),
      ("millrace people report --branch CN-GD --from 7d", "see a week of a branch and its people"),
    ],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    let session = try invocation.database()
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let span = Span(
      from: try Moments.since(invocation.text("--from"), now: now, option: "--from"),
      until: try Moments.since(invocation.text("--until"), now: now, option: "--until"))
    if let from = span.from, let until = span.until, from >= until {
      throw Failure.usage("--until must be after --from.")
    }
    let branch = invocation.text("--branch")
    let counts = try PeopleCounts.read(under: branch, span, session)
    if let branch, counts.isEmpty { throw Failure.no("no branch has the code \(shown(branch)).") }
    invocation.output.show(
      table(counts, withPeople: branch != nil || invocation.flag("--people")), nothing: "There is no branch.")
    return .done
  }

  /// From inclusive, until exclusive.
  struct Span {
    let from: Timestamp?
    let until: Timestamp?

    var isAll: Bool { from == nil && until == nil }
  }

  private static func table(_ counts: [PeopleCounts], withPeople: Bool) -> Table {
    var table = Table(
      .left("branch"), .left("person"), .left("name"), .right("held"), .right("waiting"), .right("pooled"),
      .right("owned"), .right("allocated"), .right("converted"))
    for count in counts where withPeople || count.person == nil {
      table.add(
        .text(count.branch), .text(optional: count.person), .text(count.name), .number(optional: count.held),
        .number(optional: count.waiting), .number(optional: count.pooled), .number(count.owned),
        .number(count.allocated), .number(count.converted))
    }
    return table
  }
}
