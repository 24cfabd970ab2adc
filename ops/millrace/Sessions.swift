internal import Migrations
internal import Postgres
internal import Settings

/// How the command reaches PostgreSQL and Kafka: the same settings as the workers'.
enum Sessions {
  static let role = Setting<String>.databaseRole(default: "millrace_operator")

  /// Of people who act on leads: what their login may do is for the database's functions to say.
  static let personRole = Setting<String>.databaseRole(default: "millrace_person")

  static let database = SettingGroup("PostgreSQL:", .postgres, .databaseSchema, role)
  static let kafka = SettingGroup("Kafka:", .kafka)

  /// Long enough for a report, short enough not to stand in a worker's way.
  static func limits(_ settings: Settings, role: String) -> SessionLimits {
    SessionLimits(
      idleInTransaction: .seconds(30), statement: .seconds(60), lock: .seconds(10), schema: settings[.databaseSchema],
      role: role)
  }
}

extension Invocation {
  /// Only what the command needs is read, so that `migrate` runs where no broker is known.
  func databaseSettings() throws(SettingsError) -> Settings {
    try Settings(reading: environment, declared: [Sessions.database])
  }

  /// A session with the operator's rights, on a database that has this program's schema.
  func database() throws -> Connection {
    let settings = try databaseSettings()
    return try checked(settings, role: settings[Sessions.role])
  }

  /// A session with the rights of a person, who is known by the login.
  func personsDatabase() throws -> Connection {
    let settings = try Settings(
      reading: environment,
      declared: [SettingGroup("PostgreSQL:", .postgres, .databaseSchema, Sessions.personRole)])
    return try checked(settings, role: settings[Sessions.personRole])
  }

  private func checked(_ settings: Settings, role: String) throws(MigrationError) -> Connection {
    try Migrations.open(
      settings[.postgres].conninfo, name: "millrace", limits: Sessions.limits(settings, role: role))
  }

  /// A session of the login itself, whatever the schema is.
  func ownDatabase() throws -> Connection { try connect(try databaseSettings(), role: "none") }

  func connect(_ settings: Settings, role: String) throws(PostgresError) -> Connection {
    try Connection(settings[.postgres].conninfo, name: "millrace", limits: Sessions.limits(settings, role: role))
  }
}
