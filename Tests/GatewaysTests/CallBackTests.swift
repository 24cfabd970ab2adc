import Digest
import Gateways
import HTTP
import Testing

@Suite struct CallBackTests {
  private func gateway(_ fields: String) throws -> GatewayDescription {
    try described(small(more: #""callBacks": {"r": {\#(fields)}}"#)).get()
  }

  private func read(
    _ gateway: GatewayDescription, _ body: String, query: String = "t=k3y", headers: [HTTPField] = [],
    at base: String = "https://hooks.example"
  ) -> Result<CallBackReading, CallBackRefusal> {
    let call = CallBack(
      method: "POST", path: "/small/r", query: query, headers: headers, body: Array(body.utf8))
    return Result { () throws(CallBackRefusal) in
      try gateway.read(call, reachedAt: base, secrets: { $0 == "KEY" ? "k3y" : nil })
    }
  }

  private static let admitted = #""authentication": {"in": "query:t", "secret": "{{secret.KEY}}"}"#
  private static let receipts = #"""
    "kind": "receipts", \#(admitted), "id": "json:$.id", "reference": "json:$.ref", "status": "json:$.ok",
    "statuses": {"true": "delivered", "false": "failed", "3": "buffered"}, "code": "json:$.err", "part": "json:$.part"
    """#

  @Test("one receipt as the body")
  func one() throws {
    let reading = try read(
      gateway(Self.receipts), #"{"id": "00123", "ref": "m-1.1", "ok": true, "err": "DELIVRD", "part": 2}"#
    ).get()
    #expect(
      reading.receipts == [Receipt(id: "00123", reference: "m-1.1", status: .delivered, code: "DELIVRD", part: 2)])
    #expect(reading.messages.isEmpty && reading.passedOver.isEmpty)
    #expect(reading.answer == CallBackAnswer(status: 200, contentType: "text/plain; charset=utf-8", body: ""))
  }

  @Test("several in one body; what is none among them is passed over, the others count", arguments: ["$", "$[*]"])
  func several(each: String) throws {
    let reading = try read(
      gateway(
        Self.receipts + #", "each": "\#(each)", "answer": {"contentType": "application/json", "body": "{\"code\":0}"}"#),
      #"""
      [{"id": 7, "ok": 3}, {"ok": true}, {"id": "8", "ok": "maybe"}, {"id": "9"}, null, [], "x",
       {"ref": "m-2.1", "ok": "false", "part": 256, "err": ""}]
      """#
    ).get()
    #expect(
      reading.receipts == [
        Receipt(id: "7", reference: nil, status: .buffered), Receipt(id: nil, reference: "m-2.1", status: .failed),
      ])
    #expect(reading.passedOver.map(\.path) == ["[1]", "[2]", "[3]", "[4]", "[5]", "[6]"])
    #expect(
      reading.passedOver.map(\.reason) == ["missing", "unknown-status", "missing", "missing", "missing", "missing"])
    #expect(reading.answer.body == #"{"code":0}"#)
  }

  @Test(
    "several beneath a path, none at all",
    arguments: [(#"{"list": [{"id": "1", "ok": 3}]}"#, 1), (#"{"list": []}"#, 0), ("{}", 0)])
  func beneath(body: String, count: Int) throws {
    let reading = try read(gateway(Self.receipts + #", "each": "$.list""#), body).get()
    #expect(reading.receipts.count == count && reading.passedOver.isEmpty)
  }

  @Test("what cannot be read is the caller's fault", arguments: ["", "{", "null,", "\u{0}", #"{"id": "\ud800"}"#])
  func unreadable(body: String) throws {
    let gateway = try gateway(Self.receipts)
    guard case .failure(let refusal) = read(gateway, body) else {
      Issue.record("it was read")
      return
    }
    #expect(refusal.status == 400)
  }

  @Test("messages of a form, of headers and a body")
  func messages() throws {
    let form = try gateway(
      #""kind": "messages", \#(Self.admitted), "id": "form:Sid", "from": "form:From", "to": "form:To", "text": "form:Body""#
    )
    #expect(
      try read(form, "Sid=SM1&From=%2B8613800138000&To=%2B1&Body=STOP+it%21").get().messages
        == [InboundMessage(id: "SM1", from: "+8613800138000", to: "+1", text: "STOP it!")])
    let raw = try gateway(
      #""kind": "messages", \#(Self.admitted), "from": "header:X-Kannel-From", "text": "body", "charset": "header:x-charset""#
    )
    let headers = [HTTPField("x-kannel-from", "13800138000"), HTTPField("x-charset", "utf-8")]
    #expect(
      try read(raw, "退订", headers: headers).get().messages
        == [InboundMessage(id: nil, from: "13800138000", to: nil, text: "退订")])
    #expect(try read(raw, "x").get().passedOver.count == 1)
  }

  @Test("who has not the secret is nobody", arguments: ["", "t", "t=", "t=K3y", "t=k3y%00", "T=k3y", "t=wrong&t=k3y"])
  func strangers(query: String) throws {
    let gateway = try gateway(Self.receipts)
    guard case .failure(let refusal) = read(gateway, "{}", query: query) else {
      Issue.record("\(query) came in")
      return
    }
    #expect(refusal.status == 401)
  }

  @Test("a code over the body, in hexadecimal behind a word")
  func bodyCode() throws {
    let gateway = try gateway(
      Self.receipts.replacing(
        Self.admitted,
        with: #"""
          "authentication": {"in": "header:X-Signature", "secret": "sha256={{step.code}}",
            "steps": [{"name": "code", "hmac": "sha256", "key": "{{secret.KEY}}", "of": "{{call.body}}"}]}
          """#))
    let body = #"{"id": "1", "ok": true}"#
    let code = HashAlgorithm.sha256.code(of: Array(body.utf8), key: Array("k3y".utf8))
    let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(try read(gateway, body, headers: [HTTPField("x-signature", "sha256=\(hex)")]).get().receipts.count == 1)
    for wrong in [hex, "sha256=", "sha256=\(hex)0", "sha256=" + hex.uppercased()] {
      #expect(throws: CallBackRefusal.self) {
        try read(gateway, body, headers: [HTTPField("x-signature", wrong)]).get()
      }
    }
    #expect(throws: CallBackRefusal.self) {
      try read(gateway, body + " ", headers: [HTTPField("x-signature", "sha256=\(hex)")]).get()
    }
    #expect(throws: CallBackRefusal.self) { try read(gateway, body).get() }
  }
}
