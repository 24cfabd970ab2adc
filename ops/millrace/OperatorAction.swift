internal import Postgres

/// What operators did is kept: who, when, the command line, and what it changed.
enum OperatorAction {
  static func record(_ invocation: Invocation, _ detail: String, _ session: Connection) throws(PostgresError) {
    _ = try session.rows("insert into operator_action (command, detail) values ($1, $2)") {
      $0.text(invocation.line)
      $0.text(detail)
    }
  }
}

extension Connection {
  /// All or nothing. The first error is the one that is thrown.
  func transaction<Result>(_ body: () throws -> Result) throws -> Result {
    try run(script: "begin")
    do {
      let result = try body()
      try run(script: "commit")
      return result
    } catch let first {
      // A session that cannot roll back is lost, and its transaction with it.
      do { try run(script: "rollback") } catch { throw first }
      throw first
    }
  }
}
