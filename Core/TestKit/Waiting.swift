internal import Glibc
package import Postgres

/// What was waited for did not come.
package struct Late: Error, CustomStringConvertible {
  package let description: String

  package init(description: String) { self.description = description }
}

/// Asks again, a few milliseconds apart, until there is an answer; throws `Late` after the deadline.
package func eventually<Value>(
  _ what: String, within bound: Duration = .seconds(90), line: Int = #line,
  _ attempt: () throws -> Value?
) throws -> Value {
  let deadline = ContinuousClock.now + bound
  while true {
    if let value = try attempt() { return value }
    guard ContinuousClock.now < deadline else {
      throw Late(description: "\(what) did not come within \(bound), awaited in line \(line)")
    }
    usleep(5_000)
  }
}

extension Connection {
  /// The same of what PostgreSQL says, which is asked to wait in between.
  package func waitUntil(
    _ what: String, line: Int = #line, within bound: Duration = .seconds(90),
    _ isSo: () throws -> Bool
  ) throws {
    let deadline = ContinuousClock.now + bound
    while try !isSo() {
      guard ContinuousClock.now < deadline else {
        throw Late(description: "\(what) did not come within \(bound), awaited in line \(line)")
      }
      _ = try rows("select pg_sleep(0.01)")
    }
  }
}
