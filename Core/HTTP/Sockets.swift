internal import CCurl
internal import Glibc
internal import Values

/// What libcurl wants to hear of its sockets and of time, kept in an epoll set (epoll(7)).
///
/// A connection stays in the set while it rests between two requests, because libcurl asks for the same again with the next: in
/// steady state nothing is added or removed. What a resting connection says is never an answer: it is done away with.
final class Sockets {
  private struct Socket {
    /// What libcurl waits for.
    var wanted: UInt32 = 0
    /// What the set has for it; 0 where it is not in there.
    var registered: UInt32 = 0
    /// Opened and closed here: a connection, not one of libcurl's own pairs of sockets.
    var isConnection = false
    /// This machine's end of it, once it is connected.
    var port: Int32 = 0
    /// A call has ended on it.
    var hasRested = false
  }

  private let epoll: Int32
  /// By descriptor.
  private var sockets: [Socket] = []
  /// Connections' descriptors by their port on this machine.
  private(set) var byPort: [Int32: Int32] = [:]
  /// How many are told of at a time.
  static let mostReady = 1024
  private var events = [epoll_event](repeating: epoll_event(), count: mostReady)
  private var ready = 0
  private(set) var connections = 0
  /// When libcurl wants to be called whatever happens, once; by `BootClock`.
  private(set) var deadline: Duration?

  init() {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    precondition(epoll >= 0, "no epoll set can be made: errno \(errno)")
  }

  deinit { close(epoll) }

  // MARK: Waiting

  /// Waits for a socket to be ready, at most so long.
  func wait(atMost bound: Duration) {
    guard ready == 0 else { return }
    ready = max(0, Int(epoll_wait(epoll, &events, Int32(events.count), bound.cMilliseconds)))
  }

  /// The sockets that are ready and what libcurl calls it. What resting connections said is dealt with first, so that none of
  /// them is used for a request that begins now.
  func takeReady() -> [(descriptor: Int32, what: Int32)] {
    wait(atMost: .zero)
    var taken: [(descriptor: Int32, what: Int32)] = []
    for event in events[..<ready] {
      let descriptor = event.data.fd
      let socket = sockets[Int(descriptor)]
      if socket.wanted != 0 {
        taken.append((descriptor, event.events.asCurl))
      } else if socket.registered != 0 {  // else it was closed since
        discard(descriptor)
      }
    }
    ready = 0
    return taken
  }

  // MARK: What libcurl tells

  func opened(_ descriptor: Int32) {
    // libcurl closes some sockets without a word: what stood under this number is gone, in the kernel as well.
    if self[descriptor].isConnection { forget(descriptor) }
    self[descriptor] = Socket()
    self[descriptor].isConnection = true
    connections += 1
  }

  /// Closing takes it out of the set.
  func closing(_ descriptor: Int32) { forget(descriptor) }

  private func forget(_ descriptor: Int32) {
    let port = self[descriptor].port
    if byPort[port] == descriptor { byPort[port] = nil }
    self[descriptor] = Socket()
    connections -= 1
  }

  /// Whether the connection from this port was used before and has ended or has something to read, which cannot be the answer to
  /// what was not asked yet. Fresh ones are not looked at: TLS may have sent its tickets.
  func isStale(port: Int32) -> Bool {
    guard let descriptor = byPort[port], sockets[Int(descriptor)].hasRested else { return false }
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) >= 0 || errno != EAGAIN
  }

  func wants(_ descriptor: Int32, _ what: Int32) {
    let wanted: UInt32 =
      switch what {
      case CURL_POLL_IN: EPOLLIN.rawValue
      case CURL_POLL_OUT: EPOLLOUT.rawValue
      case CURL_POLL_INOUT: EPOLLIN.rawValue | EPOLLOUT.rawValue
      default: 0
      }
    self[descriptor].wanted = wanted
    if wanted & EPOLLIN.rawValue != 0 { note(descriptor) }
    // A connection that only rests stays as it is: what it says meanwhile matters too. Not that it may be written to, which is
    // what it was watched for where the answer was there as soon as the request had left.
    guard wanted != 0 || !sockets[Int(descriptor)].isConnection else {
      sockets[Int(descriptor)].hasRested = true
      note(descriptor)
      if sockets[Int(descriptor)].registered & EPOLLOUT.rawValue != 0 { register(descriptor, EPOLLIN.rawValue) }
      return
    }
    register(descriptor, wanted)
  }

  func wantsCall(in milliseconds: Int) {
    deadline = milliseconds < 0 ? nil : BootClock.now + .milliseconds(milliseconds)
  }

  /// Whether libcurl wanted to be called by now. It is to be called then, and says so again if it wants another call: of the last
  /// deadline that has passed it takes nothing back.
  func takesDeadline(_ now: Duration) -> Bool {
    guard let due = deadline, due <= now else { return false }
    deadline = nil
    return true
  }

  // MARK: Its own moves

  private subscript(descriptor: Int32) -> Socket {
    get { Int(descriptor) < sockets.count ? sockets[Int(descriptor)] : Socket() }
    set {
      while sockets.count <= Int(descriptor) { sockets.append(Socket()) }
      sockets[Int(descriptor)] = newValue
    }
  }

  /// Notes a connection's port as soon as it is connected, which is when libcurl wants to read from it for the first time, or has read.
  private func note(_ descriptor: Int32) {
    guard sockets[Int(descriptor)].isConnection, sockets[Int(descriptor)].port == 0 else { return }
    // Both kinds of address have the port in the same place.
    var address = sockaddr_in6()
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard code == 0 else { return }
    let port = Int32(UInt16(bigEndian: address.sin6_port))
    sockets[Int(descriptor)].port = port
    byPort[port] = descriptor
  }

  func register(_ descriptor: Int32, _ wanted: UInt32) {
    let registered = sockets[Int(descriptor)].registered
    guard registered != wanted else { return }
    var event = epoll_event()
    event.events = wanted
    event.data.fd = descriptor
    let operation = registered == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD
    var code = epoll_ctl(epoll, operation, descriptor, &event)
    // Where nobody waits for it, it may have been closed meanwhile, and the number be somebody else's: that is let alone.
    let isAwaited = sockets[Int(descriptor)].wanted != 0
    if code != 0, errno == ENOENT, isAwaited { code = epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) }
    precondition(code == 0 || !isAwaited, "socket \(descriptor) cannot be watched: errno \(errno)")
    sockets[Int(descriptor)].registered = code == 0 ? wanted : 0
  }

  /// A connection that spoke while nothing was asked of it: the gateway closed it, or sent what would be taken for the answer to
  /// the next request. libcurl 7.88 would use it as long as there is something to read, so there must not be.
  private func discard(_ descriptor: Int32) {
    register(descriptor, 0)
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { room in
      shutdown(descriptor, Int32(SHUT_RDWR))
      while recv(descriptor, room.baseAddress, room.count, Int32(MSG_DONTWAIT)) > 0 {}
    }
  }
}

extension UInt32 {
  fileprivate var asCurl: Int32 {
    (self & EPOLLIN.rawValue != 0 ? CURL_CSELECT_IN : 0) | (self & EPOLLOUT.rawValue != 0 ? CURL_CSELECT_OUT : 0)
      | (self & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 ? CURL_CSELECT_ERR : 0)
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, never negative, at most what a C int holds.
  var cMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    if seconds < 0 { return 0 }
    if seconds >= 2_000_000 { return 2_000_000_000 }
    return Int32(seconds * 1000 + (max(0, attoseconds) + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
