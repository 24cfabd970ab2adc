internal import Glibc
internal import Migrations
internal import Postgres
internal import Printing
internal import Settings
internal import Values

/// What `doctor` asks PostgreSQL. Changes nothing.
struct PostgresChecks {
  private let invocation: Invocation
  private let settings: Settings

  init(_ invocation: Invocation, _ settings: Settings) {
    self.invocation = invocation
    self.settings = settings
  }

  func run() -> [Finding] {
    let session: Connection
    do { session = try connect() } catch {
      return [
        .wrong("postgresql", error.description, do: "start it, or correct DATABASE_URL or the PG… variables")
      ]
    }
    var findings: [Finding] = []
    let checks: [(String, (Connection) throws -> [Finding])] = [
      ("postgresql", server), ("pooler", pooler), ("clock", clock), ("durability", durability),
      ("migrations", migrations), ("restored", restored), ("rights", rights), ("calendars", calendars),
      ("service log", ServiceLogCheck.run),
    ]
    for (name, check) in checks {
      do { findings += try check(session) } catch {
        findings.append(.wrong(name, Failure(error).sentence, do: "this check could not be made; mend that first"))
      }
    }
    return findings
  }

  private func connect() throws(PostgresError) -> Connection { try invocation.connect(settings, role: "none") }

  private func server(_ session: Connection) throws -> [Finding] {
    let row = try session.rows(
      """
      select current_setting('server_version'), current_setting('server_version_num')::int, session_user::text,
        current_database()::text, pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'
      """)[0]
    let place = "\(row.text(0)), login \(row.text(2)), database \(row.text(3))"
    guard row.integer(1) >= 150_000 else {
      return [.wrong("postgresql", "version \(place)", do: "version 15 or later is needed")]
    }
    if row.boolean(4) || row.boolean(5) {
      return [.wrong("postgresql", "\(place): it is read-only", do: "point the workers at the primary")]
    }
    return [.ok("postgresql", "version \(place)")]
  }

  private func pooler(_ session: Connection) throws -> [Finding] {
    let fact: String
    do throws(PostgresError) {
      if try session.keepsItsSession(beside: try connect()) { return [.ok("pooler", "sessions stay what they are")] }
      fact = "a pooler in transaction mode is between here and PostgreSQL"
    } catch {
      // Prepared statements that got lost, or that somebody else left.
      guard error.sqlState == "26000" || error.sqlState == "42P05" else { throw error }
      fact = error.description
    }
    return [
      .wrong(
        "pooler", fact,
        do: "go to PostgreSQL itself, or pool by session: our sessions keep prepared statements, limits and the role")
    ]
  }

  private func restored(_ session: Connection) throws -> [Finding] {
    guard let change = try session.rows("select database_change()").first?.optionalText(0) else {
      return [.ok("restored", "this is the database that the workers know")]
    }
    return [.wrong("restored", change, do: "everything stands still until `millrace recover`")]
  }

  private func clock(_ session: Connection) throws -> [Finding] {
    let before = PostgresChecks.now()
    let database = try session.rows("select clock_timestamp()")[0].timestamp(0)
    let after = PostgresChecks.now()
    let here = Timestamp(microseconds: (before.microseconds + after.microseconds) / 2)
    let skew = database.seconds(since: here)
    let uncertain = after.seconds(since: before) / 2
    let fact = "PostgreSQL's clock is \(oneDecimal(abs(skew))) s \(skew < 0 ? "behind" : "ahead of") the one here"
    guard abs(skew) <= 1 + uncertain else {
      return [.wrong("clock", fact, do: "run NTP on both: deadlines are PostgreSQL's, event times are the producers'")]
    }
    return [.ok("clock", "less than a second apart")]
  }

  private static func now() -> Timestamp {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Timestamp(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
  }

  private func durability(_ session: Connection) throws -> [Finding] {
    var findings: [Finding] = []
    for name in ["fsync", "full_page_writes"] {
      if try session.rows("select current_setting($1)", { $0.text(name) })[0].text(0) == "off" {
        findings.append(
          .wrong("durability", "\(name) is off: a crash of the machine can lose or tear the database", do: "turn it on")
        )
      }
    }
    let row = try session.rows(
      """
      select count(*), count(*) filter (where sync_state in ('sync', 'quorum')),
        current_setting('synchronous_standby_names') <> '' from pg_stat_replication
      """)[0]
    if row.integer(0) > 0, row.integer(1) == 0, !row.boolean(2) {
      findings.append(
        .note(
          "durability", "\(row.integer(0)) standbys, none of them synchronous: a failover can lose the last commits",
          do: "partitions then stop as `restored`; set synchronous_standby_names to rule it out"))
    }
    return findings.isEmpty ? [.ok("durability", "a commit survives a crash")] : findings
  }

  private func migrations(_ session: Connection) throws -> [Finding] {
    do {
      try Migrations.check(session)
      return [.ok("migrations", "the schema is at \(Migration.all.count), as this program needs it")]
    } catch MigrationError.different(let sentence) {
      return [.wrong("migrations", sentence, do: "see `millrace migrate --help`")]
    }
  }

  /// Run every day, this says in time that next year's holidays are to be loaded.
  private func calendars(_ session: Connection) throws -> [Finding] {
    guard try Migrations.state(session).applied.count == Migration.all.count else { return [] }
    guard try session.rows("select has_table_privilege('calendar', 'select')")[0].boolean(0) else {
      return [.note("calendars", "this login may not read them", do: "run doctor with an operator's login as well")]
    }
    let rows = try session.rows(
      """
      select c.code, c.known_until::text, (c.known_until - (clock_timestamp() at time zone 'UTC')::date)::bigint
      from calendar c where c.known_until < (clock_timestamp() at time zone 'UTC')::date + 31
        and (exists (select from branch b where b.calendar_id = c.id) or exists (
          select from person p where p.calendar_id = c.id))
      order by c.known_until, c.code
      """)
    let remedy = "load its next holidays with `millrace leads setup`"
    return rows.map { row in
      row.integer(2) < 0
        ? .wrong("calendars", "\(row.text(0)) ended on \(row.text(1)): nobody who uses it is at work", do: remedy)
        : .note("calendars", "\(row.text(0)) ends on \(row.text(1)), in \(row.integer(2)) days", do: remedy)
    }.orElse([.ok("calendars", "none that is used ends within 30 days")])
  }

  /// Every right that the migrations give, by role.
  private func rights(_ session: Connection) throws -> [Finding] {
    guard try Migrations.state(session).applied.count > 0 else { return [] }
    let grants = Grant.all
    let rows = try session.rows(
      """
      select g.role, to_regrole(g.role) is not null,
        coalesce(pg_has_role(session_user, to_regrole(g.role), 'member'), false),
        coalesce(string_agg(g.privilege || ' on ' || g.object, ', ' order by g.object, g.privilege) filter (where not
          case when to_regrole(g.role) is null or coalesce(to_regclass(g.object)::oid, to_regproc(g.object)) is null then false
          when g.kind = 'function' then has_function_privilege(to_regrole(g.role), to_regproc(g.object), g.privilege)
          when g.kind = 'sequence' then has_sequence_privilege(to_regrole(g.role), to_regclass(g.object), g.privilege)
          when g.kind = 'columns' then has_any_column_privilege(to_regrole(g.role), to_regclass(g.object), g.privilege)
          else has_table_privilege(to_regrole(g.role), to_regclass(g.object), g.privilege) end), '')
      from unnest($1::text[], $2::text[], $3::text[], $4::text[]) g (role, privilege, object, kind)
      group by g.role order by g.role
      """
    ) {
      $0.texts(grants) { $0.role }
      $0.texts(grants) { $0.privilege }
      $0.texts(grants) { $0.object }
      $0.texts(grants) { $0.kind.rawValue }
    }
    return rows.map { row in
      let role = row.text(0)
      guard row.boolean(1) else {
        return .wrong(
          "rights", "the role \(role) is not there", do: "run `millrace migrate`, or create role \(role) nologin")
      }
      guard row.text(3).isEmpty else {
        return .wrong("rights", "\(role) lacks \(row.text(3))", do: "grant it; ops/migrations says who needs what")
      }
      guard row.boolean(2) else {
        return .note(
          "rights", "\(role) has its rights; this login may not act as it", do: "grant \(role) to the worker's login")
      }
      return .ok("rights", "\(role) has its rights, and this login may act as it")
    }
  }
}

extension [Finding] {
  fileprivate func orElse(_ other: [Finding]) -> [Finding] { isEmpty ? other : self }
}
