/// The talk with a server about one mail after another, once the session is open. Pure: replies go in, what to do comes out.
///
/// A mail's content is never part of what is said without leave: `.askLeave` comes first.
struct SMTPDialogue {
  enum Move: Equatable {
    case say([UInt8])
    /// The server waits for the content. `content` says it; to say nothing is to close the connection.
    case askLeave
    case accepted(MailAnswer)
    case refused(MailAnswer, MailStep)
    /// What was said makes no sense here. The connection is of no more use.
    case garbled
  }

  private enum Awaited {
    case reset
    case step(MailStep)
    /// The end of a mail that the server wanted though it had refused its recipient (RFC 2920, 3.1).
    case nothing
  }

  private let offers: SMTPOffers
  private var mail: MailRequest?
  /// What was sent and not answered yet, and what is still to be sent, in order.
  private var awaited: [Awaited] = []
  private var unsent: [[UInt8]] = []
  private var refusal: (answer: MailAnswer, step: MailStep)?
  private var needsReset = false
  /// The server said that it closes (421).
  private(set) var isClosing = false

  init(offers: SMTPOffers) { self.offers = offers }

  /// Why this server cannot take a mail that others can.
  func fault(of mail: MailRequest) -> GatewayError? {
    guard offers.eightBit || mail.message.allSatisfy({ $0 < 0x80 }) else {
      return GatewayError(.malformed, "the message has bytes beyond ASCII, which the server does not take")
    }
    return nil
  }

  mutating func begin(_ mail: MailRequest) -> Move {
    self.mail = mail
    refusal = nil
    var from = "MAIL FROM:<\(mail.from)>"
    if offers.size { from += " SIZE=\(mail.message.count)" }
    if mail.message.contains(where: { $0 >= 0x80 }) { from += " BODY=8BITMIME" }
    let commands = (needsReset ? ["RSET"] : []) + [from, "RCPT TO:<\(mail.to)>", "DATA"]
    awaited = (needsReset ? [.reset] : []) + [.step(.sender), .step(.recipient), .step(.data)]
    needsReset = false
    unsent = commands.map { Array("\($0)\r\n".utf8) }
    if offers.pipelining { unsent = [unsent.flatMap { $0 }] }
    return .say(unsent.removeFirst())
  }

  /// The content, with leave.
  mutating func content() -> [UInt8] {
    awaited = [.step(.content)]
    return mail?.message.asMailContent ?? []
  }

  /// What a reply leads to; nil where another is awaited first.
  mutating func take(_ reply: MailAnswer) -> Move? {
    isClosing = isClosing || reply.code == 421
    guard !awaited.isEmpty else { return .garbled }
    switch awaited.removeFirst() {
    case .reset: return reply.code < 300 ? next() : end(.refused(reply, .session))
    case .nothing: return settle()
    case .step(.data):
      if reply.code == 354 {
        guard refusal != nil else { return .askLeave }
        awaited = [.nothing]
        return .say(Array(".\r\n".utf8))
      }
      return reply.code >= 400 ? refused(reply, .data) : .garbled
    case .step(.content):
      if reply.code >= 400 { return refused(reply, .content) }
      return reply.code < 300 ? end(.accepted(reply)) : .garbled
    case .step(let step):
      if reply.code >= 400 { return refused(reply, step) }
      return reply.code < 300 ? next() : .garbled
    }
  }

  private mutating func next() -> Move? { unsent.isEmpty ? nil : .say(unsent.removeFirst()) }

  /// The first refusal counts. What was sent beyond it is answered first; what was not is never sent.
  private mutating func refused(_ reply: MailAnswer, _ step: MailStep) -> Move? {
    if refusal == nil { refusal = (reply, step) }
    awaited.removeLast(unsent.count)
    unsent = []
    return awaited.isEmpty || isClosing ? settle() : nil
  }

  private mutating func settle() -> Move {
    guard let refusal else { return .garbled }
    needsReset = true
    return end(.refused(refusal.answer, refusal.step))
  }

  private mutating func end(_ move: Move) -> Move {
    mail = nil
    awaited = []
    unsent = []
    return move
  }
}
