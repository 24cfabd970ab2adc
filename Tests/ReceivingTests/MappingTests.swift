import Testing
import Topics

@testable import Gateways
@testable import Receiving

/// What is read of a call becomes events that whoever reads the topic can read.
@Suite struct MappingTests {
  private let answer = CallBackAnswer(status: 200, contentType: "text/plain", body: "")

  private func events(_ receipts: [Receipt] = [], _ messages: [InboundMessage] = []) -> ReceivedEvents {
    var reading = CallBackReading(answer: answer)
    reading.receipts = receipts
    reading.messages = messages
    return ReceivedEvents(reading, of: "kannel")
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test("a receipt is told under the gateway's id of its message, else under ours")
  func receipt() throws {
    let received = events([
      Receipt(id: "g-7", reference: "m12.1", status: .failed, code: "0a1", part: 2),
      Receipt(id: nil, reference: "m12.1", status: .delivered),
    ])
    try #require(received.events.count == 2 && received.passedOver.isEmpty)
    #expect(received.events.map(\.type) == ["receipt.told", "receipt.told"])
    #expect(received.events.map { text($0.key) } == ["g-7", "m12.1"])
    #expect(
      text(received.events[0].value)
        == #"{"gateway":"kannel","messageId":"g-7","reference":"m12.1","status":"failed","code":"0a1","part":2}"#)
    #expect(text(received.events[1].value) == #"{"gateway":"kannel","reference":"m12.1","status":"delivered"}"#)
  }

  @Test("an answer is told under its sender, whatever stands in it")
  func inbound() throws {
    let received = events(
      [], [InboundMessage(id: "a", from: "8613800138000", to: "95555", text: "退订\n\"\u{1F600}\"")])
    let event = try #require(received.events.first)
    #expect(event.type == "message.received" && text(event.key) == "8613800138000")
    #expect(text(event.value).hasPrefix(#"{"gateway":"kannel","from":"8613800138000","to":"95555","text":"退订\n"#))
  }

  @Test("what is told again has the same id, what is told besides another")
  func ids() {
    let told = Receipt(id: "g-7", reference: nil, status: .delivered)
    let others = [
      Receipt(id: "g-8", reference: nil, status: .delivered), Receipt(id: nil, reference: "g-7", status: .delivered),
      Receipt(id: "g-7", reference: nil, status: .failed),
      Receipt(id: "g-7", reference: nil, status: .delivered, part: 1),
      Receipt(id: "g-7", reference: nil, status: .delivered, code: "1"),
    ]
    let ids = events([told, told] + others).events.map(\.id)
    #expect(ids[0] == ids[1] && Set(ids).count == 1 + others.count && ids.allSatisfy { $0.utf8.count == 32 })
    let message = InboundMessage(id: "a", from: "1", to: nil, text: "STOP")
    let nameless = InboundMessage(id: nil, from: "1", to: nil, text: "STOP")
    let answers = events([], [message, message, nameless, nameless]).events.map(\.id)
    #expect(answers[0] == answers[1] && Set(answers).count == 3)
  }

  @Test("what could not be read from the topic is passed over, and the rest is told")
  func passedOver() {
    let long = String(repeating: "9", count: 150)
    let received = events(
      [
        Receipt(id: nil, reference: long, status: .delivered), Receipt(id: "g-7", reference: nil, status: .delivered),
        Receipt(id: "g-8", reference: nil, status: .failed, code: long),
      ],
      [
        InboundMessage(id: nil, from: long, to: nil, text: "x"),
        InboundMessage(id: nil, from: "1", to: nil, text: String(repeating: "长", count: 6000)),
        InboundMessage(id: nil, from: "1", to: nil, text: "nul\0"),
      ])
    #expect(received.events.count == 3)
    #expect(received.passedOver.map(\.path) == ["reference", "from", ""])
    #expect(received.passedOver.allSatisfy { !$0.description.contains("99") })
  }
}
