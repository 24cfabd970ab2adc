import Gateways
import HTTP
import JSON
import Testing

@Suite struct RequestTests {
  private func built(
    _ request: String, _ given: TextOrder = order(), more: String = "", secrets: [String: String] = [:]
  ) throws -> HTTPRequest {
    try described(small(request: request, more: more)).get().request(given, secrets).get()
  }

  /// The value that a placeholder stands for.
  private func value(_ placeholder: String, _ given: TextOrder = order(), more: String = "") throws -> String {
    let request = #"{"method": "POST", "url": "https://a/b", "raw": {"text": "{{\#(placeholder)}}"}, "#
    return try built(request + #""headers": {"content-type": "text/plain"}}"#, given, more: more).text
  }

  @Test(
    "what placeholders stand for",
    arguments: [
      ("reference", "m-1.1"), ("to", "+8613800138000"), ("to.digits", "8613800138000"),
      ("to.without.86", "13800138000"),
      ("to.without.44", "8613800138000"), ("from", "95555"), ("text", "您好\n\"x\""), ("text.signed", "【华证】您好\n\"x\""),
      ("signature", "华证"), ("template", "SMS_1"), ("variable.code", "1234"), ("variable.name", "王\"伟"),
      ("variables.object", #"{"name":"王\"伟","code":"1234"}"#), ("variables.array", #"["王\"伟","1234"]"#),
      ("encoding", "UCS-2"), ("parts", "1"), ("validity.seconds", "90"), ("validity.minutes", "2"),
      ("time.unix", "1769851800"), ("time.milliseconds", "1769851800123"), ("time.rfc3339", "2026-01-31T09:30:00Z"),
      ("time.date", "2026-01-31"), ("time.day", "20260131"), ("time.compact", "20260131T093000Z"),
      ("time.digits", "20260131093000"), ("time.digits.beijing", "20260131173000"),
      ("time.http", "Sat, 31 Jan 2026 09:30:00 GMT"), ("callBack.receipts", "https://hooks.example/small/receipts"),
      ("constant.app", "1400006666"),
    ])
  func placeholders(name: String, expected: String) throws {
    let more = """
      "from": "95555", "constants": {"app": "1400006666"}, "callBacks": {"receipts": {"kind": "receipts",
      "authentication": {"in": "query:t", "secret": "{{secret.T}}"}, "id": "json:$.id", "status": "json:$.s",
      "statuses": {"1": "delivered"}}}
      """
    let given = order("您好\n\"x\"") {
      $0.signature = "华证"
      $0.providerTemplate = "SMS_1"
      $0.variables = [("name", "王\"伟"), ("code", "1234")]
      $0.validity = .seconds(90)
      $0.callBack = "https://hooks.example"
    }
    #expect(try value(name, given, more: more) == expected)
  }

  @Test("nonces are the order's own, of their shape, and the same again")
  func nonces() throws {
    let one = try value("nonce")
    #expect(one.count == 32 && one.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    #expect(try value("nonce") == one)
    #expect(try value("nonce", order(reference: "m-1.2")) != one)
    let uuid = try value("nonce.uuid")
    #expect(uuid.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12] && Array(uuid)[14] == "8")
    let digits = try value("nonce.digits")
    #expect(digits.count == 9 && Int(digits) != nil && !digits.hasPrefix("0"))
  }

  @Test("a query is percent-encoded whole, an optional value that is missing leaves its field out")
  func query() throws {
    let request = try built(
      #"""
      {"method": "GET", "url": "https://gateway.example:8443/v1/{{to.digits}}/send",
       "query": {"a b": "x {{text}}", "from": "{{from?}}", "u": "http://h/{{reference|percent}}?a=1", "b": "{{\"{{\"}}"}}
      """#, order("1&2=3 é", reference: "m/1"))
    #expect(
      request.url == """
        https://gateway.example:8443/v1/8613800138000/send?a%20b=x%201%262%3D3%20%C3%A9\
        &u=http%3A%2F%2Fh%2Fm%252F1%3Fa%3D1&b=%7B%7B
        """)
  }

  @Test("a form, with its type, unless the description names another")
  func form() throws {
    let request = try built(
      #"{"method": "POST", "url": "https://a", "form": {"To": "{{to}}", "Body": "{{text}}", "X": "{{from?}}"}}"#)
    #expect(request.url == "https://a/" && request.text == "To=%2B8613800138000&Body=Your%20code%20is%201234")
    #expect(request.headers == [HTTPField("content-type", "application/x-www-form-urlencoded")])
    let other = try built(
      #"{"method": "POST", "url": "https://a", "form": {"a": "b"}, "headers": {"Content-Type": "application/x"}}"#)
    #expect(other.headers == [HTTPField("Content-Type", "application/x")])
  }

  @Test("JSON: texts are escaped, what is JSON stands as it is, what is missing is left out")
  func json() throws {
    let request = try built(
      #"""
      {"method": "POST", "url": "https://a/b", "json": {"to": ["{{to}}"], "text": "{{text}}", "from": "{{from?}}",
       "n": 1, "yes": true, "none": null, "parts": "{{parts|json}}", "at": "{{time.unix|json}}",
       "v": "{{variables.object|json}}", "list": "{{variables.array|json}}", "quoted": "{{variables.array}}",
       "some": ["{{from?}}", "x"], "ttl": "{{validity.seconds?|json}}"}}
      """#, order("a\"\\\n\u{1}é") { $0.variables = [("a\"", "1"), ("b", "\\")] })
    #expect(
      request.text
        == #"""
        {"to":["+8613800138000"],"text":"a\"\\\n\u0001é","n":1,"yes":true,"none":null,"parts":1,"at":1769851800,
        "v":{"a\"":"1","b":"\\"},"list":["1","\\"],"quoted":"[\"1\",\"\\\\\"]","some":["x"]}
        """#.replacing("\n", with: ""))
    #expect(request.header("content-type") == "application/json; charset=utf-8")
  }

  @Test("a raw body escapes what is put into it, as its language has it")
  func raw() throws {
    let xml = try built(
      #"""
      {"method": "POST", "url": "https://a", "headers": {"content-type": "text/xml"},
       "raw": {"escape": "xml", "text": "<m to='{{to}}'>{{text}}</m>"}}
      """#, order("a<b>&'\"\u{1}\n"))
    #expect(xml.text == "<m to='+8613800138000'>a&lt;b&gt;&amp;&apos;&quot;&#10;</m>")
    let json = try built(
      #"""
      {"method": "POST", "url": "https://a", "headers": {"content-type": "application/json"},
       "raw": {"escape": "json", "text": "[\"{{text}}\"]"}}
      """#, order("a\"\\\n"))
    #expect(json.text == "[\"a\\\"\\\\\\u000a\"]")
  }

  @Test("a value that cannot stand where it is wanted is refused before anything is sent")
  func refusals() throws {
    let header = #"{"method": "GET", "url": "https://a", "headers": {"x-id": "{{text}}"}}"#
    let path = #"{"method": "GET", "url": "https://a/{{text}}/send"}"#
    func refusal(_ request: String, _ given: TextOrder, more: String = "") throws -> String? {
      try described(small(request: request, more: more)).get().request(given).refusal
    }
    #expect(try refusal(header, order("a\r\nx-evil: 1")) == "request.headers.x-id not-for-a-header")
    #expect(try refusal(header, order("é")) == "request.headers.x-id not-for-a-header")
    #expect(try refusal(header, order("plain")) == nil)
    #expect(try refusal(path, order("..")) == "request.url not-for-a-path")
    #expect(try refusal(path, order(".")) == "request.url not-for-a-path")
    #expect(try refusal(path, order("")) == "request.url not-for-a-path")
    #expect(try refusal(path, order("../../admin?x#y")) == nil)
    let from = #"{"method": "GET", "url": "https://a", "query": {"from": "{{from}}"}}"#
    #expect(try refusal(from, order()) == "request.query.from missing")
    let long = order(String(repeating: "a", count: 200))
    #expect(try refusal(header, long, more: #""mostParts": 1"#) == "mostParts too-long")
    let map = #"{"method": "GET", "url": "https://a", "query": {"c": "{{step.c}}"}}"#
    let steps = #""steps": [{"name": "c", "map": "{{encoding}}", "to": {"UCS-2": "2"}}]"#
    #expect(try refusal(map, order(), more: steps) == "steps[0] unmapped")
    #expect(try refusal(map, order("您"), more: steps) == nil)
  }

  @Test("steps: texts, hashes, codes and maps, in hexadecimal, base64 and as bytes for the next")
  func steps() throws {
    let request = try built(
      #"""
      {"method": "GET", "url": "https://a", "query": {"basic": "{{step.basic}}", "hash": "{{step.hash}}",
       "code": "{{step.code}}", "sha1": "{{step.sha1}}", "map": "{{step.map}}", "other": "{{step.other}}"}}
      """#,
      more: #"""
        "steps": [
          {"name": "basic", "text": "{{secret.USER}}:{{secret.PASS}}", "as": "base64"},
          {"name": "hash", "hash": "sha256", "of": "abc"},
          {"name": "key", "hmac": "sha256", "key": "k", "of": "d", "as": "bytes"},
          {"name": "code", "hmac": "sha256", "key": "{{step.key}}", "of": "{{step.basic}}", "as": "base64"},
          {"name": "sha1", "hmac": "sha1", "key": "key", "of": "The quick brown fox jumps over the lazy dog"},
          {"name": "other", "text": "aab{{to}}", "replace": {"aa": "a", "b": "aa", "+": "", "86": "(0086)"}},
          {"name": "map", "map": "{{signature?}}", "to": {"x": "y"}, "otherwise": "z"}]
        """#, secrets: ["USER": "Aladdin", "PASS": "open sesame"])
    #expect(request.url.contains("basic=QWxhZGRpbjpvcGVuIHNlc2FtZQ%3D%3D&"))
    #expect(request.url.contains("hash=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad&"))
    // Reckoned with Python's hmac.
    #expect(request.url.contains("code=IO7m4ynX9pnmbGz023O6SLbJ7vIS3i3wmRyojwwOe8w%3D&"))
    #expect(request.url.contains("sha1=de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9&"))
    #expect(request.url.hasSuffix("&map=z&other=aaa%280086%2913800138000"))
    #expect(throws: (any Error).self) { try built(#"{"method": "GET", "url": "https://a{{text}}"}"#) }
  }
}
