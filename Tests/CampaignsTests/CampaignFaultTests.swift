import Postgres
import TestKit
import Testing

/// Two people who do something about one campaign at once: the second waits for the first, and is told by name what it finds then.
@Suite struct CampaignFaultTests {
  /// Each has a session of their own, logged in as a role that exists anyway.
  private struct Desk {
    let author: Connection
    let peer: Connection
    private let watcher: Connection

    init(_ database: TestDatabase) throws {
      (author, peer, watcher) = (try database.connect(), try database.connect(), try database.connect())
      try watcher.run(
        script: """
          insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'HQ', null, 'head-office'), (2, 'EAST', 'e', 1, 'province');
          insert into person (code, branch_id, name, manager, login) values ('A', 2, 'author', true, 'millrace_send_sms'),
            ('P', 2, 'peer', true, 'millrace_send_email');
          grant usage on schema millrace to millrace_send_sms, millrace_send_email;
          grant execute on function define_campaign, step_campaign to millrace_send_sms, millrace_send_email;
          """)
      try author.run(script: "set session authorization millrace_send_sms")
      try peer.run(script: "set session authorization millrace_send_email")
      _ = try author.rows(CampaignFaultTests.define) { $0.text(CampaignFaultTests.plan()) }
      try watcher.run(
        script: """
          insert into campaign_preview (campaign_id, version, made_at, result)
          select id, version, clock_timestamp(), '{}' from campaign
          """)
      for (session, step) in [(author, "submitted"), (peer, "approved")] {
        try #require(try session.rows(CampaignFaultTests.step) { $0.text(step) }[0].text(0) == "done")
      }
    }

    /// The first does what it does and has not committed yet when the second begins.
    func atOnce(
      _ first: (session: Connection, statement: Statement, text: String),
      _ second: (session: Connection, statement: Statement, text: String)
    ) throws -> [String] {
      _ = try first.session.rows("begin")
      let one = try first.session.rows(first.statement) { $0.text(first.text) }[0].text(0)
      var arguments = Arguments()
      arguments.text(second.text)
      try second.session.enterPipeline()
      try second.session.send(second.statement, arguments)
      try second.session.push()
      let deadline = ContinuousClock.now + .seconds(90)
      let waiting: Statement = """
        select pg_sleep(0.01) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
        """
      while try watcher.rows(waiting).isEmpty { try #require(ContinuousClock.now < deadline) }
      _ = try first.session.rows("commit")
      try second.session.finishSending()
      let other = try second.session.receive()[0].text(0)
      try second.session.leavePipeline()
      return [one, other]
    }

    func become(_ state: String) throws { _ = try watcher.rows("update campaign set state = $1") { $0.text(state) } }

    var state: String {
      get throws { try watcher.rows("select state || ' v' || version from campaign")[0].text(0) }
    }

    /// Of the steps that came after the first three.
    var steps: [String] {
      get throws {
        try watcher.rows("select what from campaign_step where number > 3 order by number").map { $0.text(0) }
      }
    }
  }

  private static let define: Statement = "select define_campaign($1)"
  private static let step: Statement = "select step_campaign('spring', $1, 1, 'because')"

  private static func plan(_ more: String = "") -> String {
    """
    {"name": "spring", "branch": "EAST", "audience": {"customers": "level = gold"}, "expires": "2099-01-01T00:00:00Z"\(more)}
    """
  }

  private func open(_ body: (Desk) throws -> Void) throws {
    try TestDatabase.with { database in try body(Desk(database)) }
  }

  @Test("of two who launch at once, one launches, and the other is told that it is scheduled")
  func launchedTwice() throws {
    try open { desk throws in
      #expect(
        try desk.atOnce((desk.author, Self.step, "launched"), (desk.peer, Self.step, "launched"))
          == ["done", "is-scheduled"])
      #expect(try desk.state == "scheduled v1" && desk.steps == ["launched"])
    }
  }

  @Test("of approval and rejection at once, what comes second is told what came first")
  func reviewedTwice() throws {
    try open { desk throws in
      try desk.become("submitted")
      #expect(
        try desk.atOnce((desk.peer, Self.step, "rejected"), (desk.author, Self.step, "approved"))
          == ["done", "is-rejected"])
      #expect(try desk.state == "rejected v1" && desk.steps == ["rejected"])
    }
  }

  @Test(
    "a launch of what has just been changed is answered `changed`, and a change of what has just been launched `launched`"
  )
  func changedAfterApproval() throws {
    try open { desk throws in
      let other = Self.plan(#", "pace": 100"#)
      #expect(
        try desk.atOnce((desk.peer, Self.define, other), (desk.author, Self.step, "launched")) == [
          "changed", "changed",
        ])
      #expect(try desk.state == "draft v2" && desk.steps == ["changed"])
    }
    try open { desk throws in
      let other = Self.plan(#", "pace": 100"#)
      #expect(
        try desk.atOnce((desk.author, Self.step, "launched"), (desk.peer, Self.define, other)) == ["done", "launched"])
      #expect(try desk.state == "scheduled v1" && desk.steps == ["launched"])
    }
  }

  @Test("of a pause and a cancellation at once, a cancelled campaign stays cancelled")
  func cancelledMeanwhile() throws {
    try open { desk throws in
      try desk.become("running")
      #expect(
        try desk.atOnce((desk.author, Self.step, "cancelled"), (desk.peer, Self.step, "paused"))
          == ["done", "is-cancelled"])
    }
  }
}
