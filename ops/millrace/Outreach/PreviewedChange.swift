internal import Postgres
internal import Printing

/// A change of a table of rules: shown as it is now and as it would be, and done with `--execute`.
enum PreviewedChange {
  /// A preview is the same, rolled back.
  /// - Parameter rows: those that change, looked at before and after.
  static func run(
    _ invocation: Invocation, _ session: Connection, of rows: () throws -> Table, _ body: () throws -> Void
  ) throws -> Exit {
    let before = try rows()
    try session.run(script: "begin")
    let after: Table
    do {
      try body()
      after = try rows()
      if invocation.isExecuting {
        try OperatorAction.record(invocation, "before: \(before.json)after: \(after.json)", session)
      }
      try session.run(script: invocation.isExecuting ? "commit" : "rollback")
    } catch let first {
      // A session that cannot roll back is lost, and its transaction with it.
      do { try session.run(script: "rollback") } catch { throw first }
      throw first
    }
    let both = [("now", before), ("then", after)].flatMap { word, table in table.rows.map { [.text(word)] + $0 } }
    invocation.output.show(Table([.left("when")] + after.columns, both))
    invocation.output.note(invocation.isExecuting ? "Done." : "Nothing was done. To do it, add --execute.")
    return .done
  }
}
