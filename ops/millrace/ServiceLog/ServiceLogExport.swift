internal import JSON
internal import Postgres
internal import ServiceLog
internal import Values

/// `service-log export`: a day of the log, with all that it takes to check it elsewhere.
enum ServiceLogExport {
  static let command = Command(
    name: "service-log export", summary: "print a day of the service log, with its proof, a JSON object a line",
    options: [
      CommandOption("--day", "DAY", "the day, as 2026-01-31"),
      CommandOption("--organisation", "CODE", "only entries of this branch (the proof is whole all the same)"),
    ],
    details: """
      Lines are of these kinds: `day` (organisation, day, how many entries, and the block and hash that its marker told; a day
      that is not closed has no block), `block` (of the chain, with a commitment for each entry), `entry` (with its salt)
      and `erased` (the number of an entry of a person who was erased). ops/decisions/service-log.md says how
      commitments and hashes are made, so that anybody can make them again.

      An entry names a lead or customer and what was done: treat the output as personal data.
      """,
    examples: [("millrace service-log export --day 2026-01-31 > day.jsonl", "for the auditors")],
    run: run)

  private static func run(_ invocation: Invocation) throws -> Exit {
    guard let day = invocation.text("--day") else { throw Failure.usage("--day DAY is needed, as 2026-01-31.") }
    guard day.utf8.count == 10, Timestamp(rfc3339: "\(day)T00:00:00Z".utf8) != nil else {
      throw Failure.usage("--day is \(shown(day)), but must be a day, as 2026-01-31.")
    }
    let organisation = invocation.text("--organisation")
    let session = try invocation.database()
    let erasures = try Erasures(session)
    let span = try writeDays(day, organisation, invocation.output, session)
    var next = span.lowerBound
    while next < span.upperBound {
      let page = try LoggedBlock.page(session, from: next, through: span.upperBound - 1, atMost: 20)
      guard let last = page.last else { break }
      for block in page { write(block, day, organisation, erasures, invocation.output) }
      next = last.block.number + 1
    }
    return .done
  }

  /// Prints the day's lines, and answers the blocks that have entries of the day, up to those that its markers name.
  private static func writeDays(
    _ day: String, _ organisation: String?, _ output: Output, _ session: Connection
  ) throws -> Range<Int64> {
    // Whatever counts to a day was recorded after it began; no zone is a day ahead of UTC by more than 14 hours.
    let rows = try session.rows(
      """
      with counted as (
        select c.organisation, sum(c.entries)::bigint as entries, min(b.number) as first, max(b.number) as last
        from service_block b cross join lateral unnest(b.organisations, b.days, b.counts) c (organisation, day, entries)
        where b.at >= ($1::date - 2)::timestamp at time zone 'UTC' and c.day = $1::date
        group by 1)
      select coalesce(d.organisation, c.organisation), coalesce(d.entries, c.entries), d.closed_at, d.block, d.hash, c.first,
        c.last
      from counted c full join (select * from service_day where day = $1::date) d on d.organisation = c.organisation
      order by 1
      """
    ) { $0.text(day) }
    for row in rows where organisation == nil || row.text(0) == organisation {
      line(output) {
        $0.member("kind", "day")
        $0.member("organisation", row.text(0))
        $0.member("day", day)
        $0.member("entries", row.integer(1))
        $0.member("closedAt", row.optionalTimestamp(2))
        $0.member("block", row.optionalInteger(3))
        $0.member("hash", row.optionalBytes(4).map { Hex.digits($0) })
      }
    }
    let first = rows.compactMap { $0.optionalInteger(5) }.min() ?? rows.compactMap { $0.optionalInteger(3) }.min()
    let last = rows.flatMap { [$0.optionalInteger(6), $0.optionalInteger(3)] }.compactMap { $0 }.max()
    guard let first, let last else { return 0..<0 }
    return first..<last + 1
  }

  private static func write(
    _ logged: LoggedBlock, _ day: String, _ organisation: String?, _ erasures: Erasures, _ output: Output
  ) {
    let block = logged.block
    line(output) {
      $0.member("kind", "block")
      $0.member("number", block.number)
      $0.member("epoch", block.epoch)
      $0.member("first", block.first)
      $0.member("entries", logged.entries)
      $0.member("at", block.at)
      $0.objects("counts", block.counts) {
        $0.member("organisation", $1.organisation)
        $0.member("day", $1.day)
        $0.member("entries", Int64($1.entries))
      }
      $0.member("commitments", Hex.digits(block.commitments))
      $0.member("previous", Hex.digits(block.previous))
      $0.member("hash", Hex.digits(logged.hash))
    }
    for logged in logged.logged {
      let entry = logged.entry
      guard entry.day == day, organisation == nil || entry.organisation == organisation else { continue }
      line(output) { write(entry, to: &$0) }
    }
    for number in block.first..<block.next where erasures.numbers.contains(number) {
      line(output) {
        $0.member("kind", "erased")
        $0.member("number", number)
      }
    }
  }

  private static func write(_ entry: ServiceEntry, to data: inout JSONWriter) {
    let content = entry.content
    data.member("kind", "entry")
    data.member("number", entry.number)
    data.member("at", entry.at)
    data.member("organisation", entry.organisation)
    data.member("day", entry.day)
    data.member("what", content.what)
    data.member("subjectKind", content.subjectKind)
    data.member("subject", content.subject)
    data.member("version", content.version.map { Int64($0) })
    data.member("by", content.by)
    data.member("login", content.login)
    data.member("worker", content.worker)
    data.member("authority", content.authority)
    data.member("outcome", content.outcome)
    data.member("branch", content.branch)
    data.member("owner", content.owner)
    data.member("formerOwner", content.formerOwner)
    data.member("detail", content.detail)
    data.member("eventSource", content.source)
    data.member("eventId", content.event)
    data.member("salt", Hex.digits(entry.salt))
  }

  private static func line(_ output: Output, _ body: (inout JSONWriter) -> Void) {
    output.write(String(decoding: JSONWriter.object(body), as: UTF8.self) + "\n")
  }
}
