public import Postgres

/// Why the schema is not what this program needs, or could not be made so.
public enum MigrationError: Error, Equatable, CustomStringConvertible {
  /// The database's steps and the program's do not go together: one sentence with the way on.
  case different(String)
  /// A step failed; nothing of it was kept.
  case step(Migration, PostgresError)
  case postgres(PostgresError)

  public var description: String {
    switch self {
    case .different(let sentence): sentence
    case .step(let step, let error): "migration \(step.version) (\(step.name)) failed and left nothing: \(error)"
    case .postgres(let error): error.description
    }
  }

  /// The same for those who handle errors of PostgreSQL only.
  public var asPostgresError: PostgresError {
    switch self {
    case .different(let sentence): .unfit(sentence)
    case .step(_, let error), .postgres(let error): error
    }
  }
}
