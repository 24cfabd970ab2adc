internal import Observe
internal import Outreach
internal import Runtime
internal import Values

/// Calls begin, end, and are given back unbegun. Nothing here waits or speaks to PostgreSQL.
extension SendLane {
  /// Everything that can be done for calls without waiting.
  func advance() {
    carrier.perform()
    for (message, ending) in carrier.takeEnded() {
      guard let call = flying.removeValue(forKey: message) else { continue }
      finish(call, ending)
    }
  }

  /// Begins what may begin now; gives back what may not any more.
  func begin() {
    guard !waiting.isEmpty else { return }
    var later: [Claimed] = []
    for var call in waiting {
      let now = BootClock.now
      let answer = resting.answer(call.message, claimedAt: call.claimedAt, now: now)
      let line = lines[call.message.gateway]
      guard now - call.claimedAt < SendLane.claimHolds, call.moment.map({ now <= $0.until }) ?? true, answer != .rests
      else {
        line?.waiting -= 1
        giveBack(call, Reason(answer == .rests ? "campaign-rests" : "moment-passed"))
        continue
      }
      guard call.moment.map({ $0.from <= now }) ?? true, answer == .goes, let line, line.isFree else {
        later.append(call)
        continue
      }
      line.waiting -= 1
      line.inFlight += 1
      call.beganAt = now
      FailPoint.pass(.sendBeginning)
      let until = min(call.claimedAt + SendLane.claimHolds, call.moment?.until ?? .seconds(Int64.max / 4))
      if let refusal = carrier.begin(call.message, line.gateway.description, notAfter: until) {
        finish(call, .refused(refusal))
      } else {
        flying[call.message.id] = call
      }
    }
    let hasBegun = later.count < waiting.count
    waiting = later
    carrier.perform()
    if hasBegun { FailPoint.pass(.sendBegun) }
  }

  private func finish(_ call: Claimed, _ ending: EndedCall.Ending) {
    let name = call.message.gateway
    let now = BootClock.now
    if let line = lines[name] {
      line.inFlight -= 1
      line.ended(ending, now)
      line.unrecorded += 1
    }
    metrics.took(name, now - call.beganAt)
    let next = Retry(book).next(
      call.message, ending, isOpen: { self.lines[$0]?.breaker.isOpen(now) ?? false }, chance: .random(in: 0..<1))
    note(EndedCall(call.message, ending, next: next))
  }

  func giveBack(_ call: Claimed, _ reason: Reason) {
    lines[call.message.gateway]?.unrecorded += 1
    note(
      EndedCall(
        call.message, .given(back: reason), next: EndedCall.Next(gateway: call.message.gateway, wait: .zero)))
  }

  private func note(_ call: EndedCall) {
    if ended.isEmpty { endedSince = BootClock.now }
    ended.append(call)
  }
}
