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
  /// The rows there are to write. `changes` are those since the last sending, for the source `state` all of the batch.
  public let rows: @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> WriteRows
  /// Whether every row must have touched exactly one row of the table. If not, the batch is tried again with a fresh
  /// load, as after any conflict.
  public let touchesEach: Bool
  /// Whether the statement may be sent once for some rows and again for the next: PostgreSQL writes the first of many while
  /// the next are filled in.
  public let isDivisible: Bool

  /// Fills the arguments with all rows at once and answers how many they are.
  public func bind(_ state: State, _ changes: ArraySlice<Change>, _ arguments: inout Arguments) -> Int {
    let rows = rows(state, changes)
    if rows.count > 0 { rows.bind(0..<rows.count, &arguments) }
    return rows.count
  }

  /// A row for each change that has one.
  public static func each<Row>(
    _ row: @escaping @Sendable (Change) -> Row?, _ statement: Statement, touchesEach: Bool = true,
    _ columns: Column<Row>...
  ) -> Write {
    Write(
      source: .changes, statement: statement, rows: { WriteRows($1.compactMap(row), columns) },
      touchesEach: touchesEach,
      isDivisible: false)
  }

  /// The same for changes that may have several rows.
  public static func each<Row>(
    of rows: @escaping @Sendable (Change) -> [Row], _ statement: Statement, touchesEach: Bool = true,
    _ columns: Column<Row>...
  ) -> Write {
    Write(
      source: .changes, statement: statement, rows: { WriteRows($1.flatMap(rows), columns) }, touchesEach: touchesEach,
      isDivisible: false)
  }

  /// Rows of what all decisions of the batch together have come to.
  /// - Parameter isDivisible: each row is written by itself, whatever other rows the statement has.
  public static func total<Row>(
    _ rows: @escaping @Sendable (_ state: State, _ changes: ArraySlice<Change>) -> [Row], _ statement: Statement,
    touchesEach: Bool = true, isDivisible: Bool = false, _ columns: Column<Row>...
  ) -> Write {
    Write(
      source: .state, statement: statement, rows: { WriteRows(rows($0, $1), columns) }, touchesEach: touchesEach,
      isDivisible: isDivisible)
  }
}

/// The rows of one statement, of whatever type they are.
public struct WriteRows {
  public let count: Int
  /// Fills a statement's arguments with some of them.
  public let bind: (_ range: Range<Int>, _ arguments: inout Arguments) -> Void

  init<Row>(_ rows: [Row], _ columns: [Column<Row>]) {
    count = rows.count
    bind = { range, arguments in
      let some = range.count == rows.count ? rows : Array(rows[range])
      for column in columns { column.append(some, &arguments) }
    }
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
