/// One client's connection as a state machine: bytes and time go in, bytes and wishes come out. Pure: no sockets.
///
/// A connection ends so that the client still reads the last answer: everything is sent, the sending side is shut, and
/// what the client still sends is read and dropped for a moment (RFC 9112, 9.6), because closing with unread bytes
/// makes the system throw the answer away.
struct Connection {
  struct Limits: Sendable {
    var parser = RequestParser.Limits()
    /// How long a connection may rest between requests.
    var rest = Duration.seconds(60)
    /// How long a request may take to arrive, from its first byte; a new connection has as long to begin one.
    var request = Duration.seconds(10)
    /// How long a handler that answers later may take.
    var answer = Duration.seconds(60)
    /// How long answers may wait for a client to take them.
    var send = Duration.seconds(30)
    /// How long to read and drop after the last answer, and how much.
    var linger = Duration.seconds(1)
    var lingerBytes = 64 * 1024
  }

  private enum Phase: Equatable {
    case open
    /// The last answer is on its way out.
    case closing
    case lingering(left: Int)
    case over
  }

  /// A request that its handler has not been given yet.
  struct Question {
    let request: Request
    let handle: LateHandler
  }

  /// The request that waits for an answer. None after it is read meanwhile: answers go out in order.
  private struct Asked {
    let isHead: Bool
    var persistence: Response.Persistence
  }

  /// No further request is answered before the client has taken this much.
  private static let mostUnsent = 64 * 1024

  private let limits: Limits
  private let routes: Routes
  private var parser: RequestParser
  private var phase = Phase.open
  private var isFirst = true
  private var hasPeerEnded = false
  private var asked: Asked?
  private var question: Question?
  /// Since when the present wait lasts: for a request's first byte, its end, the client's taking, the client's end.
  private var since: Duration
  private(set) var unsent: ArraySlice<UInt8> = []
  /// Since when something has been unsent without a break.
  private var unsentSince = Duration.zero

  init(limits: Limits, routes: Routes, at now: Duration) {
    self.limits = limits
    self.routes = routes
    parser = RequestParser(limits: limits.parser)
    since = now
  }

  // MARK: What it wants

  var wantsToReceive: Bool {
    switch phase {
    case .open: !hasPeerEnded && asked == nil && unsent.count < Self.mostUnsent
    case .lingering: true
    case .closing, .over: false
    }
  }
  var wantsToSend: Bool { !unsent.isEmpty }
  /// Everything is sent: the sending side is to be shut, once.
  var hasFinishedSending: Bool { if case .lingering = phase { true } else { false } }
  var isOver: Bool { phase == .over }

  /// For how long it has rested between requests; nil while it is busy.
  func rest(at now: Duration) -> Duration? {
    phase == .open && parser.isAtRest && asked == nil && unsent.isEmpty ? now - since : nil
  }

  /// For how long it has only waited for its client's end.
  func linger(at now: Duration) -> Duration? { hasFinishedSending ? now - since : nil }

  /// When time alone changes something.
  var deadline: Duration? {
    if wantsToSend { return unsentSince + limits.send }
    switch phase {
    case .open where asked != nil: return since + limits.answer
    case .open: return since + (parser.isAtRest && !isFirst ? limits.rest : limits.request)
    case .lingering: return since + limits.linger
    case .closing, .over: return nil
    }
  }

  // MARK: What happens to it

  mutating func received(_ bytes: some Collection<UInt8>, at now: Moment) {
    switch phase {
    case .open:
      if parser.isAtRest { since = now.sinceBoot }
      parser.receive(bytes)
      proceed(at: now)
    case .lingering(let left):
      phase = bytes.count < left ? .lingering(left: left - bytes.count) : .over
    case .closing, .over: break
    }
  }

  /// The client sends no more; it may still be reading.
  mutating func receivedEnd(at now: Moment) {
    hasPeerEnded = true
    if case .lingering = phase { phase = .over }
    if phase == .open { proceed(at: now) }
  }

  mutating func sent(_ count: Int, at now: Moment) {
    unsent = unsent.dropFirst(count)
    if unsent.isEmpty { since = now.sinceBoot }
    if phase == .open { proceed(at: now) }
    finishIfSent(at: now.sinceBoot)
  }

  /// The connection broke: nothing more can be sent or received.
  mutating func broke() {
    unsent = []
    phase = .over
  }

  mutating func timePassed(at now: Moment) {
    guard let deadline, now.sinceBoot >= deadline else { return }
    if phase == .open, !wantsToSend, asked != nil {
      end(with: Refusal(503, "No answer was found in time."), at: now)
    } else if phase == .open, !wantsToSend, !parser.isAtRest {
      end(with: Refusal(408, "The request did not arrive in time."), at: now)
    } else {
      broke()
    }
  }

  /// The listener stops: what is answered is still sent, and no more is read.
  mutating func stop(at now: Moment) {
    guard phase == .open else { return }
    if asked != nil {
      asked?.persistence = .close
    } else if parser.isAtRest {
      // Nothing unread, so that closing throws nothing away.
      phase = unsent.isEmpty ? .over : .closing
    } else {
      end(with: Refusal(503, "The service is stopping."), at: now)
    }
  }

  /// What a handler is to be given now; whoever takes it owes `answered`.
  mutating func takeQuestion() -> Question? { question.take() }

  /// The answer to the question that was taken. One that comes too late is dropped.
  mutating func answered(_ response: Response, at now: Moment) {
    guard phase == .open, let asked else { return }
    self.asked = nil
    since = now.sinceBoot
    send(response, asked, at: now)
    proceed(at: now)
    finishIfSent(at: now.sinceBoot)
  }

  /// There is no room for it: it gets an answer and ends.
  mutating func turnAway(at now: Moment) {
    end(with: Refusal(503, "Too many connections are open."), at: now)
  }

  // MARK: Its own moves

  private mutating func proceed(at now: Moment) {
    while phase == .open, asked == nil, unsent.count < Self.mostUnsent {
      switch parser.next() {
      case .needMore:
        // An unfinished request of a client that has gone gets no answer.
        if hasPeerEnded { phase = .closing }
        finishIfSent(at: now.sinceBoot)
        return
      case .sendContinue:
        send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), at: now)
      case .request(let request):
        isFirst = false
        since = now.sinceBoot
        let asked = Asked(
          isHead: request.method == .head,
          persistence: !request.keepsAlive ? .close : request.isHTTP10 ? .keepAliveOldClient : .keepAlive)
        switch routes.handling(of: request) {
        case .atOnce(let response): send(response, asked, at: now)
        case .later(let handle):
          self.asked = asked
          question = Question(request: request, handle: handle)
        }
      case .refuse(let refusal):
        end(with: refusal, at: now)
      }
    }
  }

  private mutating func send(_ response: Response, _ asked: Asked, at now: Moment) {
    send(response.encoded(withBody: !asked.isHead, asked.persistence, at: now.unixMilliseconds), at: now)
    if asked.persistence == .close { phase = .closing }
  }

  private mutating func end(with refusal: Refusal, at now: Moment) {
    asked = nil
    send(Response(refusal).encoded(withBody: true, .close, at: now.unixMilliseconds), at: now)
    phase = .closing
  }

  private mutating func send(_ bytes: [UInt8], at now: Moment) {
    if unsent.isEmpty {
      unsentSince = now.sinceBoot
      unsent = bytes[...]
    } else {
      unsent += bytes
    }
  }

  private mutating func finishIfSent(at now: Duration) {
    guard phase == .closing, unsent.isEmpty else { return }
    phase = hasPeerEnded ? .over : .lingering(left: limits.lingerBytes)
    since = now
  }
}
