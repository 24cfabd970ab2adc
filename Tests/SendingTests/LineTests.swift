import Gateways
import Outreach
import Testing

@testable import Sending

@Suite struct LineTests {
  @Test("what a process may have under way its lanes have together, not each")
  func shares() {
    for all in 1...20 {
      for lanes in 1...16 {
        let shares = (1...lanes).map { Share(lane: $0, lanes: lanes).of(all) }
        #expect(shares.reduce(0, +) == all && (shares.max() ?? 0) - (shares.min() ?? 0) <= 1, "\(all) of \(lanes)")
      }
    }
    // A lane without a part calls nobody, whatever comes.
    var breaker = Breaker(0)
    breaker.answered()
    breaker.busy(.zero, retryAfter: nil)
    for _ in 1...9 { breaker.failed(.zero, chance: 0) }
    #expect(breaker.allowance == 0)
  }

  private func line(rate: Int? = nil) throws -> Line {
    let description = try GatewayDescription(
      reading: """
        {"name": "a", "channel": "sms", "concurrency": 20, \(rate.map { "\"rate\": \($0)," } ?? "")
         "request": {"method": "GET", "url": "http://127.0.0.1:1/"}, "answer": {"accepted": [{"status": ["200"]}]}}
        """)
    return Line(
      GatewayBook.Gateway(name: "a", version: 1, isEnabled: true, description), Share(lane: 1, lanes: 1))
  }

  @Test("claimed and not recorded are never more than the calls at once and a quarter")
  func room() throws {
    let line = try line()
    #expect(line.room(.zero) == 25)
    line.inFlight = 20
    line.waiting = 3
    #expect(line.room(.zero) == 2)
    line.unrecorded = 2
    #expect(line.room(.zero) == 0)
  }

  @Test("a gateway with a rate is claimed for a fifth of a second ahead")
  func paced() throws {
    let line = try line(rate: 30)
    #expect(line.room(.zero) == 6)
    line.waiting = 6
    #expect(line.room(.zero) == 0)
    #expect(try self.line(rate: 1).room(.zero) == 1)
  }
}
