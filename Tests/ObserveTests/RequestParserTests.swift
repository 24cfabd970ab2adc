import Testing

@testable import Observe

/// Everything the parser says about these bytes, given in these pieces; ends at the first refusal.
func parse(_ pieces: [[UInt8]], bodyBytes: Int = 1000) -> [RequestParser.Step] {
  var parser = RequestParser(limits: RequestParser.Limits(bodyBytes: bodyBytes))
  var steps: [RequestParser.Step] = []
  for piece in pieces {
    parser.receive(piece)
    while true {
      let step = parser.next()
      if step == .needMore { break }
      steps.append(step)
      if case .refuse = step { return steps }
    }
  }
  return steps
}

private func parse(_ text: String, bodyBytes: Int = 1000) -> [RequestParser.Step] {
  parse([Array(text.utf8)], bodyBytes: bodyBytes)
}

private func requests(_ text: String, bodyBytes: Int = 1000) -> [Request] {
  parse(text, bodyBytes: bodyBytes).compactMap { if case .request(let request) = $0 { request } else { nil } }
}

private func refusal(_ text: String, bodyBytes: Int = 1000) -> Int? {
  if case .refuse(let refusal) = parse(text, bodyBytes: bodyBytes).last { refusal.status } else { nil }
}

private let host = "Host: x\r\n"

@Suite struct RequestParserTests {
  @Test("a request is read with method, path, query, fields and body")
  func whole() throws {
    let request = try #require(
      requests("POST /a%20b?c=d&e?f HTTP/1.1\r\nHost: x\r\nX-A:  b c \t\r\nx-a: d\r\nContent-Length: 3\r\n\r\nx\r\n")
        .first)
    #expect(request.method == .post)
    #expect(request.path == "/a%20b")
    #expect(request.query == "c=d&e?f")
    #expect(request.field("x-a") == "b c, d")
    #expect(request.field("x-b") == nil)
    #expect(request.body == Array("x\r\n".utf8))
    #expect(request.keepsAlive)
  }

  @Test("several requests in one piece are told one after another, empty lines between them ignored")
  func pipelined() {
    let text =
      "GET /1 HTTP/1.1\r\n\(host)\r\n\r\nPOST /2 HTTP/1.1\r\n\(host)Content-Length: 1\r\n\r\n3GET /3 HTTP/1.0\r\n\r\n"
    #expect(requests(text).map(\.path) == ["/1", "/2", "/3"])
    #expect(requests(text).map(\.body) == [[], [UInt8(ascii: "3")], []])
  }

  @Test("a chunked body is joined, extensions and trailers ignored")
  func chunked() {
    let text =
      "POST / HTTP/1.1\r\n\(host)Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A ;x=\"y\"\r\n0123456789\r\n0\r\nT: u\r\n\r\n"
    #expect(requests(text + text).map(\.body) == [Array("abc0123456789".utf8), Array("abc0123456789".utf8)])
  }

  @Test(
    "the absolute form, the star and a lone query are read as paths",
    arguments: [
      ("http://h:80/p?q", "/p"), ("HTTP://h", "/"), ("https://h?q", "/"), ("*", "*"), ("/?", "/"), ("//x", "//x"),
    ])
  func targets(target: String, path: String) {
    #expect(requests("OPTIONS \(target) HTTP/1.1\r\n\(host)\r\n").map(\.path) == [path])
  }

  @Test(
    "the connection stays open as the version and the Connection field say",
    arguments: [
      ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: x, CLOSE\r\n", false),
      ("1.0", "", false), ("1.0", "Connection: Keep-Alive\r\n", true), ("1.2", "", true),
      ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
    ])
  func keepAlive(version: String, field: String, keeps: Bool) {
    #expect(requests("GET / HTTP/\(version)\r\n\(host)\(field)\r\n").map(\.keepsAlive) == [keeps])
  }

  @Test(
    "what is malformed is a 400",
    arguments: [
      "GET  / HTTP/1.1\r\n", "GET / HTTP/1.1 \r\n", "GET /\r\n", " GET / HTTP/1.1\r\n", "GET / http/1.1\r\n",
      "GET / HTTP/1.10\r\n", "GET / HTTP/11\r\n", "GET\t/ HTTP/1.1\r\n", "G(T / HTTP/1.1\r\n", "GET x HTTP/1.1\r\n",
      "GET http:// HTTP/1.1\r\n", "GET /é HTTP/1.1\r\n", "GET /# HTTP/1.1\r\n", "GET / HTTP/1.1\n", "\n",
      "GET / HTTP/1.1\r\r\n", "GET /\0 HTTP/1.1\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost\r\n",
      "GET / HTTP/1.1\r\n\(host)\(host)\r\n", "GET / HTTP/1.1\r\n\(host): x\r\n", "GET / HTTP/1.1\r\n\(host)a b: x\r\n",
      "GET / HTTP/1.1\r\n\(host)a: \u{7F}\r\n", "GET / HTTP/1.1\r\n\(host)a: \u{1B}\r\n",
      "GET / HTTP/1.1\r\n\(host)é: x\r\n", "\u{16}\u{3}\u{1}", "CONNECT h:80 HTTP/1.1\r\n",
    ])
  func malformed(text: String) { #expect(refusal(text) == 400) }

  @Test(
    "two programs cannot see different requests in the same bytes",
    arguments: [
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
      "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "Content-Length: 5, 5\r\n\r\n", "Content-Length: +5\r\n\r\n",
      "Content-Length: -5\r\n\r\n", "Content-Length: 0x5\r\n\r\n", "Content-Length: 5 5\r\n\r\n",
      "Content-Length:\r\n\r\n",
      "Content-Length: ٥\r\n\r\n", "Content-Length : 5\r\n\r\n", "Content-Length\t: 5\r\n\r\n",
      "Transfer-Encoding : chunked\r\n\r\n", "Transfer-Encoding: chunked, identity\r\n\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", "Transfer-Encoding: chunked, chunked\r\n\r\n",
      "Transfer-Encoding: \r\n\r\n", "Transfer-Encoding: xchunked\r\n\r\n", "Transfer-Encoding: chunked,\r\n\r\n",
      "Transfer-Encoding: chunked x\r\n\r\n", "Transfer-Encoding:\u{B}chunked\r\n\r\n",
      "X: y\r\n Content-Length: 5\r\n\r\n", "X: y\r\n\tz\r\n\r\n", " X: y\r\n\r\n", "X: y\rContent-Length: 5\r\n\r\n",
      "X: y\nContent-Length: 5\r\n\r\n", "X: y\0z\r\n\r\n", "X: y\r\n\r\r\n", "X: y\r\n\n",
    ])
  func smuggling(fields: String) { #expect(refusal("POST / HTTP/1.1\r\n\(host)\(fields)hello") == 400) }

  @Test("a chunked body from an HTTP/1.0 client is a 400")
  func oldChunked() {
    #expect(refusal("POST / HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400)
  }

  @Test(
    "a malformed chunk is a 400",
    arguments: [
      "\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "1 \r\nx", "1 x\r\n", "1\nx", "1\r\nxy\r\n", "1\r\nx\n",
      "1\r\nx\rz",
      "000000001\r\nx", "1;\0\r\n", "1;a\rb\r\n", "0\r\n x: y\r\n", "0\r\nx\r\n", ";\r\n",
      "1;" + String(repeating: "x", count: 300),
    ])
  func badChunk(body: String) {
    #expect(refusal("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n\(body)") == 400)
  }

  @Test("what is too large is 413, 414 or 431, and no byte earlier")
  func tooLarge() {
    let line = { (count: Int) in "GET /" + String(repeating: "a", count: count - 16) + " HTTP/1.1\r\n" }
    #expect(line(100).utf8.count == 100)
    #expect(requests(line(8181) + host + "\r\n").count == 1)
    #expect(refusal(line(8182) + host + "\r\n") == 431)
    #expect(refusal(line(8192)) == nil)
    #expect(refusal(line(8193)) == 414)
    #expect(refusal(String(repeating: "a", count: 8192)) == nil)
    #expect(refusal(String(repeating: "a", count: 8193)) == 414)
    let post = "POST / HTTP/1.1\r\n\(host)"
    #expect(refusal(post + String(repeating: "a: b\r\n", count: 101)) == 431)
    #expect(refusal(post + "Content-Length: 1001\r\n\r\n") == 413)
    #expect(refusal(post + "Content-Length: 99999999999999999999999\r\n\r\n") == 413)
    #expect(refusal(post + "Content-Length: 1\r\n\r\n", bodyBytes: 0) == 413)
    #expect(refusal(post + "Content-Length: 0\r\n\r\n", bodyBytes: 0) == nil)
    #expect(refusal(post + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n") == 413)
    #expect(refusal(post + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n3e8\r\n") == 413)
    #expect(refusal(post + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n") == 413)
    #expect(requests(post + "Content-Length: 1000\r\n\r\n" + String(repeating: "x", count: 1000)).count == 1)
    let trailers = String(repeating: "a: \(String(repeating: "b", count: 100))\r\n", count: 100)
    #expect(refusal(post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\(trailers)") == 431)
  }

  @Test("what is not known here is 501, 505 or 417")
  func unknown() {
    #expect(refusal("BREW / HTTP/1.1\r\n") == 501)
    #expect(refusal("TRACE / HTTP/1.1\r\n") == 501)
    #expect(refusal("get / HTTP/1.1\r\n") == 501)
    #expect(refusal("POST / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n") == 501)
    #expect(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505)
    #expect(refusal("GET / HTTP/1.1\r\n\(host)Expect: tea\r\n\r\n") == 417)
  }

  @Test("a client that waits for 100 Continue is told to go on, one that does not wait is not")
  func continues() {
    let head = "POST / HTTP/1.1\r\n\(host)Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
    #expect(parse([Array(head.utf8)]) == [.sendContinue])
    #expect(parse([Array(head.utf8), Array("ab".utf8)]).count == 2)
    #expect(parse(head + "ab").count == 1)
    #expect(parse("POST / HTTP/1.1\r\n\(host)Expect: 100-continue\r\n\r\n").count == 1)
    #expect(parse("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n") == [])
    #expect(refusal(head.replacing("th: 2", with: "th: 2000")) == 413)
  }

  @Test("after a refusal nothing more is read")
  func refusedForGood() {
    var parser = RequestParser(limits: RequestParser.Limits())
    parser.receive(Array("x\r\n".utf8))
    guard case .refuse = parser.next() else {
      Issue.record("not refused")
      return
    }
    parser.receive(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    guard case .refuse = parser.next() else {
      Issue.record("read on")
      return
    }
  }
}

extension String {
  /// Foundation's, without Foundation.
  fileprivate func replacing(_ old: String, with new: String) -> String {
    split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}
