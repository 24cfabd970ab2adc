import Dispatch
import Glibc
import Testing

/// Between one client and the server that `PGHOST` and `PGPORT` name, byte for byte, until it ends as a server does that crashes.
final class Relay: Sendable {
  let port: Int
  private let listener: Int32
  private let orders: (read: Int32, write: Int32)
  private let over = DispatchSemaphore(value: 0)

  init() throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = Relay.loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let listens = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    try #require(listens, "no port to listen on: errno \(errno)")
    port = Int(UInt16(bigEndian: address.sin_port))
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    orders = (ends[0], ends[1])
    DispatchQueue.global().async { [self] in
      carry()
      over.signal()
    }
  }

  deinit { for descriptor in [listener, orders.read, orders.write] { close(descriptor) } }

  /// Sends a warning and closes the connection. The client's end has both when this returns.
  func end(saying text: String) {
    let sent = write(orders.write, text, text.utf8.count)
    precondition(sent == text.utf8.count)
    over.wait()
  }

  private func carry() {
    let client = accept(listener, nil, nil)
    let server = Relay.server()
    defer { for descriptor in [client, server] { close(descriptor) } }
    guard client >= 0, server >= 0 else { return }
    var waits = [client, server, orders.read].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var room = [UInt8](repeating: 0, count: 65_536)
    while poll(&waits, 3, 60_000) > 0 {
      if waits[2].revents != 0 {
        let count = max(0, read(orders.read, &room, room.count))
        end(client, saying: Array(room[..<count]))
        return
      }
      for (from, to) in [(client, server), (server, client)] where waits[from == client ? 0 : 1].revents != 0 {
        let count = read(from, &room, room.count)
        guard count > 0, send(to, room, count, Int32(MSG_NOSIGNAL)) == count else { return }
      }
    }
  }

  /// A NoticeResponse (PostgreSQL's documentation, 55.7).
  private func end(_ client: Int32, saying text: [UInt8]) {
    let fields = Array("SWARNING\0VWARNING\0C57P02\0M".utf8) + text + [0, 0]
    let length = UInt32(fields.count + 4).bigEndian
    let notice = [UInt8(ascii: "N")] + withUnsafeBytes(of: length) { Array($0) } + fields
    _ = send(client, notice, notice.count, Int32(MSG_NOSIGNAL))
  }

  private static func server() -> Int32 {
    guard let port = getenv("PGPORT").flatMap({ UInt16(String(cString: $0)) }) else { return -1 }
    var address = loopback(port: port)
    if let host = getenv("PGHOST") { inet_pton(AF_INET, host, &address.sin_addr) }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    return isConnected ? descriptor : -1
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
