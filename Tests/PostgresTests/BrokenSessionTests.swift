import Dispatch
import Postgres
import Synchronization
import TestKit
import Testing

/// A session whose server goes away in the worst moment.
@Suite struct BrokenSessionTests {
  @Test("a server that warns and is gone is noticed, also by who goes on sending, and nothing more is sent there")
  func warnedAndGone() throws {
    try TestDatabase.with { database in
      let relay = try Relay()
      let session = try Connection(
        "\(database.conninfo) host=127.0.0.1 port=\(relay.port) sslmode=disable gssencmode=disable", name: "test",
        limits: TestDatabase.limits)
      #expect(try session.rows("select 1")[0].integer(0) == 1)
      relay.end(saying: "terminating connection because of crash of another server process")
      // The second write fails, with the warning unread: once that went round for ever.
      let noticed = DispatchSemaphore(value: 0)
      let errors = Mutex<[PostgresError]>([])
      nonisolated(unsafe) let used = session
      DispatchQueue.global().async {
        do throws(PostgresError) {
          try used.enterPipeline()
          try used.send("select 2")
          try used.push()
          try used.send("select 3")
          try used.finishSending()
          _ = try used.receive()
        } catch {
          errors.withLock { $0.append(error) }
        }
        do throws(PostgresError) { _ = try used.rows("rollback") } catch { errors.withLock { $0.append(error) } }
        noticed.signal()
      }
      try #require(noticed.wait(timeout: .now() + 30) == .success, "the session hangs")
      #expect(errors.withLock { $0.map(\.kind) } == [.transient, .transient])
      #expect(!session.isOpen)
    }
  }
}
