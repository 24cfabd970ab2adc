import Fax
import Gateways
import HTTP
import Testing
import Values

@Suite struct DescriptionTests {
  @Test("what a description says of itself, and what it leaves unsaid")
  func fields() throws {
    let full = try described(
      small(
        more: #"""
          "source": [{"page": "https://gateway.example/docs", "read": "2026-11-22"}], "notes": ["x"], "place": 3,
          "countries": ["CN", "HK"], "purposes": ["marketing"], "concurrency": 7, "rate": 90,
          "limits": {"connect": "500ms", "total": "3s", "largestAnswer": 4096},
          "retries": {"first": "1s", "most": "2m", "times": 0}, "price": {"amount": "0.045", "currency": "CNY"},
          "from": "95555", "validity": "2h", "mostParts": 4
          """#)
    ).get()
    #expect(full.name == "small" && full.channel == .sms && full.place == 3 && full.concurrency == 7 && full.rate == 90)
    #expect(full.limits == HTTPLimits(connect: .milliseconds(500), total: .seconds(3), largestAnswer: 4096))
    #expect(full.retries.first == .seconds(1) && full.retries.most == .seconds(120) && full.retries.times == 0)
    #expect(full.price == Money("0.045", "CNY") && full.http?.from == "95555" && full.http?.validity == .seconds(7200))
    #expect(full.http?.mostParts == 4 && full.secrets.isEmpty && full.http?.callBacks.isEmpty == true)
    #expect(full.serves(country: "CN", purpose: .marketing) && !full.serves(country: "CN", purpose: .service))
    #expect(!full.serves(country: "SG", purpose: .marketing) && !full.serves(country: nil, purpose: .marketing))

    let bare = try described(small()).get()
    #expect(bare.place == 100 && bare.countries == nil && bare.purposes == nil && bare.concurrency == 50)
    #expect(bare.rate == nil && bare.limits == HTTPLimits() && bare.price == nil && bare.http?.mostParts == 255)
    #expect(bare.serves(country: nil, purpose: .transactional))
  }

  /// A field of the outermost object each.
  @Test(
    "a mistake beside the request is refused with its path",
    arguments: [
      (#""nmae": "x""#, "nmae unknown-field"), (#""place": 0"#, "place out-of-range"),
      (#""rate": 0"#, "rate out-of-range"),
      (#""rate": "9""#, "rate wrong-type"), (#""concurrency": 100000"#, "concurrency out-of-range"),
      (#""countries": ["cn"]"#, "countries[0] not-a-country"), (#""countries": ["CHN"]"#, "countries[0] too-long"),
      (#""purposes": ["marketing", "spam"]"#, "purposes[1] unknown-word"), (#""from": """#, "from too-short"),
      (#""price": {"amount": "1", "currency": "yuan"}"#, "price.currency not-a-currency"),
      (#""validity": "1.5h""#, "validity not-a-duration"), (#""validity": "0s""#, "validity not-a-duration"),
      (#""validity": "99999999999999999999d""#, "validity too-long"),
      (#""validity": "31d""#, "validity not-a-duration"),
      (#""limits": {"total": "20m"}"#, "limits.total not-a-duration"),
      (#""limits": {"conect": "1s"}"#, "limits.conect unknown-field"),
      (#""limits": {"connect": "10s", "total": "5s"}"#, "limits.connect out-of-order"),
      (#""retries": {"first": "2m", "most": "1m"}"#, "retries.first out-of-order"),
      (#""retries": {"times": -1}"#, "retries.times out-of-range"), (#""mostParts": 256"#, "mostParts out-of-range"),
      (#""source": [{"url": "x"}]"#, "source[0].url unknown-field"),
      (#""constants": {"app": ""}"#, "constants.app empty"),
      (#""constants": {"app": 7}"#, "constants.app wrong-type"),
      (#""steps": [{"name": "a"}]"#, "steps[0] contradiction"),
      (#""steps": [{"name": "a", "text": "x", "hash": "sha256"}]"#, "steps[0] contradiction"),
      (#""steps": [{"name": "a", "hash": "md5", "of": "x"}]"#, "steps[0].hash unknown-word"),
      (#""steps": [{"name": "a", "hash": "sha256"}]"#, "steps[0].of missing"),
      (#""steps": [{"name": "a", "hmac": "sha256", "of": "x"}]"#, "steps[0].key missing"),
      (#""steps": [{"name": "a", "text": "{{step.a}}"}]"#, "steps[0].text unknown-placeholder"),
      (#""steps": [{"name": "a", "text": "x", "replace": {"": "y"}}]"#, "steps[0].replace empty"),
      (#""steps": [{"name": "a", "text": "x"}, {"name": "a", "text": "y"}]"#, "steps[1].name twice"),
      (#""steps": [{"name": "a", "text": "{{request.body}}"}]"#, "steps[0].text unknown-placeholder"),
      (#""steps": [{"name": "a", "text": "x", "as": "base32"}]"#, "steps[0].as unknown-word"),
      (#""signature": {"headers": {}}"#, "signature.headers missing"),
      (#""signature": {"form": {"a": "b"}}"#, "signature.form contradiction"),
      (#""signature": {"json": {}}"#, "signature.json unknown-field"),
      (#""callBacks": {"Receipts": {}}"#, "callBacks.Receipts not-a-name"),
      (#""callBacks": {"a": 1}"#, "callBacks.a wrong-type"),
      (#""callBacks": {"a": {"kind": "both"}}"#, "callBacks.a.kind unknown-word"),
      (#""callBacks": {"a": {"kind": "receipts"}}"#, "callBacks.a.authentication missing"),
      (
        #""callBacks": {"a": {"kind": "receipts", "authentication": {"in": "path", "secret": "open"}}}"#,
        "callBacks.a.authentication.secret missing"
      ),
      (
        #""callBacks": {"a": {"kind": "receipts", "authentication": {"in": "cookie", "secret": "{{secret.K}}"}}}"#,
        "callBacks.a.authentication.in not-a-source"
      ),
      (
        #""callBacks": {"a": {"kind": "receipts", "authentication": {"in": "path", "secret": "{{secret.K}}"}}}"#,
        "callBacks.a.status missing"
      ),
      (
        #""callBacks": {"a": {"kind": "receipts", "authentication": {"in": "path", "secret": "{{secret.K}}"}, "status": "query:s", "statuses": {"1": "sent"}}}"#,
        "callBacks.a.statuses.1 unknown-word"
      ),
      (
        #""callBacks": {"a": {"kind": "receipts", "authentication": {"in": "path", "secret": "{{secret.K}}"}, "status": "query:s", "statuses": {"1": "failed"}}}"#,
        "callBacks.a.id missing"
      ),
      (
        #""callBacks": {"a": {"kind": "messages", "authentication": {"in": "path", "secret": "{{secret.K}}"}, "from": "cookie:x"}}"#,
        "callBacks.a.from not-a-source"
      ),
      (
        #""callBacks": {"a": {"kind": "messages", "authentication": {"in": "path", "secret": "{{secret.K}}"}, "from": "body", "text": "json:x"}}"#,
        "callBacks.a.text not-a-path"
      ),
      (
        #""callBacks": {"a": {"kind": "messages", "authentication": {"in": "path", "secret": "{{secret.K}}"}, "status": "body"}}"#,
        "callBacks.a.status unknown-field"
      ),
    ])
  func fields(more: String, expected: String) {
    #expect(described(small(more: more)).refusal == expected)
  }

  @Test(
    "a mistake in the request is refused with its path",
    arguments: [
      ("{}", "request.method missing"), (#"{"method": "DELETE", "url": "https://a"}"#, "request.method unknown-word"),
      (#"{"method": "GET"}"#, "request.url missing"),
      (#"{"method": "GET", "url": "ftp://a/b"}"#, "request.url not-a-url"),
      (#"{"method": "GET", "url": "https://{{to}}/"}"#, "request.url not-a-url"),
      (#"{"method": "GET", "url": "https://u:p@a/"}"#, "request.url not-a-url"),
      (#"{"method": "GET", "url": "https:///a"}"#, "request.url not-a-url"),
      (#"{"method": "GET", "url": "https://a/b?c=d"}"#, "request.url not-a-url"),
      (#"{"method": "GET", "url": "https://a/ b"}"#, "request.url not-a-url"),
      (#"{"method": "GET", "url": "https://a/é"}"#, "request.url not-a-url"),
      (#"{"method": "GET", "url": "https://a/{{tto}}"}"#, "request.url unknown-placeholder"),
      (#"{"method": "GET", "url": "https://a/{{to"}"#, "request.url not-a-template"),
      (#"{"method": "GET", "url": "https://a/to}}"}"#, "request.url not-a-template"),
      (#"{"method": "GET", "url": "https://a", "query": {"a": "{{to|upper}}"}}"#, "request.query.a not-a-template"),
      (#"{"method": "GET", "url": "https://a", "query": {"a": "{{parts|json}}"}}"#, "request.query.a not-a-template"),
      (#"{"method": "GET", "url": "https://a", "query": {"a": 1}}"#, "request.query.a wrong-type"),
      (
        #"{"method": "GET", "url": "https://a", "query": {"a": "{{secret.key}}"}}"#, "request.query.a not-a-secret-name"
      ),
      (
        #"{"method": "GET", "url": "https://a", "query": {"a": "{{constant.x}}"}}"#,
        "request.query.a unknown-placeholder"
      ),
      (
        #"{"method": "GET", "url": "https://a", "query": {"a": "{{callBack.x}}"}}"#,
        "request.query.a unknown-placeholder"
      ),
      (
        #"{"method": "GET", "url": "https://a", "query": {"a": "{{call.body}}"}}"#,
        "request.query.a unknown-placeholder"
      ),
      (#"{"method": "GET", "url": "https://a", "headers": {"a b": "c"}}"#, "request.headers.a b not-a-header"),
      (#"{"method": "GET", "url": "https://a", "headers": {"Host": "c"}}"#, "request.headers.Host not-a-header"),
      (#"{"method": "GET", "url": "https://a", "headers": {"a": "c\r\nd: e"}}"#, "request.headers.a not-a-header"),
      (#"{"method": "GET", "url": "https://a", "form": {"a": "b"}}"#, "request.method contradiction"),
      (#"{"method": "POST", "url": "https://a", "form": {"a": "b"}, "json": {}}"#, "request.form contradiction"),
      (#"{"method": "POST", "url": "https://a", "json": {"a": ["{{x}}"]}}"#, "request.json.a[0] unknown-placeholder"),
      (#"{"method": "POST", "url": "https://a", "json": {"a": "{{text|json}}"}}"#, "request.json.a not-a-template"),
      (#"{"method": "POST", "url": "https://a", "json": {"a": "{{parts|json}} of"}}"#, "request.json.a not-a-template"),
      (#"{"method": "POST", "url": "https://a", "json": {"a": 1, "a": 2}}"#, "request.json.a twice"),
      (#"{"method": "POST", "url": "https://a", "raw": {"text": "<a>{{to}}</a>"}}"#, "request.raw.escape missing"),
      (#"{"method": "POST", "url": "https://a", "raw": {"text": "{{to}}"}}"#, "request.headers missing"),
      (
        #"{"method": "POST", "url": "https://a", "raw": {"text": "{{to}}", "escape": "none"}}"#,
        "request.raw.escape unknown-word"
      ),
      (#"{"method": "POST", "url": "https://a", "body": "x"}"#, "request.body unknown-field"),
    ])
  func request(request: String, expected: String) {
    #expect(described(small(request: request)).refusal == expected)
  }

  @Test(
    "a mistake in the answer is refused with its path",
    arguments: [
      ("{}", "answer.accepted missing"), (#"{"accepted": [{}]}"#, "answer.accepted[0].status missing"),
      (#"{"accepted": [{"status": ["2x"]}]}"#, "answer.accepted[0].status[0] not-a-status"),
      (#"{"accepted": [{"status": ["300-200"]}]}"#, "answer.accepted[0].status[0] not-a-status"),
      (#"{"accepted": [{"status": ["0"]}]}"#, "answer.accepted[0].status[0] not-a-status"),
      (#"{"accepted": [{"stauts": ["200"]}]}"#, "answer.accepted[0].stauts unknown-field"),
      (#"{"accepted": [{"json": {"code": "0"}}]}"#, "answer.accepted[0].json.code not-a-path"),
      (#"{"accepted": [{"json": {"$.code": 0}}]}"#, "answer.accepted[0].json.$.code wrong-type"),
      (#"{"accepted": [{"text": ["a**b"]}]}"#, "answer.accepted[0].text[0] not-a-pattern"),
      (#"{"accepted": [{"text": ["{id}"]}]}"#, "answer.accepted[0].text[0] not-a-pattern"),
      (#"{"accepted": [{"codes": ["1"]}]}"#, "answer.code missing"),
      (
        #"{"accepted": [{"status": ["200"]}], "refused": [{"kind": "bad", "status": ["400"]}]}"#,
        "answer.refused[0].kind unknown-word"
      ),
      (#"{"accepted": [{"status": ["200"]}], "refused": [{"status": ["400"]}]}"#, "answer.refused[0].kind missing"),
      (#"{"accepted": [{"status": ["200"]}], "ids": {}}"#, "answer.ids contradiction"),
      (
        #"{"accepted": [{"status": ["200"]}], "ids": {"json": ["$.a"], "reference": true}}"#, "answer.ids contradiction"
      ),
      (
        #"{"accepted": [{"status": ["200"]}], "ids": {"json": ["$.a"], "text": ["{id}"]}}"#,
        "answer.ids.json contradiction"
      ),
      (#"{"accepted": [{"status": ["200"]}], "ids": {"json": ["$.a["]}}"#, "answer.ids.json[0] not-a-path"),
      (#"{"accepted": [{"status": ["200"]}], "ids": {"text": ["{code}"]}}"#, "answer.ids.text[0] not-a-pattern"),
      (#"{"accepted": [{"status": ["200"]}], "detail": {}}"#, "answer.detail.json missing"),
    ])
  func answer(answer: String, expected: String) {
    #expect(described(small(answer: answer)).refusal == expected)
  }

  @Test("a slip of the hand is told what may have been meant")
  func hints() {
    func sentence(_ text: String) -> String {
      guard case .failure(let refusal) = described(text) else { return "none" }
      return refusal.description
    }
    let request = #"{"method": "GET", "url": "https://a", "query": {"a": "{{text.singed}}"}}"#
    #expect(sentence(small(request: request)).hasSuffix("; did you mean `text.signed`?"))
    #expect(sentence(small(more: #""conutries": []"#)).hasSuffix("; did you mean `countries`?"))
    let step = #"{"method": "GET", "url": "https://a", "query": {"a": "{{step.cod}}"}}"#
    let steps = #""steps": [{"name": "code", "text": "x"}]"#
    #expect(sentence(small(request: step, more: steps)).hasSuffix("; did you mean `code`?"))
  }

  @Test("bytes of a step are placed in hexadecimal or base64 only")
  func binary() {
    let request = #"{"method": "GET", "url": "https://a", "query": {"a": "{{step.b}}"}}"#
    let steps =
      #""steps": [{"name": "a", "hash": "sha256", "of": "", "as": "bytes"}, {"name": "b", "text": "x{{step.a}}"}]"#
    #expect(described(small(request: request, more: steps)).refusal == "request.query.a not-a-template")
  }

  @Test("a fax gateway is spoken to by HTTP as well, and has a cover; a name is fit for an address")
  func names() throws {
    let cover = #""cover": {"sender": "Firm"}, "paper": "letter""#
    let fax = try described(small(more: cover).replacing(#""sms""#, with: #""fax""#)).get()
    #expect(fax.http != nil && fax.fax?.paper == .letter && fax.fax?.cover?.sender == "Firm" && fax.concurrency == 4)
    #expect(described(small(more: cover)).refusal == "cover unknown-field")
    let paced = small(more: #""rate": 5"#).replacing(#""sms""#, with: #""fax""#)
    #expect(described(paced).refusal == "rate contradiction")
    let odd = small(more: #""cover": {}"#).replacing(#""sms""#, with: #""fax""#)
    #expect(described(odd).refusal == "cover.sender missing")
    for name in ["Small", "-a", "a/b", "a b", "", String(repeating: "a", count: 41)] {
      let refusal = described(small().replacing(#""name": "small""#, with: #""name": "\#(name)""#)).refusal
      #expect(refusal?.hasPrefix("name ") == true, "\(name): \(refusal ?? "none")")
    }
  }
}
