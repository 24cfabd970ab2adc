public import Digest
public import Postgres
public import Values

/// One set-based statement that writes what a batch decided: a column of values for each `$n`.
///
///     .rows(\.opened, "insert into lead (id, name) select * from unnest($1::bigint[], $2::text[])",
///       .integer { $0.id }, .text { $0.name })
///
/// Statements run in the order of the list, which is the order of locks. One without rows is not sent.
public struct Write<State, Change>: Sendable {
  public let statement: Statement
  /// Fills the arguments and answers how many rows they stand for.
  public let bind: @Sendable (_ state: State, _ changes: [Change], _ arguments: inout Arguments) -> Int
  /// Whether every row must have touched exactly one row of the table. If not, the batch is tried again with a fresh
  /// load, as after any conflict.
  public let touchesEach: Bool

  /// - Parameters:
  ///   - rows: what is to be written, from the state as the last decision left it and from the batch's changes.
  public static func rows<Row>(
    _ rows: @escaping @Sendable (_ state: State, _ changes: [Change]) -> [Row], _ statement: Statement,
    touchesEach: Bool = true, _ columns: Column<Row>...
  ) -> Write {
    Write(
      statement: statement,
      bind: { state, changes, arguments in
        let rows = rows(state, changes)
        guard !rows.isEmpty else { return 0 }
        for column in columns { column.append(rows, &arguments) }
        return rows.count
      }, touchesEach: touchesEach)
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
  public static func fingerprint(_ value: @escaping @Sendable (Row) -> Fingerprint?) -> Column {
    Column { $1.fingerprints($0, value) }
  }
}
