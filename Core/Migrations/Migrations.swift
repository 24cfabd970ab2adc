internal import Digest
/// The schema, step by step.
///
/// Invariants of this room:
/// - The steps are inside the program (`Migration.all`); the table `migration` says which of them the database has.
/// - Each step and its row in that table commit together, under one advisory lock of the transaction. Any number of
///   programs may migrate one database at once; each step happens once.
/// - A database whose steps are not exactly the first ones of ours is refused, by name of the step that differs.
public import Postgres
public import Values

public enum Migrations {
  /// What the database has, and what it lacks.
  public struct State: Sendable, Equatable {
    public struct Applied: Sendable, Equatable {
      public let version: Int
      public let name: String
      public let at: Timestamp
    }
    public let applied: [Applied]
    public let missing: [Migration]
    public var version: Int { applied.last?.version ?? 0 }
  }

  /// Compares the database's steps with the program's. Needs the right to read `migration`.
  public static func state(
    _ connection: Connection, expecting steps: [Migration] = Migration.all
  ) throws(MigrationError) -> State {
    try typed {
      guard try connection.rows("select to_regclass('migration') is not null")[0].boolean(0) else {
        return State(applied: [], missing: steps)
      }
      return try compared(connection.ask(question), steps)
    }
  }

  /// For the start of a worker: throws one sentence unless the database is exactly where this program needs it.
  public static func check(
    _ connection: Connection, expecting steps: [Migration] = Migration.all
  ) throws(MigrationError) {
    try check(state(connection, expecting: steps), steps)
  }

  /// A session with a database that is exactly where this program needs it, set up and checked in one round trip.
  public static func open(
    _ conninfo: String, name: String, limits: SessionLimits, expecting steps: [Migration] = Migration.all
  ) throws(MigrationError) -> Connection {
    try typed {
      let opened: (session: Connection, answer: [Found])
      do throws(PostgresError) {
        opened = try Connection.open(conninfo, name: name, limits: limits, asking: question)
      } catch  where error.sqlState == "42P01" {
        // The table is not there, nor anything else of ours.
        try check(State(applied: [], missing: steps), steps)
        throw error
      }
      try check(compared(opened.answer, steps), steps)
      return opened.session
    }
  }

  private static var question: Question<[Found]> {
    Question("select version, name, checksum, applied_at from migration order by version") {
      $0.map { row in
        Found(version: row.small(0), name: row.text(1), checksum: row.fingerprint(2), at: row.timestamp(3))
      }
    }
  }

  private static func compared(_ found: [Found], _ steps: [Migration]) throws(MigrationError) -> State {
    if let difference = difference(found, steps) { throw .different(difference) }
    return State(
      applied: found.map { State.Applied(version: $0.version, name: $0.name, at: $0.at) },
      missing: Array(steps.dropFirst(found.count)))
  }

  private static func check(_ state: State, _ steps: [Migration]) throws(MigrationError) {
    guard state.missing.isEmpty else {
      throw .different(
        "the database is at migration \(state.version), this program needs \(steps.last?.version ?? 0): "
          + "run `millrace migrate`")
    }
  }

  /// Applies what is missing and answers it. `session` must not have taken on a worker's role.
  @discardableResult
  public static func apply(
    _ session: Connection, schema: String, steps: [Migration] = Migration.all,
    onEach: (Migration) -> Void = { _ in }
  ) throws(MigrationError) -> [Migration] {
    try typed {
      let version = try session.rows("select current_setting('server_version_num')::int")[0].small(0)
      guard version >= oldestServer else {
        throw MigrationError.different(
          "PostgreSQL \(oldestServer / 10_000) or later is needed, this is \(version / 10_000)")
      }
      try locked(session, schema) { try prepare(session, schema) }
      var applied: [Migration] = []
      while let step = try next(session, schema, steps) {
        applied.append(step)
        onEach(step)
      }
      return applied
    }
  }

  /// Applies the first step that is missing. Which one that is, is read under the lock: another program may have gone
  /// on meanwhile.
  private static func next(_ session: Connection, _ schema: String, _ steps: [Migration]) throws -> Migration? {
    try locked(session, schema) {
      let step = try state(session, expecting: steps).missing.first
      if let step { try apply(step, session) }
      return step
    }
  }

  private static let oldestServer = 150_000

  private static func apply(_ step: Migration, _ session: Connection) throws {
    do {
      try session.run(script: step.sql)
    } catch {
      throw MigrationError.step(step, error)
    }
    _ = try session.rows("insert into migration (version, name, checksum) values ($1, $2, $3)") {
      $0.small(Int32(step.version))
      $0.text(step.name)
      $0.fingerprint(step.checksum)
    }
  }

  private static func prepare(_ session: Connection, _ schema: String) throws(PostgresError) {
    // Asked first, because `if not exists` wants the right to create even where nothing is to be created.
    let exists = try session.rows("select to_regnamespace(quote_ident($1)) is not null") { $0.text(schema) }
    if !exists[0].boolean(0) { try session.run(script: "create schema \(quoted(schema))") }
    try session.run(
      script: """
        create table if not exists migration (
          version integer primary key,
          name text not null,
          checksum uuid not null,
          applied_at timestamptz not null default clock_timestamp(),
          applied_by text not null default session_user
        )
        """)
  }

  private static func quoted(_ identifier: String) -> String {
    "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  /// One transaction under the lock of this schema's migrations. A step may take as long as it needs; it waits 10 s
  /// at most for a table that somebody uses, so that nobody queues behind it for longer.
  private static func locked<Result>(
    _ session: Connection, _ schema: String, _ body: () throws -> Result
  ) throws -> Result {
    try session.run(script: "begin; set local statement_timeout = 0; set local lock_timeout = '5min'")
    do {
      _ = try session.rows("select pg_advisory_xact_lock(hashtextextended('millrace migrations ' || $1, 0))") {
        $0.text(schema)
      }
      try session.run(script: "set local lock_timeout = '10s'; set local idle_in_transaction_session_timeout = '60s'")
      let result = try body()
      try session.run(script: "commit")
      return result
    } catch let first {
      // A session that cannot even roll back is lost, and its transaction with it: the first error is the one to tell.
      do { try session.run(script: "rollback") } catch { throw first }
      throw first
    }
  }

  /// Gives the two kinds of error that arise in here their one type.
  private static func typed<Result>(_ body: () throws -> Result) throws(MigrationError) -> Result {
    do { return try body() } catch let error as MigrationError { throw error } catch let error as PostgresError {
      throw .postgres(error)
    } catch { preconditionFailure("an error of no known type: \(error)") }
  }
}

private struct Found {
  let version: Int
  let name: String
  let checksum: Fingerprint
  let at: Timestamp
}

/// The sentence about the first step that is not ours, if there is one.
private func difference(_ found: [Found], _ steps: [Migration]) -> String? {
  for (index, row) in found.enumerated() {
    guard index < steps.count else {
      return "the database has migration \(row.version) (\(row.name)), this program knows only up to "
        + "\(steps.last?.version ?? 0): use a program of the same version or later"
    }
    let step = steps[index]
    if row.version > step.version {
      return "the database has migration \(row.version) but lacks \(step.version) (\(step.name)), "
        + "which comes before it: restore the database or ask who changed its table migration"
    }
    if row.version < step.version {
      return "the database has migration \(row.version) (\(row.name)), which this program does not know: "
        + "use the program that belongs to it"
    }
    if row.checksum != step.checksum || row.name != step.name {
      return "migration \(step.version) (\(step.name)) is not the one that the database was given as \(row.name): "
        + "an applied migration never changes, a change is a new one"
    }
  }
  return nil
}
