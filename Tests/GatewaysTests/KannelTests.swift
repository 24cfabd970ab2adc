import Gateways
import HTTP
import Testing

/// Codes, bodies and the example are those of Kannel's user guide, "Using the HTTP interface to send SMS messages" and
/// "Delivery Reports", and of `gw/smsbox.c`.
@Suite struct KannelTests {
  private let secrets = ["USERNAME": "foo", "PASSWORD": "b&r=1", "CALL_BACK": "s3cret/é"]
  private let kannel: GatewayDescription

  init() throws { kannel = try ready("kannel") }

  @Test("a message is a GET with its text, coding and where the receipts go")
  func request() throws {
    let request = try kannel.request(
      order("Hello world & 100 %") {
        $0.from = "95555"
        $0.callBack = "http://10.0.0.7:8080"
      }, secrets
    ).get()
    #expect(request.method == "GET" && request.body.isEmpty && request.headers.isEmpty)
    #expect(
      request.url == """
        http://127.0.0.1:13013/cgi-bin/sendsms?username=foo&password=b%26r%3D1&from=95555&to=%2B8613800138000\
        &charset=UTF-8&coding=0&text=Hello%20world%20%26%20100%20%25&validity=1440&dlr-mask=31\
        &dlr-url=http%3A%2F%2F10.0.0.7%3A8080%2Fkannel%2Freceipts%2Fs3cret%25%252F%25%25C3%25%25A9\
        %3Freference%3Dm-1.1%26status%3D%25d%26error%3D%25B
        """)
  }

  /// Kannel reads `%C`, `%A` and the like in the address as escape codes of its own; `%%` is one percent sign.
  @Test("in the address for receipts, percent signs are doubled but for Kannel's own codes")
  func percentSigns() throws {
    let request = try kannel.request(
      order("x", reference: "é%d") { $0.callBack = "http://h/%AB" }, secrets
    ).get()
    let address = try #require(request.url.split(separator: "&").first { $0.hasPrefix("dlr-url=") })
    #expect(
      address == """
        dlr-url=http%3A%2F%2Fh%2F%25%25AB%2Fkannel%2Freceipts%2Fs3cret%25%252F%25%25C3%25%25A9\
        %3Freference%3D%25%25C3%25%25A9%25%2525d%26status%3D%25d%26error%3D%25B
        """)
  }

  @Test("a Chinese one is UCS-2 with its signature in front; nobody to call back, no address")
  func chinese() throws {
    let request = try kannel.request(
      order("您的验证码是1234") {
        $0.signature = "华证"
        $0.validity = .seconds(61)
      }, secrets
    ).get()
    #expect(request.url.contains("&coding=2&text=%E3%80%90%E5%8D%8E%E8%AF%81%E3%80%91%E6%82%A8"))
    #expect(request.url.contains("&validity=2&") && !request.url.contains("dlr-url") && !request.url.contains("from="))
  }

  @Test(
    "its answers",
    arguments: [
      (202, "0: Accepted for delivery", "accepted"), (202, "3: Queued for later delivery", "accepted"),
      (202, "Sent.", "uncertain"), (200, "0: Accepted for delivery", "uncertain"),
      (500, "Sending failed.", "uncertain"),
      (503, "Temporal failure, try again later.", "busy"), (503, "<html>proxy</html>", "uncertain"),
      (403, "Authorization failed for sendsms", "gateway"), (404, "Unknown request.", "gateway"),
      (403, "Not routable. Do not try again.", "recipient"),
      (400, "Number(s) has/have been denied by white- and/or black-lists.", "recipient"),
      (400, "Sender missing and no global set, rejected", "gateway"),
      (400, "UDH field misformed, rejected", "message"), (415, "Unsupported content-type, rejected", "message"),
      (302, "", "uncertain"), (202, "", "uncertain"),
    ])
  func answers(status: Int, body: String, expected: String) {
    switch kannel.verdict(status, body, secrets: secrets) {
    case .accepted(let ids):
      #expect(expected == "accepted" && ids == ["m-1.1"])
    case .refused(let refused):
      #expect(refused.kind.rawValue == expected && refused.detail == body && refused.code == nil)
    case .uncertain(let seen): #expect(expected == "uncertain" && seen.contains("\(status)"))
    }
  }

  @Test(
    "its delivery reports",
    arguments: [
      ("1", Receipt.Status.delivered), ("2", .failed), ("4", .buffered), ("8", .accepted), ("16", .failed),
    ])
  func receipts(value: String, status: Receipt.Status) throws {
    let call = CallBack(
      method: "GET", path: "/kannel/receipts/s3cret%2F%C3%A9", query: "reference=m-1.1&status=\(value)&error=0a1")
    let reading = try kannel.read(call, reachedAt: "", secrets: { secrets[$0] })
    #expect(reading.passedOver.isEmpty && reading.answer.status == 200)
    #expect(reading.receipts == [Receipt(id: "m-1.1", reference: "m-1.1", status: status, code: "0a1", part: nil)])
  }

  @Test("a delivery report of no known value is passed over, and answered")
  func unknown() throws {
    let call = CallBack(method: "GET", path: "/kannel/receipts/s3cret%2F%C3%A9", query: "reference=m-1.1&status=32")
    let reading = try kannel.read(call, reachedAt: "", secrets: { secrets[$0] })
    #expect(reading.receipts.isEmpty && reading.passedOver.map(\.reason) == ["unknown-status"])
  }

  @Test(
    "what people send to us, in each of its charsets",
    arguments: [
      ("text=STOP&charset=GSM", "STOP"), ("text=%E9%80%80%E8%AE%A2&charset=UTF-8", "退订"),
      ("text=%90%00%8B%A2&charset=UTF-16BE", "退订"), ("text=%80+caf%E9&charset=WINDOWS-1252", "€ café"),
      ("text=caf%E9&charset=ISO-8859-1", "café"), ("text=a%00b", "ab"), ("text=", ""),
    ])
  func messages(query: String, text: String) throws {
    let call = CallBack(
      method: "GET", path: "/kannel/messages/s3cret%2F%C3%A9", query: "from=%2B8613800138000&to=10690000&id=7&\(query)")
    let reading = try kannel.read(call, reachedAt: "", secrets: { secrets[$0] })
    #expect(reading.messages == [InboundMessage(id: "7", from: "+8613800138000", to: "10690000", text: text)])
  }

  @Test(
    "who does not know the secret, or calls otherwise, is refused",
    arguments: [
      ("GET", "/kannel/receipts/wrong", 401), ("GET", "/kannel/receipts", 401), ("GET", "/kannel/receipts/", 401),
      ("GET", "/kannel/receipts/s3cret%2F%C3%A9/", 401), ("POST", "/kannel/receipts/s3cret%2F%C3%A9", 405),
      ("GET", "/kannel/nothing/s3cret%2F%C3%A9", 404), ("GET", "/twilio/receipts/s3cret%2F%C3%A9", 404),
      ("GET", "", 404), ("GET", "/", 404), ("GET", "//", 404),
    ])
  func strangers(method: String, path: String, status: Int) {
    let call = CallBack(method: method, path: path, query: "reference=m-1.1&status=1")
    let error = #expect(throws: CallBackRefusal.self) {
      try kannel.read(call, reachedAt: "", secrets: { secrets[$0] })
    }
    #expect(error?.status == status && error?.description.contains("s3cret") == false)
  }

  @Test("a secret that is not set or empty lets nobody in", arguments: [nil, ""] as [String?])
  func unset(secret: String?) {
    for path in ["/kannel/receipts", "/kannel/receipts/"] {
      let call = CallBack(method: "GET", path: path, query: "reference=m-1.1&status=1")
      let error = #expect(throws: CallBackRefusal.self) {
        try kannel.read(call, reachedAt: "", secrets: { _ in secret })
      }
      #expect(error?.status == 401)
    }
  }

  @Test("without its secrets there is no request")
  func noSecret() {
    #expect(kannel.secrets == ["USERNAME", "PASSWORD", "CALL_BACK"])
    #expect(kannel.request(order(), ["USERNAME": "foo"]).refusal == "secret.PASSWORD no-secret")
    #expect(kannel.request(order(), ["USERNAME": "foo", "PASSWORD": ""]).refusal == "secret.PASSWORD no-secret")
  }
}
