internal import Gateways
internal import Outreach

/// One gateway as a lane calls it.
final class Line {
  var gateway: GatewayBook.Gateway
  var breaker: Breaker
  /// Calls that were begun and have not ended.
  var inFlight = 0
  /// Messages that are claimed and wait for a free place or their moment.
  var waiting = 0
  /// Calls that have ended and are not written down.
  var unrecorded = 0
  private var isClosed = false

  /// - Parameter share: the lane's part of the calls that its process may have under way.
  init(_ gateway: GatewayBook.Gateway, _ share: Share) {
    self.gateway = gateway
    breaker = Breaker(share.of(gateway.description.concurrency))
  }

  /// Messages that may be claimed now. A quarter more than can be called at once, so that no place is idle while PostgreSQL works;
  /// all of these would be uncertain if the process were killed.
  func room(_ now: Duration) -> Int {
    guard gateway.isEnabled, !isClosed, !breaker.isOpen(now) else { return 0 }
    let places = breaker.allowance + breaker.allowance / 4 - inFlight - waiting - unrecorded
    guard let rate = gateway.description.rate else { return places }
    // A fifth of a second ahead, and no more: who comes later and is more urgent waits for them.
    return min(places, max(1, rate / 5) - waiting)
  }

  var isFree: Bool { inFlight < breaker.allowance }
}

extension Line {
  /// A new description begins with what the lane knows of the gateway.
  convenience init(_ gateway: GatewayBook.Gateway, _ share: Share, after line: Line?) {
    self.init(gateway, share)
    guard let line else { return }
    inFlight = line.inFlight
    waiting = line.waiting
    unrecorded = line.unrecorded
    if line.gateway.description.concurrency == gateway.description.concurrency { breaker = line.breaker }
  }

  /// It is not in the database any more: what was begun may end.
  func close() { isClosed = true }

  func ended(_ ending: EndedCall.Ending, _ now: Duration) {
    switch ending {
    case .accepted: breaker.answered()
    case .refused(let refused):
      switch refused.kind {
      case .gone, .recipient, .message, .later: breaker.answered()
      case .busy: breaker.busy(now, retryAfter: refused.retryAfter)
      case .gateway: breaker.failed(now, chance: .random(in: 0..<1))
      }
    case .notSent, .unknown: breaker.failed(now, chance: .random(in: 0..<1))
    case .given: break
    }
  }
}

/// Which of a process's send lanes one is: what a process may do, its lanes do together.
struct Share {
  /// Counted from 1.
  let lane: Int
  let lanes: Int

  /// Of fewer than there are lanes, the last ones have none.
  func of(_ all: Int) -> Int { all / lanes + (lane <= all % lanes ? 1 : 0) }
}
