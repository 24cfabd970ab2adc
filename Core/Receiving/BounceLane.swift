internal import Gateways
internal import Mail
internal import Observe
internal import Runtime
internal import Synchronization
internal import Values

/// Reads bounces and complaints from a folder of mails, and moves each once the broker has what it says: killed at any point, a mail is
/// read again, and said twice it says the same.
final class BounceLane: Lane {
  private let folder: Maildir
  private let marks: MessageMarks
  private let shelf: GatewayShelf
  private let calls: WaitingCalls
  private let status: LaneStatus
  private let stopping: Stopping
  private let log: Log
  private let metrics: ReceivingMetrics
  private let fates: Fates
  private var backoff = Backoff(milliseconds: 200...10_000)
  /// Mails that could not be read when the folder was looked at last: they are told of once, and tried each time.
  private var unreadable: Set<String> = []

  /// Mails that are under way at a time.
  private static let mostAtOnce = 200
  /// How often the folder is looked at.
  private static let between = Duration.seconds(1)

  init(
    _ folder: Maildir, _ marks: MessageMarks, _ shelf: GatewayShelf, _ calls: WaitingCalls, _ fates: Fates,
    _ status: LaneStatus, _ stopping: Stopping, _ log: Log, _ metrics: ReceivingMetrics
  ) {
    self.folder = folder
    self.marks = marks
    self.shelf = shelf
    self.calls = calls
    self.status = status
    self.stopping = stopping
    self.log = log
    self.metrics = metrics
    self.fates = fates
  }

  func run() {
    while !stopping.isRequested {
      status.beat()
      var rest = BounceLane.between
      do throws(MaildirError) {
        // Before it is known which gateways there are, it is not known whose bounces these are.
        if shelf.isRead, !(try take()) { rest = backoff.failed() } else { backoff.succeeded() }
        status.obstacle("bounces", nil)
        status.obstacle("start", nil)
      } catch {
        status.obstacle("bounces", "waits for the folder of bounces: \(error)")
        log.warning("the folder of bounces cannot be used", ["cause": .text(error.description)])
        rest = backoff.failed()
      }
      _ = stopping.wait(rest)
    }
  }

  /// What waits, a part at a time. False where some of it could not be published: it stays where it is.
  func take() throws(MaildirError) -> Bool {
    var left: Set<String> = []
    defer { unreadable = left }
    while !stopping.isRequested {
      let names = try folder.waiting(atMost: BounceLane.mostAtOnce, besides: left)
      var underWay: [String: Maildir.Flag] = [:]
      for name in names {
        switch try folder.read(name) {
        case .mail(let bytes):
          let mail = ReceivedEvents(MailReport(reading: bytes, marks: marks), returnedTo: shelf)
          if try give(name, mail) { underWay[name] = mail.flag }
        case .gone: continue
        case .unreadable(let error):
          left.insert(name)
          if !unreadable.contains(name) { tell(error) }
        }
      }
      let isWhole = try settle(underWay)
      guard isWhole else { return false }
      if names.count < BounceLane.mostAtOnce { return true }
      status.beat()
    }
    return true
  }

  private func tell(_ error: MaildirError) {
    metrics.countMail("unreadable")
    log.warning("a mail in the folder of bounces stays there", ["cause": .text(error.description)])
  }

  /// Whether it is under way.
  private func give(_ name: String, _ mail: ReceivedEvents) throws(MaildirError) -> Bool {
    FailPoint.pass(.bounceRead)
    for refusal in mail.passedOver {
      metrics.countMail(refusal.reason)
      log.warning(
        "a mail in the folder of bounces, or a part of it, cannot be used", ["cause": .text(refusal.description)])
    }
    guard !mail.events.isEmpty else {
      if mail.passedOver.isEmpty { metrics.countMail("no-report") }
      try folder.move(name, mail.flag)
      return false
    }
    let fates = fates
    let call = ReceivedCall(subject: .mail, events: mail.events, arrived: BootClock.now) { fates.put(name, $0) }
    if !calls.put(call) { call.tell(.unpublished) }
    return true
  }

  /// Waits for what was given, and moves what the broker has.
  private func settle(_ given: [String: Maildir.Flag]) throws(MaildirError) -> Bool {
    var given = given
    var isWhole = true
    while !given.isEmpty, !stopping.isRequested {
      status.beat()
      for (name, fate) in fates.take() {
        guard let flag = given.removeValue(forKey: name), fate == .published else {
          isWhole = false
          continue
        }
        FailPoint.pass(.bouncePublished)
        try folder.move(name, flag)
        FailPoint.pass(.bounceMoved)
      }
      if !given.isEmpty { fates.wait(.seconds(1)) }
    }
    return isWhole
  }
}

extension BounceLane {
  /// What has become of mails, between the thread that publishes them and the one that reads the folder.
  final class Fates: Sendable {
    private let bell: Bell
    private let told: Mutex<[(name: String, fate: ReceivedCall.Fate)]> = Mutex([])

    init() throws(ListenerError) { bell = try Bell() }

    func put(_ name: String, _ fate: ReceivedCall.Fate) {
      told.withLock { $0.append((name, fate)) }
      bell.ring()
    }

    func take() -> [(name: String, fate: ReceivedCall.Fate)] {
      told.withLock { told in
        defer { told = [] }
        return told
      }
    }

    func wait(_ bound: Duration) {
      if told.withLock({ $0.isEmpty }) { bell.wait(bound) }
    }
  }
}

extension ReceivedEvents {
  /// Somebody looks at a mail of which not all could be used.
  fileprivate var flag: Maildir.Flag { passedOver.isEmpty ? .seen : .flagged }
}
