import Gateways
import HTTP
import Testing
import Values

@Suite struct AnswerTests {
  private static let answer = #"""
    {"accepted": [{"status": ["2xx"], "json": {"$.code": "0|OK"}}, {"status": ["200"], "text": ["OK:*"]}],
     "ids": {"json": ["$.id", "$.parts[*].id"]}, "code": {"json": ["$.code", "$.error.code"]},
     "detail": {"json": ["$.message", "$.error.message"]},
     "refused": [{"kind": "busy", "status": ["429", "503"]}, {"kind": "recipient", "codes": ["R*", "17"]},
      {"kind": "message", "json": {"$.error.kind": "message"}}, {"kind": "gateway", "status": ["401-403"]}]}
    """#
  private let gateway: GatewayDescription

  init() throws { gateway = try described(small(answer: Self.answer)).get() }

  @Test(
    "what is accepted, with its ids",
    arguments: [
      (#"{"code": 0, "id": "00123"}"#, ["00123"]),
      (#"{"code": "OK", "id": 12345678901234567890}"#, ["12345678901234567890"]),
      (#"{"code": "0", "parts": [{"id": "a"}, {"id": "b"}, {}]}"#, ["a", "b"]), (#"{"code": "0"}"#, []),
      ("OK:7", []), (#"{"code": 0, "id": ""}"#, []), (#"{"code": 0, "id": "a\nb"}"#, []),
      (#"{"code": 0, "id": {"x": 1}}"#, []),
    ])
  func accepted(body: String, ids: [String]) {
    #expect(gateway.verdict(200, body) == .accepted(ids: ids))
  }

  @Test(
    "what is refused, of which kind, why",
    arguments: [
      (200, #"{"code": "R7", "message": "no such number"}"#, Refused.Kind.recipient, "R7", "no such number"),
      (500, #"{"error": {"code": 17}}"#, .recipient, "17", "HTTP 500"),
      (400, #"{"error": {"kind": "message", "message": "too long"}}"#, .message, nil, "too long"),
      (402, "", .gateway, nil, "HTTP 402"), (429, "slow down", .busy, nil, "HTTP 429"),
    ] as [(Int, String, Refused.Kind, String?, String)])
  func refused(status: Int, body: String, kind: Refused.Kind, code: String?, detail: String) {
    #expect(gateway.verdict(status, body) == .refused(Refused(kind: kind, code: code, detail: detail)))
  }

  @Test(
    "what proves nothing is uncertain, a contradiction too",
    arguments: [
      (200, ""), (200, "{}"), (200, #"{"code": 1}"#), (200, #"{"code": 0"#), (500, #"{"code": 0}"#), (302, ""),
      (400, ""),
      (404, #"{"error": {"code": "7"}}"#), (200, #"{"code": 0, "code": 0}"#),
      (200, #"{"code": 0, "error": {"kind": "message"}}"#),
      (200, "ok:7"), (0, ""), (999, ""), (-1, ""),
    ])
  func uncertain(status: Int, body: String) {
    guard case .uncertain(let seen) = gateway.verdict(status, body) else {
      Issue.record("\(gateway.verdict(status, body))")
      return
    }
    #expect(seen.hasPrefix("HTTP \(status)"))
  }

  @Test(
    "Retry-After is honoured of what is busy: seconds, or a date by the answer's own clock, else ours",
    arguments: [
      ("120", nil, 120), ("0", nil, 0), (" 7", nil, 7), ("99999999999999999999", nil, 86_400), ("-1", nil, nil),
      ("soon", nil, nil), ("", nil, nil), ("1.5", nil, nil),
      ("Sat, 31 Jan 2026 09:31:00 GMT", nil, 60),
      ("Sat, 31 Jan 2026 09:31:00 GMT", "Sat, 31 Jan 2026 09:30:50 GMT", 10),
      ("Sat, 31 Jan 2026 09:00:00 GMT", nil, 0), ("Fri, 31 Jan 2099 09:31:00 GMT", nil, 86_400),
      ("Sat, 31 Foo 2026 09:31:00 GMT", nil, nil), ("Sat, 31 Jan 2026 09:31:00", nil, nil),
    ] as [(String, String?, Int?)])
  func retryAfter(value: String, date: String?, seconds: Int?) {
    let headers = [HTTPField("retry-after", value)] + (date.map { [HTTPField("date", $0)] } ?? [])
    let expected = seconds.map { Duration.seconds($0) }
    for status in [429, 503] {
      #expect(
        gateway.verdict(status, "", headers: headers)
          == .refused(Refused(kind: .busy, code: nil, detail: "HTTP \(status)", retryAfter: expected)))
    }
    #expect(
      gateway.verdict(403, "", headers: headers) == .refused(Refused(kind: .gateway, code: nil, detail: "HTTP 403")))
  }

  @Test(
    "patterns of text",
    arguments: [
      ("OK", "OK", true), ("OK", "OK ", true), ("OK", "\r\n OK\n", true), ("OK", "ok", false), ("OK", "OKAY", false),
      ("OK*", "OKAY", true), ("*OK", "not OK", true), ("*OK", "OK not", false), ("*a*b*", "xxaxxbxx", true),
      ("*a*b*", "ba", false), ("a*a", "a", false), ("a*a", "aa", true), ("*aab", "aaab", true), ("\\*", "*", true),
      ("\\*", "x", false), ("\\{id}", "{id}", true), ("<r>*</r>", "<r>\u{0}\n</r>", true),
    ])
  func patterns(pattern: String, text: String, fits: Bool) throws {
    let quoted = pattern.replacing("\\", with: "\\\\")
    let gateway = try described(small(answer: #"{"accepted": [{"text": ["\#(quoted)"]}]}"#)).get()
    #expect((gateway.verdict(200, text) == .accepted(ids: [])) == fits)
  }

  @Test("ids, codes and details out of a text")
  func text() throws {
    let gateway = try described(
      small(
        answer: #"""
          {"accepted": [{"text": ["OK:*"]}], "ids": {"text": ["OK:{id};*", "OK:{id}"]},
           "code": {"text": ["ERR {code}: *", "*<code>{code}</code>*"]}, "detail": {"text": ["ERR *: {detail}"]},
           "refused": [{"kind": "message", "codes": ["12"]}]}
          """#)
    ).get()
    #expect(gateway.verdict(200, "OK:abc;parts=1") == .accepted(ids: ["abc"]))
    #expect(gateway.verdict(200, "OK:abc") == .accepted(ids: ["abc"]))
    #expect(
      gateway.verdict(200, "ERR 12: bad: text") == .refused(Refused(kind: .message, code: "12", detail: "bad: text")))
    #expect(
      gateway.verdict(200, "<x><code>12</code></x>")
        == .refused(Refused(kind: .message, code: "12", detail: "HTTP 200")))
    #expect(
      gateway.verdict(200, "ERR 13: x") == .uncertain("HTTP 200 with code 13, which proves nothing by the description"))
  }

  @Test("what the gateway says back of secrets, phones and texts is not repeated")
  func concealed() throws {
    let gateway = try described(
      small(
        request: #"""
          {"method": "GET", "url": "https://a", "query": {"p": "{{secret.PASS}}"}, "headers": {"authorization": "Basic {{step.basic}}"}}
          """#,
        answer:
          #"{"accepted": [{"text": ["OK"]}], "detail": {"text": ["{detail}"]}, "refused": [{"kind": "message", "status": ["400"]}]}"#,
        more: #""steps": [{"name": "basic", "text": "user:{{secret.PASS}}", "as": "base64"}]"#)
    ).get()
    func detail(_ body: String) -> String {
      let given = order("Your code is 1234") { $0.variables = [("name", "Wang Wei")] }
      guard case .refused(let refused) = gateway.verdict(400, body, to: given, secrets: ["PASS": "p&ss \"w"]) else {
        return "none"
      }
      return refused.detail
    }
    #expect(detail("password p&ss \"w is wrong") == "password … is wrong")
    #expect(detail("?p=p%26ss%20%22w or p%26ss%20%22W") == "?p=… or p%26ss%20%22W")
    #expect(detail(#"{"p": "p&ss \"w"} p&amp;ss &quot;w"#) == #"{"p": "…"} …"#)
    #expect(detail("Basic dXNlcjpwJnNzICJ3 refused") == "Basic … refused")
    #expect(detail("The 'To' number 5551234567 is not valid") == "The 'To' number … is not valid")
    #expect(detail("+8613800138000, Wang Wei: Your code is 1234") == "…, …: …")
    #expect(detail("line\r\n\u{202E}feed\u{7}") == "line   feed ")
    #expect(detail(String(repeating: "x", count: 1000)).count == 300)
    for count in 4085...4100 {
      // All ones are left out, so that what was cut in two would stand at the front.
      let long = detail(String(repeating: "1", count: count) + "p&ss \"w " + String(repeating: "1", count: 100))
      #expect(!long.contains("p&"), "\(count): \(long)")
    }
    #expect(detail("error 21211, HTTP 400") == "error 21211, HTTP 400")
  }
}
