import Testing

@testable import Observe

private func ask(_ path: String, accept: String = "", notReady: [String] = []) -> Response {
  let fields = accept.isEmpty ? [] : [Request.Field(name: "accept", value: accept)]
  let request = Request(
    method: .get, path: path, query: "", fields: fields, body: [], keepsAlive: true, isHTTP10: false)
  return Routes(Health.routes(metrics: Metrics(process: false)) { notReady }).handling(of: request).response
}

extension Handling {
  fileprivate var response: Response {
    switch self {
    case .atOnce(let response): response
    case .later: preconditionFailure("health is answered at once")
    }
  }
}

private func text(_ response: Response) -> String { String(decoding: response.body, as: UTF8.self) }

@Suite struct HealthTests {
  @Test("live is 200 whatever is not ready")
  func live() {
    #expect(ask("/live", notReady: ["everything"]).status == 200)
  }

  @Test("ready is 200, or 503 with one sentence for each thing that is not ready")
  func ready() {
    #expect(ask("/ready").status == 200)
    let response = ask("/ready", notReady: ["Kafka has not answered yet.", "Lane 2 stopped; call 13912345678."])
    #expect(response.status == 503)
    #expect(text(response) == "Kafka has not answered yet.\nLane 2 stopped; call *********78.\n")
  }

  @Test("a client that accepts JSON gets the sentences as a list")
  func json() {
    #expect(text(ask("/ready", accept: "application/json")) == "{\"ready\":true,\"reasons\":[]}\n")
    let response = ask("/ready", accept: "text/html, Application/JSON;q=0.9", notReady: ["a \"b\"", "c"])
    #expect(response.status == 503)
    #expect(text(response) == "{\"ready\":false,\"reasons\":[\"a \\\"b\\\"\",\"c\"]}\n")
  }
}
