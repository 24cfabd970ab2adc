import Testing
import Topics
import Values

@testable import roll_up_metrics

/// What managers do for a campaign counts as its messages do.
@Suite struct TaskCreditTests {
  private static let day: Int64 = 86_400
  private static let assets = #"{"by": "assets-added", "within": "P10D", "credit": "even"}"#

  private func fund(_ desk: FigureDesk, _ customer: Int64, _ amount: String, at seconds: Int64) throws {
    try desk.value([
      (CustomerValue(.funded, customer: "C\(customer)", yuan(amount), at: moment(seconds)), id: "\(customer)/\(amount)")
    ])
  }

  @Test("a task that was done touches its person when it was done, whichever is told first", arguments: [true, false])
  func done(isTaskFirst: Bool) async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      for subject in Int64(1)...3 { try desk.task(1, subject) }
      func finish() throws {
        // The day after it was told, the day before, and nobody was there.
        try desk.finish(1, 1, at: 2 * Self.day)
        try desk.finish(1, 2, "contacted", at: 4 * Self.day)
        try desk.finish(1, 3, "unreachable", at: 2 * Self.day)
        #expect(
          try desk.contact(
            desk.finished(1, at: 2 * Self.day), desk.finished(2, "contacted", at: 4 * Self.day),
            desk.finished(3, "unreachable", at: 2 * Self.day)) == ["task-done", "task-done", "nobody-touched"])
      }
      if isTaskFirst { try finish() }
      for subject in Int64(1)...3 { try fund(desk, subject, "5", at: 3 * Self.day) }
      try desk.attribute()
      if !isTaskFirst {
        #expect(
          try desk.credits() == (1...3).map { "assets-added 1 \($0) 0 goal not-reached CN-JS 0.000000 5.0000 CNY" })
        try finish()
        try desk.attribute()
      }
      #expect(
        try desk.credits() == [
          "assets-added 1 1 -1001 goal credited manager CN-JS 1.000000 5.0000 CNY",
          "assets-added 1 2 -1002 goal before-send manager CN-JS 0.000000 5.0000 CNY",
          "assets-added 1 3 0 goal not-reached CN-JS 0.000000 5.0000 CNY",
        ])
      try desk.countPeople()
      #expect(try desk.differences(1) == [])
      #expect(
        try desk.lines("select concat_ws(' ', channel, converted, amount) from bi_campaign_hour where converted > 0")
          == ["manager 1.000000 5.0000"])
      // What verify would find, had nobody looked again.
      try desk.session.run(script: "delete from conversion_credit where message_id = -1001")
      #expect(
        try desk.differences(1) == ["credit | conversion 1, message -1001 |    | credited 1.000000 5.0000"])
    }
  }

  @Test("a lead's task touches the customer that it has become, and shares with messages what both have part in")
  func leads() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets, audience: "leads")
      try desk.task(1, 101)
      try desk.campaign(2, goal: Self.assets)
      try desk.recipient(2, 1)
      try desk.accept(2, 1, at: 60)
      try desk.convert(101, to: 1, at: 2 * Self.day)
      try fund(desk, 1, "5", at: 3 * Self.day)
      try desk.attribute()
      #expect(try desk.credits().contains("assets-added 2 1 2001 goal credited sms CN-JS 1.000000 5.0000 CNY"))
      try desk.finish(1, 101, at: 90)
      try desk.contact(desk.finished(101, at: 90))
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 101 -1101 goal credited manager CN-JS 0.500000 2.5000 CNY",
          "assets-added 2 1 2001 goal credited sms CN-JS 0.500000 2.5000 CNY",
          "lead-converted 1 101 -1101 credited manager CN-JS 0.500000",
          "lead-converted 2 1 2001 credited sms CN-JS 0.500000",
        ])
    }
  }

  @Test("what somebody did before several touches came before the first of them, whichever that is")
  func beforeSeveral() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      for subject in Int64(1)...2 {
        try desk.recipient(1, subject * 3)
        try desk.task(1, subject * 3, place: 1)
        try fund(desk, subject * 3, "5", at: Self.day)
      }
      try desk.accept(1, 3, at: 2 * Self.day)
      try desk.finish(1, 3, at: 3 * Self.day, place: 1)
      try desk.finish(1, 6, at: 2 * Self.day, place: 1)
      try desk.accept(1, 6, at: 3 * Self.day)
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 3 1003 goal before-send sms CN-JS 0.000000 5.0000 CNY",
          "assets-added 1 6 -1007 goal before-send manager CN-JS 0.000000 5.0000 CNY",
        ])
    }
  }

  @Test("nobody's conversions are looked at again but those whom the task is about")
  func others() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      for subject in Int64(1)...2 {
        try desk.task(1, subject)
        try fund(desk, subject, "5", at: 3 * Self.day)
      }
      try desk.attribute()
      try desk.finish(1, 1, at: Self.day)
      try desk.contact(desk.finished(1, at: Self.day), desk.finished(3, "unreachable", at: Self.day))
      #expect(
        try desk.lines("select customer from conversion where due_at <= clock_timestamp()") == ["C1"])
    }
  }

  @Test("tasks are there for dashboards by how they stand and what came of them, those that were done late apart")
  func view() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1)
      for subject in Int64(1)...4 { try desk.task(1, subject) }
      try desk.finish(1, 1, at: 86_400)
      try desk.finish(1, 2, at: 86_401)
      try desk.session.run(script: "update task set state = 'overdue' where subject = 3; set role millrace_bi")
      #expect(
        try desk.lines(
          """
          select concat_ws(' ', campaign, variant, region, branch, state, nullif(outcome, ''), tasks, late) from bi_campaign_task order by state
          """) == ["c1 0 CN-JS SH done interested 2 1", "c1 0 CN-JS SH open 1 0", "c1 0 CN-JS SH overdue 1 0"])
      try desk.session.run(script: "reset role")
    }
  }

  @Test("the call that does a task was brought by it; one that was over before the task was done came before it")
  func ownCall() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: #"{"by": "contacted", "within": "P10D"}"#)
      for subject in Int64(1)...2 {
        try desk.task(1, subject)
        try desk.session.run(
          script: """
            insert into call (id, version, facts, direction, agent, customer_id, started_at, answered_at, ended_at, last_at, ring_ms, wait_ms,
              talk_ms, hold_ms, wrap_up_ms, outcome, transfers, flags)
            values ('call-\(subject)', 1, '', 'outbound', 'a', \(subject), '\(moment(100).rfc3339)', '\(moment(110).rfc3339)',
              '\(moment(200).rfc3339)', '\(moment(200).rfc3339)', 10000, 0, 90000, 0, 0, 'answered', 0, 0)
            """)
      }
      try desk.finish(1, 1, "contacted", at: 110)
      try desk.finish(1, 2, at: 500)
      try desk.contact(
        called("C1", 1, "answered", at: 100), called("C2", 2, "answered", at: 100),
        desk.finished(1, "contacted", at: 110), desk.finished(2, at: 500))
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "contacted 1 1 -1001 goal credited manager CN-JS 1.000000",
          "contacted 1 2 -1002 goal before-send manager CN-JS 0.000000",
        ])
    }
  }
}
