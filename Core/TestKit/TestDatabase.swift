internal import Glibc
internal import Migrations
public import Postgres
internal import Synchronization

/// A database of a test's own, migrated, and gone when the test ends, however it ends.
///
///     try TestDatabase.with { database in
///       let session = try database.connect()
///       ...
///     }
///
/// The server is the one that `PGHOST` and the other `PG…` variables name, as `ops/services env` prints them. Databases
/// are cloned from a template that is made once for each set of migrations, file by file, so a test pays some 20 ms.
public struct TestDatabase: Sendable {
  public let name: String

  /// A libpq connection string to this database; all else comes from the `PG…` variables.
  public var conninfo: String { "dbname=\(name)" }

  /// Generous, so that a slow machine does not look like a fault.
  public static let limits = SessionLimits(
    idleInTransaction: .seconds(60), statement: .seconds(60), lock: .seconds(30))

  public static func with<Result>(_ body: (TestDatabase) throws -> Result) throws -> Result {
    try make(template()).used(by: body)
  }

  /// An empty database without the schema, for tests of the migrations themselves.
  public static func withEmpty<Result>(_ body: (TestDatabase) throws -> Result) throws -> Result {
    try make("template0").used(by: body)
  }

  public static func with<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TestDatabase) async throws -> Result
  ) async throws -> Result {
    let database = try make(template())
    do {
      let result = try await body(database)
      try database.drop()
      return result
    } catch let first {
      try database.dropQuietly(after: first)
    }
  }

  private func used<Result>(by body: (TestDatabase) throws -> Result) throws -> Result {
    do {
      let result = try body(self)
      try drop()
      return result
    } catch let first {
      try dropQuietly(after: first)
    }
  }

  public func connect(
    as name: String = "test", limits: SessionLimits = TestDatabase.limits
  ) throws(PostgresError) -> Connection {
    try Connection(conninfo, name: name, limits: limits)
  }

  private func drop() throws {
    try Self.server().run(script: "drop database if exists \(name) with (force)")
  }

  /// The test's own error is the one to see; what cannot be dropped now is swept an hour later.
  private func dropQuietly(after first: any Error) throws -> Never {
    do { try drop() } catch { throw first }
    throw first
  }

  // MARK: Making

  private static let serial = Atomic<Int>(0)
  private static let prefix = "millrace_test_"

  private static func make(_ template: String) throws -> TestDatabase {
    let number = serial.add(1, ordering: .relaxed).newValue
    let database = TestDatabase(name: "\(prefix)\(time(nil))_\(getpid())_\(number)")
    try server().run(script: "create database \(database.name) template \(template) strategy file_copy")
    return database
  }

  private static let made = Mutex<String?>(nil)

  /// The migrated template's name. Made under a lock of the whole server, because several processes test at once.
  private static func template() throws -> String {
    try made.withLock { made in
      if let made { return made }
      let server = try server()
      try sweep(server)
      let name = "millrace_template_" + fingerprintOfSteps()
      _ = try server.rows("select pg_advisory_lock(hashtextextended('millrace test template', 0))")
      let exists = try server.rows("select from pg_database where datname = $1") { $0.text(name) }.count == 1
      if !exists {
        let half = name + "_half"
        try server.run(script: "drop database if exists \(half) with (force)")
        try server.run(script: "create database \(half) template template0")
        try migrate(half)
        try server.run(script: "alter database \(half) rename to \(name)")
      }
      made = name
      return name
    }
  }

  private static func migrate(_ name: String) throws {
    let session = try TestDatabase(name: name).connect()
    try Migrations.apply(session, schema: limits.schema)
  }

  /// Databases that a killed run left, an hour old or more.
  private static func sweep(_ server: Connection) throws {
    let old = try server.rows(
      """
      select datname::text from pg_database
      where datname ~ '^millrace_test_[0-9]{9,}_'
        and split_part(datname, '_', 3)::bigint < extract(epoch from now()) - 3600
      """)
    for name in old.map({ $0.text(0) }) { try server.run(script: "drop database if exists \(name) with (force)") }
  }

  private static func fingerprintOfSteps() -> String {
    let all = Migration.all.reduce(UInt64(0)) { ($0 &* 31) ^ $1.checksum.high }
    return String(all, radix: 16)
  }

  private static func server() throws -> Connection {
    guard getenv("PGHOST") != nil else { throw NoServer() }
    return try Connection("", name: "test", limits: limits)
  }
}

struct NoServer: Error, CustomStringConvertible {
  let description =
    "tests need PostgreSQL: set PGHOST and the other PG… variables, or `ops/services up && eval \"$(ops/services env)\"`"
}
