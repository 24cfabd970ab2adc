internal import CCurl
internal import Values

/// Any number of HTTP calls and mails at once on one thread, over connections that are kept and used again.
///
///     transfers.begin(request, as: 7, within: limits, notAfter: BootClock.now + .seconds(2))
///     while transfers.inFlight > 0 {
///       transfers.wait(atMost: .milliseconds(250))
///       transfers.perform()
///       for (number, end) in transfers.takeEnded() { … }
///     }
///
/// How many are begun is for the caller to bound. Nothing is called back: all is told by `takeEnded`.
public final class Transfers {
  private let multi: UnsafeMutableRawPointer
  let sockets = Sockets()
  private let certificates: String?
  private var transfers: [HTTPTransfer] = []
  private var idle: [HTTPTransfer] = []
  private var ended: [(number: Int64, end: CallEnd)] = []
  private let mails: MailSessions

  /// - Parameters:
  ///   - certificates: a file of certificates (PEM) that TLS trusts in place of the system's.
  ///   - mostConnections: how many connections are kept at most while nothing is asked on them.
  public init(certificates: String? = nil, mostConnections: Int = 2000) {
    HTTPLibrary.begun
    guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory to begin") }
    self.multi = multi
    self.certificates = certificates
    mails = MailSessions(multi, sockets, certificates: certificates)
    let ear = Unmanaged.passUnretained(sockets).toOpaque()
    check(
      millrace_on_socket(multi) { _, descriptor, what, ear, _ in
        Sockets.of(ear).wants(descriptor, what)
        return 0
      })
    check(millrace_multi_pointer(multi, CURLMOPT_SOCKETDATA, ear))
    check(
      millrace_on_timer(multi) { _, milliseconds, ear in
        Sockets.of(ear).wantsCall(in: milliseconds)
        return 0
      })
    check(millrace_multi_pointer(multi, CURLMOPT_TIMERDATA, ear))
    check(millrace_multi_number(multi, CURLMOPT_MAXCONNECTS, max(1, mostConnections)))
    check(millrace_multi_number(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING)))
  }

  /// What is under way is given up, without being told.
  deinit {
    mails.closeAll()
    for transfer in transfers where transfer.isUnderWay { curl_multi_remove_handle(multi, transfer.easy) }
    // Handles go first and the sockets last: libcurl still tells of the connections that it closes.
    idle = []
    transfers = []
    curl_multi_cleanup(multi)
  }

  /// Begun, and not ended yet.
  public var inFlight: Int { transfers.count - idle.count + mails.inFlight }

  /// Connections that are open, in use or not, those that are just being made included.
  public var connections: Int { sockets.connections }

  /// Takes a call on; the next `perform` begins it.
  ///
  /// - Parameters:
  ///   - number: what `takeEnded` will call it.
  ///   - notAfter: by `BootClock`; the request's first byte leaves until then or never.
  public func begin(_ request: HTTPRequest, as number: Int64, within limits: HTTPLimits, notAfter: Duration) {
    if let fault = request.fault {
      ended.append((number, .notSent(fault)))
      return
    }
    let transfer = idle.popLast() ?? makeTransfer()
    transfer.begin(request, as: number, within: limits, notAfter: notAfter)
    check(curl_multi_add_handle(multi, transfer.easy))
  }

  /// Takes a mail on, and begins it where a session rests.
  ///
  /// - Parameters:
  ///   - number: what `takeEndedMails` will call it.
  ///   - limits: `largestAnswer` is for all replies about the mail together.
  ///   - notAfter: by `BootClock`; its content's first byte leaves until then or never.
  public func begin(_ mail: MailRequest, as number: Int64, within limits: HTTPLimits, notAfter: Duration) {
    mails.begin(mail, as: number, within: limits, notAfter: notAfter)
  }

  /// Does all that can be done now; never blocks.
  public func perform() {
    var running: Int32 = 0
    while true {
      let ready = sockets.takeReady()
      for (descriptor, what) in ready where mails.isEmpty || !mails.goesOn(descriptor) {
        check(curl_multi_socket_action(multi, descriptor, what, &running))
      }
      guard ready.count >= Sockets.mostReady else { break }
    }
    let now = BootClock.now
    if sockets.takesDeadline(now) {
      check(curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running))
    }
    settle()
    mails.watch(at: now)
  }

  /// Waits until there is something for `perform` to do, and never longer than this, rounded up to a whole millisecond.
  /// Returns at once while there is something for `takeEnded` or `takeEndedMails`.
  public func wait(atMost bound: Duration) {
    guard ended.isEmpty, !mails.hasEnded else { return }
    var bound = bound
    if let deadline = sockets.deadline { bound = min(bound, deadline - BootClock.now) }
    if let deadline = mails.deadline { bound = min(bound, deadline - BootClock.now) }
    sockets.wait(atMost: max(.zero, bound))
  }

  /// The calls that have ended since it was asked last, in that order.
  public func takeEnded() -> [(number: Int64, end: CallEnd)] {
    defer { ended = [] }
    return ended
  }

  /// The mails that have ended since it was asked last, in that order.
  public func takeEndedMails() -> [(number: Int64, end: MailEnd)] { mails.takeEnded() }

  /// Ends everything that is under way: as `notSent` where the request has not left, else as `unknown`.
  public func cancelAll() {
    settle()
    mails.cancelAll()
    for transfer in transfers where transfer.isUnderWay { end(transfer, transfer.cancelled()) }
  }

  // MARK: Its own moves

  private func makeTransfer() -> HTTPTransfer {
    let transfer = HTTPTransfer(sockets, certificates: certificates)
    transfers.append(transfer)
    return transfer
  }

  /// Takes what libcurl has ended.
  private func settle() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left)?.pointee {
      guard message.msg == CURLMSG_DONE else { continue }
      var own: UnsafeMutableRawPointer?
      let code = millrace_pointer(message.easy_handle, CURLINFO_PRIVATE, &own)
      precondition(code == CURLE_OK, "libcurl ended what was never begun")
      guard let transfer = Transfer.of(own) as? HTTPTransfer else {
        if let session = Transfer.of(own) as? MailSession { mails.opened(session, message.data.result) }
        continue
      }
      if transfer.beginsAgain() {
        check(curl_multi_remove_handle(multi, transfer.easy))
        check(curl_multi_add_handle(multi, transfer.easy))
      } else {
        end(transfer, transfer.end(message.data.result))
      }
    }
  }

  private func end(_ transfer: HTTPTransfer, _ end: CallEnd) {
    check(curl_multi_remove_handle(multi, transfer.easy))
    transfer.finish()
    idle.append(transfer)
    ended.append((transfer.number, end))
  }

  private func check(_ code: CURLMcode) {
    precondition(code == CURLM_OK, "libcurl: \(String(cString: curl_multi_strerror(code)))")
  }
}
