import Glibc
import Synchronization
import Testing

@testable import Observe

private func listener(
  host: String = "127.0.0.1", port: Int = 0, _ change: (inout Listener.Limits) -> Void = { _ in }
) throws -> Listener {
  var limits = Listener.Limits(bodyBytes: 1 << 20)
  change(&limits)
  let routes =
    [
      Route(.post, "/echo") { Response(200, body: $0.body) },
      Route(.get, "/large") { _ in largeAnswer },
    ] + Health.routes(metrics: Metrics()) { [] }
  return try Listener(host: host, port: port, routes: routes, limits: limits, log: .silent)
}

private let largeAnswer = Response.text(String(repeating: "x", count: 5_000_000))
private let live = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n"

/// Serialized: blocking clients would take each other's threads.
@Suite(.serialized) struct ListenerTests {
  @Test("health and metrics are answered over one connection, pipelined too")
  func answers() throws {
    let listener = try listener()
    defer { listener.stop() }
    let client = try #require(Client(port: listener.port))
    client.send(live + "GET /ready HTTP/1.1\r\nHost: x\r\n\r\nHEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(client.answer()?.body == "live\n")
    #expect(client.answer()?.body == "ready\n")
    let head = client.answer(toHead: true)
    #expect(head?.head.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8") == true)
    client.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    #expect(client.answer()?.body.contains("process_resident_memory_bytes ") == true)
    #expect(client.ends())
  }

  @Test("IPv6 works, and the address for all takes both kinds of clients", arguments: ["::1", "::", "0.0.0.0"])
  func addresses(host: String) throws {
    let listener = try listener(host: host)
    defer { listener.stop() }
    for ipv6 in [true, false] {
      let expected = host == "::" || (host == "::1") == ipv6
      guard let client = Client(port: listener.port, ipv6: ipv6) else {
        #expect(!expected)
        continue
      }
      client.send(live)
      #expect((client.answer()?.status == 200) == expected)
    }
  }

  @Test("a taken port, a name instead of an address and no port are one clear sentence each")
  func cannotListen() throws {
    let listener = try listener()
    defer { listener.stop() }
    let port = listener.port
    func why(_ host: String, _ port: Int) -> String? {
      do throws(ListenerError) {
        try Listener(host: host, port: port, routes: [], log: .silent).stop()
        return nil
      } catch {
        return error.description
      }
    }
    #expect(why("127.0.0.1", port) == "Cannot listen on 127.0.0.1:\(port): Address already in use.")
    #expect(why("localhost", 0) == "Cannot listen on localhost:0: the host has to be a numeric IPv4 or IPv6 address.")
    #expect(why("::1", 65_536) == "Cannot listen on [::1]:65536: this is no port.")
  }

  @Test("a large body goes in and a large answer comes out whole")
  func large() throws {
    let listener = try listener()
    defer { listener.stop() }
    let body = String(repeating: "0123456789abcdef", count: 65_536)
    let client = try #require(Client(port: listener.port))
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    #expect(client.answer()?.body == body)
    client.send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(client.answer()?.body.utf8.count == 5_000_001)
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count + 1)\r\n\r\n\(body)")
    #expect(client.answer()?.status == 413)
  }

  @Test("beyond 64 connections a new one is told 503, and the others go on")
  func full() throws {
    let listener = try listener { $0.restBeforeGivingWay = .seconds(60) }
    defer { listener.stop() }
    let clients = try (0..<64).map { _ in
      let client = try #require(Client(port: listener.port))
      client.send(live)
      #expect(client.answer()?.status == 200)
      return client
    }
    let turnedAway = try (0..<40).map { _ in
      let client = try #require(Client(port: listener.port))
      client.send(live)
      #expect(client.answer()?.status == 503)
      #expect(client.ends())
      return client
    }
    for client in clients {
      client.send(live)
      #expect(client.answer()?.status == 200)
    }
    withExtendedLifetime(turnedAway) {}
  }

  @Test("where all 64 rest, the one that rested longest gives way, so that health can still be asked")
  func givesWay() throws {
    let listener = try listener { $0.restBeforeGivingWay = .zero }
    defer { listener.stop() }
    let clients = try (0..<64).map { _ in
      let client = try #require(Client(port: listener.port))
      client.send(live)
      #expect(client.answer()?.status == 200)
      return client
    }
    let late = try #require(Client(port: listener.port))
    late.send(live)
    #expect(late.answer()?.status == 200)
    #expect(clients[0].ends())
    clients[1].send(live)
    #expect(clients[1].answer()?.status == 200)
  }

  @Test("sixty-four clients that trickle are cut off with 408 and make room")
  func slowLoris() throws {
    let listener = try listener { $0.connection.request = .milliseconds(50) }
    defer { listener.stop() }
    let clients = try (0..<64).map { _ in
      let client = try #require(Client(port: listener.port))
      client.send("GET /li")
      return client
    }
    for client in clients {
      #expect(client.answer()?.status == 408)
      #expect(client.ends())
    }
    let next = try #require(Client(port: listener.port))
    next.send(live)
    #expect(next.answer()?.status == 200)
  }

  @Test("clients that vanish in the middle leave nothing behind")
  func vanish() throws {
    let listener = try listener()
    for round in 0..<200 {
      let client = try #require(Client(port: listener.port))
      client.send(["GET /li", "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", live, "\0"][round % 4])
    }
    let last = try #require(Client(port: listener.port))
    last.send(live)
    #expect(last.answer()?.status ?? 503 < 504)
    #expect(listener.stop())
    withExtendedLifetime(last) {}
    #expect(descriptors(ofPort: listener.port) == 0)
  }

  @Test("stopping ends every connection, closes the port and every descriptor, and can be done twice")
  func stops() throws {
    let listener = try listener()
    let port = listener.port
    let resting = try #require(Client(port: port))
    resting.send(live)
    #expect(resting.answer()?.status == 200)
    let asking = try #require(Client(port: port))
    asking.send("GET /li")
    let other = try #require(Client(port: port))
    other.send(live)
    #expect(other.answer()?.status == 200)
    #expect(descriptors(ofPort: port) == 4)
    // The clients do not close, so lingering ends at its own bound.
    #expect(listener.stop(within: .seconds(60)))
    #expect(descriptors(ofPort: port) == 0)
    #expect(listener.stop())
    #expect(Client(port: port) == nil)
    #expect(resting.ends() && other.ends())
    #expect(asking.answer()?.status == 503)
  }

  @Test("a client that takes nothing does not keep the listener from stopping within its bound")
  func stopsDespiteSlowReader() throws {
    let listener = try listener()
    let client = try #require(Client(port: listener.port))
    client.send(String(repeating: "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", count: 20))
    let other = try #require(Client(port: listener.port))
    other.send(live)
    #expect(other.answer()?.status == 200)
    let took = ContinuousClock().measure { #expect(listener.stop(within: .milliseconds(100))) }
    #expect(took < .seconds(30))
    withExtendedLifetime(client) {}
  }

  @Test("answers given later, from another thread and in another order, find who asked")
  func answeredLater() throws {
    let kept: Mutex<[String: Answering]> = Mutex([:])
    let listener = try Listener(
      host: "127.0.0.1", port: 0, routes: Health.routes(metrics: Metrics(process: false)) { [] },
      others: { request, answering in
        kept.withLock { $0[request.path] = answering }
      }, log: .silent)
    defer { listener.stop() }
    let clients = try (0..<20).map { number in
      let client = try #require(Client(port: listener.port))
      client.send("GET /\(number) HTTP/1.1\r\nHost: x\r\n\r\n")
      return client
    }
    // Nobody is held up by those who wait.
    let other = try #require(Client(port: listener.port))
    while kept.withLock({ $0.count }) < 20 {
      other.send(live)
      #expect(other.answer()?.status == 200)
    }
    let thread = Client.thread {
      for number in (0..<20).reversed() {
        let answering = kept.withLock { $0["/\(number)"] }
        answering?.give(.text("\(number)"))
        answering?.give(.text("twice"))
      }
    }
    pthread_join(thread, nil)
    for (number, client) in clients.enumerated() { #expect(client.answer()?.body == "\(number)\n") }
    // One that is forgotten is told of.
    kept.withLock { $0 = [:] }
    clients[0].send("GET /forgotten HTTP/1.1\r\nHost: x\r\n\r\n" + live)
    while kept.withLock({ $0.isEmpty }) {
      other.send(live)
      #expect(other.answer()?.status == 200)
    }
    kept.withLock { $0 = [:] }
    #expect(clients[0].answer()?.status == 500)
    #expect(clients[0].answer()?.status == 200)
  }

  @Test("a client that went away while it waited is not answered, and nothing is left behind")
  func wentAway() throws {
    let kept: Mutex<Answering?> = Mutex(nil)
    let listener = try Listener(
      host: "127.0.0.1", port: 0, routes: Health.routes(metrics: Metrics(process: false)) { [] },
      others: { _, answering in kept.withLock { $0 = answering } }, log: .silent)
    let other = try #require(Client(port: listener.port))
    var client = Client(port: listener.port)
    client?.send("GET /gone HTTP/1.1\r\nHost: x\r\n\r\n")
    while kept.withLock({ $0 == nil }) {
      other.send(live)
      #expect(other.answer()?.status == 200)
    }
    client = nil
    kept.withLock { $0 }?.give(.text("late"))
    other.send(live)
    #expect(other.answer()?.status == 200)
    listener.beginStop(within: .seconds(5))
    #expect(other.ends())
    #expect(listener.stop(within: .seconds(60)) && listener.hasEnded)
    #expect(descriptors(ofPort: listener.port) == 0)
  }

  @Test("a handler that hangs is left behind, and stopping says so")
  func hangingHandler() throws {
    let (entered, release) = (Signal(), Signal())
    let listener = try Listener(
      host: "127.0.0.1", port: 0,
      routes: [
        Route(.get, "/hang") { _ in
          entered.give()
          release.wait()
          return .text("late")
        }
      ], log: .silent)
    let client = try #require(Client(port: listener.port))
    client.send("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n")
    entered.wait()
    #expect(!listener.stop(within: .zero))
    release.give()
  }

  @Test("a listener that is let go stops by itself")
  func letGo() throws {
    var port = 0
    do { port = try listener().port }
    #expect(Client(port: port) == nil)
  }

}

/// How many sockets of this process have the port as their own (a client's has it as its peer's).
private func descriptors(ofPort port: Int) -> Int {
  (0..<4096).count { descriptor in
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(Int32(descriptor), $0, &length) }
    }
    let family = Int32(address.sin6_family)
    return result == 0 && (family == AF_INET || family == AF_INET6) && Int(UInt16(bigEndian: address.sin6_port)) == port
  }
}

/// One thread waits until another gives it; a pipe, so that it works between any two threads.
private final class Signal: Sendable {
  private let ends: (read: Int32, write: Int32)

  init() {
    var pair: [Int32] = [0, 0]
    pipe(&pair)
    ends = (pair[0], pair[1])
  }

  deinit {
    close(ends.read)
    close(ends.write)
  }

  func give() { _ = write(ends.write, "x", 1) }

  func wait() {
    var byte: UInt8 = 0
    _ = read(ends.read, &byte, 1)
  }
}
