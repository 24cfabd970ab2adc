import JSON
import Testing
import Topics
import Values

@testable import Outreach
@testable import Sending
@testable import send_sms

@Suite struct LostSendTests {
  private typealias Lost = SettleLostSends<SendSMS>

  @Test(
    "a message whose sender has died and that a receipt knows was accepted, with what it cost, before what became of it",
    arguments: [
      (OutreachOutcomes.Step?.none, ["uncertain"]), (.accepted, ["accepted 0.05 CNY"]),
      (.delivered, ["accepted 0.05 CNY", "delivered"]), (.failed, ["accepted 0.05 CNY", "failed"]),
    ])
  func steps(_ told: OutreachOutcomes.Step?, _ expected: [String]) throws {
    let lost = Lost.Lost(
      id: 7, attempt: 1, purpose: .service, gateway: "one", source: "/site", event: "e7", lead: nil, customer: nil,
      reservation: Reservation("spring", Money(tenThousandths: 500, currency: "CNY")))
    var known = Lost.Told(steps: told.map { [7: $0] } ?? [:])
    guard case .apply(_, let emissions, _) = Lost.decide(lost, &known, Timestamp(microseconds: 0)) else {
      Issue.record("nothing was settled")
      return
    }
    let events = try emissions.map { emission in
      try JSONTape().read(String(decoding: emission.payload, as: UTF8.self)) { object throws(Refusal) in
        try OutreachOutcomes(type: emission.type, reading: object)
      }
    }
    #expect(
      events.map { [$0.step.rawValue, $0.cost.map { "\($0)" }].compactMap { $0 }.joined(separator: " ") } == expected)
  }
}
