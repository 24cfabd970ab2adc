import Glibc

/// A plain client over loopback. Blocking, with a deadline on every receive.
final class Client {
  struct Answer: Equatable {
    let status: Int
    let head: String
    let body: String
  }

  private let descriptor: Int32
  private var received: [UInt8] = []

  init?(port: Int, ipv6: Bool = false) {
    descriptor = socket(ipv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let connected: Int32
    if ipv6 {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = UInt16(port).bigEndian
      address.sin6_addr = in6addr_loopback
      connected = connect(&address)
    } else {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = UInt16(port).bigEndian
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      connected = connect(&address)
    }
    guard connected == 0 else { return nil }
  }

  deinit { close(descriptor) }

  private func connect<Address>(_ address: inout Address) -> Int32 {
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
      }
    }
  }

  func send(_ text: String) {
    var text = text
    text.withUTF8 { _ = Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// The next answer; nil where the connection ended or nothing came in time.
  func answer(toHead: Bool = false) -> Answer? {
    while true {
      if let answer = parsed(toHead: toHead) { return answer }
      guard receiveMore() > 0 else { return nil }
    }
  }

  /// Whether the server closes its side, with nothing before it.
  func ends() -> Bool { received.isEmpty && receiveMore() == 0 }

  private func receiveMore() -> Int {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count > 0 { received += chunk[..<count] }
    return count
  }

  private func parsed(toHead: Bool) -> Answer? {
    let end = Array("\r\n\r\n".utf8)
    guard let split = received.indices.first(where: { received[$0...].starts(with: end) }) else { return nil }
    let head = String(decoding: received[..<split], as: UTF8.self)
    let lines = head.split(separator: "\r\n")
    let length = lines.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
    let bodyStart = split + 4
    let bodyEnd = bodyStart + (toHead ? 0 : length)
    guard received.count >= bodyEnd, let status = lines.first?.split(separator: " ").dropFirst().first else {
      return nil
    }
    let body = String(decoding: received[bodyStart..<bodyEnd], as: UTF8.self)
    received.removeFirst(bodyEnd)
    return Answer(status: Int(status) ?? 0, head: head, body: body)
  }

  /// A thread of its own for something that blocks.
  static func thread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    final class Body: Sendable {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(Body(body)).toOpaque()
    pthread_create(
      &thread, nil,
      {
        Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
        return nil
      }, retained)
    return thread
  }
}
