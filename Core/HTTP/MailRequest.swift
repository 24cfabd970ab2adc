/// One mail to one recipient by one server (RFC 5321).
public struct MailRequest: Sendable, Hashable {
  public enum Encryption: Sendable, Hashable, CaseIterable {
    /// Never STARTTLS. With `smtps://` the connection is TLS all the same.
    case none
    /// STARTTLS where the server offers it; its certificate has to be trusted then.
    case whenOffered
    /// STARTTLS, or nothing is sent (RFC 3207).
    case required
  }

  public struct Server: Sendable, Hashable {
    /// `smtp://host:port`, or `smtps://host:port` for TLS from the first byte (RFC 8314). No user, no path.
    public var url: String
    public var encryption: Encryption
    /// Both or none, and only under TLS. The mechanism is libcurl's choice among what the server offers (RFC 4954).
    public var user: String?
    public var password: String?
    /// What this machine calls itself in EHLO; nil for its host name.
    public var hello: String?

    public init(
      url: String, encryption: Encryption = .required, user: String? = nil, password: String? = nil,
      hello: String? = nil
    ) {
      self.url = url
      self.encryption = encryption
      self.user = user
      self.password = password
      self.hello = hello
    }
  }

  public var server: Server
  /// The envelope's sender, to whom bounces go; empty where there shall be none.
  public var from: String
  public var to: String
  /// Head and body (RFC 5322), lines ending in CR LF, at most 998 bytes each. Dots are doubled here, not by the caller.
  public var message: [UInt8]

  public init(server: Server, from: String, to: String, message: [UInt8]) {
    self.server = server
    self.from = from
    self.to = to
    self.message = message
  }
}

/// A server's reply (RFC 5321, 4.2).
public struct MailAnswer: Sendable, Hashable {
  /// 2xx taken, 4xx not now, 5xx never.
  public let code: Int
  /// Such as `5.1.1` (RFC 3463); nil where the server says none.
  public let enhanced: String?
  /// All lines in one, without the codes. Servers quote addresses here: for a ledger, not for a log.
  public let text: String

  public init(code: Int, enhanced: String? = nil, text: String = "") {
    self.code = code
    self.enhanced = enhanced
    self.text = text
  }

  /// The same mail may be taken later.
  public var isTemporary: Bool { (400...499).contains(code) }
}

/// What a server refused.
public enum MailStep: String, Sendable, CaseIterable {
  /// The connection, STARTTLS or the login.
  case session
  case sender
  case recipient
  /// The mail as a whole, before its content was sent.
  case data
  /// The mail, having its content.
  case content
}

/// How a mail ended. There is no fifth way.
public enum MailEnd: Sendable {
  /// The server has it and answers for it (RFC 5321, 4.2.5).
  case accepted(MailAnswer)
  /// Proof that the server does not keep it: it said so.
  case refused(MailAnswer, at: MailStep)
  /// Proof that no byte of its content has left.
  case notSent(GatewayError)
  /// Content may have left, and the server's word on it is missing.
  case unknown(GatewayError)
}

extension MailEnd {
  var isCancelled: Bool {
    switch self {
    case .notSent(let error), .unknown(let error): error.code == .cancelled
    case .accepted, .refused: false
    }
  }
}
