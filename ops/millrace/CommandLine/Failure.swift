internal import Kafka
internal import Migrations
internal import Postgres
internal import Settings
internal import Tables
internal import Values

/// What the shell sees.
enum Exit: Int32 {
  case done = 0
  /// A check failed, or what was asked for is not there or not allowed.
  case no = 1
  /// The command line or a setting is wrong; nothing was tried.
  case usage = 2
  /// PostgreSQL or Kafka could not be reached.
  case unreachable = 3
}

/// Why a command ended early: a sentence for a person, and the exit code.
struct Failure: Error {
  let exit: Exit
  let sentence: String

  private init(_ exit: Exit, _ sentence: String) {
    self.exit = exit
    self.sentence = sentence
  }

  static func usage(_ sentence: String) -> Failure { Failure(.usage, sentence) }
  static func no(_ sentence: String) -> Failure { Failure(.no, sentence) }
  static func unreachable(_ sentence: String) -> Failure { Failure(.unreachable, sentence) }

  /// Gives every error that reaches the top its exit code.
  init(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as SettingsError: self = .usage(error.description)
    case TableError.option(let sentence): self = .usage(sentence)
    case TableError.file(let sentence): self = .no(sentence)
    case let error as PostgresError: self = Failure(postgres: error)
    case MigrationError.postgres(let error): self = Failure(postgres: error)
    case let error as KafkaError: self = Failure(error.isTransient ? .unreachable : .no, error.description)
    case let error as Refusal: self = .no(error.description)
    default: self = .no("\(error)")
    }
  }

  private init(postgres error: PostgresError) {
    switch error.sqlState {
    case "28000", "28P01", "3D000": self = .unreachable(error.description)
    case let state where state.hasPrefix("08") || state.hasPrefix("57P"): self = .unreachable(error.description)
    default: self = .no(error.description)
    }
  }
}
