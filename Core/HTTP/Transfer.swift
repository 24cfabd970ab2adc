internal import CCurl
internal import Glibc
internal import Values

/// One of libcurl's easy handles, for one call after another: what never changes is set once.
///
/// Not for use by two threads. The handle points back to this object: it must not be freed while the handle is in use.
class Transfer {
  let easy: UnsafeMutableRawPointer
  private let sockets: Sockets
  private(set) var number: Int64 = 0
  private(set) var passage = Passage(notAfter: .zero)
  private(set) var isUnderWay = false
  /// Bytes that may still come.
  private var room = 0
  private var isOversized = false
  private var hasReceived = false
  /// How often it may still be begun again, on another connection.
  private var repeats = 0
  private var limits: HTTPLimits?
  private let reason = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  init(_ sockets: Sockets, protocols: String, certificates: String?) {
    guard let easy = curl_easy_init() else { preconditionFailure("libcurl has no memory for another handle") }
    self.easy = easy
    self.sockets = sockets
    reason.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    let own = Unmanaged.passUnretained(self).toOpaque()
    let ear = Unmanaged.passUnretained(sockets).toOpaque()
    set(CURLOPT_PRIVATE, own)
    set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(reason))
    set(CURLOPT_PROTOCOLS_STR, protocols)
    set(CURLOPT_NOSIGNAL, 1)
    // A name that takes too long to resolve is left to its thread: nobody waits for it.
    set(CURLOPT_QUICK_EXIT, 1)
    set(CURLOPT_PROXY, "")
    set(CURLOPT_TCP_NODELAY, 1)
    set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    if let certificates { set(CURLOPT_CAINFO, certificates) }
    // A connection that rested for longer may be about to be closed by the other side, just as a request goes out on it:
    // common servers wait for 5 s. libcurl counts whole seconds, and more than this many are too old.
    set(CURLOPT_MAXAGE_CONN, 3)
    // libcurl makes a buffer of this size for each call that is under way; answers are small.
    set(CURLOPT_BUFFERSIZE, 4096)

    check(
      millrace_on_request(easy) { own, _, _, _, port in
        Int32(Transfer.of(own).asked(from: port) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT)
      })
    set(CURLOPT_PREREQDATA, own)
    check(
      millrace_on_header(easy) { bytes, size, count, own in Transfer.of(own).received(bytes, size * count, isHead: true)
      })
    set(CURLOPT_HEADERDATA, own)
    check(
      millrace_on_write(easy) { bytes, size, count, own in Transfer.of(own).received(bytes, size * count, isHead: false)
      })
    set(CURLOPT_WRITEDATA, own)
    check(
      millrace_on_open(easy) { ear, _, address in
        guard let address = address?.pointee else { return CURL_SOCKET_BAD }
        // glibc numbers the flags beside the kinds.
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, address.socktype | flags, address.protocol)
        if descriptor >= 0 { Sockets.of(ear).opened(descriptor) }
        return descriptor
      })
    set(CURLOPT_OPENSOCKETDATA, ear)
    check(
      millrace_on_close(easy) { ear, descriptor in
        Sockets.of(ear).closing(descriptor)
        return close(descriptor)
      })
    set(CURLOPT_CLOSESOCKETDATA, ear)
  }

  deinit {
    curl_easy_cleanup(easy)
    reason.deallocate()
  }

  // MARK: One call

  func begin(_ number: Int64, within limits: HTTPLimits, notAfter: Duration) {
    self.number = number
    passage = Passage(notAfter: notAfter)
    isUnderWay = true
    isOversized = false
    hasReceived = false
    room = limits.largestAnswer
    repeats = 3
    guard self.limits != limits else { return }
    self.limits = limits
    // Zero would be without bound.
    set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(limits.connect.cMilliseconds)))
    set(CURLOPT_TIMEOUT_MS, max(1, Int(limits.total.cMilliseconds)))
  }

  /// Nothing has left, because the connection was stale: whether it is to be tried on another, libcurl having closed this one.
  func beginsAgain() -> Bool {
    guard passage.state == .stale, repeats > 0 else { return false }
    repeats -= 1
    passage = passage.again
    return true
  }

  func finish() { isUnderWay = false }

  /// A line of the head, with its line end.
  func took(line: UnsafeRawBufferPointer) {}
  func took(bytes: UnsafeRawBufferPointer) {}

  // MARK: libcurl's callbacks

  /// Whether what is to be sent may be sent, from this port of this machine.
  func asked(from port: Int32) -> Bool {
    passage.ask(at: BootClock.now, isStale: sockets.isStale(port: port))
  }

  private func received(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, isHead: Bool) -> Int {
    hasReceived = true
    guard count <= room else {
      isOversized = true
      return 0
    }
    room -= count
    let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
    if isHead { took(line: bytes) } else { took(bytes: bytes) }
    return count
  }

  // MARK: How it went

  /// What libcurl's code means here. Whether anything was sent is for `passage` to say, not for the code.
  func error(_ code: CURLcode) -> GatewayError {
    switch passage.state {
    case .late: return GatewayError(.late, "it was too late to send it")
    case .stale: return GatewayError(.unconnected, "every connection that was there had ended")
    case .askedTwice: return GatewayError(.unanswered, "the connection ended without an answer; it was not sent again")
    case .closed: return GatewayError(code.meaningBefore, sentence(code))
    case .open:
      if isOversized { return GatewayError(.oversized, "the answer is larger than allowed") }
      let meaning = code.meaningAfter
      // Of an answer that makes no sense libcurl may quote parts.
      if meaning == .garbled { return GatewayError(.garbled, HTTPLibrary.describe(code)) }
      return GatewayError(meaning == .broken && !hasReceived ? .unanswered : meaning, sentence(code))
    }
  }

  private func sentence(_ code: CURLcode) -> String {
    let reason = String(cString: reason)
    return reason.isEmpty ? HTTPLibrary.describe(code) : reason
  }

  // MARK: Setting

  func set(_ option: CURLoption, _ number: Int) { check(millrace_set_number(easy, option, number)) }
  func set(_ option: CURLoption, _ text: String?) { check(millrace_set_text(easy, option, text)) }
  func set(_ option: CURLoption, _ pointer: UnsafeMutableRawPointer?) {
    check(millrace_set_pointer(easy, option, pointer))
  }

  /// Options fail for a library that does not know them, and without memory.
  func check(_ code: CURLcode, line: Int = #line) {
    precondition(
      code == CURLE_OK, "\(HTTPLibrary.version) refuses an option: \(HTTPLibrary.describe(code)), line \(line)")
  }

  static func of(_ own: UnsafeMutableRawPointer?) -> Transfer {
    guard let own else { preconditionFailure("libcurl lost what it was given") }
    return Unmanaged<Transfer>.fromOpaque(own).takeUnretainedValue()
  }
}

extension Sockets {
  static func of(_ ear: UnsafeMutableRawPointer?) -> Sockets {
    guard let ear else { preconditionFailure("libcurl lost what it was given") }
    return Unmanaged<Sockets>.fromOpaque(ear).takeUnretainedValue()
  }
}

extension CURLcode {
  fileprivate var meaningBefore: GatewayError.Code {
    switch self {
    case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .malformed
    case CURLE_COULDNT_RESOLVE_HOST: .unresolved
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
      .untrusted
    case CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING,
      CURLE_WEIRD_SERVER_REPLY:
      .unconnected
    case CURLE_OPERATION_TIMEDOUT: .timedOut
    default: .library
    }
  }

  fileprivate var meaningAfter: GatewayError.Code {
    switch self {
    case CURLE_OPERATION_TIMEDOUT: .timedOut
    case CURLE_GOT_NOTHING: .unanswered
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE: .broken
    case CURLE_OUT_OF_MEMORY: .library
    default: .garbled
    }
  }
}
