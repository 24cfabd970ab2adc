internal import Glibc

/// Wakes a thread that waits in poll(2): a pair of connected sockets. Rung twice it wakes once.
public final class Bell: Sendable {
  /// Readable once it was rung.
  let descriptor: Int32
  private let other: Int32

  public init() throws(ListenerError) {
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pair) == 0 else { throw ListenerError("No bell can be hung", errno: errno) }
    (descriptor, other) = (pair[0], pair[1])
  }

  deinit {
    Glibc.close(descriptor)
    Glibc.close(other)
  }

  public func ring() {
    var byte: UInt8 = 1
    // Where there is no room for more, it has been rung often enough.
    _ = send(other, &byte, 1, Int32(MSG_NOSIGNAL))
  }

  /// Makes it silent until it is rung again. What was done before the ring is seen by whoever looks after this.
  public func silence() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while recv(descriptor, &bytes, bytes.count, 0) == bytes.count {}
  }

  /// Waits for a ring, at most so long, and silences it.
  public func wait(_ bound: Duration) {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&wait, 1, Int32(clamping: Int64(bound / .milliseconds(1)) + 1)) > 0 { silence() }
  }
}
