public import Digest
public import Postgres
public import Values

/// One set-based statement that writes what was decided: a column of values for each `$n`.
///
///     .each(\.opened, "insert into lead (id, name) select * from unnest($1::bigint[], $2::text[])",
///       .integer { $0.id }, .text { $0.name })
///
/// Statements run in the order of the list. One without rows is not sent.
public struct Write<State, Change>: Sendable {
  /// What a statement's rows are taken from.
  public enum Source: Sendable {
    /// Each change by itself: PostgreSQL writes the first of a batch while the next are being decided.
    case changes
    /// The state as the last decision left it.
    case state
  }

  public let source: Source
  public let statement: Statement
  /// Fills the arguments and answers how many rows they stand for. `changes` are those since the last sending, for
  /// the source `state` all of the batch.
  public let bind: @Sendable (_ state: State, _ changes: ArraySlice<Change>, _ arguments: inout Arguments) -> Int
  /// Whether every row must have touched exactly one row of the table. If not, the batch is tried again with a fresh
  /// load, as after any conflict.
  public let touchesEach: Bool

  /// A row for each change that has one.
  public static func each<Row>(
    _ row: @escaping @Sendable (Change) -> Row?, _ statement: Statement, touchesEach: Bool = true,
    _ columns: Column<Row>...
  ) -> Write {
    Write(
      source: .changes, statement: statement,
      bind: { _, changes, arguments in append(changes.compactMap(row), columns, &arguments) },
      touchesEach: touchesEach)
  }

  /// The same for changes that may have several rows.
  public static func each<Row>(
    of rows: @escaping @Sendable (Change) -> [Row], _ statement: Statement, touchesEach: Bool = true,
    _ columns: Column<Row>...
  ) -> Write {
    Write(
      source: .changes, statement: statement,
      bind: { _, changes, arguments in append(changes.flatMap(rows), columns, &arguments) },
      touchesEach: touchesEach)
  }

  /// Rows of what all decisions of the batch together have come to.
  public static func total<Row>(
    _ rows: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [Row], _ statement: Statement,
    touchesEach: Bool = true, _ columns: Column<Row>...
  ) -> Write {
    Write(
      source: .state, statement: statement,
      bind: { state, changes, arguments in append(rows(state, changes), columns, &arguments) },
      touchesEach: touchesEach)
  }

  private static func append<Row>(_ rows: [Row], _ columns: [Column<Row>], _ arguments: inout Arguments) -> Int {
    guard !rows.isEmpty else { return 0 }
    for column in columns { column.append(rows, &arguments) }
    return rows.count
  }
}

/// How one `$n::type[]` is filled from rows.
public struct Column<Row>: Sendable {
  let append: @Sendable (_ rows: [Row], _ arguments: inout Arguments) -> Void

  public static func integer(_ value: @escaping @Sendable (Row) -> Int64?) -> Column {
    Column { $1.integers($0, value) }
  }
  public static func small(_ value: @escaping @Sendable (Row) -> Int32?) -> Column {
    Column { $1.smalls($0, value) }
  }
  public static func text(_ value: @escaping @Sendable (Row) -> String?) -> Column {
    Column { $1.texts($0, value) }
  }
  public static func boolean(_ value: @escaping @Sendable (Row) -> Bool?) -> Column {
    Column { $1.booleans($0, value) }
  }
  public static func timestamp(_ value: @escaping @Sendable (Row) -> Timestamp?) -> Column {
    Column { $1.timestamps($0, value) }
  }
  public static func bytes(_ value: @escaping @Sendable (Row) -> [UInt8]?) -> Column {
    Column { $1.bytes($0, value) }
  }
  public static func fingerprint(_ value: @escaping @Sendable (Row) -> Fingerprint?) -> Column {
    Column { $1.fingerprints($0, value) }
  }
}
