internal import Mail
internal import Observe
internal import Synchronization

/// A call whose events are on their way; whoever brought them waits.
struct ReceivedCall: Sendable {
  /// What metrics tell it by.
  enum Subject: Sendable {
    case gateway(String)
    case link(MailLink.Kind)
    /// A mail in the folder of bounces.
    case mail
  }

  enum Fate: Sendable {
    /// The broker has all of its events.
    case published
    case unpublished
    /// It is not known yet, and who is on their way waits no longer.
    case late
  }

  let subject: Subject
  let events: [ReceivedEvent]
  /// By the machine's steady clock.
  let arrived: Duration
  /// Somebody on their way elsewhere waits for it.
  let isPassing: Bool
  /// Told once what has become of it, and of a passing one perhaps before that it is late; by the thread that publishes.
  let tell: @Sendable (Fate) -> Void

  init(
    subject: Subject, events: [ReceivedEvent], arrived: Duration, isPassing: Bool = false,
    tell: @escaping @Sendable (Fate) -> Void
  ) {
    self.subject = subject
    self.events = events
    self.arrived = arrived
    self.isPassing = isPassing
    self.tell = tell
  }
}

/// Calls between the thread that reads them and the one that publishes what they brought.
final class WaitingCalls: Sendable {
  private struct State {
    var calls: [ReceivedCall] = []
    /// Events of calls that were neither answered nor given up.
    var events = 0
  }

  private let bell: Bell
  private let state = Mutex(State())

  init() throws(ListenerError) { bell = try Bell() }

  /// False where too many events wait already.
  func put(_ call: ReceivedCall) -> Bool {
    let (isTaken, isFirst) = state.withLock { state in
      guard state.events + call.events.count <= ReceivingOptions.mostWaiting else { return (false, false) }
      state.events += call.events.count
      state.calls.append(call)
      return (true, state.calls.count == 1)
    }
    if isFirst { bell.ring() }
    return isTaken
  }

  func take() -> [ReceivedCall] {
    state.withLock { state in
      defer { state.calls.removeAll() }
      return state.calls
    }
  }

  /// So many events wait no more.
  func settled(_ events: Int) { state.withLock { $0.events -= events } }

  /// How many events wait.
  var waiting: Int { state.withLock { $0.events } }

  /// Until there is a call, or so long.
  func wait(_ bound: Duration) {
    if state.withLock({ $0.calls.isEmpty }) { bell.wait(bound) }
  }
}
