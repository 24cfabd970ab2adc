import Gateways
import HTTP
import JSON
import ShortMessages
import Testing
import Values

#if canImport(FoundationEssentials)
  import FoundationEssentials
#endif

/// A description, or why it is none.
func described(_ text: String) -> Result<GatewayDescription, Refusal> {
  Array(text.utf8).withUnsafeBytes { bytes in
    Result { () throws(Refusal) in
      try JSONTape().read(bytes) { object throws(Refusal) in try GatewayDescription(reading: object) }
    }
  }
}

/// One of the files in `ops/gateways`, with what is left to the firm filled in.
func ready(_ name: String, filling: [(String, String)] = []) throws -> GatewayDescription {
  var text = try source(name)
  for (from, to) in filling {
    #expect(text.contains(from), "\(name) has no \(from)")
    text = text.replacing(from, with: to)
  }
  return try described(text).get()
}

func source(_ name: String) throws -> String {
  String(decoding: try Data(contentsOf: URL(filePath: "\(gatewaysFolder)/\(name).json")), as: UTF8.self)
}

let gatewaysFolder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/ops/gateways"

/// A description of nothing but what a test is about.
func small(
  request: String = #"{"method": "GET", "url": "https://gateway.example/send"}"#,
  answer: String = #"{"accepted": [{"status": ["200"]}]}"#, more: String = ""
) -> String {
  #"{"name": "small", "channel": "sms", "request": \#(request), "answer": \#(answer)\#(more.isEmpty ? "" : ", " + more)}"#
}

let moment = Timestamp(rfc3339: "2026-01-31T09:30:00.123456Z".utf8)!

func order(
  _ text: String = "Your code is 1234", to: String = "+8613800138000", reference: String = "m-1.1",
  more: (inout TextOrder) -> Void = { _ in }
) -> TextOrder {
  let short = ShortMessage(text)!
  var order = TextOrder(
    reference: reference, to: to, text: text, encoding: short.encoding, parts: short.parts.count)
  more(&order)
  return order
}

extension GatewayDescription {
  func request(_ order: TextOrder, _ secrets: [String: String] = [:]) -> Result<HTTPRequest, Refusal> {
    Result { () throws(Refusal) in try http!.request(for: order, at: moment, secrets: { secrets[$0] }) }
  }

  func verdict(
    _ status: Int, _ body: String, headers: [HTTPField] = [], to given: TextOrder = order(),
    secrets: [String: String] = [:]
  ) -> Verdict {
    http!.verdict(
      of: HTTPAnswer(status: status, headers: headers, body: Array(body.utf8)), to: given, at: moment,
      secrets: { secrets[$0] })
  }
}

extension Result where Failure == Refusal {
  var refusal: String? {
    switch self {
    case .success: nil
    case .failure(let refusal): "\(refusal.path) \(refusal.reason)"
    }
  }
}

extension HTTPRequest {
  func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
  var text: String { String(decoding: body, as: UTF8.self) }
}
