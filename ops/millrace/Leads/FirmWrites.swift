internal import Postgres
internal import Values

/// Writes what differs, in one statement for each table.
extension FirmDifference {
  func write(_ session: Connection) throws(PostgresError) {
    if let terms { try write(terms, session) }
    if !calendars.isEmpty { try write(calendars: calendars, session) }
    if !branches.isEmpty || !people.isEmpty {
      try lockPeople(session)
      try recordOrganisation(session)
    }
    if !branches.isEmpty { try write(branches: branches, session) }
    if !people.isEmpty { try write(people: people, session) }
    if !sources.isEmpty { try write(sources: sources, session) }
    if let rules { try write(rules: rules, session) }
    if let policies { try write(policies: policies, session) }
    if let pools { try write(pools: pools, session) }
    if let steps { try write(steps: steps, session) }
    if let agents { try write(agents: agents, session) }
    if let queues { try write(queues: queues, session) }
  }

  private func write(_ terms: Firm.Terms, _ session: Connection) throws(PostgresError) {
    _ = try session.rows("update firm_policy set phone_converts = $1, converted_owner = $2") {
      $0.boolean(terms.phoneConverts)
      $0.text(terms.convertedOwner)
    }
  }

  /// Hours and days are replaced as a whole.
  private func write(calendars rows: [Firm.Calendar], _ session: Connection) throws(PostgresError) {
    _ = try session.rows(
      """
      insert into calendar (code, name, known_until)
      select code, name, known_until::date from unnest($1::text[], $2::text[], $3::text[]) a (code, name, known_until)
      on conflict (code) do update set name = excluded.name, known_until = excluded.known_until
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.name }
      $0.texts(rows) { $0.knownUntil?.description }
    }
    _ = try session.rows(
      "delete from calendar_hours where calendar_id in (select id from calendar where code = any($1))"
    ) { $0.texts(rows) { $0.code } }
    _ = try session.rows(
      "delete from calendar_day where calendar_id in (select id from calendar where code = any($1))"
    ) { $0.texts(rows) { $0.code } }
    let hours = rows.flatMap { calendar in calendar.hours.map { (calendar: calendar.code, hours: $0) } }
    _ = try session.rows(
      """
      insert into calendar_hours (calendar_id, weekday, opens, closes)
      select c.id, a.weekday, a.opens::time, a.closes::time
      from unnest($1::text[], $2::int[], $3::text[], $4::text[]) a (code, weekday, opens, closes)
        join calendar c on c.code = a.code
      """
    ) {
      $0.texts(hours) { $0.calendar }
      $0.smalls(hours) { Int32($0.hours.weekday) }
      $0.texts(hours) { $0.hours.opens }
      $0.texts(hours) { $0.hours.closes }
    }
    let days = rows.flatMap { calendar in calendar.days.map { (calendar: calendar.code, day: $0) } }
    _ = try session.rows(
      """
      insert into calendar_day (calendar_id, day, as_weekday, name)
      select c.id, a.day::date, a.as_weekday, a.name
      from unnest($1::text[], $2::text[], $3::int[], $4::text[]) a (code, day, as_weekday, name)
        join calendar c on c.code = a.code
      """
    ) {
      $0.texts(days) { $0.calendar }
      $0.texts(days) { $0.day.day.description }
      $0.smalls(days) { $0.day.asWeekday.map { Int32($0) } }
      $0.texts(days) { $0.day.name }
    }
  }

  /// What only files say of branches; they are there already.
  private func write(branches rows: [Firm.Branch], _ session: Connection) throws(PostgresError) {
    _ = try session.rows(
      """
      update branch b set day_end = a.day_end::time, calendar_id = c.id, method = a.method, catch_up = a.catch_up,
        held_reminder_minutes = a.held_reminder
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[])
        a (code, day_end, calendar, method, catch_up, held_reminder) left join calendar c on c.code = a.calendar
      where b.code = a.code
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.dayEnd }
      $0.texts(rows) { $0.calendar }
      $0.texts(rows) { $0.method }
      $0.smalls(rows) { Int32($0.catchUp) }
      $0.smalls(rows) { $0.heldReminder.map { Int32($0) } }
    }
  }

  /// What only files say of people; they are there already. Who has left has no login, whatever a file of before says.
  private func write(people rows: [Firm.Person], _ session: Connection) throws(PostgresError) {
    // A login that goes from one person to another is free before it is taken.
    _ = try session.rows("update person set login = null where code = any($1) and login is not null") {
      $0.texts(rows) { $0.code }
    }
    _ = try session.rows(
      """
      update person p set weight = a.weight, capacity = a.capacity, daily_cap = a.daily_cap, weekly_cap = a.weekly_cap,
        calendar_id = c.id, login = case when p.active then a.login end
      from unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::int[], $6::text[], $7::text[])
        a (code, weight, capacity, daily_cap, weekly_cap, calendar, login) left join calendar c on c.code = a.calendar
      where p.code = a.code
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.smalls(rows) { Int32($0.weight) }
      $0.smalls(rows) { $0.capacity.map { Int32($0) } }
      $0.smalls(rows) { $0.dailyCap.map { Int32($0) } }
      $0.smalls(rows) { $0.weeklyCap.map { Int32($0) } }
      $0.texts(rows) { $0.calendar }
      $0.texts(rows) { $0.login }
    }
  }

  private func write(sources rows: [Firm.Source], _ session: Connection) throws(PostgresError) {
    _ = try session.rows(
      """
      insert into lead_source (code, kind, branch_id, keeps)
      select a.code, a.kind, b.id, a.keeps from unnest($1::text[], $2::text[], $3::text[], $4::text[])
        a (code, kind, branch, keeps) left join branch b on b.code = a.branch
      on conflict (code) do update set kind = excluded.kind, branch_id = excluded.branch_id, keeps = excluded.keeps
      """
    ) {
      $0.texts(rows) { $0.code }
      $0.texts(rows) { $0.kind }
      $0.texts(rows) { $0.branch }
      $0.texts(rows) { $0.keeps }
    }
  }

  /// A new set: an old one never changes, so that old decisions can still be explained.
  private func write(rules rows: [Firm.Rule], _ session: Connection) throws(PostgresError) {
    func amount(_ value: Int64?, _ rule: Firm.Rule) -> String? {
      value.map { Money(tenThousandths: $0, currency: rule.value?.currency ?? "").amount }
    }
    _ = try session.rows(
      """
      with made as (insert into ruleset default values returning version)
      insert into allocation_rule (ruleset, position, region, source, product, language, value_from, value_below,
        currency, valid_from, valid_until, how, branch_id)
      select made.version, a.place, a.region, a.source, a.product, a.language, a.value_from::numeric,
        a.value_below::numeric, a.currency, a.valid_from, a.valid_until, a.how, b.id
      from made, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[]) with ordinality
        a (region, source, product, language, value_from, value_below, currency, valid_from, valid_until, how, branch,
          place)
        join branch b on b.code = a.branch
      """
    ) {
      $0.texts(rows) { $0.region }
      $0.texts(rows) { $0.source }
      $0.texts(rows) { $0.product }
      $0.texts(rows) { $0.language }
      $0.texts(rows) { amount($0.value?.from, $0) }
      $0.texts(rows) { amount($0.value?.below, $0) }
      $0.texts(rows) { $0.value?.currency }
      $0.timestamps(rows) { $0.validFrom }
      $0.timestamps(rows) { $0.validUntil }
      $0.texts(rows) { $0.how }
      $0.texts(rows) { $0.branch }
    }
  }
}
