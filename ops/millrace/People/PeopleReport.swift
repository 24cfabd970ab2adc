internal import Postgres
internal import Values

/// `people report`: what branches and people have of leads, what they did in a time, and who comes first.
enum PeopleReport {
  static let command = Command(
    name: "people report", summary: "rank branches and people by leads, contacts, conversions, calls, tasks, campaigns",
    options: [
      CommandOption("--branch", "CODE", "only this branch and those below it, with their people"),
      CommandOption("--people", nil, "people too, not only branches"),
      CommandOption("--from", "TIME", "since then: 2026-01-31T09:30:00+08:00, or 7d ago (default 30d)"),
      CommandOption("--until", "TIME", "and before then"),
      CommandOption("--by", "COLUMN", "rank by this one (default converted)"),
      CommandOption("--own", nil, "what your own login may see; needs no more than millrace_person"),
    ] + ReportForm.options,
    details: """
      Held (nobody can take them), waiting (to be passed down), pooled (to be claimed), owned and tasks overdue are as
      of now; all else is of the time that is asked for. A branch's leads are those that were given, reclaimed or
      converted there; a person's, wherever that was. Contacted in time: of the leads that were given those whose
      owner talked to them before they were taken back, given up or given to somebody else. Calls were answered; talk
      is in minutes. Campaigns: messages that went to a branch's people, and conversions that are a campaign's merit;
      a person's are those of the customers and leads that are theirs now.

      Ranked by one of: \(PeopleReport.orderLines).

      With --own a manager sees the branches that are theirs with all below them, and everybody else themselves.
      """,
    examples: [
      ("millrace people report", "rank the branches by a month's conversions"),
      ("millrace people report --branch CN-GD --from 7d --by inTime", "a week of a branch and its people"),
      ("millrace people report --people --as html --out people.html", "as a page"),
    ],
    run: run)

  private static let orderNames = PeopleCounts.orders.map(\.name).joined(separator: ", ")

  private static let orderLines = {
    let names = PeopleCounts.orders.map(\.name)
    return names.prefix(6).joined(separator: ", ") + ",\n" + names.dropFirst(6).joined(separator: ", ")
  }()

  private static func run(_ invocation: Invocation) throws -> Exit {
    let form = try ReportForm.asked(invocation)
    let order = try order(invocation.text("--by"))
    let isOwn = invocation.flag("--own")
    let session = isOwn ? try invocation.personsDatabase() : try invocation.database()
    let now = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let span = Span(
      from: try Moments.since(invocation.text("--from"), now: now, option: "--from")
        ?? now.adding(seconds: -30 * 86_400),
      until: try Moments.since(invocation.text("--until"), now: now, option: "--until") ?? now)
    guard span.from < span.until else { throw Failure.usage("--until must be after --from.") }
    let branch = invocation.text("--branch")
    let counts = try PeopleCounts.read(under: branch, span, isOwn: isOwn, session)
    if let branch, counts.isEmpty {
      throw Failure.no("no branch \(isOwn ? "of yours " : "")has the code \(shown(branch)).")
    }
    let ranking = PeopleRanking(
      counts, by: order, withPeople: branch != nil || isOwn || invocation.flag("--people"), span)
    let text =
      switch form {
      case .table: ranking.text(width: invocation.output.width)
      case .json: ranking.json
      case .csv: ranking.csv
      case .html: ranking.html
      }
    try ReportForm.give(text, form, invocation)
    return .done
  }

  private static func order(_ word: String?) throws(Failure) -> (
    name: String, value: @Sendable (PeopleCounts) -> Double
  ) {
    let word = word ?? PeopleCounts.orders[0].name
    guard let found = PeopleCounts.orders.first(where: { $0.name == word }) else {
      throw .usage(
        "--by is \(shown(word)), but must be \(orderNames)\(Misspelling.hint(word, PeopleCounts.orders.map(\.name)))")
    }
    return found
  }

  /// From inclusive, until exclusive.
  struct Span {
    let from: Timestamp
    let until: Timestamp
  }
}
