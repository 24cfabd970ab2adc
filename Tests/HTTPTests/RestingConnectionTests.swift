import Glibc
import Testing
import Values

@testable import HTTP

/// What comes on a connection while nothing is asked on it must never be the answer to the next request.
@Suite struct RestingConnectionTests {
  @Test("an answer too many, sent later, answers nobody")
  func stray() throws {
    let latch = Latch()
    let gateway = try Gateway { arrival in
      arrival.connection == 0 ? [.answer("own"), .wait(latch), .answer("stray")] : [.answer("fresh")]
    }
    defer { gateway.stop() }
    let transfers = Transfers()
    #expect(try transfers.call(gateway.url).text == "own")
    latch.open()
    // It is noticed as soon as it is there.
    transfers.wait(atMost: .seconds(60))
    #expect(try transfers.call(gateway.url).text == "fresh")
    #expect(gateway.arrivals.map(\.connection) == [0, 1])
    #expect(transfers.connections == 1)
  }

  @Test("an answer too many in the same piece answers nobody")
  func excess() throws {
    let gateway = try Gateway { arrival in
      arrival.connection == 0 ? [.send(answerText("own") + answerText("stray"))] : [.answer("fresh")]
    }
    defer { gateway.stop() }
    let transfers = Transfers()
    #expect(try transfers.call(gateway.url).text == "own")
    #expect(try transfers.call(gateway.url).text == "fresh")
  }

  @Test("right before a request goes out its connection is looked at once more")
  func stale() throws {
    let (near, far, port) = try connected()
    let (read, remove): (Int32, Int32) = (1, 4)  // CURL_POLL_IN, CURL_POLL_REMOVE
    let sockets = Sockets()
    sockets.opened(near)
    #expect(!sockets.isStale(port: port))  // not known yet
    sockets.wants(near, read)
    _ = send(far, "x", 1, 0)
    #expect(!sockets.isStale(port: port))  // what a fresh one says is not an answer to anybody
    var byte: UInt8 = 0
    _ = recv(near, &byte, 1, 0)
    sockets.wants(near, remove)
    #expect(!sockets.isStale(port: port))
    _ = send(far, "x", 1, 0)
    #expect(sockets.isStale(port: port))
    _ = recv(near, &byte, 1, 0)
    #expect(!sockets.isStale(port: port))
    close(far)
    #expect(sockets.isStale(port: port))
    sockets.closing(near)
    close(near)
    #expect(!sockets.isStale(port: port))
    #expect(sockets.connections == 0)
  }

  @Test("a connection whose answer was there as soon as its request had left rests like any other")
  func atOnce() throws {
    let (near, far, port) = try connected()
    defer { for descriptor in [near, far] { close(descriptor) } }
    let (write, remove): (Int32, Int32) = (2, 4)  // CURL_POLL_OUT, CURL_POLL_REMOVE
    let sockets = Sockets()
    sockets.opened(near)
    sockets.wants(near, write)
    sockets.wants(near, remove)
    #expect(sockets.takeReady().isEmpty)
    var byte: UInt8 = 0
    #expect(recv(far, &byte, 1, Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN, "it was given up")
    #expect(!sockets.isStale(port: port))
    _ = send(far, "x", 1, 0)
    #expect(sockets.isStale(port: port))
    #expect(sockets.takeReady().isEmpty)
    #expect(recv(far, &byte, 1, 0) == 0, "what it said may be taken for an answer")
  }

  @Test("what was closed before libcurl takes leave of it, and whoever has its number since, is let alone")
  func closedBefore() throws {
    let (near, far, _) = try connected()
    defer { close(far) }
    let (write, remove): (Int32, Int32) = (2, 4)  // CURL_POLL_OUT, CURL_POLL_REMOVE
    let sockets = Sockets()
    sockets.opened(near)
    sockets.wants(near, write)
    var others: [Int32] = [0, 0]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &others) == 0)
    defer { for descriptor in others { close(descriptor) } }
    #expect(dup2(others[0], near) == near)
    defer { close(near) }
    sockets.wants(near, remove)
    _ = send(others[1], "x", 1, 0)
    #expect(sockets.takeReady().isEmpty)
    var byte: UInt8 = 0
    #expect(recv(near, &byte, 1, Int32(MSG_DONTWAIT)) == 1, "somebody else's was read, or closed")
  }

  /// Both ends of a connection, and the near one's port.
  private func connected() throws -> (near: Int32, far: Int32, port: Int32) {
    let (listener, _) = try listening(backlog: 1)
    defer { close(listener) }
    let near = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(listener, $0, &length)
        _ = connect(near, $0, length)
        _ = getsockname(near, $0, &length)
      }
    }
    return (near, accept(listener, nil, nil), Int32(UInt16(bigEndian: address.sin6_port)))
  }

  @Test(
    "where nobody heard it speak, the look before sending moves the request to another connection",
    arguments: [1, 3, 4])
  func moved(connections: Int) throws {
    let latch = Latch()
    let gateway = try Gateway { arrival in
      arrival.target == "/first" ? [.answer("own"), .wait(latch), .answer("stray"), .close] : [.answer("fresh")]
    }
    defer { gateway.stop() }
    let transfers = Transfers()
    for number in 0..<Int64(connections) {
      transfers.begin(HTTPRequest(url: gateway.url + "/first"), as: number, within: HTTPLimits(), notAfter: .never)
    }
    #expect(try transfers.all().allSatisfy { $0.end.text == "own" })
    let open = transfers.connections
    for descriptor in transfers.sockets.byPort.values { transfers.sockets.register(descriptor, 0) }
    latch.open()
    #expect(gateway.awaitEnded(open))
    let end = try transfers.call(gateway.url)
    // Three times, then it is told, with the proof.
    if open <= 3 { #expect(end.text == "fresh") } else { #expect(end.proof == .unconnected) }
    #expect(gateway.arrivals.filter { $0.target == "/" }.count == (open <= 3 ? 1 : 0))
  }

  @Test("a connection that was closed while it rested is not used")
  func closed() throws {
    let gateway = try Gateway { _ in [.answer("x"), .close] }
    defer { gateway.stop() }
    let transfers = Transfers()
    for round in 1...5 {
      #expect(try transfers.call(gateway.url).text == "x")
      #expect(gateway.awaitEnded(round))
      transfers.wait(atMost: .seconds(60))
    }
    #expect(gateway.arrivals.map(\.connection) == [0, 1, 2, 3, 4])
  }

  @Test("of many resting connections that spoke and were closed none is used")
  func many() throws {
    let latch = Latch()
    let gateway = try Gateway { arrival in
      arrival.target == "/first" ? [.answer("own"), .wait(latch), .answer("stray"), .close] : [.answer("own")]
    }
    defer { gateway.stop() }
    let transfers = Transfers()
    func ask(_ target: String) throws {
      for number in 0..<20 as Range<Int64> {
        transfers.begin(HTTPRequest(url: gateway.url + target), as: number, within: HTTPLimits(), notAfter: .never)
      }
      for (number, end) in try transfers.all() { #expect(end.text == "own", "\(target) \(number)") }
    }
    try ask("/first")
    latch.open()
    #expect(gateway.awaitEnded(transfers.connections))
    #expect(try transfers.call(gateway.url + "/alone").text == "own")
    for _ in 0..<3 { try ask("/next") }
  }
}
