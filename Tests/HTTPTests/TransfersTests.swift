import Glibc
import Testing
import Values

@testable import HTTP

/// Whole answers, and connections that are used again.
@Suite struct TransfersTests {
  @Test("an answer comes whole: status, headers by lower-case name, every byte of the body")
  func whole() throws {
    let every = (0...255).map { UInt8($0) }
    let gateway = try Gateway { _ in
      [.send("HTTP/1.1 202 Accepted\r\nX-Message-ID:  007 \r\nx-empty:\r\nContent-Length: 256\r\n\r\n"), .send(every)]
    }
    defer { gateway.stop() }
    let answer = try #require(try Transfers().call(gateway.url).answer)
    #expect(answer.status == 202)
    #expect(answer.headers.map(\.name) == ["x-message-id", "x-empty", "content-length"])
    #expect(answer.header("x-message-id") == "007")
    #expect(answer.body == every)
  }

  @Test("chunks are put together, trailers left out, answers in between passed over")
  func chunked() throws {
    let gateway = try Gateway { _ in
      [
        .send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
        .send("2;ext=1\r\nde\r\n0\r\nX-Trailer: late\r\n\r\n"),
      ]
    }
    defer { gateway.stop() }
    let end = try Transfers().call(gateway.url)
    #expect(end.text == "abcde")
    #expect(end.answer?.headers == [HTTPField("transfer-encoding", "chunked")])
  }

  @Test("once nothing is under way any more nothing wakes it, no moment either that libcurl had set for an ended call")
  func rests() throws {
    let silence = Latch()
    let gateway = try Gateway { $0.target == "/silent" ? [.wait(silence)] : [.answer()] }
    defer { gateway.stop() }
    defer { silence.open() }
    let transfers = Transfers()
    let limits = HTTPLimits(total: .milliseconds(300))
    _ = try transfers.call(gateway.url, within: limits)
    _ = try transfers.call(gateway.url + "/silent", within: limits)
    let until = BootClock.now + .seconds(1)
    var turns = 0
    while BootClock.now < until {
      transfers.wait(atMost: until - BootClock.now)
      transfers.perform()
      turns += 1
    }
    #expect(turns < 20)
  }

  @Test("every call ends by its limit, whatever begins, ends and is silent beside it")
  func limits() throws {
    let silence = Latch()
    let gateway = try Gateway { arrival in
      arrival.target == "/silent" ? [.wait(silence), .answer()] : [.answer()]
    }
    defer { gateway.stop() }
    defer { silence.open() }
    let transfers = Transfers()
    var (next, ended): (Int64, Int) = (0, 0)
    while ended < 150 {
      while transfers.inFlight < 20, next < 150 {
        let limits = HTTPLimits(total: .milliseconds(20 + next * 7919 % 200))
        let path = next % 3 == 0 ? "/" : "/silent"
        transfers.begin(HTTPRequest(url: gateway.url + path), as: next, within: limits, notAfter: .never)
        next += 1
      }
      let before = BootClock.now
      transfers.wait(atMost: .seconds(300))
      transfers.perform()
      ended += transfers.takeEnded().count
      try #require(BootClock.now - before < .seconds(250), "a call was forgotten")
    }
    #expect(transfers.inFlight == 0)
  }

  @Test("on the wire is what was asked, and nothing that libcurl would add")
  func wire() throws {
    let gateway = try Gateway { _ in [.answer()] }
    defer { gateway.stop() }
    let transfers = Transfers()
    let host = "127.0.0.1:\(gateway.port)"
    let requests = [
      HTTPRequest(url: gateway.url + "/a/../b%20c?d=e&f=%E4%BD%A0"),
      HTTPRequest(
        method: "POST", url: gateway.url + "/send", headers: [HTTPField("X-Empty", " "), HTTPField("X-名", "值")]),
      HTTPRequest(
        method: "POST", url: gateway.url + "/send",
        headers: [HTTPField("Content-Type", "application/json"), HTTPField("Authorization", "Bearer x;y")],
        body: [1, 0, 2]),
      HTTPRequest(method: "DELETE", url: gateway.url),
      HTTPRequest(method: "PUT", url: gateway.url, body: Array(repeating: 7, count: 3_000_000)),
      HTTPRequest(method: "HEAD", url: gateway.url),
      HTTPRequest(url: gateway.url),
      HTTPRequest(method: "POST", url: gateway.url, body: [9]),
    ]
    #expect(try transfers.call(requests[1]).proof == .malformed)  // a header's name is ASCII
    let sound = requests.map { request in
      var request = request
      request.headers.removeAll { $0.name == "X-名" }
      return request
    }
    for request in sound { #expect(try transfers.call(request).answer?.status == 200, "\(request.method)") }
    let arrivals = gateway.arrivals
    #expect(
      arrivals.map(\.head) == [
        "GET /a/../b%20c?d=e&f=%E4%BD%A0 HTTP/1.1\r\nHost: \(host)",
        "POST /send HTTP/1.1\r\nHost: \(host)\r\nX-Empty:\r\nContent-Length: 0",
        "POST /send HTTP/1.1\r\nHost: \(host)\r\nContent-Type: application/json\r\nAuthorization: Bearer x;y\r\n"
          + "Content-Length: 3",
        "DELETE / HTTP/1.1\r\nHost: \(host)",
        "PUT / HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 3000000",
        "HEAD / HTTP/1.1\r\nHost: \(host)",
        "GET / HTTP/1.1\r\nHost: \(host)",
        "POST / HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 1",
      ])
    #expect(arrivals.map(\.body) == sound.map(\.body))
    #expect(gateway.connections == 1)
  }

  @Test("many calls at once, each with its own answer, over no more connections than were in flight")
  func many() throws {
    let gateway = try Gateway { arrival in [.answer(String(decoding: arrival.body, as: UTF8.self))] }
    defer { gateway.stop() }
    let transfers = Transfers()
    var next: Int64 = 0
    var answers: [Int64: String?] = [:]
    while answers.count < 2000 {
      while transfers.inFlight < 40, next < 2000 {
        transfers.begin(
          HTTPRequest(method: "POST", url: gateway.url, body: Array("call \(next)".utf8)), as: next,
          within: HTTPLimits(total: .seconds(60)), notAfter: .never)
        next += 1
      }
      transfers.wait(atMost: .seconds(60))
      transfers.perform()
      for (number, end) in transfers.takeEnded() {
        #expect(answers[number] == nil)
        answers[number] = end.text
      }
    }
    #expect(answers.allSatisfy { $0.value == "call \($0.key)" })
    #expect(gateway.arrivals.count == 2000)
    #expect(gateway.connections <= 40)
    #expect(transfers.connections <= 40)
  }

  @Test("one call after the other uses one connection, which ends with its transfers")
  func reuse() throws {
    let gateway = try Gateway { _ in [.answer("x")] }
    defer { gateway.stop() }
    do {
      let transfers = Transfers()
      for _ in 0..<20 { #expect(try transfers.call(gateway.url).text == "x") }
      #expect(gateway.arrivals.map(\.turn) == Array(0..<20))
      #expect(transfers.connections == 1)
    }
    #expect(gateway.awaitEnded(1))
  }

  @Test("a redirect is an answer, and a header of the last head alone")
  func redirect() throws {
    let gateway = try Gateway { _ in [.answer("", status: 302, headers: ["Location: /elsewhere"])] }
    defer { gateway.stop() }
    let answer = try Transfers().call(gateway.url + "/here").answer
    #expect(answer?.status == 302)
    #expect(answer?.header("location") == "/elsewhere")
    #expect(gateway.arrivals.map(\.target) == ["/here"])
  }

  @Test("a proxy that the environment names is not used")
  func proxy() async {
    await #expect(processExitsWith: .success) {
      for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"] {
        setenv(name, "http://127.0.0.1:9", 1)
      }
      let gateway = try Gateway { _ in [.answer("direct")] }
      defer { gateway.stop() }
      let text = try Transfers().call(gateway.url).text
      try #require(text == "direct")
    }
  }
}
