import Dispatch
import Postgres
import Topics

@testable import keep_customers

/// Something done on a thread of its own, started at a moment of the test's choosing.
final class Background: @unchecked Sendable {
  // The body runs once, after `start`; the error is read after the group was left.
  private let body: () throws -> Void
  private var error: (any Error)?
  private let group = DispatchGroup()

  init(_ body: @escaping () throws -> Void) { self.body = body }

  func start() {
    group.enter()
    let thread = DispatchQueue(label: "background")
    thread.async {
      do { try self.body() } catch { self.error = error }
      self.group.leave()
    }
  }

  func wait() throws {
    guard group.wait(timeout: .now() + .seconds(90)) == .success else { throw Late() }
    if let error { throw error }
  }

  private struct Late: Error {}
}

/// Returns once somebody waits for a lock in this database, or after a while.
@discardableResult
func waitForLock(_ desk: Desk) -> Bool {
  for _ in 0..<3000 {
    let waiting = try? desk.session.rows(
      """
      select pg_sleep(0.01) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      """)
    if (waiting?.count ?? 0) > 0 { return true }
    _ = try? desk.session.rows("select pg_sleep(0.01)")
  }
  return false
}

extension Turns {
  /// As the runtime does after a conflict: with a fresh load.
  @discardableResult
  func takeAgain(_ events: CustomerProfile...) throws(PostgresError) -> [String] {
    do { return try take(events) } catch {
      guard error.kind == .conflict else { throw error }
      return try take(events)
    }
  }
}
