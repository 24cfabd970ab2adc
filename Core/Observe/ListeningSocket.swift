internal import Glibc

/// A bound, listening TCP socket. Whoever made it closes it.
struct ListeningSocket: Sendable {
  let descriptor: Int32
  let port: Int

  init(host: String, port: Int) throws(ListenerError) {
    let what = "Cannot listen on \(host.contains(":") ? "[\(host)]" : host):\(port)"
    guard let number = UInt16(exactly: port) else { throw ListenerError("\(what): this is no port.") }
    var ipv4 = sockaddr_in()
    var ipv6 = sockaddr_in6()
    let family: Int32
    if inet_pton(AF_INET, host, &ipv4.sin_addr) == 1 {
      family = AF_INET
      ipv4.sin_family = sa_family_t(AF_INET)
      ipv4.sin_port = number.bigEndian
    } else if inet_pton(AF_INET6, host, &ipv6.sin6_addr) == 1 {
      family = AF_INET6
      ipv6.sin6_family = sa_family_t(AF_INET6)
      ipv6.sin6_port = number.bigEndian
    } else {
      throw ListenerError("\(what): the host has to be a numeric IPv4 or IPv6 address.")
    }
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(family, kind, 0)
    guard descriptor >= 0 else { throw ListenerError(what, errno: errno) }
    var yes: Int32 = 1
    var no: Int32 = 0
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
    // "::" takes IPv4 clients too, whatever the machine's default is.
    if family == AF_INET6 { setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, 4) }
    let bound =
      family == AF_INET
      ? withSocketAddress(&ipv4) { bind(descriptor, $0, $1) } : withSocketAddress(&ipv6) { bind(descriptor, $0, $1) }
    guard bound == 0, listen(descriptor, 128) == 0 else {
      let code = errno
      _ = Glibc.close(descriptor)
      throw ListenerError(what, errno: code)
    }
    // Both kinds of address have the port in the same place.
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    _ = withUnsafeMutablePointer(to: &ipv6) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    self.descriptor = descriptor
    self.port = Int(UInt16(bigEndian: ipv6.sin6_port))
  }

  func close() { _ = Glibc.close(descriptor) }
}

private func withSocketAddress<Address>(
  _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
  let length = socklen_t(MemoryLayout<Address>.size)
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
  }
}
