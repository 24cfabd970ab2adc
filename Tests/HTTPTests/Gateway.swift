import Glibc
import Synchronization
import Testing

/// A gateway of the tests' own: blocking sockets on loopback, a thread for each connection, and what it does with a request is
/// the test's to say. Every wait has a deadline.
final class Gateway: Sendable {
  /// A request as it arrived.
  struct Arrival: Sendable {
    /// Which connection, from 0, and which request on it, from 0.
    let connection: Int
    let turn: Int
    let head: String
    let body: [UInt8]
    var target: String { String(head.split(separator: " ", maxSplits: 2)[1]) }
  }

  enum Move: Sendable {
    case send([UInt8])
    case close
    /// Closes so that the client gets a reset.
    case reset
    /// Waits until the test lets go.
    case wait(Latch)
    /// Reads until the client closes.
    case untilClosed
  }

  let port: Int
  private let listener: Int32
  private let act: @Sendable (Arrival) -> [Move]
  private struct State {
    var arrivals: [Arrival] = []
    var connections: [Int32] = []
    var threads: [pthread_t] = []
  }
  private let state = Mutex(State())
  private let ends = Tally()

  /// - Parameter act: what is done with a request, in order. Unless that closes it, the connection takes another request.
  init(_ act: @escaping @Sendable (Arrival) -> [Move]) throws {
    self.act = act
    (listener, port) = try listening(backlog: 1024)
    let thread = Self.thread { [unowned self] in self.accept() }
    state.withLock { $0.threads.append(thread) }
  }

  /// Has to be called at a test's end: threads hold the gateway only as long as it is there.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    let accepting = state.withLock { $0.threads.removeFirst() }
    pthread_join(accepting, nil)
    let (connections, threads) = state.withLock { ($0.connections, $0.threads) }
    for connection in connections where connection >= 0 { shutdown(connection, Int32(SHUT_RDWR)) }
    for thread in threads { pthread_join(thread, nil) }
    close(listener)
  }

  var url: String { "http://127.0.0.1:\(port)" }
  var arrivals: [Arrival] { state.withLock { $0.arrivals } }
  /// Connections that were ever taken.
  var connections: Int { state.withLock { $0.connections.count } }
  /// Waits until so many connections have ended.
  func awaitEnded(_ count: Int) -> Bool { ends.wait(for: count) }

  // MARK: Its threads

  private func accept() {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { return }
      var limit = timeval(tv_sec: 20, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
      var yes: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
      state.withLock { state in
        let number = state.connections.count
        state.connections.append(descriptor)
        state.threads.append(Self.thread { [unowned self] in self.serve(descriptor, number) })
      }
    }
  }

  private func serve(_ descriptor: Int32, _ connection: Int) {
    var received: [UInt8] = []
    var turn = 0
    serving: while let arrival = read(descriptor, &received, connection, turn) {
      state.withLock { $0.arrivals.append(arrival) }
      turn += 1
      for move in act(arrival) {
        switch move {
        case .send(let bytes): send(descriptor, bytes)
        case .close: break serving
        case .reset:
          var linger = linger(l_onoff: 1, l_linger: 0)
          setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
          break serving
        case .wait(let latch): latch.wait()
        case .untilClosed:
          while receive(descriptor, &received) > 0 {}
          break serving
        }
      }
    }
    state.withLock { state in
      state.connections[connection] = -1
      close(descriptor)
    }
    ends.count()
  }

  private func read(_ descriptor: Int32, _ received: inout [UInt8], _ connection: Int, _ turn: Int) -> Arrival? {
    while true {
      if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
        let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        let count = length.flatMap { Int($0.dropFirst(16)) } ?? 0
        if received.count >= end.upperBound + count {
          let body = Array(received[end.upperBound..<end.upperBound + count])
          received.removeFirst(end.upperBound + count)
          return Arrival(connection: connection, turn: turn, head: head, body: body)
        }
      }
      guard receive(descriptor, &received) > 0 else { return nil }
    }
  }

  private func receive(_ descriptor: Int32, _ received: inout [UInt8]) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { room in
      let count = recv(descriptor, room.baseAddress, room.count, 0)
      if count > 0 { received += room[..<count] }
      return count
    }
  }

  private func send(_ descriptor: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  private static func thread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    final class Body: Sendable {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      {
        Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(Body(body)).toOpaque())
    precondition(code == 0)
    return thread
  }
}

/// A listening socket on loopback, on any free port.
func listening(backlog: Int32) throws -> (descriptor: Int32, port: Int) {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let code = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, length) == 0 && listen(descriptor, backlog) == 0 && getsockname(descriptor, $0, &length) == 0
    }
  }
  try #require(code, "no port to listen on: errno \(errno)")
  return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// Counts what happens, for one who waits for it.
final class Tally: Sendable {
  private let ends: (read: Int32, write: Int32)
  private let seen = Mutex(0)

  init() {
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0)
    self.ends = (ends[0], ends[1])
  }

  deinit {
    close(ends.read)
    close(ends.write)
  }

  func count() { _ = write(ends.write, "x", 1) }

  /// False where it did not come to that in time.
  func wait(for count: Int) -> Bool {
    seen.withLock { seen in
      while seen < count {
        var event = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
        var byte: UInt8 = 0
        guard poll(&event, 1, 20_000) == 1, read(ends.read, &byte, 1) == 1 else { return false }
        seen += 1
      }
      return true
    }
  }
}

/// A door that is opened once.
final class Latch: Sendable {
  private let ends: (read: Int32, write: Int32)

  init() {
    var ends: [Int32] = [0, 0]
    precondition(pipe(&ends) == 0)
    self.ends = (ends[0], ends[1])
  }

  deinit {
    close(ends.read)
    close(ends.write)
  }

  func open() { _ = write(ends.write, "x", 1) }

  /// Whether it was opened, which it stays.
  @discardableResult
  func wait(milliseconds: Int32 = 20_000) -> Bool {
    var event = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
    return poll(&event, 1, milliseconds) == 1
  }
}

extension Gateway.Move {
  static func send(_ text: String) -> Self { .send(Array(text.utf8)) }

  static func answer(_ body: String = "", status: Int = 200, headers: [String] = []) -> Self {
    .send(answerText(body, status: status, headers: headers))
  }
}

func answerText(_ body: String = "", status: Int = 200, headers: [String] = []) -> String {
  let lines = ["HTTP/1.1 \(status) Whatever", "Content-Length: \(body.utf8.count)"] + headers
  return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
}
