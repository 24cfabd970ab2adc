import Gateways
import Testing
import Values

@testable import Outreach

@Suite struct RetryTests {
  private func gateway(_ name: String, countries: String = "[]", enabled: Bool = true) throws -> GatewayBook.Gateway {
    let description = try GatewayDescription(
      reading: """
        {"name": "\(name)", "channel": "sms", "countries": \(countries), "retries": {"first": "1s", "most": "4s", "times": 3},
         "request": {"method": "GET", "url": "http://127.0.0.1:1/"}, "answer": {"accepted": [{"status": ["200"]}]}}
        """)
    return GatewayBook.Gateway(name: name, version: 1, isEnabled: enabled, description)
  }

  private func message(
    attempt: Int32 = 0, refusedBy: [String] = [], country: String? = "CN", isPinned: Bool = false
  ) -> DueMessage {
    DueMessage(
      1, .service, to: 8_613_800_000_000, attempt: attempt, country: country, refusedBy: refusedBy, isPinned: isPinned,
      gateway: "a")
  }

  private func refused(_ kind: Refused.Kind, retryAfter: Duration? = nil) -> EndedCall.Ending {
    .refused(Refused(kind: kind, code: nil, detail: "", retryAfter: retryAfter))
  }

  @Test("only what is proved not to be there is tried again")
  func proof() throws {
    let retry = Retry(GatewayBook([try gateway("a"), try gateway("b")]))
    func next(_ ending: EndedCall.Ending) -> EndedCall.Next? {
      retry.next(message(), ending, isOpen: { _ in false }, chance: 0)
    }
    #expect(next(.accepted(ids: ["1"], cost: nil)) == nil && next(.unknown("")) == nil)
    #expect(next(refused(.recipient)) == nil && next(refused(.message)) == nil)
    #expect(next(refused(.gateway)) == .init(gateway: "b", wait: .zero))
    #expect(next(refused(.busy)) == .init(gateway: "b", wait: .zero))
    #expect(next(.notSent(code: "unconnected", "")) == .init(gateway: "b", wait: .zero))
    #expect(next(.given(back: Reason("moment-passed"))) == .init(gateway: "a", wait: .zero))
  }

  @Test("the next gateway serves such messages, takes calls, and has not refused this one; a pinned message has none")
  func candidates() throws {
    let gateways = [
      try gateway("a"), try gateway("b", countries: #"["HK"]"#), try gateway("c", enabled: false), try gateway("d"),
      try gateway("e"), try gateway("f"),
    ]
    let retry = Retry(GatewayBook(gateways))
    func next(_ message: DueMessage) -> String? {
      retry.next(message, refused(.gateway), isOpen: { $0 == "d" }, chance: 1)?.gateway
    }
    #expect(next(message()) == "e" && next(message(refusedBy: ["e"])) == "f")
    #expect(next(message(country: "HK")) == "b" && next(message(refusedBy: ["e", "f"])) == "a")
    #expect(next(message(isPinned: true)) == "a")
  }

  @Test("a busy gateway is asked so many times, after waits that grow with each refusal, or as it says")
  func waits() throws {
    let retry = Retry(GatewayBook([try gateway("a")]))
    func wait(_ refusals: Int, attempt: Int32, _ ending: EndedCall.Ending) -> Duration? {
      retry.next(
        message(attempt: attempt, refusedBy: Array(repeating: "a", count: refusals)), ending, isOpen: { _ in false },
        chance: 1)?.wait
    }
    #expect(wait(0, attempt: 0, refused(.busy)) == .seconds(1) && wait(1, attempt: 1, refused(.busy)) == .seconds(2))
    #expect(wait(2, attempt: 2, refused(.busy)) == nil)
    #expect(wait(0, attempt: 0, refused(.busy, retryAfter: .seconds(30))) == .seconds(30))
    // Moments that had passed are no refusals.
    #expect(wait(0, attempt: 50, refused(.busy)) == .seconds(1))
    // A gateway that is out of reach, or has no money left, is waited for as long as it takes.
    #expect(wait(60, attempt: 60, refused(.gateway)) == .seconds(4))
    #expect(wait(0, attempt: 60, .notSent(code: "unconnected", "")) == .seconds(4))
  }
}
