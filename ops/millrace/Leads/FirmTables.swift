internal import Postgres
internal import Values

/// The firm in the database: read whole, written in one statement for each table.
enum FirmTables {
  static func read(_ session: Connection) throws(PostgresError) -> Firm {
    var firm = Firm()
    firm.branches = try session.rows(
      """
      select b.code, b.name, p.code, b.level, b.time_zone, to_char(b.day_end, 'HH24:MI')
      from branch b left join branch p on p.id = b.parent_id order by b.code
      """
    ).map {
      Firm.Branch(
        code: $0.text(0), name: $0.text(1), parent: $0.optionalText(2), level: $0.text(3), timeZone: $0.text(4),
        dayEnd: $0.text(5))
    }
    firm.people = try session.rows(
      """
      select p.code, p.name, b.code, p.active, p.weight, p.capacity, p.leave_from, p.leave_until
      from person p join branch b on b.id = p.branch_id order by p.code
      """
    ).map {
      Firm.Person(
        code: $0.text(0), name: $0.text(1), branch: $0.text(2), active: $0.boolean(3), weight: $0.integer(4),
        capacity: $0.optionalInteger(5), leaveFrom: $0.optionalTimestamp(6), leaveUntil: $0.optionalTimestamp(7))
    }
    firm.rules = try session.rows(
      """
      select r.region, r.source, r.product, b.code from allocation_rule r join branch b on b.id = r.branch_id
      where r.ruleset = (select max(version) from ruleset) order by r.position
      """
    ).map {
      Firm.Rule(
        region: $0.optionalText(0), source: $0.optionalText(1), product: $0.optionalText(2), branch: $0.text(3))
    }
    firm.policies = try session.rows(
      """
      select b.code, p.product, p.period_days from protection_policy p left join branch b on b.id = p.branch_id
      order by 1 nulls first, 2 nulls first
      """
    ).map { Firm.Policy(branch: $0.optionalText(0), product: $0.optionalText(1), days: $0.integer(2)) }
    return firm
  }

  static func unknownTimeZone(_ zones: [String], _ session: Connection) throws(PostgresError) -> String? {
    let rows = try session.rows(
      "select z from unnest($1::text[]) z where not exists (select from pg_timezone_names n where n.name = z) limit 1"
    ) { $0.texts(zones) { $0 } }
    return rows.count > 0 ? rows[0].text(0) : nil
  }

  /// Parents are set when all branches are there.
  static func write(branches rows: [Firm.Branch], _ session: Connection) throws(PostgresError) {
    _ = try session.rows(
      """
      insert into branch (code, name, level, time_zone, day_end)
      select code, name, level, zone, day_end::time from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
        a (code, name, level, zone, day_end)
      on conflict (code) do update set name = excluded.name, level = excluded.level, time_zone = excluded.time_zone,
        day_end = excluded.day_end
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.name }
      $0.texts(rows) { $0.level }
      $0.texts(rows) { $0.timeZone }
      $0.texts(rows) { $0.dayEnd }
    }
    _ = try session.rows(
      """
      update branch b set parent_id = p.id
      from unnest($1::text[], $2::text[]) a (code, parent) left join branch p on p.code = a.parent
      where b.code = a.code and b.parent_id is distinct from p.id
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.parent }
    }
  }

  static func write(people rows: [Firm.Person], _ session: Connection) throws(PostgresError) {
    _ = try session.rows(
      """
      insert into person (code, name, branch_id, active, weight, capacity, leave_from, leave_until)
      select a.code, a.name, b.id, a.active, a.weight, a.capacity, a.leave_from, a.leave_until
      from unnest($1::text[], $2::text[], $3::text[], $4::bool[], $5::int[], $6::int[], $7::timestamptz[],
        $8::timestamptz[]) with ordinality
        a (code, name, branch, active, weight, capacity, leave_from, leave_until, place)
        join branch b on b.code = a.branch
      order by a.place
      on conflict (code) do update set name = excluded.name, branch_id = excluded.branch_id, active = excluded.active,
        weight = excluded.weight, capacity = excluded.capacity, leave_from = excluded.leave_from,
        leave_until = excluded.leave_until
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.name }
      $0.texts(rows) { $0.branch }
      $0.booleans(rows) { $0.active }
      $0.smalls(rows) { Int32($0.weight) }
      $0.smalls(rows) { $0.capacity.map { Int32($0) } }
      $0.timestamps(rows) { $0.leaveFrom }
      $0.timestamps(rows) { $0.leaveUntil }
    }
  }

  /// A new set: an old one never changes, so that old decisions can still be explained.
  static func write(rules rows: [Firm.Rule], _ session: Connection) throws(PostgresError) {
    _ = try session.rows(
      """
      with made as (insert into ruleset default values returning version)
      insert into allocation_rule (ruleset, position, region, source, product, branch_id)
      select made.version, a.place, a.region, a.source, a.product, b.id
      from made, unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality
        a (region, source, product, branch, place) join branch b on b.code = a.branch
      """
    ) {
      $0.texts(rows) { $0.region }
      $0.texts(rows) { $0.source }
      $0.texts(rows) { $0.product }
      $0.texts(rows) { $0.branch }
    }
  }

  static func write(policies rows: [Firm.Policy], _ session: Connection) throws(PostgresError) {
    _ = try session.rows("delete from protection_policy")
    _ = try session.rows(
      """
      insert into protection_policy (branch_id, product, period_days)
      select b.id, a.product, a.days from unnest($1::text[], $2::text[], $3::int[]) a (branch, product, days)
        left join branch b on b.code = a.branch
      """
    ) {
      $0.texts(rows) { $0.branch }
      $0.texts(rows) { $0.product }
      $0.smalls(rows) { Int32($0.days) }
    }
  }
}
