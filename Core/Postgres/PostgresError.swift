/// What PostgreSQL or the way to it refused. Carries no row data: only the primary message, which names objects.
public struct PostgresError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// Passes by itself: a lost connection, a deadlock, a timeout, a server that restarts.
    case transient
    /// A unique or foreign key was hurt. A concurrent twin looks like this, so a fresh load may mend it.
    case conflict
    /// The data cannot be stored, whoever tries.
    case data
    /// A right, a table or a column is missing: an operator must act.
    case setup
    /// Anything else: stop.
    case unknown
  }

  public let kind: Kind
  /// Five characters, SQLSTATE (PostgreSQL's appendix A); `08000` where the client lost the connection.
  public let sqlState: String
  public let message: String

  public init(sqlState: String, message: String) {
    self.sqlState = sqlState
    self.message = message
    self.kind = Self.classify(sqlState)
  }

  init(kind: Kind, sqlState: String, message: String) {
    self.sqlState = sqlState
    self.message = message
    self.kind = kind
  }

  /// For what is wrong with a database that answers well, such as a schema of another version: an operator must act.
  public static func unfit(_ sentence: String) -> PostgresError {
    // object_not_in_prerequisite_state
    PostgresError(kind: .setup, sqlState: "55000", message: sentence)
  }

  /// A guarded write found another state than the load did. As a hurt unique key, a fresh load may mend it.
  public static let changedMeanwhile = PostgresError(
    kind: .conflict, sqlState: "40001", message: "a row changed between load and write")

  static func lostConnection(_ message: String) -> PostgresError {
    PostgresError(sqlState: "08000", message: message)
  }

  /// Somebody else held a lock for longer than the session waits for one.
  public var isLockTimeout: Bool { sqlState == "55P03" }

  public var isTransient: Bool { kind == .transient }

  public var description: String { "PostgreSQL \(sqlState): \(message)" }

  /// The one table of SQLSTATEs: first exact codes, then classes.
  static func classify(_ state: String) -> Kind {
    switch state {
    case "40001", "40P01", "55P03", "57014", "25P03", "25P04", "55006": return .transient
    case "57P01", "57P02", "57P03", "57P05": return .transient
    case "23505", "23503": return .conflict
    case "42501", "42P01", "42703", "3F000", "42883", "28000", "28P01", "3D000", "25006": return .setup
    default: break
    }
    switch state.prefix(2) {
    case "08", "53", "58": return .transient
    case "22", "23", "44": return .data
    default: return .unknown
    }
  }
}
