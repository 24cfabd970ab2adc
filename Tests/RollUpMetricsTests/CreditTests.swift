import Contract
import Testing
import Topics
import Values

@testable import roll_up_metrics

/// Whose merit a conversion is.
@Suite struct CreditTests {
  private static let day: Int64 = 86_400
  private static let assets = #"{"by": "assets-added", "within": "P10D", "credit": "even"}"#

  @Test("the last touch before it, within the campaign's time, has all of a conversion")
  func lastTouch() async throws {
    try await FigureDesk.open { desk in
      for campaign in Int64(1)...4 {
        try desk.campaign(campaign, goal: FigureDesk.lastTouch, audience: "leads")
        try desk.recipient(campaign, 101)
      }
      try desk.accept(1, 101, at: 60)
      try desk.accept(2, 101, at: 3 * Self.day)
      try desk.accept(3, 101, at: 2 * Self.day)
      try desk.accept(4, 101, at: 6 * Self.day)
      try desk.convert(101, to: 1, at: 5 * Self.day)
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "lead-converted 1 101 1101 goal passed-over sms CN-JS 0.000000",
          "lead-converted 2 101 2101 goal credited sms CN-JS 1.000000",
          "lead-converted 3 101 3101 goal passed-over sms CN-JS 0.000000",
          "lead-converted 4 101 4101 goal before-send sms CN-JS 0.000000",
        ])
    }
  }

  @Test("shares of an even credit come to one, and amounts to the amount, to the unit")
  func even() async throws {
    try await FigureDesk.open { desk in
      for campaign in Int64(1)...3 {
        try desk.campaign(campaign, goal: Self.assets)
        try desk.recipient(campaign, 1)
        try desk.accept(campaign, 1, at: campaign)
      }
      try desk.value([(CustomerValue(.funded, customer: "C1", yuan("100"), at: moment(Self.day)), id: "1")])
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 1 1001 goal credited sms CN-JS 0.333334 33.3334 CNY",
          "assets-added 2 1 2001 goal credited sms CN-JS 0.333333 33.3333 CNY",
          "assets-added 3 1 3001 goal credited sms CN-JS 0.333333 33.3333 CNY",
        ])
    }
  }

  @Test("campaigns that count something else as their success do not take it from those that count this")
  func others() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      try desk.campaign(2, goal: #"{"by": "contacted", "within": "P10D"}"#)
      for campaign in Int64(1)...2 {
        try desk.recipient(campaign, 1)
        try desk.accept(campaign, 1, at: campaign)
      }
      try desk.value([
        (CustomerValue(.funded, customer: "C1", yuan("5"), at: moment(60)), id: "1"),
        (CustomerValue(.earned, customer: "C1", yuan("2"), at: moment(60)), id: "2"),
      ])
      try desk.contact(called("C1", 1, "answered", at: 70))
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 1 1001 goal credited sms CN-JS 1.000000 5.0000 CNY",
          "assets-added 2 1 2001 credited sms CN-JS 1.000000 5.0000 CNY",
          "contacted 1 1 1001 credited sms CN-JS 1.000000",
          "contacted 2 1 2001 goal credited sms CN-JS 1.000000",
          "earned 1 1 1001 credited sms CN-JS 0.500000 1.0000 CNY",
          "earned 2 1 2001 credited sms CN-JS 1.000000 2.0000 CNY",
        ])
    }
  }

  @Test("a touch that the ledger learns of late changes whose it is, and so does who the lead turned out to be")
  func late() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: FigureDesk.lastTouch, audience: "leads")
      try desk.campaign(2, goal: Self.assets, audience: "leads")
      for campaign in Int64(1)...2 { try desk.recipient(campaign, 101) }
      try desk.value([(CustomerValue(.funded, customer: "C1", yuan("5"), at: moment(Self.day)), id: "1")])
      try desk.attribute()
      #expect(try desk.credits() == [])
      try desk.accept(2, 101, at: 60)
      try desk.convert(101, to: 1, at: 2 * Self.day)
      try desk.attribute()
      let credits = try desk.credits()
      #expect(
        credits == [
          "assets-added 1 101 0 not-reached CN-JS 0.000000 5.0000 CNY",
          "assets-added 2 101 2101 goal credited sms CN-JS 1.000000 5.0000 CNY",
          "lead-converted 1 101 0 goal not-reached CN-JS 0.000000",
          "lead-converted 2 101 2101 credited sms CN-JS 1.000000",
        ])
      try desk.accept(1, 101, at: 100)
      try desk.attribute()
      #expect(try desk.credits() == credits)
      try desk.hear(desk.told(.accepted, 1, 101, at: 100))
      try desk.attribute()
      #expect(
        try desk.credits() == [
          "assets-added 1 101 1101 credited sms CN-JS 1.000000 5.0000 CNY",
          "assets-added 2 101 2101 goal credited sms CN-JS 1.000000 5.0000 CNY",
          "lead-converted 1 101 1101 goal credited sms CN-JS 1.000000",
          "lead-converted 2 101 2101 credited sms CN-JS 1.000000",
        ])
    }
  }

  @Test("a call counts once, as what it turned out to be in the end")
  func calls() async throws {
    try await FigureDesk.open { desk in
      try desk.contact(
        called("C1", 1, "missed", at: 5), called("C1", 2, "answered", at: 5), called("C2", 3, "answered", at: 6))
      try desk.contact(called("C2", 4, "voicemail", at: 6), called("C3", 5, "missed", at: 7))
      try desk.contact(called("C1", 2, "answered", at: 5))
      try desk.contact(called("C4", 6, "answered", at: 8), called("C4", 7, "missed", at: 8))
      #expect(
        try desk.lines("select customer || case when is_void then ' void' else '' end from conversion order by 1") == [
          "C1", "C2 void", "C4 void",
        ])
    }
  }

  @Test("of somebody who was erased, credits stay as they were")
  func erased() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: Self.assets)
      try desk.recipient(1, 1)
      try desk.accept(1, 1, at: 1)
      try desk.value([(CustomerValue(.funded, customer: "C1", yuan("5"), at: moment(60)), id: "1")])
      try desk.attribute()
      let before = try desk.credits()
      #expect(before.count == 1)
      try desk.session.run(
        script: """
          update message set customer_id = null, source = 'erased', event_id = 'erased';
          update customer set status = 'removed', name = null where id = 1;
          update conversion set due_at = '-infinity';
          """)
      try desk.attribute()
      #expect(try desk.credits() == before)
    }
  }

  @Test("of a lead that was erased credits stay too, though its row does as well")
  func erasedLead() async throws {
    try await FigureDesk.open { desk in
      try desk.campaign(1, goal: FigureDesk.lastTouch, audience: "leads")
      try desk.recipient(1, 101)
      try desk.accept(1, 101, at: 60)
      try desk.convert(101, to: 1, at: 90)
      try desk.attribute()
      let before = try desk.credits()
      #expect(before == ["lead-converted 1 101 1101 goal credited sms CN-JS 1.000000"])
      try desk.session.run(
        script: "select * from erase_messages(null, '{101}', '{}', '{}'); select erase_leads('{101}')")
      try desk.session.run(script: "update conversion set due_at = '-infinity'")
      try desk.attribute()
      #expect(try desk.credits() == before)
      #expect(try desk.differences(1).filter { $0.hasPrefix("credit") } == [])
    }
  }

  @Test("values that cannot be added up are kept apart, and of a day the last one counts in any order")
  func values() async throws {
    try await FigureDesk.open { desk in
      let heard = try desk.value([
        (CustomerValue(.valued, customer: "C1", yuan("10"), at: moment(3600)), id: "1"),
        (CustomerValue(.valued, customer: "C1", yuan("9"), at: moment(1800)), id: "2"),
        (CustomerValue(.valued, customer: "C1", yuan("-1"), at: moment(5000)), id: "3"),
        (CustomerValue(.funded, customer: "C1", yuan("-1"), at: moment(5000)), id: "4"),
        (CustomerValue(.earned, customer: "C1", yuan("0"), at: moment(5000)), id: "5"),
        (CustomerValue(.funded, customer: "C1", yuan("1"), at: Timestamp(microseconds: 0)), id: "6"),
      ])
      #expect(heard == ["valued", "valued", "negative-amount", "negative-amount", "no-amount", "out-of-range"])
      try desk.value([(CustomerValue(.valued, customer: "C1", yuan("8"), at: moment(1900)), id: "7")])
      #expect(
        try desk.lines("select concat_ws(' ', customer, day::text, currency, amount::text) from customer_value") == [
          "C1 2027-05-01 CNY 10.0000"
        ])
      #expect(
        try desk.apart() == [
          "customer.value negative-amount 2 -2.0000 CNY", "customer.value no-amount 1 0.0000 CNY",
          "customer.value out-of-range 1 1.0000 CNY",
        ])
    }
  }
}
