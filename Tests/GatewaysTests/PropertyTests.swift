import Gateways
import HTTP
import JSON
import Seeding
import ShortMessages
import Testing
import Values

/// Random values, answers and call-backs, of a seed that a failure names.
@Suite struct PropertyTests {
  private static let secrets = ["USER": "u$er&1=2", "PASS": "p\"a<s>s%5C\\9"]

  private static let pieces = [
    "\"", "\\", "\n", "\r\n", "\r\nX-Evil: 1\r\n\r\n", "&a=b", "?", "#", "/", "..", "../", "%", "%0d%0a", "%22", "+",
    " ",
    "{{secret.PASS}}", "{{", "}}", "\u{0}", "\u{1}", "\u{7F}", "é", "您好", "😀", "\u{2028}", "<", ">", "&amp;", "'",
    "]]>",
    "}", "{", "[", "]", ",", ":", "null", "0", "true", "a", "=", ";", "@", "//", "\u{FFFD}", "\u{202E}",
  ]

  /// Without NUL, which no row holds, and so no order.
  private static func text(_ random: inout Seeded) -> String {
    (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
      .replacing("\0", with: "")
  }

  private static func bytes(_ random: inout Seeded, _ hints: [String] = []) -> [UInt8] {
    var out: [UInt8] = []
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: out += (0..<Int.random(in: 0...6, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      case 1 where !hints.isEmpty: out += hints.randomElement(using: &random)!.utf8
      default: out += pieces.randomElement(using: &random)!.utf8
      }
    }
    if Bool.random(using: &random) { out.removeLast(min(out.count, 1)) }
    return out
  }

  private static func order(_ random: inout Seeded) -> TextOrder {
    let text = text(&random)
    let short = ShortMessage(text)!
    return TextOrder(
      reference: self.text(&random), to: self.text(&random),
      from: Bool.random(using: &random) ? self.text(&random) : nil,
      text: text, signature: Bool.random(using: &random) ? self.text(&random) : nil,
      providerTemplate: self.text(&random),
      variables: [(self.text(&random), self.text(&random)), ("code", self.text(&random))],
      encoding: short.encoding, parts: short.parts.count,
      validity: .seconds(Int64.random(in: 0...100_000, using: &random)),
      callBack: "https://hooks.example")
  }

  // MARK: Requests

  private static let fields = #"""
    {"to": "{{to}}", "text": "{{text.signed}}", "from": "{{from?}}", "mixed": "a{{text}}b{{reference}}",
     "template": "{{template}}", "code": "{{variable.code}}", "all": "{{variables.object}}", "p": "{{secret.PASS}}"}
    """#

  private static func intended(_ order: TextOrder) -> [[String]] {
    let all = JSONValue.object(order.variables.map { JSONValue.Member($0.name, .text($0.value)) }).bytes
    var pairs = [["to", order.to], ["text", ShortMessage.signed(order.text, order.signature)]]
    if let from = order.from { pairs.append(["from", from]) }
    return pairs + [
      ["mixed", "a\(order.text)b\(order.reference)"], ["template", order.providerTemplate!],
      ["code", order.variables.first { $0.name == "code" }!.value], ["all", String(decoding: all, as: UTF8.self)],
      ["p", secrets["PASS"]!],
    ]
  }

  /// As any reader of addresses and forms takes them apart.
  private static func pairs(_ text: some StringProtocol) -> [[String]] {
    text.split(separator: "&", omittingEmptySubsequences: false).map { pair in
      pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { part in
        var out: [UInt8] = []
        var rest = Array(part.utf8)[...]
        while let byte = rest.popFirst() {
          if byte == UInt8(ascii: "%") {
            out.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)!)
            rest = rest.dropFirst(2)
          } else {
            out.append(byte)
          }
        }
        return String(decoding: out, as: UTF8.self)
      }
    }
  }

  @Test("no value becomes another parameter, header, part of the path or member: what was meant is read again")
  func injection() throws {
    let query = try described(
      small(request: #"{"method": "GET", "url": "https://a.example/x/{{reference}}/y", "query": \#(Self.fields)}"#)
    ).get()
    let form = try described(
      small(request: #"{"method": "POST", "url": "https://a.example/x", "form": \#(Self.fields)}"#)
    ).get()
    let json = try described(
      small(request: #"{"method": "POST", "url": "https://a.example/x", "json": \#(Self.fields)}"#)
    ).get()
    let header = try described(
      small(
        request:
          #"{"method": "GET", "url": "https://a.example/x", "headers": {"x-to": "{{to}}", "x-id": "a {{reference}}"}}"#)
    ).get()
    let xml = try described(
      small(
        request: #"""
          {"method": "POST", "url": "https://a.example/x", "headers": {"content-type": "text/xml"},
           "raw": {"escape": "xml", "text": "<m a=\"{{to}}\">{{text}}</m>"}}
          """#)
    ).get()
    var random = Seeded()
    var paths = 0
    var headers = 0
    for round in 0..<1500 {
      let order = Self.order(&random)
      let label: Comment = "seed \(Seeded.seed), round \(round): \(order)"
      let intended = Self.intended(order)

      if case .success(let request) = query.request(order, Self.secrets) {
        paths += 1
        #expect(request.url.utf8.allSatisfy { (0x21...0x7E).contains($0) }, label)
        let halves = request.url.split(separator: "?", maxSplits: 1)
        #expect(Self.pairs(halves[1]) == intended, label)
        let segments = halves[0].split(separator: "/", omittingEmptySubsequences: false)
        #expect(segments.count == 6 && segments[2] == "a.example" && segments[3] == "x" && segments[5] == "y", label)
        #expect(Self.pairs(segments[4]) == [[order.reference]], label)
      } else {
        #expect(order.reference.isEmpty || order.reference == ".." || order.reference == ".", label)
      }

      let body = try form.request(order, Self.secrets).get()
      #expect(Self.pairs(body.text) == intended, label)

      let value = try JSONValue(reading: try json.request(order, Self.secrets).get().body)
      guard case .object(let members) = value else {
        Issue.record(label)
        return
      }
      #expect(members.map { [$0.name, $0.value.scalar!] } == intended, label)

      switch header.request(order, Self.secrets) {
      case .success(let request):
        headers += 1
        #expect(request.headers == [HTTPField("x-to", order.to), HTTPField("x-id", "a \(order.reference)")], label)
        #expect((order.to + order.reference).utf8.allSatisfy { (0x20...0x7E).contains($0) }, label)
      case .failure(let refusal): #expect(refusal.reason == "not-for-a-header", label)
      }

      let markup = try xml.request(order, Self.secrets).get().text
      #expect(markup.hasPrefix("<m a=\"") && markup.hasSuffix("</m>"), label)
      #expect(
        markup.utf8.count { $0 == UInt8(ascii: "<") } == 2 && markup.utf8.count { $0 == UInt8(ascii: "\"") } == 2, label
      )
    }
    #expect(paths > 1000 && headers > 50)
  }

  // MARK: Answers

  private static let answering = small(
    request: #"""
      {"method": "POST", "url": "https://a.example/x", "query": {"u": "{{secret.USER}}"}, "form": \#(fields),
       "headers": {"authorization": "Basic {{step.basic}}"}}
      """#,
    answer: #"""
      {"accepted": [{"status": ["200"], "json": {"$.code": "0"}}, {"text": ["OK*"]}],
       "ids": {"json": ["$.id", "$.list[*].id"]}, "code": {"json": ["$.code", "$.list[0].code"]},
       "detail": {"json": ["$.message"]},
       "refused": [{"kind": "busy", "status": ["429"]}, {"kind": "message", "status": ["400"]}, {"kind": "recipient", "codes": ["R*"]}]}
      """#, more: #""steps": [{"name": "basic", "text": "{{secret.USER}}:{{secret.PASS}}", "as": "base64"}]"#)

  @Test("any answer is a verdict, and whatever the gateway says back, no secret is in it")
  func answers() throws {
    let inJSON = try described(Self.answering).get()
    let inText = try described(
      Self.answering.replacing(#"{"json": ["$.message"]}"#, with: #"{"text": ["{detail}"]}"#)
        .replacing(#"{"json": ["$.id", "$.list[*].id"]}"#, with: #"{"text": ["OK{id}"]}"#)
        .replacing(#"{"json": ["$.code", "$.list[0].code"]}"#, with: #"{"text": ["*ERR{code};*"]}"#)
    ).get()
    var random = Seeded()
    var kinds: [String: Int] = [:]
    for round in 0..<1200 {
      let order = Self.order(&random)
      let sent = inJSON.request(order, Self.secrets)
      var hints = [
        "OK", "ERR", ";", #"{"code": 0, "id": ""#, #"{"code": "R1", "message": ""#, #""}"#,
        "{\"list\": [{\"id\": 1, \"code\": \"R\"}]}",
        "password ", order.to, order.text,
      ]
      hints += Self.secrets.values.flatMap { [$0, Self.escaped($0)] }
      if case .success(let request) = sent { hints += [request.url, request.text, request.header("authorization")!] }
      var body = Self.bytes(&random, hints)
      if Int.random(in: 0..<4, using: &random) == 0 {
        // Well formed, so that what is said back gets as far as it can.
        let said = JSONValue.text(Self.text(&random) + hints.randomElement(using: &random)! + Self.text(&random))
        let code = ["0", "R7", "7"].randomElement(using: &random)!
        body = JSONValue.object([.init("code", .text(code)), .init("id", said), .init("message", said)]).bytes
      }
      let answer = HTTPAnswer(
        status: [200, 202, 400, 429, 500, Int.random(in: -1000...1000, using: &random)].randomElement(using: &random)!,
        headers: [
          HTTPField(
            "retry-after", String(decoding: Self.bytes(&random, ["1", "Sat, 31 Jan 2026 09:31:00 GMT"]), as: UTF8.self))
        ],
        body: body)
      for gateway in [inJSON, inText] {
        let verdict = gateway.http!.verdict(of: answer, to: order, at: moment, secrets: { Self.secrets[$0] })
        let label: Comment = "seed \(Seeded.seed), round \(round): \(verdict)"
        switch verdict {
        case .accepted(let ids):
          kinds["accepted", default: 0] += 1
          #expect(ids.allSatisfy { !$0.isEmpty && $0.utf8.count <= 200 && !Self.tells($0) }, label)
        case .refused(let refused):
          kinds[refused.kind.rawValue, default: 0] += 1
          #expect(!Self.tells(refused.detail) && !Self.tells(refused.code ?? ""), label)
          #expect(refused.detail.count <= 300 && !refused.detail.isEmpty, label)
          #expect(refused.retryAfter.map { (.zero ... .seconds(86_400)).contains($0) } ?? true, label)
        case .uncertain(let seen):
          kinds["uncertain", default: 0] += 1
          #expect(!Self.tells(seen), label)
        }
      }
    }
    #expect(
      ["accepted", "busy", "message", "recipient", "uncertain"].allSatisfy { kinds[$0, default: 0] > 20 }, "\(kinds)")
  }

  private static func escaped(_ text: String) -> String {
    let quoted = String(decoding: JSONValue.text(text).bytes, as: UTF8.self)
    return String(quoted.dropFirst().dropLast())
  }

  /// Whether a secret stands there, in any way that a request or a reader writes it.
  private static func tells(_ text: String) -> Bool {
    let encoded = ["u%24er%261%3D2", "p%22a%3Cs%3Es%255C%5C9", "dSRlciYxPTI6cCJhPHM+cyU1Q1w5"]
    return (Array(secrets.values) + secrets.values.map(escaped) + encoded).contains { text.contains($0) }
  }

  @Test("no refusal has a secret in it, whatever the order")
  func refusals() throws {
    let gateway = try described(
      small(
        request: #"""
          {"method": "GET", "url": "https://a/{{reference}}", "headers": {"x": "{{secret.PASS}}{{text}}"},
           "query": {"a": "{{step.m}}"}}
          """#,
        more: #""steps": [{"name": "m", "map": "{{secret.USER}}{{to}}", "to": {"x": "y"}}]"#)
    ).get()
    var random = Seeded()
    for _ in 0..<500 {
      guard case .failure(let refusal) = gateway.request(Self.order(&random), Self.secrets) else { continue }
      #expect(!Self.tells(refusal.description), "seed \(Seeded.seed)")
    }
  }

  // MARK: Call-backs

  @Test("any call-back is read or refused, and no refusal has a secret in it")
  func callBacks() throws {
    let gateway = try described(
      small(
        more: #"""
          "callBacks": {
            "j": {"kind": "receipts", "methods": ["GET", "POST"], "authentication": {"in": "query:t", "secret": "{{secret.USER}}"},
              "each": "$", "id": "json:$.id", "status": "json:$.s", "statuses": {"1": "delivered", "true": "failed"}, "part": "json:$.p"},
            "f": {"kind": "messages", "authentication": {"in": "path", "secret": "{{secret.USER}}"},
              "from": "form:from", "text": "form:text", "charset": "query:c"},
            "h": {"kind": "receipts", "authentication": {"in": "header:x", "secret": "{{step.c}}", "steps": [
              {"name": "c", "hmac": "sha1", "key": "{{secret.PASS}}", "of": "{{call.url}}{{call.form.joined}}{{call.body}}{{call.header.y}}"}]},
              "reference": "query:r", "status": "header:s", "statuses": {"1": "delivered"}}}
          """#)
    ).get()
    var random = Seeded()
    var reached: [Int: Int] = [:]
    let hints = [
      "/small/j", "/small/f/u%24er%261%3D2", "/small/h", "t=u%24er%261%3D2", "&", "[", "]", #"{"id": "7", "s": 1}"#,
      ",",
      #"{"id": 8, "s": true, "p": 3}"#, "from=%2B86", "text=%00%FF", "c=UTF-16BE", "r=1",
    ]
    for round in 0..<1200 {
      func text() -> String { String(decoding: Self.bytes(&random, hints), as: UTF8.self) }
      var call = CallBack(
        method: ["GET", "POST", "PUT", ""].randomElement(using: &random)!,
        path: Bool.random(using: &random) ? hints[Int.random(in: 0...2, using: &random)] : text(),
        query: Bool.random(using: &random) ? "t=u%24er%261%3D2&\(text())" : text(),
        headers: [HTTPField("x", text()), HTTPField("s", "1")], body: Self.bytes(&random, hints))
      if Int.random(in: 0..<4, using: &random) == 0 { call.body = Array(#"[{"id": "7", "s": 1}, {"s": 1}]"#.utf8) }
      let label: Comment = "seed \(Seeded.seed), round \(round)"
      do throws(CallBackRefusal) {
        let reading = try gateway.read(call, reachedAt: text(), secrets: { Self.secrets[$0] })
        reached[200, default: 0] += 1
        #expect(reading.receipts.allSatisfy { ($0.id ?? $0.reference)?.isEmpty == false }, label)
        #expect(reading.messages.allSatisfy { !$0.from.isEmpty && !$0.text.utf8.contains(0) }, label)
        #expect(reading.passedOver.allSatisfy { !Self.tells($0.description) }, label)
      } catch {
        reached[error.status, default: 0] += 1
        #expect(!Self.tells(error.description), label)
      }
    }
    #expect([200, 400, 401, 404, 405].allSatisfy { reached[$0, default: 0] > 20 }, "\(reached)")
  }

  // MARK: Descriptions

  @Test("any bytes are a description or a refusal, and so is a good one with something else in it")
  func descriptions() throws {
    var random = Seeded()
    let good = Array(try source("kannel").utf8)
    var taken = 0
    for _ in 0..<500 {
      var text = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<text.count, using: &random)
        text.replaceSubrange(
          at..<min(text.count, at + Int.random(in: 0...3, using: &random)),
          with: Self.bytes(&random, ["{{to}}", "\"a\"", "{}", "[]", "1"]).prefix(6))
      }
      switch described(String(decoding: text, as: UTF8.self)) {
      case .success(let gateway):
        taken += 1
        _ = gateway.request(Self.order(&random), ["USERNAME": "u", "PASSWORD": "p", "CALL_BACK": "c"])
        _ = gateway.verdict(202, "0: Accepted for delivery")
      case .failure(let refusal): #expect(!refusal.detail.isEmpty, "seed \(Seeded.seed)")
      }
    }
    #expect(taken > 5)
  }
}
