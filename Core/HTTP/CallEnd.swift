/// How a call ended. There is no fourth way.
public enum CallEnd: Sendable {
  /// The whole answer, whatever it says.
  case answered(HTTPAnswer)
  /// Proof that no byte of the request has left: it was not well formed, it came too late, no connection came about, or it
  /// was cancelled before.
  case notSent(GatewayError)
  /// The request may have reached the gateway, and what it did with it is not known.
  case unknown(GatewayError)
}

/// Why there is no answer. Carries no path, query, header or body.
public struct GatewayError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A short word, fit for a metric's label.
  public enum Code: String, Sendable, CaseIterable {
    // Before anything is sent:
    /// What was asked cannot be put on the wire.
    case malformed
    /// It was too late to begin.
    case late
    /// The host's name has no address.
    case unresolved
    /// Nobody took the connection, or not in time.
    case unconnected
    /// TLS did not come about: a certificate that is not trusted, another name, no common version.
    case untrusted

    // Before or after:
    case timedOut = "timed-out"
    case cancelled
    /// libcurl failed by itself: memory, descriptors.
    case library

    // Once it may have been sent:
    /// The connection ended without a byte of an answer.
    case unanswered
    /// The connection ended in the middle.
    case broken
    /// What came back is no HTTP.
    case garbled
    /// What came back is more than `largestAnswer`.
    case oversized
  }

  public let code: Code
  /// A sentence without its end.
  public let detail: String

  public init(_ code: Code, _ detail: String) {
    self.code = code
    self.detail = detail
  }

  /// The same call may end otherwise later with nothing changed by anybody.
  public var isTransient: Bool { code != .malformed && code != .untrusted }

  public var description: String { "\(code.rawValue): \(detail)" }
}
