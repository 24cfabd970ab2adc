internal import CCurl
internal import Values

/// The mails under way and the sessions that carry them: one mail a session at a time, and a session for each mail in flight.
final class MailSessions {
  /// A session that rested for longer is closed; servers wait for five minutes (RFC 5321, 4.5.3.2.7).
  private static let rest = Duration.seconds(60)

  private let multi: UnsafeMutableRawPointer
  private let sockets: Sockets
  private let certificates: String?
  private var sessions: [ObjectIdentifier: MailSession] = [:]
  private var byDescriptor: [Int32: MailSession] = [:]
  /// The one that rested last is used first.
  private var resting: [MailRequest.Server: [MailSession]] = [:]
  private var ended: [(number: Int64, end: MailEnd)] = []
  private(set) var inFlight = 0
  /// No mail's time is up before; by `BootClock`.
  private(set) var deadline: Duration?

  init(_ multi: UnsafeMutableRawPointer, _ sockets: Sockets, certificates: String?) {
    self.multi = multi
    self.sockets = sockets
    self.certificates = certificates
  }

  var isEmpty: Bool { sessions.isEmpty }
  var hasEnded: Bool { !ended.isEmpty }

  func takeEnded() -> [(number: Int64, end: MailEnd)] {
    defer { ended = [] }
    return ended
  }

  func begin(_ mail: MailRequest, as number: Int64, within limits: HTTPLimits, notAfter: Duration) {
    if let fault = mail.fault {
      ended.append((number, .notSent(fault)))
      return
    }
    inFlight += 1
    let end = BootClock.now + limits.total
    deadline = min(deadline ?? end, end)
    let job = MailJob(number: number, mail: mail, limits: limits, deadline: end, passage: Passage(notAfter: notAfter))
    if let session = resting[mail.server]?.popLast() {
      proceed(session, session.take(job))
    } else {
      connect(job)
    }
  }

  /// libcurl has made a session's connection, or could not.
  func opened(_ session: MailSession, _ code: CURLcode) {
    let end = session.opened(code)
    if session.descriptor >= 0 { byDescriptor[session.descriptor] = session }
    proceed(session, end)
  }

  /// Whether the socket is one of these, which then goes on.
  func goesOn(_ descriptor: Int32) -> Bool {
    guard let session = byDescriptor[descriptor] else { return false }
    let end = session.ready()
    if session.job != nil || end != nil {
      proceed(session, end)
    } else if session.isSpent {
      resting[session.server]?.removeAll { $0 === session }
      close(session)
    }
    return true
  }

  /// Ends what took too long, and closes what rested for too long.
  func watch(at now: Duration) {
    guard let due = deadline, due <= now else { return }
    deadline = nil
    for session in sessions.values {
      if let job = session.job {
        if job.deadline <= now {
          proceed(session, session.broken(GatewayError(.timedOut, "the server took too long")))
        } else {
          deadline = min(deadline ?? job.deadline, job.deadline)
        }
      } else if session.restingSince + Self.rest <= now {
        resting[session.server]?.removeAll { $0 === session }
        close(session)
      } else {
        let end = session.restingSince + Self.rest
        deadline = min(deadline ?? end, end)
      }
    }
  }

  func cancelAll() {
    for session in sessions.values where session.job != nil {
      proceed(session, session.broken(GatewayError(.cancelled, "it was given up")))
    }
  }

  /// Before `multi` is.
  func closeAll() {
    for session in sessions.values { close(session) }
    resting = [:]
  }

  // MARK: Its own moves

  private func connect(_ job: MailJob) {
    let session = MailSession(sockets, to: job.mail.server, certificates: certificates)
    sessions[ObjectIdentifier(session)] = session
    session.begin(job)
    curl_multi_add_handle(multi, session.easy)
  }

  private func proceed(_ session: MailSession, _ end: MailEnd?) {
    guard let end, var job = session.job else { return }
    // A session that ended while it rested, before it said a word about this mail: nothing was lost with it.
    let again =
      session.isSpent && session.isUsed && !session.wasAnswered && !job.isRepeated
      && job.passage.state == .closed && job.deadline > BootClock.now && !end.isCancelled
    session.rests()
    if session.isSpent || session.descriptor < 0 {
      close(session)
    } else {
      resting[session.server, default: []].append(session)
      let rested = session.restingSince + Self.rest
      deadline = min(deadline ?? rested, rested)
    }
    if again {
      job.isRepeated = true
      connect(job)
    } else {
      inFlight -= 1
      ended.append((job.number, end))
    }
  }

  private func close(_ session: MailSession) {
    session.quit()
    byDescriptor[session.descriptor] = nil
    curl_multi_remove_handle(multi, session.easy)
    sessions[ObjectIdentifier(session)] = nil
  }
}
