internal import Glibc
internal import Synchronization

/// Named steps at which a test may end or freeze the process as it is shipped.
///
/// `MILLRACE_FAIL_POINT=batch.advanced:kill:3` sends SIGKILL to the process the third time it comes by; `stop` sends
/// SIGSTOP, `trap` ends it as a fault in the program would. `batch.decided@ID:trap` strikes only for the event with
/// that id, every time; of a sweep's steps, only for the sweep with that name. `MILLRACE_FAIL_REPORT` names a file to which
/// each strike appends its step, so that a test knows that it happened. Without the variable a step costs one comparison.
public enum FailPoint: String, CaseIterable, Sendable {
  case assigned = "lane.assigned"
  case polled = "batch.polled"
  case begun = "batch.begun"
  case locked = "batch.locked"
  case loaded = "batch.loaded"
  case deciding = "batch.deciding"
  case decided = "batch.decided"
  case written = "batch.written"
  case advanced = "batch.advanced"
  case committed = "batch.committed"
  case told = "batch.told"
  case sweepClaimed = "sweep.claimed"
  case sweepWritten = "sweep.written"
  case sweepCommitted = "sweep.committed"
  case sendClaiming = "send.claiming"
  case sendClaimed = "send.claimed"
  case sendBeginning = "send.beginning"
  case sendBegun = "send.begun"
  case sendRecording = "send.recording"
  case sendRecorded = "send.recorded"
  case receiveSending = "receive.sending"
  case receiveSent = "receive.sent"
  case receiveAcknowledged = "receive.acknowledged"
  case bounceRead = "bounce.read"
  case bouncePublished = "bounce.published"
  case bounceMoved = "bounce.moved"
  case relayElected = "relay.elected"
  case relayClaimed = "relay.claimed"
  case relayRunDurable = "relay.run-durable"
  case relaySending = "relay.sending"
  case relaySent = "relay.sent"
  case relayAcknowledged = "relay.acknowledged"
  case relayDeleting = "relay.deleting"
  case relayDeleted = "relay.deleted"
  case relayScheduled = "relay.scheduled"

  /// The process came to this step.
  @inline(__always)
  public static func pass(_ point: FailPoint) {
    if let armed, armed.point == point { armed.strike(nil) }
  }

  /// The process came to this step for the event with this id.
  @inline(__always)
  public static func pass(_ point: FailPoint, event id: @autoclosure () -> String) {
    if let armed, armed.point == point { armed.strike(id()) }
  }

  private static let armed: ArmedFailPoint? = ArmedFailPoint(
    getenv("MILLRACE_FAIL_POINT").map { String(cString: $0) },
    report: getenv("MILLRACE_FAIL_REPORT").map { String(cString: $0) })

  /// Refuses a name that no step has: a test that can never strike would pass.
  static func checkArmed() -> String? {
    guard let text = getenv("MILLRACE_FAIL_POINT").map({ String(cString: $0) }), armed == nil else { return nil }
    return "MILLRACE_FAIL_POINT=\(text) names no step; write STEP[@ID]:kill|stop|trap[:N]"
  }
}

private struct ArmedFailPoint: Sendable {
  let point: FailPoint
  private let event: String?
  private let deed: Deed
  private let report: String?
  private static let passes = Atomic<Int>(0)
  private let strikeAt: Int

  private enum Deed: String { case kill, stop, trap }

  init?(_ text: String?, report: String?) {
    guard let text else { return nil }
    let parts = text.split(separator: ":")
    guard parts.count == 2 || parts.count == 3, let deed = Deed(rawValue: String(parts[1])) else { return nil }
    let target = parts[0].split(separator: "@", maxSplits: 1)
    guard let first = target.first, let point = FailPoint(rawValue: String(first)) else { return nil }
    guard let strikeAt = parts.count == 3 ? Int(parts[2]) : 1 else { return nil }
    self.point = point
    self.event = target.count == 2 ? String(target[1]) : nil
    self.deed = deed
    self.strikeAt = strikeAt
    self.report = report
  }

  func strike(_ id: String?) {
    guard event == nil || event == id else { return }
    let pass = ArmedFailPoint.passes.wrappingAdd(1, ordering: .relaxed).newValue
    guard event != nil || pass == strikeAt else { return }
    if let report, let file = fopen(report, "a") {
      fputs("\(point.rawValue)\n", file)
      fclose(file)
    }
    switch deed {
    case .kill: raise(SIGKILL)
    case .stop: raise(SIGSTOP)
    case .trap: preconditionFailure("fail point \(point.rawValue)")
    }
  }
}
