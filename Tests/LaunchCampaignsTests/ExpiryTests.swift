import Postgres
import Testing

@testable import launch_campaigns

/// Somebody extends a campaign in the moment in which it expires.
@Suite struct ExpiryTests {
  private static let later: Statement = "select step_campaign('c1', 'extended', null, null, now() + interval '1 day')"

  @Test("extended before it was closed, it goes on")
  func first() async throws {
    try await CampaignDesk.open { desk throws in
      try desk.plan(1, "running", expires: "now() - interval '1 second'")
      try desk.recipient(1, 10)
      try desk.session.run(script: "update person set login = session_user where code = 'P-1'")
      desk.afterClaim = { try #require(try desk.session.rows(Self.later)[0].text(0) == "done") }
      #expect(try desk.tend() == ["done-meanwhile"])
      #expect(try desk.state(1) == "running expanded" && desk.steps(1) == ["extended running running"])
    }
  }

  @Test("closed before it was extended, it stays closed, and whoever extends it is told so")
  func second() async throws {
    try await CampaignDesk.open { desk throws in
      try desk.plan(1, "running", expires: "now() - interval '1 second'")
      try desk.recipient(1, 10)
      try desk.session.run(script: "update person set login = session_user where code = 'P-1'")
      // Waits for the row, which the worker has.
      try desk.session.run(script: "set lock_timeout = '100ms'")
      desk.meanwhile = { _ = #expect(throws: PostgresError.self) { try desk.session.rows(Self.later) } }
      #expect(try desk.tend() == ["closed"])
      #expect(try desk.session.rows(Self.later)[0].text(0) == "is-closed")
      #expect(try desk.state(1) == "closed expanded" && desk.steps(1) == ["closed running closed"])
    }
  }
}
