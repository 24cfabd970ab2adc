internal import Gateways
internal import Outreach

/// One gateway as a lane calls it.
struct Line {
  var gateway: GatewayBook.Gateway
  var breaker: Breaker
  /// Calls that were begun and have not ended.
  var inFlight = 0
  /// Messages that are claimed and wait for a free place or their moment.
  var waiting = 0
  /// Calls that have ended and are not written down.
  var unrecorded = 0
  private var isClosed = false

  init(_ gateway: GatewayBook.Gateway) {
    self.gateway = gateway
    breaker = Breaker(gateway.description.concurrency)
  }

  /// How long before their moments calls are claimed, at a gateway with a rate: as little as may be, because who comes later and is
  /// more urgent waits for them.
  static let paceAhead: Duration = .milliseconds(200)

  /// Messages that may be claimed now. A quarter more than can be called at once, so that no place is idle while PostgreSQL works;
  /// all of these would be uncertain if the process were killed.
  func room(_ now: Duration) -> Int {
    guard gateway.isEnabled, !isClosed, !breaker.isOpen(now) else { return 0 }
    let places = breaker.allowance + breaker.allowance / 4 - inFlight - waiting - unrecorded
    guard let rate = gateway.description.rate else { return places }
    let ahead = max(1, rate / 5)
    return min(places, ahead - waiting)
  }

  var isFree: Bool { inFlight < breaker.allowance }
}

extension Line {
  /// A new description begins with what the lane knows of the gateway.
  init(_ gateway: GatewayBook.Gateway, after line: Line?) {
    self.init(gateway)
    guard let line else { return }
    inFlight = line.inFlight
    waiting = line.waiting
    unrecorded = line.unrecorded
    if line.gateway.description.concurrency == gateway.description.concurrency { breaker = line.breaker }
  }

  /// It is not in the database any more: what was begun may end.
  mutating func close() { isClosed = true }

  mutating func ended(_ ending: EndedCall.Ending, _ now: Duration) {
    switch ending {
    case .accepted: breaker.answered()
    case .refused(let refused):
      switch refused.kind {
      case .recipient, .message: breaker.answered()
      case .busy: breaker.busy(now, retryAfter: refused.retryAfter)
      case .gateway: breaker.failed(now, chance: .random(in: 0..<1))
      }
    case .notSent, .unknown: breaker.failed(now, chance: .random(in: 0..<1))
    case .given: break
    }
  }
}
