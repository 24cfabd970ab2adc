import Glibc
import Synchronization
import Testing

/// A server of the tests' own: blocking sockets on loopback and a thread for each connection. Every wait has a deadline.
final class Loopback: Sendable {
  let port: Int
  private let listener: Int32
  private let serve: @Sendable (Peer) -> Void
  private struct State {
    var peers: [Peer] = []
    var threads: [pthread_t] = []
  }
  private let state = Mutex(State())
  private let ends = Tally()

  /// - Parameter serve: everything that is done with a connection, on a thread of its own; it is closed afterwards.
  init(_ serve: @escaping @Sendable (Peer) -> Void) throws {
    self.serve = serve
    (listener, port) = try listening(backlog: 1024)
    let thread = Self.thread { [unowned self] in self.accept() }
    state.withLock { $0.threads.append(thread) }
  }

  /// Has to be called at a test's end: the threads go on as long.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    let accepting = state.withLock { $0.threads.removeFirst() }
    pthread_join(accepting, nil)
    let (peers, threads) = state.withLock { ($0.peers, $0.threads) }
    for peer in peers { peer.shut() }
    for thread in threads { pthread_join(thread, nil) }
    close(listener)
  }

  /// Connections that were ever taken.
  var connections: Int { state.withLock { $0.peers.count } }
  /// Waits until so many connections have ended; false where that took too long.
  func awaitEnded(_ count: Int) -> Bool { ends.wait(for: count) }

  private func accept() {
    while true {
      let descriptor = Glibc.accept(listener, nil, nil)
      guard descriptor >= 0 else { return }
      var limit = timeval(tv_sec: 60, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
      var yes: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
      state.withLock { state in
        let peer = Peer(descriptor, number: state.peers.count)
        state.peers.append(peer)
        state.threads.append(
          Self.thread { [unowned self] in
            self.serve(peer)
            peer.end()
            self.ends.count()
          })
      }
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

/// What a server of the tests does with a connection.
enum Move: Sendable {
  case send([UInt8])
  case close
  /// Closes so that the client gets a reset.
  case reset
  /// Waits until the test lets go.
  case wait(Latch)
  /// Reads until the client closes.
  case untilClosed

  static func send(_ text: String) -> Self { .send(Array(text.utf8)) }
}

/// A client's connection.
final class Peer: Sendable {
  /// From 0.
  let number: Int
  private let descriptor: Int32
  private let isOpen = Mutex(true)

  init(_ descriptor: Int32, number: Int) {
    self.descriptor = descriptor
    self.number = number
  }

  func shut() { isOpen.withLock { if $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } } }

  fileprivate func end() {
    isOpen.withLock {
      $0 = false
      close(descriptor)
    }
  }

  /// Whether something came.
  func receive(into received: inout [UInt8]) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { room in
      let count = recv(descriptor, room.baseAddress, room.count, 0)
      if count > 0 { received += room[..<count] }
      return count > 0
    }
  }

  /// False where the connection is to be closed.
  func make(_ moves: [Move]) -> Bool {
    for move in moves {
      switch move {
      case .send(let bytes): send(bytes)
      case .close: return false
      case .reset:
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        return false
      case .wait(let latch): latch.wait()
      case .untilClosed:
        var received: [UInt8] = []
        while receive(into: &received) {}
        return false
      }
    }
    return true
  }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
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
        guard poll(&event, 1, 60_000) == 1, read(ends.read, &byte, 1) == 1 else { return false }
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
  func wait(milliseconds: Int32 = 60_000) -> Bool {
    var event = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
    return poll(&event, 1, milliseconds) == 1
  }
}
