import Testing
import Topics
import Values

@testable import roll_up_metrics

/// What those did who were left alone, and those whom nothing has reached: nobody's merit, and counted where groups are compared.
@Suite struct LiftTests {
  private static let day: Int64 = 86_400
  private static let assets = #"{"by": "assets-added", "within": "P10D", "credit": "even"}"#

  @Test("what the control group does is told apart, within the same time; nobody else's is anybody's")
  func control() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      try desk.recipient(1, 1, state: "held-out")
      try desk.recipient(1, 2)
      let at = moment(10 * Self.day - 1)
      try desk.value([
        (CustomerValue(.funded, customer: "C1", yuan("5"), at: at), id: "1"),
        (CustomerValue(.funded, customer: "C1", yuan("6"), at: at.adding(seconds: 1)), id: "2"),
        (CustomerValue(.funded, customer: "C2", yuan("7"), at: at), id: "3"),
        (CustomerValue(.funded, customer: "C3", yuan("8"), at: at), id: "4"),
        (CustomerValue(.funded, customer: "C1", yuan("9"), at: moment(-1)), id: "5"),
      ])
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 1 0 goal held-out CN-JS 0.000000 5.0000 CNY",
          "assets-added 1 2 0 goal not-reached CN-JS 0.000000 7.0000 CNY",
        ])
    }
  }

  @Test(
    "somebody of the control group whose row was still on its way is found once more, five minutes after it was told")
  func controlOnItsWay() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      try desk.value([(CustomerValue(.funded, customer: "C1", yuan("5"), at: moment(60)), id: "1")])
      try desk.attribute()
      try desk.recipient(1, 1, state: "held-out")
      try desk.attribute()
      #expect(try desk.credits() == [])
      try desk.pass(minutes: 4)
      try desk.attribute()
      #expect(try desk.credits() == [])
      try desk.pass(minutes: 1)
      try desk.attribute()
      #expect(try desk.credits() == ["assets-added 1 1 0 goal held-out CN-JS 0.000000 5.0000 CNY"])
      // Once and no more.
      #expect(try desk.lines("select due_at::text from conversion") == ["-"])
    }
  }

  @Test(
    "whoever was to be reached and never was is told apart, from when they were chosen on and for as long as it counts")
  func notReached() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      try desk.recipient(1, 1, state: "failed", at: 100)
      try desk.recipient(1, 2, state: "skipped")
      try desk.recipient(1, 3, state: "skipped")
      try desk.recipient(1, 4, at: 100)
      try desk.session.run(
        script: """
          update campaign_recipient set channel = 'sms' where subject = 3;
          -- Of those from before it was written down nobody knows better than since the launch.
          update campaign_recipient set chosen_at = null where subject = 4;
          """)
      let ends = 100 + 10 * Self.day
      let moments: [(Int64, String)] = [
        (99, "C1"), (100, "C1"), (ends - 1, "C1"), (ends, "C1"), (60, "C2"), (60, "C3"), (50, "C4"),
      ]
      try desk.value(
        moments.enumerated().map { number, told in
          (CustomerValue(.funded, customer: told.1, yuan("\(number + 1)"), at: moment(told.0)), id: "\(number)")
        })
      try desk.value([(CustomerValue(.earned, customer: "C1", yuan("9"), at: moment(100)), id: "9")])
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 1 0 goal not-reached CN-JS 0.000000 2.0000 CNY",
          "assets-added 1 1 0 goal not-reached CN-JS 0.000000 3.0000 CNY",
          // No message of theirs could be made.
          "assets-added 1 3 0 goal not-reached CN-JS 0.000000 6.0000 CNY",
          "assets-added 1 4 0 goal not-reached CN-JS 0.000000 7.0000 CNY",
          "earned 1 1 0 not-reached CN-JS 0.000000 9.0000 CNY",
        ])
      try desk.countPeople()
      #expect(
        try desk.lines(
          "select concat_ws(' ', treated, control, treated_converted, control_converted) from bi_campaign_lift")
          == ["3 0 3 0"])
    }
  }

  @Test("a touch that comes later stands in place of none; what somebody did before they were chosen is nobody's merit")
  func reachedLate() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      try desk.recipient(1, 1, at: 100)
      try desk.value([
        (CustomerValue(.funded, customer: "C1", yuan("5"), at: moment(99)), id: "1"),
        (CustomerValue(.funded, customer: "C1", yuan("6"), at: moment(200)), id: "2"),
        (CustomerValue(.funded, customer: "C1", yuan("7"), at: moment(400)), id: "3"),
      ])
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 1 0 goal not-reached CN-JS 0.000000 6.0000 CNY",
          "assets-added 1 1 0 goal not-reached CN-JS 0.000000 7.0000 CNY",
        ])
      try desk.accept(1, 1, at: 300)
      try desk.hear(desk.told(.accepted, 1, 1, at: 300))
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 1 1001 goal before-send sms CN-JS 0.000000 6.0000 CNY",
          "assets-added 1 1 1001 goal credited sms CN-JS 1.000000 7.0000 CNY",
        ])
      #expect(try desk.differences(1).filter { $0.hasPrefix("credit") } == [])
    }
  }

  @Test("groups are compared over the same time, however late somebody was reached; the credit lasts from the touch")
  func sameTime() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      for subject in Int64(1)...3 {
        try desk.recipient(1, subject, at: 100)
        try desk.accept(1, subject, at: 5 * Self.day)
        try desk.hear(desk.told(.accepted, 1, subject, at: 5 * Self.day))
      }
      let ends = 100 + 10 * Self.day
      try desk.value(
        [("C1", ends - 1), ("C2", ends)].map { customer, at in
          (CustomerValue(.funded, customer: customer, yuan("5"), at: moment(at)), id: customer)
        })
      try desk.attribute()
      try desk.countPeople()
      #expect(
        try desk.credits() == [
          "assets-added 1 1 1001 goal credited sms CN-JS 1.000000 5.0000 CNY",
          "assets-added 1 2 1002 goal credited sms CN-JS 1.000000 5.0000 CNY",
        ])
      #expect(try desk.lines("select concat_ws(' ', treated, treated_converted) from bi_campaign_lift") == ["3 1"])
    }
  }
}
