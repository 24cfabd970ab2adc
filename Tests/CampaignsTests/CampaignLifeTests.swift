import Postgres
import TestKit
import Testing

/// What people may do with a campaign, and what the database answers where they may not.
@Suite struct CampaignLifeTests {
  /// People by their login. The author and a peer are managers of two branches of one level; roles that exist anyway stand in for
  /// logins, because those belong to the whole cluster.
  private enum Who: String, CaseIterable {
    case author = "millrace_send_sms"
    case peer = "millrace_send_email"
    /// Of the same level and scope, and no manager.
    case colleague = "millrace_send_fax"
    /// Of another level.
    case head = "millrace_settle_receipts"
    /// Of the same level, and elsewhere.
    case stranger = "millrace_receive_receipts"
    /// Nobody's login.
    case nobody = "millrace_launch_campaigns"
  }

  private struct Desk {
    let session: Connection

    func ask(_ who: Who, _ query: Statement, _ bind: (inout Arguments) -> Void = { _ in }) throws -> String? {
      try session.run(script: "set session authorization \(who.rawValue)")
      let answer = try session.rows(query, bind)[0].optionalText(0)
      try session.run(script: "reset session authorization")
      return answer
    }

    func define(_ who: Who = .author, _ more: String = "", name: String = "spring") throws -> String? {
      let plan = """
        {"name": "\(name)", "branch": "SH", "audience": {"customers": "level = gold"}, "expires": "2099-01-01T00:00:00Z"\(more)}
        """
      return try ask(who, "select define_campaign($1)") { $0.text(plan) }
    }

    func step(
      _ who: Who, _ step: String, version: Int32? = nil, note: String? = "because", until: String? = nil
    ) throws -> String? {
      try ask(who, "select step_campaign('spring', $1, $2, $3, $4::text::timestamptz)") {
        $0.text(step)
        $0.small(version)
        $0.text(note)
        $0.text(until)
      }
    }

    func preview() throws {
      try session.run(
        script: """
          insert into campaign_preview (campaign_id, version, made_at, result)
          select id, version, clock_timestamp(), '{}' from campaign
          """)
    }

    var state: String {
      get throws { try session.rows("select state from campaign")[0].text(0) }
    }

    func become(_ state: String) throws {
      _ = try session.rows("update campaign set state = $1") { $0.text(state) }
    }
  }

  private func open(_ body: (Desk) throws -> Void) throws {
    try TestDatabase.with { database in
      let session = try database.connect()
      try session.run(
        script: """
          insert into branch (id, code, name, parent_id, level) values (1, 'HQ', 'HQ', null, 'head-office'),
            (2, 'EAST', 'East', 1, 'province'), (3, 'SH', 'Shanghai', 2, 'city'), (4, 'GD', 'Guangdong', 1, 'province');
          insert into person (code, branch_id, name, manager, login) values
            ('A', 2, 'author', true, '\(Who.author.rawValue)'), ('P', 2, 'peer', true, '\(Who.peer.rawValue)'),
            ('C', 2, 'colleague', false, '\(Who.colleague.rawValue)'), ('H', 1, 'head', true, '\(Who.head.rawValue)'),
            ('S', 4, 'stranger', true, '\(Who.stranger.rawValue)');
          grant usage on schema millrace to \(Who.allCases.map(\.rawValue).joined(separator: ", "));
          grant execute on function define_campaign, step_campaign to \(Who.allCases.map(\.rawValue).joined(separator: ", "));
          """)
      try body(Desk(session: session))
    }
  }

  @Test("a plan goes from draft through a peer's review to its launch, and each step is kept with what was seen")
  func wholeLife() throws {
    try open { desk throws in
      #expect(try desk.define() == "defined")
      #expect(try desk.define() == "unchanged")
      try desk.preview()
      for (who, step, state) in [
        (Who.author, "submitted", "submitted"), (.peer, "approved", "approved"), (.author, "launched", "scheduled"),
        (.colleague, "paused", "paused"), (.author, "resumed", "scheduled"), (.head, "cancelled", "cancelled"),
      ] {
        #expect(try desk.step(who, step) == "done", "\(step)")
        #expect(try desk.state == state)
      }
      let steps = try desk.session.rows(
        """
        select format('%s %s>%s %s %s', s.what, coalesce(s.state_before, '-'), s.state, p.code, s.preview_id)
        from campaign_step s left join person p on p.id = s.person_id order by number
        """
      ).map { $0.text(0) }
      #expect(
        steps == [
          "defined ->draft A ", "submitted draft>submitted A 1", "approved submitted>approved P 1",
          "launched approved>scheduled A ", "paused scheduled>paused C ", "resumed paused>scheduled A ",
          "cancelled scheduled>cancelled H ",
        ])
    }
  }

  @Test("nobody reviews their own plan, another level's or another branch's, and only managers review")
  func reviewers() throws {
    try open { desk throws in
      #expect(try desk.define() == "defined")
      try desk.preview()
      #expect(try desk.step(.author, "submitted") == "done")
      for step in ["approved", "rejected"] {
        for (who, answer) in [
          (Who.author, "your-own"), (.colleague, "no-peer"), (.head, "no-peer"), (.stranger, "not-your-branch"),
          (.nobody, "no-person"),
        ] { #expect(try desk.step(who, step) == answer, "\(step) by \(who)") }
      }
      #expect(try desk.state == "submitted")
      #expect(try desk.step(.peer, "approved") == "done")
    }
  }

  @Test("of approval and rejection at once one is done, and the other is told what the plan is now")
  func reviewedTwice() throws {
    try open { desk throws in
      #expect(try desk.define() == "defined")
      try desk.preview()
      #expect(try desk.step(.author, "submitted") == "done")
      #expect(try desk.step(.peer, "approved") == "done")
      #expect(try desk.step(.peer, "approved") == "is-approved")
      #expect(try desk.step(.author, "launched") == "done")
      #expect(try desk.step(.author, "launched") == "is-scheduled")
      #expect(try desk.step(.peer, "rejected") == "is-scheduled")
    }
  }

  @Test("a changed plan is a draft again, and what was looked at before is answered `changed`")
  func changed() throws {
    try open { desk throws in
      #expect(try desk.define() == "defined")
      try desk.preview()
      #expect(try desk.step(.author, "submitted", version: 1) == "done")
      #expect(try desk.step(.peer, "approved", version: 1) == "done")
      #expect(try desk.define(.author, #", "pace": 100"#) == "changed")
      #expect(try desk.state == "draft")
      #expect(try desk.step(.author, "submitted", version: 1) == "changed")
      #expect(try desk.step(.author, "submitted", version: 2) == "no-preview", "the preview was of another plan")
      try desk.preview()
      #expect(try desk.step(.author, "submitted", version: 2) == "done")
      // Whoever changed it is its author now.
      #expect(try desk.define(.peer, #", "pace": 200"#) == "changed")
      try desk.preview()
      #expect(try desk.step(.peer, "submitted") == "done")
      #expect(try desk.step(.peer, "approved") == "your-own")
      #expect(try desk.step(.author, "approved") == "done")
      try desk.become("running")
      #expect(try desk.define(.author, #", "pace": 300"#) == "launched")
    }
  }

  @Test(
    "each step is taken from its states alone",
    arguments: [
      ("submitted", ["draft", "rejected"]), ("approved", ["submitted"]), ("rejected", ["submitted", "approved"]),
      ("launched", ["approved"]), ("paused", ["scheduled", "running"]), ("resumed", ["paused"]),
      ("cancelled", ["draft", "submitted", "approved", "rejected", "scheduled", "running", "paused"]),
      ("extended", ["approved", "scheduled", "running", "paused"]), ("obeyed", []),
    ])
  func states(_ step: String, _ allowed: [String]) throws {
    try open { desk throws in
      #expect(try desk.define() == "defined")
      try desk.preview()
      for state in [
        "draft", "submitted", "approved", "rejected", "scheduled", "running", "paused", "closed", "finished",
        "cancelled",
      ] {
        try desk.become(state)
        let who: Who = step == "approved" || step == "rejected" ? .peer : .author
        let answer = try desk.step(who, step, until: "2100-01-01T00:00:00Z")
        #expect(answer == (allowed.contains(state) ? "done" : "is-\(state)"), "\(step) of one that is \(state)")
        try desk.session.run(script: "update campaign set expires_at = '2099-01-01'")
      }
    }
  }

  @Test("what cannot be is answered by name")
  func refused() throws {
    try open { desk throws in
      #expect(try desk.define(.nobody) == "no-person")
      #expect(try desk.define(.stranger) == "not-your-branch")
      #expect(try desk.define(.author, #", "owner": "X""#) == "unknown-owner")
      #expect(try desk.define(.author, #", "hours": "X""#) == "unknown-hours")
      #expect(try desk.define(.author, #", "branch": "X""#) == "unknown-branch")
      #expect(try desk.define(.author, #", "starts": "2099-01-01T00:00:00Z""#) == "expired")
      #expect(try desk.step(.author, "submitted") == "unknown-campaign")
      #expect(try desk.define() == "defined")
      #expect(try desk.define(.stranger) == "not-your-branch")
      #expect(try desk.step(.stranger, "cancelled") == "not-your-branch")
      #expect(try desk.step(.author, "submitted") == "no-preview")
      for (state, step) in [("submitted", "rejected"), ("running", "paused"), ("running", "cancelled")] {
        try desk.become(state)
        #expect(try desk.step(.peer, step, note: nil) == "no-reason", "\(step)")
      }
      #expect(try desk.step(.author, "extended", until: "2098-01-01T00:00:00Z") == "not-later")
      #expect(try desk.step(.author, "extended") == "not-later")
      try desk.session.run(
        script: "update campaign set starts_at = now() - interval '2 days', expires_at = now() - interval '1 day'")
      for (state, step) in [
        ("draft", "submitted"), ("submitted", "approved"), ("approved", "launched"), ("paused", "resumed"),
      ] {
        try desk.become(state)
        try desk.preview()
        #expect(try desk.step(.peer, step) == "expired", "\(step)")
      }
    }
  }

  @Test("nobody takes the name that an occasion of a plan would have")
  func occasionNames() throws {
    try open { desk throws in
      do {
        _ = try desk.define(name: "spring/2027-05-01")
        Issue.record("it was taken")
      } catch let error as PostgresError { #expect(error.sqlState == "23514") }
      try desk.session.run(script: "reset session authorization")
      #expect(try desk.session.rows("select from campaign").count == 0)
    }
  }

  @Test("steps are only ever added, and a plan is stored by its function alone")
  func rights() throws {
    try open { desk throws in
      #expect(try desk.define() == "defined")
      try desk.session.run(script: "set role millrace_operator")
      for change in [
        "update campaign_step set note = 'x'", "delete from campaign_step", "update campaign set state = 'running'",
        "insert into campaign_recipient (campaign_id, subject, variant, state, is_open, changed_at) values (1, 1, 0, 'queued', true, now())",
        "select note_campaign_step(c, 'draft', 'approved', null) from campaign_seen s, lateral (select null::campaign) k (c)",
      ] {
        #expect(throws: PostgresError.self, "\(change)") { try desk.session.run(script: change) }
      }
    }
  }
}
