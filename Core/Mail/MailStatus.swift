public import HTTP

/// What a mail server's refusal means for the mail, for its recipient and for the way that it went.
///
/// By the enhanced code where there is one (RFC 3463, the registry of RFC 5248), else by the reply's own (RFC 5321, 4.2.3), and by what
/// was refused. Never by the words: they are in any language, and change.
public enum MailStatus {
  public enum Meaning: String, Sendable, CaseIterable {
    /// Nobody is there, now or later: nothing more is sent to this address.
    case recipientGone
    /// This mail will not reach this recipient. Others may.
    case recipient
    /// This mail will not be taken, whoever it is for.
    case message
    /// Nobody's mail is taken until somebody has seen to it: login, sender, settings, reputation.
    case gateway
    /// This mail may be taken later: greylisting, a full mailbox.
    case later
    /// Any mail may be taken later: the server has too much to do.
    case busy
  }

  /// - Parameters:
  ///   - code: of a refusal, 400 to 599; what is neither is no SMTP, and the server's fault.
  ///   - enhanced: as in `5.1.1`; nil where the server says none.
  public static func meaning(code: Int, enhanced: String?, at step: MailStep) -> Meaning {
    let status = enhanced.flatMap { EnhancedStatus($0) }
    switch code {
    case 400...499: return temporary(code, status, step)
    case 500...599: return status.map { permanent($0, code, step) } ?? permanent(code, step)
    default: return .gateway
    }
  }

  public static func meaning(_ answer: MailAnswer, at step: MailStep) -> Meaning {
    meaning(code: answer.code, enhanced: answer.enhanced, at: step)
  }

  /// Whether a status says that the mailbox does not exist or is closed. The same for a server's answer and for a bounce.
  public static func isGone(_ enhanced: some StringProtocol) -> Bool {
    EnhancedStatus(enhanced).map(isGone) ?? false
  }

  private static func isGone(_ status: EnhancedStatus) -> Bool {
    guard status.class == 5 else { return false }
    switch (status.subject, status.detail) {
    // No such mailbox, no such domain, not an address, moved away, a domain without mail (RFC 7505); a mailbox that is closed.
    case (1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1): return true
    default: return false
    }
  }

  // MARK: Not now

  private static func temporary(_ code: Int, _ status: EnhancedStatus?, _ step: MailStep) -> Meaning {
    // The server closes the session (RFC 5321, 3.8).
    if code == 421 { return .busy }
    switch step {
    case .session, .sender: return .busy
    case .recipient, .data, .content:
      // The mail system as a whole, and congestion on its ways.
      let isOfAll = status?.subject == 3 || status?.subject == 4 && status?.detail == 5
      return isOfAll ? .busy : .later
    }
  }

  // MARK: Never

  private static func permanent(_ status: EnhancedStatus, _ code: Int, _ step: MailStep) -> Meaning {
    if isLogin(code) || step == .session { return .gateway }
    if isGone(status) { return step == .sender ? .gateway : .recipientGone }
    switch (status.subject, status.detail) {
    // The sender's address.
    case (1, 7), (1, 8): return .gateway
    case (1, _): return step == .sender ? .gateway : .recipient
    // Too long for this mailbox.
    case (2, 3): return .message
    case (2, _): return step == .sender ? .gateway : .recipient
    // Too big for this server.
    case (3, 4): return .message
    case (3, _): return .gateway
    case (4, _): return step == .sender ? .gateway : .recipient
    // A command that the server does not know or want; some say 5.5.0 for whatever a recipient is refused for.
    case (5, 0): return step == .sender ? .gateway : refused(step)
    case (5, _): return .gateway
    case (6, _): return .message
    // Authentication (RFC 4954, 6), and a sender that cannot prove who it is (RFC 7372).
    case (7, 8), (7, 9), (7, 11), (7, 13), (7, 14), (7, 20...27): return .gateway
    default: return step == .sender ? .gateway : refused(step)
    }
  }

  private static func permanent(_ code: Int, _ step: MailStep) -> Meaning {
    if isLogin(code) || step == .session || step == .sender { return .gateway }
    switch code {
    // Commands and arguments (RFC 5321, 4.2.3), and a host that takes no mail (RFC 7504).
    case 500...504, 521, 555: return .gateway
    // A bare 550 is said of relaying, of reputation and of rates as well: only a host without mail (RFC 7504) is proof by its code.
    case 556 where step == .recipient: return .recipientGone
    default: return refused(step)
    }
  }

  /// Before its content was sent, whom it is for; then, what it is.
  private static func refused(_ step: MailStep) -> Meaning { step == .recipient ? .recipient : .message }

  /// RFC 4954, 6; RFC 3207, 4.
  private static func isLogin(_ code: Int) -> Bool { [530, 534, 535, 538].contains(code) }
}

/// Class, subject and detail (RFC 3463, 2).
struct EnhancedStatus: Sendable, Hashable {
  let `class`: Int
  let subject: Int
  let detail: Int

  init?(_ text: some StringProtocol) {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ (1...3).contains($0.count) && $0.allSatisfy(\.isDigit) }) else {
      return nil
    }
    let numbers = parts.map { $0.reduce(0) { $0 * 10 + Int($1 - 0x30) } }
    guard [2, 4, 5].contains(numbers[0]) else { return nil }
    (self.class, subject, detail) = (numbers[0], numbers[1], numbers[2])
  }

  /// Says no more than its class.
  var isVague: Bool { subject == 0 && detail == 0 }
}
