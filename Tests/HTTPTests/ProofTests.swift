import Glibc
import Testing
import Values

@testable import HTTP

/// What is proof that nothing was sent, what leaves doubt, and that nothing is sent twice.
@Suite struct ProofTests {
  @Test("a request is let through once, and never when it is too late")
  func passage() {
    func states(askedAt moments: Duration...) -> [Passage.State] {
      var passage = Passage(notAfter: .seconds(5))
      return [passage.state]
        + moments.map { moment in
          let isLet = passage.ask(at: moment, isStale: moment == .seconds(2))
          #expect(isLet == (passage.state == .open))
          return passage.state
        }
    }
    #expect(states(askedAt: .seconds(5), .seconds(5), .zero) == [.closed, .open, .askedTwice, .askedTwice])
    #expect(states(askedAt: .seconds(5) + .nanoseconds(1), .seconds(1)) == [.closed, .late, .late])
    #expect(states(askedAt: .seconds(2), .seconds(1)) == [.closed, .stale, .stale])
    #expect(states(askedAt: .seconds(1), .seconds(2)) == [.closed, .open, .askedTwice])
    #expect(states(askedAt: .zero, .seconds(6)) == [.closed, .open, .askedTwice])
  }

  @Test(
    "a gateway that reads a request on a connection used before and goes without a word gets it once",
    arguments: [false, true])
  func silentEnd(byReset: Bool) throws {
    let gateway = try Gateway { $0.turn == 0 ? [.answer("first")] : [byReset ? .reset : .close] }
    defer { gateway.stop() }
    let transfers = Transfers()
    #expect(try transfers.call(gateway.url + "/0").text == "first")
    for turn in 1...3 {
      #expect(
        try transfers.call(HTTPRequest(method: "POST", url: gateway.url + "/\(turn)", body: [1])).doubt == .unanswered)
      #expect(try transfers.call(gateway.url + "/next").text == "first")
    }
    #expect(gateway.arrivals.map(\.target) == ["/0", "/1", "/next", "/2", "/next", "/3", "/next"])
  }

  @Test("the same on a fresh connection")
  func silentEndOnFresh() throws {
    let gateway = try Gateway { _ in [.close] }
    defer { gateway.stop() }
    #expect(try Transfers().call(gateway.url).doubt == .unanswered)
    #expect(gateway.arrivals.count == 1)
  }

  @Test("nobody there is proof")
  func refused() throws {
    let (descriptor, port) = try listening(backlog: 1)
    close(descriptor)
    let end = try Transfers().call("http://127.0.0.1:\(port)/secret?phone=13800138000")
    #expect(end.proof == .unconnected)
    #expect(end.error?.isTransient == true)
    #expect(end.error?.description.contains("secret") == false)
    #expect(end.error?.description.contains("13800138000") == false)
  }

  @Test("a name without an address is proof")
  func unresolved() throws {
    // A label has 63 characters at most (RFC 1035, 2.3.4): the resolver asks nobody.
    let end = try Transfers().call("http://\(String(repeating: "a", count: 64)).invalid/")
    #expect(end.proof == .unresolved)
  }

  @Test("half a body, half a head, half a chunk: doubt")
  func half() throws {
    let halves = [
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "HTTP/1.1 200 OK\r\nContent-Le",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n",
    ]
    let gateway = try Gateway { [.send(halves[Int($0.target.dropFirst())!]), .close] }
    defer { gateway.stop() }
    for index in halves.indices {
      let end = try Transfers().call(gateway.url + "/\(index)")
      #expect(end.doubt != nil, "\(halves[index])")
    }
    #expect(gateway.arrivals.count == halves.count)
  }

  @Test("an answer that comes too late is doubt")
  func timedOut() throws {
    let gateway = try Gateway { _ in [.untilClosed] }
    defer { gateway.stop() }
    try patiently { time in
      let end = try Transfers().call(gateway.url, within: HTTPLimits(total: time))
      if gateway.arrivals.isEmpty { return false }
      #expect(end.doubt == .timedOut)
      return true
    }
  }

  @Test("half an answer that comes too late is doubt")
  func timedOutInTheMiddle() throws {
    let gateway = try Gateway { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), .untilClosed] }
    defer { gateway.stop() }
    try patiently { time in
      let end = try Transfers().call(gateway.url, within: HTTPLimits(total: time))
      if gateway.arrivals.isEmpty { return false }
      #expect(end.doubt == .timedOut)
      return true
    }
  }

  @Test("a connection that does not come about in time is proof")
  func connectTimeOut() throws {
    let (descriptor, port) = try listening(backlog: 0)
    defer { close(descriptor) }
    // The one place in its queue is taken; whoever comes next is not answered.
    let guests = (0..<4).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0) }
    defer { for guest in guests { close(guest) } }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    for guest in guests {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          _ = connect(guest, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
    }
    let limits = HTTPLimits(connect: .milliseconds(50), total: .seconds(60))
    #expect(try Transfers().call("http://127.0.0.1:\(port)", within: limits).proof == .timedOut)
  }

  @Test("TLS that does not come about in time is proof, and the request's bytes never left")
  func silentTLS() throws {
    let gateway = try Gateway { _ in [] }
    defer { gateway.stop() }
    let limits = HTTPLimits(connect: .milliseconds(50), total: .seconds(60))
    #expect(try Transfers().call("https://127.0.0.1:\(gateway.port)", within: limits).proof == .timedOut)
    #expect(gateway.arrivals.isEmpty)
  }

  @Test("too late to begin: nothing arrives, on a fresh connection and on one used before")
  func late() throws {
    let gateway = try Gateway { _ in [.answer("x")] }
    defer { gateway.stop() }
    let transfers = Transfers()
    let request = HTTPRequest(url: gateway.url + "/late")
    #expect(try transfers.call(request, notAfter: BootClock.now - .nanoseconds(1)).proof == .late)
    #expect(try transfers.call(gateway.url + "/in-time").text == "x")
    #expect(try transfers.call(request, notAfter: .zero).proof == .late)
    #expect(try transfers.call(gateway.url + "/in-time").text == "x")
    #expect(gateway.arrivals.map(\.target) == ["/in-time", "/in-time"])
  }

  @Test("what lies too long before it is performed is too late")
  func lateMeanwhile() throws {
    let gateway = try Gateway { _ in [.answer("x")] }
    defer { gateway.stop() }
    let transfers = Transfers()
    let until = BootClock.now + .milliseconds(5)
    transfers.begin(HTTPRequest(url: gateway.url), as: 4, within: HTTPLimits(), notAfter: until)
    while BootClock.now <= until {}
    let ends = try transfers.all()
    #expect(ends.map(\.number) == [4])
    #expect(ends[0].end.proof == .late)
    #expect(gateway.arrivals.isEmpty)
  }

  @Test("an answer larger than allowed is doubt: body, head, endless heads")
  func oversized() throws {
    let line = "X-Filler: " + String(repeating: "x", count: 90) + "\r\n"
    let starts = [
      "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + String(repeating: "x", count: 5000),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "8\r\n12345678\r\n", count: 1000),
      "HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 1000),
      String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 1000),
      "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 5000),
    ]
    let gateway = try Gateway { [.send(starts[Int($0.target.dropFirst())!]), .untilClosed] }
    defer { gateway.stop() }
    let transfers = Transfers()
    for index in 0..<4 {
      let limits = HTTPLimits(total: .seconds(60), largestAnswer: 4096)
      let end = try transfers.call(gateway.url + "/\(index)", within: limits)
      #expect(end.doubt == .oversized, "\(index): \(end)")
    }
    // One endless line is not passed on by libcurl before it ends, or is more than it would hold; the time ends it.
    try patiently { time in
      let end = try transfers.call(gateway.url + "/4", within: HTTPLimits(total: time, largestAnswer: 4096))
      return end.doubt != nil
    }
    let exact = try Gateway { _ in [.answer("12345")] }
    defer { exact.stop() }
    let size = answerText("12345").utf8.count
    #expect(try transfers.call(exact.url, within: HTTPLimits(largestAnswer: size)).text == "12345")
    #expect(try transfers.call(exact.url, within: HTTPLimits(largestAnswer: size - 1)).doubt == .oversized)
  }

  @Test("what is no HTTP is doubt")
  func garbled() throws {
    let gateway = try Gateway { _ in [.send("13800138000 is no answer\r\n\r\n"), .close] }
    defer { gateway.stop() }
    let end = try Transfers().call(gateway.url)
    #expect(end.doubt == .garbled)
    #expect(end.error?.description.contains("13800138000") == false)
  }

  @Test("cancelled: proof before it was sent, doubt after; and what has ended stays as it ended")
  func cancelled() throws {
    let gateway = try Gateway { $0.target == "/held" ? [.untilClosed] : [.answer("x")] }
    defer { gateway.stop() }
    let transfers = Transfers()
    transfers.begin(HTTPRequest(url: gateway.url + "/held"), as: 1, within: HTTPLimits(), notAfter: .never)
    transfers.begin(HTTPRequest(url: gateway.url), as: 2, within: HTTPLimits(), notAfter: .never)
    try transfers.run { gateway.arrivals.count == 2 && transfers.inFlight == 1 }
    transfers.begin(HTTPRequest(url: gateway.url), as: 3, within: HTTPLimits(), notAfter: .never)
    transfers.cancelAll()
    #expect(transfers.inFlight == 0)
    let ends = Dictionary(uniqueKeysWithValues: transfers.takeEnded().map { ($0.number, $0.end) })
    #expect(ends[1]?.doubt == .cancelled)
    #expect(ends[2]?.text == "x")
    #expect(ends[3]?.proof == .cancelled)
    #expect(gateway.arrivals.count == 2)
    #expect(try transfers.call(gateway.url).text == "x")
  }
}
