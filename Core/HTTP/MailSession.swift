internal import CCurl
internal import Glibc
internal import Values

/// A mail on its way.
struct MailJob {
  let number: Int64
  let mail: MailRequest
  let limits: HTTPLimits
  /// By `BootClock`: when it ends, whatever happens.
  let deadline: Duration
  /// What the content goes through, which is all that could reach the recipient.
  var passage: Passage
  /// It met a session that had ended while it rested, and got another.
  var isRepeated = false
}

/// A connection to a mail server. libcurl makes it (name, TLS, STARTTLS, login) and keeps it
/// (`CURLOPT_CONNECT_ONLY`); the mails are told by us, because libcurl waits for the answer to a mail's end without giving the
/// thread back, and forgets how far it came.
final class MailSession: Transfer {
  let server: MailRequest.Server
  var job: MailJob?
  /// -1 as long as it is being made.
  private(set) var descriptor: Int32 = -1
  /// By `BootClock`: since when it has no mail.
  private(set) var restingSince = Duration.zero
  /// The server is about to close it, or it cannot be told where in the talk it is.
  private(set) var isSpent = false
  private var offers = SMTPOffers()
  private var dialogue = SMTPDialogue(offers: SMTPOffers())
  private var replies = SMTPReplies()
  /// The last reply before the session was open.
  private var greeting: MailAnswer?
  private var outgoing: [UInt8] = []
  private var sent = 0
  private var allowance = 0
  /// It has carried a mail before the one that it has.
  private(set) var isUsed = false
  /// The server said something about the mail that it has.
  private(set) var wasAnswered = false
  private let sockets: Sockets

  init(_ sockets: Sockets, to server: MailRequest.Server, certificates: String?) {
    self.server = server
    self.sockets = sockets
    super.init(sockets, protocols: "smtp,smtps", certificates: certificates)
    set(CURLOPT_CONNECT_ONLY, 1)
    set(CURLOPT_URL, server.url + (server.hello.map { "/\($0)" } ?? ""))
    let levels: [MailRequest.Encryption: curl_usessl] = [
      .none: CURLUSESSL_NONE, .whenOffered: CURLUSESSL_TRY, .required: CURLUSESSL_ALL,
    ]
    set(CURLOPT_USE_SSL, levels[server.encryption].map { Int($0.rawValue) } ?? 0)
    if let user = server.user, let password = server.password {
      set(CURLOPT_USERNAME, user)
      set(CURLOPT_PASSWORD, password)
    }
  }

  // MARK: Being made

  func begin(_ job: MailJob) {
    self.job = job
    begin(job.number, within: job.limits, notAfter: .zero)
  }

  /// Nothing of a mail is said by libcurl.
  override func asked(from port: Int32) -> Bool { true }

  /// What counts is the last answer to EHLO, the one under TLS.
  override func took(line: UnsafeRawBufferPointer) {
    let text = String(decoding: line, as: UTF8.self)
    if !replies.isInTheMiddle, text.hasPrefix("250") { offers = SMTPOffers() }
    offers.take(line: text)
    replies.receive(line)
    while case .reply(let reply) = replies.next() { greeting = reply }
  }

  /// libcurl has made the connection, or not. Returns how the mail ended, where it did.
  func opened(_ code: CURLcode) -> MailEnd? {
    var socket = CURL_SOCKET_BAD
    guard code == CURLE_OK, millrace_socket(easy, &socket) == CURLE_OK, socket >= 0 else {
      isSpent = true
      if let greeting, greeting.code >= 400 { return .refused(greeting, at: .session) }
      return .notSent(error(code))
    }
    descriptor = socket
    replies = SMTPReplies()
    dialogue = SMTPDialogue(offers: offers)
    sockets.wants(descriptor, CURL_POLL_IN)
    return start()
  }

  // MARK: A mail

  /// On a session that rested.
  func take(_ job: MailJob) -> MailEnd? {
    self.job = job
    isUsed = true
    wasAnswered = false
    guard isQuiet else { return broken(GatewayError(.unanswered, "the server closed")) }
    return start()
  }

  /// Nothing was said that would be taken for the answer to what is said next, and nobody has closed it.
  private var isQuiet: Bool {
    var byte: UInt8 = 0
    var count = 0
    return !replies.isInTheMiddle && curl_easy_recv(easy, &byte, 1, &count) == CURLE_AGAIN
  }

  private func start() -> MailEnd? {
    guard let job else { return nil }
    allowance = job.limits.largestAnswer
    if let fault = dialogue.fault(of: job.mail) { return .notSent(fault) }
    guard BootClock.now <= job.passage.notAfter else {
      return .notSent(GatewayError(.late, "it was too late to send it"))
    }
    return act(dialogue.begin(job.mail))
  }

  /// Its socket is ready. Returns how the mail ended, where it did.
  func ready() -> MailEnd? {
    // Heard first, so that nothing said before a mail's end passes for the answer to it.
    if let end = read() { return end }
    return job == nil ? nil : write()
  }

  private func read() -> MailEnd? {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { room -> MailEnd? in
      while true {
        var count = 0
        let code = curl_easy_recv(easy, room.baseAddress, room.count, &count)
        if code == CURLE_AGAIN { return nil }
        guard code == CURLE_OK, count > 0 else {
          return broken(GatewayError(wasAnswered || replies.isInTheMiddle ? .broken : .unanswered, "the server closed"))
        }
        // What a resting session says is that it ends.
        guard job != nil else {
          isSpent = true
          return nil
        }
        allowance -= count
        guard allowance >= 0 else { return broken(GatewayError(.oversized, "the answers are larger than allowed")) }
        replies.receive(room[..<count])
        if let end = hear() { return end }
      }
    }
  }

  private func hear() -> MailEnd? {
    while true {
      switch replies.next() {
      case .needMore: return nil
      case .garbled: return broken(GatewayError(.garbled, "what the server answered is no SMTP"))
      case .reply(let reply):
        // An approval of what was not said to its end approves of nothing.
        if sent < outgoing.count, reply.code < 400 {
          return broken(GatewayError(.garbled, "the server answered before it was asked"))
        }
        // What is half said would be taken for commands.
        if sent < outgoing.count { isSpent = true }
        let move = dialogue.take(reply)
        isSpent = isSpent || dialogue.isClosing
        wasAnswered = wasAnswered || reply.code != 421
        if let move, let end = act(move) { return end }
      }
    }
  }

  private func act(_ move: SMTPDialogue.Move) -> MailEnd? {
    switch move {
    // What it said beyond would be the answer to what it has not heard.
    case .say where replies.isInTheMiddle, .askLeave where replies.isInTheMiddle:
      return broken(GatewayError(.garbled, "the server answered before it was asked"))
    case .say(let bytes): return say(bytes)
    case .askLeave:
      guard job?.passage.ask(at: BootClock.now, isStale: false) == true else {
        return broken(GatewayError(.late, "it was too late to send it"))
      }
      return say(dialogue.content())
    case .accepted(let answer): return .accepted(answer)
    case .refused(let answer, let step): return .refused(answer, at: step)
    case .garbled: return broken(GatewayError(.garbled, "what the server answered makes no sense"))
    }
  }

  /// Everything said before was sent, because the server has answered it.
  private func say(_ bytes: [UInt8]) -> MailEnd? {
    outgoing = bytes
    sent = 0
    return write()
  }

  private func write() -> MailEnd? {
    while sent < outgoing.count {
      var count = 0
      // Where TLS could not take it, the same bytes are offered from the same place.
      let code = outgoing.withUnsafeBytes {
        curl_easy_send(easy, $0.baseAddress?.advanced(by: sent), $0.count - sent, &count)
      }
      if code == CURLE_AGAIN {
        sockets.wants(descriptor, CURL_POLL_INOUT)
        return nil
      }
      guard code == CURLE_OK else { return broken(GatewayError(.broken, "the server takes no more")) }
      sent += count
    }
    sockets.wants(descriptor, CURL_POLL_IN)
    return nil
  }

  /// The session is of no more use. What is known of its mail is whether its content was let go.
  func broken(_ error: GatewayError) -> MailEnd? {
    isSpent = true
    guard let job else { return nil }
    return job.passage.state == .open ? .unknown(error) : .notSent(error)
  }

  /// Its mail has ended, and it may have another.
  func rests() {
    job = nil
    restingSince = BootClock.now
  }

  /// Takes leave of the server, whose answer nobody waits for.
  func quit() {
    guard descriptor >= 0, !isSpent, job == nil else { return }
    let word = Array("QUIT\r\n".utf8)
    var count = 0
    _ = curl_easy_send(easy, word, word.count, &count)
  }
}
