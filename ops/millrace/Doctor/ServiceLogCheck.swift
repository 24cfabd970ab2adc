internal import Migrations
internal import Postgres
internal import Printing

/// Whether the service log keeps up with what is done to people, and with the days.
enum ServiceLogCheck {
  /// Minutes that an action may wait, and days that may be over and not closed, until something is wrong.
  private static let patience: (minutes: Double, days: Int64) = (15, 2)

  static func run(_ session: Connection) throws -> [Finding] {
    guard try Migrations.state(session).applied.count == Migration.all.count else { return [] }
    guard try session.rows("select has_table_privilege('service_due', 'select')")[0].boolean(0) else {
      return [.note("service log", "this login may not read it", do: "run doctor with an operator's login as well")]
    }
    let row = try session.rows(
      """
      select coalesce(sum(entries - taken), 0)::bigint,
        coalesce(extract(epoch from clock_timestamp() - min(at)) / 60, 0)::double precision,
        (select coalesce(max(organisation_day('UTC', '24:00', clock_timestamp()) - d.day), 0)::bigint
          from branch b cross join lateral (
            select day from service_day where organisation = b.code order by day desc limit 1) d)
      from service_due
      """)[0]
    var findings: [Finding] = []
    let remedy = "see whether keep-service-log runs, and what its /ready says"
    if row.double(1) > patience.minutes {
      let age = oneDecimal(row.double(1))
      findings.append(
        .wrong(
          "service log", "\(row.integer(0)) actions wait to be recorded, the oldest for \(age) minutes", do: remedy))
    }
    // The day before today is the last that can be closed.
    if row.integer(2) - 1 > patience.days {
      findings.append(
        .wrong(
          "service log", "no day was closed for \(row.integer(2) - 1) days",
          do: "\(remedy); a transaction that somebody left open holds it up for an hour"))
    }
    return findings.isEmpty ? [.ok("service log", "is \(row.integer(0)) actions behind")] : findings
  }
}
