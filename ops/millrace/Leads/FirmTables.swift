internal import Postgres
internal import Values

/// The firm in the database, read whole.
enum FirmTables {
  static func read(_ session: Connection) throws(PostgresError) -> Firm {
    var firm = Firm()
    firm.terms = try terms(session)
    firm.calendars = try calendars(session)
    firm.branches = try branches(session)
    firm.people = try people(session)
    firm.sources = try session.rows(
      "select s.code, s.kind, b.code, s.keeps from lead_source s left join branch b on b.id = s.branch_id order by 1"
    ).map {
      Firm.Source(code: $0.text(0), kind: $0.text(1), branch: $0.optionalText(2), keeps: $0.text(3))
    }
    firm.rules = try rules(session)
    firm.policies = try policies(session)
    firm.pools = try session.rows(
      """
      select b.code, p.claim_delay_minutes, p.claims_a_day, p.cool_off_days, p.unclaimed_days, p.unclaimed_to,
        p.transfer_clock
      from pool_policy p left join branch b on b.id = p.branch_id order by 1 nulls first
      """
    ).map {
      Firm.Pool(
        branch: $0.optionalText(0), claimDelay: $0.integer(1), claimsADay: $0.optionalInteger(2),
        coolOff: $0.integer(3), unclaimed: $0.optionalInteger(4), unclaimedTo: $0.text(5), transferClock: $0.text(6))
    }
    firm.steps = try session.rows(
      """
      select b.code, s.level, s.within_minutes, s.remind_minutes, s.then_do
      from step_policy s left join branch b on b.id = s.branch_id order by 1 nulls first, 2 nulls first
      """
    ).map {
      Firm.Step(
        branch: $0.optionalText(0), level: $0.optionalText(1), within: $0.integer(2), remind: $0.optionalInteger(3),
        then: $0.text(4))
    }
    firm.agents = try Firm.Agent.read(session)
    firm.queues = try Firm.Queue.read(session)
    return firm
  }

  private static func terms(_ session: Connection) throws(PostgresError) -> Firm.Terms? {
    try session.rows("select phone_converts, converted_owner from firm_policy").map {
      Firm.Terms(phoneConverts: $0.boolean(0), convertedOwner: $0.text(1))
    }.first
  }

  private static func calendars(_ session: Connection) throws(PostgresError) -> [Firm.Calendar] {
    var calendars = try session.rows(
      "select code, name, (known_until - date '1970-01-01')::bigint from calendar order by code"
    )
    .map { row in
      Firm.Calendar(
        code: row.text(0), name: row.text(1), knownUntil: row.optionalInteger(2).map { CalendarDate(days: $0) })
    }
    let places = Dictionary(uniqueKeysWithValues: zip(calendars.map(\.code), calendars.indices))
    let hours = try session.rows(
      """
      select c.code, h.weekday, to_char(h.opens, 'HH24:MI'), to_char(h.closes, 'HH24:MI')
      from calendar_hours h join calendar c on c.id = h.calendar_id order by 1, 2, 3
      """)
    for row in hours {
      guard let place = places[row.text(0)] else { continue }
      calendars[place].hours.append(
        Firm.Calendar.Hours(weekday: row.integer(1), opens: row.text(2), closes: row.text(3)))
    }
    let days = try session.rows(
      """
      select c.code, (d.day - date '1970-01-01')::bigint, d.as_weekday, d.name
      from calendar_day d join calendar c on c.id = d.calendar_id order by 1, 2
      """)
    for row in days {
      guard let place = places[row.text(0)] else { continue }
      calendars[place].days.append(
        Firm.Calendar.Day(
          day: CalendarDate(days: row.integer(1)), asWeekday: row.optionalInteger(2), name: row.optionalText(3)))
    }
    return calendars
  }

  private static func branches(_ session: Connection) throws(PostgresError) -> [Firm.Branch] {
    try session.rows(
      """
      select b.code, b.name, p.code, b.level, b.time_zone, to_char(b.day_end, 'HH24:MI'), c.code, b.method, b.catch_up,
        b.held_reminder_minutes
      from branch b left join branch p on p.id = b.parent_id left join calendar c on c.id = b.calendar_id order by b.code
      """
    ).map {
      Firm.Branch(
        code: $0.text(0), name: $0.text(1), parent: $0.optionalText(2), level: $0.text(3), timeZone: $0.text(4),
        dayEnd: $0.text(5), calendar: $0.optionalText(6), method: $0.text(7), catchUp: $0.integer(8),
        heldReminder: $0.optionalInteger(9))
    }
  }

  private static func people(_ session: Connection) throws(PostgresError) -> [Firm.Person] {
    try session.rows(
      """
      select p.code, p.name, b.code, p.active, p.weight, p.capacity, p.daily_cap, p.weekly_cap, c.code, p.manager,
        p.login, p.leave_from, p.leave_until
      from person p join branch b on b.id = p.branch_id left join calendar c on c.id = p.calendar_id order by p.code
      """
    ).map {
      Firm.Person(
        code: $0.text(0), name: $0.text(1), branch: $0.text(2), active: $0.boolean(3), weight: $0.integer(4),
        capacity: $0.optionalInteger(5), dailyCap: $0.optionalInteger(6), weeklyCap: $0.optionalInteger(7),
        calendar: $0.optionalText(8), manager: $0.boolean(9), login: $0.optionalText(10),
        leaveFrom: $0.optionalTimestamp(11), leaveUntil: $0.optionalTimestamp(12))
    }
  }

  static func rules(_ session: Connection) throws(PostgresError) -> [Firm.Rule] {
    try session.rows(
      """
      select r.region, r.source, r.product, r.language, (r.value_from * 10000)::bigint, (r.value_below * 10000)::bigint,
        r.currency, r.valid_from, r.valid_until, r.how, b.code
      from allocation_rule r join branch b on b.id = r.branch_id
      where r.ruleset = (select max(version) from ruleset) order by r.position
      """
    ).map { row in
      Firm.Rule(
        region: row.optionalText(0), source: row.optionalText(1), product: row.optionalText(2),
        language: row.optionalText(3),
        value: row.optionalText(6).map {
          Firm.ValueBand(from: row.optionalInteger(4), below: row.optionalInteger(5), currency: $0)
        },
        validFrom: row.optionalTimestamp(7), validUntil: row.optionalTimestamp(8), how: row.text(9),
        branch: row.text(10))
    }
  }

  private static func policies(_ session: Connection) throws(PostgresError) -> [Firm.Policy] {
    try session.rows(
      """
      select b.code, p.product, p.level, p.period_days, p.working_days, p.extension_days, p.maximum_days,
        p.reminder_days, to_char(p.last_morning, 'HH24:MI'), p.reclaim_to
      from protection_policy p left join branch b on b.id = p.branch_id
      order by 1 nulls first, 2 nulls first, 3 nulls first
      """
    ).map {
      Firm.Policy(
        branch: $0.optionalText(0), product: $0.optionalText(1), level: $0.optionalText(2), days: $0.integer(3),
        workingDays: $0.boolean(4), extensionDays: $0.optionalInteger(5), maximum: $0.optionalInteger(6),
        reminders: $0.integers(7), lastMorning: $0.optionalText(8), reclaimTo: $0.text(9))
    }
  }

  static func unknownTimeZone(_ zones: [String], _ session: Connection) throws(PostgresError) -> String? {
    let rows = try session.rows(
      "select z from unnest($1::text[]) z where not exists (select from pg_timezone_names n where n.name = z) limit 1"
    ) { $0.texts(zones) { $0 } }
    return rows.count > 0 ? rows[0].text(0) : nil
  }
}
