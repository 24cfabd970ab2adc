/// The gate that a request goes through right before its first byte: once, not too late, and not on a connection that has said
/// something unasked. Pure.
///
/// libcurl asks here each time that it is about to send; nothing of a request has left as long as the gate was not opened.
struct Passage {
  enum State {
    /// Not asked yet: resolving, connecting, TLS.
    case closed
    /// Opened: from here on the request may have reached the gateway.
    case open
    /// Asked too late and not opened: nothing has left.
    case late
    /// Not opened: the connection, used before, has ended or has something to read. Nothing has left.
    case stale
    /// Opened, then asked again, because the connection died without a byte of an answer: the first sending stands.
    case askedTwice
  }

  private(set) var state = State.closed
  /// By `BootClock`.
  let notAfter: Duration

  init(notAfter: Duration) { self.notAfter = notAfter }

  /// The same gate, not asked yet.
  var again: Passage { Passage(notAfter: notAfter) }

  /// Whether the request may be sent now.
  mutating func ask(at now: Duration, isStale: @autoclosure () -> Bool) -> Bool {
    switch state {
    case .closed: state = now > notAfter ? .late : isStale() ? .stale : .open
    case .open: state = .askedTwice
    case .late, .stale, .askedTwice: break
    }
    return state == .open
  }
}
