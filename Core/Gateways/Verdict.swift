/// What an answer proves.
public enum Verdict: Hashable, Sendable {
  /// The gateway has the message. Its ids for it, none where it gave none, several where it counts parts.
  case accepted(ids: [String])
  /// The gateway does not have the message and never will have this attempt.
  case refused(Refused)
  /// Neither is proved: what was seen, in a sentence without its end.
  case uncertain(String)
}

/// Proof of refusal. `code` and `detail` come from the gateway; no secret, no phone number and no text of ours is in them.
public struct Refused: Hashable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    /// The recipient's address does not exist: it is not written to again.
    case gone
    /// Nothing like this will ever be taken for this recipient.
    case recipient
    /// This message will never be taken.
    case message
    /// Nobody's will be taken until somebody has seen to it: credentials, balance, account.
    case gateway
    /// The same may be taken later; others are taken meanwhile.
    case later
    /// The same may be taken later, and so with everybody's.
    case busy
  }

  public let kind: Kind
  public let code: String?
  public let detail: String
  /// Asked for by the gateway; at most a day, and only of `busy` and `later`.
  public let retryAfter: Duration?

  public init(kind: Kind, code: String?, detail: String, retryAfter: Duration? = nil) {
    self.kind = kind
    self.code = code
    self.detail = detail
    self.retryAfter = retryAfter
  }
}
