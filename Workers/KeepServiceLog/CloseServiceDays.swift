import Contract
import Postgres
import ServiceLog
import Topics
import Values

/// Closes each organisation's days and tells how many entries each came to. A closed day never changes: what is recorded
/// later belongs to the first day that is open then, and says when it happened.
///
/// A day waits until all that was written before its end is recorded, so that what is late is the exception.
enum CloseServiceDays: Sweep {
  static let name = "close-service-days"
  static let pause: Duration = .seconds(5)

  struct Closing: Sendable {
    let organisation: String
    let day: String
    let entries: Int64
  }

  static func claim(
    _ limit: Int, _ recorded: inout RecordedUntil, _ transaction: Transaction
  ) throws(PostgresError) -> [Closing] {
    guard try isAnyDue(transaction), try ServiceTurn.isTaken(transaction) else { return [] }
    try recorded.look(transaction)
    guard let until = recorded.moment else { return [] }
    return try transaction.rows(
      """
      with organisation as materialized (
        select o.code, organisation_day(o.time_zone, o.day_end, $1) as today, d.day as closed,
          (d.day + o.day_end) at time zone o.time_zone as begins
        from (
          select code, time_zone, day_end from branch
          union all select '-', 'UTC', time '24:00' where not exists (select from branch)) o
        left join lateral (
          select day from service_day where organisation = o.code order by day desc limit 1) d on true),
      due as materialized (
        select * from organisation where closed is null or closed + 1 < today order by code limit $2),
      counted as materialized (
        select c.organisation, c.day, sum(c.entries)::bigint as entries
        from service_block b cross join lateral unnest(b.organisations, b.days, b.counts) c (organisation, day, entries)
        where b.at >= (select min(coalesce(begins, '-infinity')) from due)
          and c.organisation in (select code from due)
        group by 1, 2),
      next as (
        select code, today, coalesce(closed + 1,
          least(today - 1, (select min(c.day) from counted c where c.organisation = due.code))) as day
        from due)
      select n.code, to_char(n.day, 'YYYY-MM-DD'), coalesce(c.entries, 0)
      from next n left join counted c on c.organisation = n.code and c.day = n.day
      where n.day < n.today order by n.code
      """
    ) {
      $0.timestamp(until)
      $0.integer(Int64(limit))
    }.map { Closing(organisation: $0.text(0), day: $0.text(1), entries: $0.integer(2)) }
  }

  /// Whether some organisation's day is over that is not closed.
  private static func isAnyDue(_ transaction: Transaction) throws(PostgresError) -> Bool {
    try transaction.rows(
      """
      select exists (
        select from (
          select code, time_zone, day_end from branch
          union all select '-', 'UTC', time '24:00' where not exists (select from branch)) o
        left join lateral (
          select day from service_day where organisation = o.code order by day desc limit 1) d on true
        where d.day is null or d.day + 1 < organisation_day(o.time_zone, o.day_end, clock_timestamp()))
      """)[0].boolean(0)
  }

  static func label(_ closing: Closing) -> String { "\(closing.organisation) \(closing.day)" }

  static func load(
    _ closings: [Closing], _ barrier: inout RecordedUntil, _ transaction: Transaction
  ) throws(PostgresError) -> ServiceTurn.Head { try ServiceTurn.head(transaction) }

  static func decide(
    _ closing: Closing, _ head: inout ServiceTurn.Head, _ now: Timestamp
  ) -> Decision<ClosedDay> {
    let block = head.block == 0 ? nil : head.block
    let hash = block == nil ? nil : head.hash
    let event = ServiceRecorded.dayClosed(
      ServiceRecorded.DayClosed(
        organisation: closing.organisation, day: closing.day, entries: closing.entries, at: now, block: block,
        hash: hash.map { Hex.digits($0) }))
    return .apply(
      ClosedDay(closing: closing, at: now, block: block, hash: hash), emit: [Emission(event)], outcome: "closed")
  }

  struct ClosedDay: Sendable {
    let closing: Closing
    let at: Timestamp
    let block: Int64?
    let hash: [UInt8]?
  }

  static let writes: [Write<ServiceTurn.Head, ClosedDay>] = [
    .each(
      { $0 },
      """
      insert into service_day (organisation, day, entries, closed_at, block, hash)
      select organisation, day::date, entries, at, block, hash
      from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bigint[], $6::bytea[])
        a (organisation, day, entries, at, block, hash)
      """,
      .text { $0.closing.organisation }, .text { $0.closing.day }, .integer { $0.closing.entries },
      .timestamp { $0.at }, .integer { $0.block }, .bytes { $0.hash })
  ]
}
