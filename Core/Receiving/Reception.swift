internal import Gateways
internal import HTTP
internal import Mail
internal import Observe
internal import Values

/// Reads calls on the listener's thread, of gateways and of who follows our links: refuses at once what is not to be taken, and hands
/// on the rest.
final class Reception: Sendable {
  private let options: ReceivingOptions
  private let shelf: GatewayShelf
  private let calls: WaitingCalls
  private let log: Log
  private let metrics: ReceivingMetrics
  private let links: LinkReception?

  init(
    _ options: ReceivingOptions, _ shelf: GatewayShelf, _ calls: WaitingCalls, _ log: Log, _ metrics: ReceivingMetrics
  ) {
    self.options = options
    self.shelf = shelf
    self.calls = calls
    self.log = log
    self.metrics = metrics
    links = options.marks.map { LinkReception(marks: $0, metrics: metrics) }
  }

  @Sendable func take(_ request: Request, _ answering: Answering) {
    let arrived = BootClock.now
    if let links {
      switch links.take(request, path: Reception.inside(request.path, options.linkPath).dropFirst(), answering, arrived)
      {
      case .call(let call): return put(call)
      case .answered: return
      case .nobodys: break
      }
    }
    let path = String(Reception.inside(request.path, options.basePath))
    let name = path.dropFirst().prefix { $0 != "/" }
    let gateway: GatewayDescription
    switch shelf.find(String(name)) {
    case .described(let description): gateway = description
    case .unknown where options.marks != nil && MailLink.Kind(rawValue: String(name)) != nil:
      metrics.count("", "not-found")
      return answering.give(UnsubscribePage.unknown)
    case .unknown: return answering.refuse(404, "no gateway calls back here", metrics.count("", "not-found"))
    case .broken:
      return answering.refuse(503, "the gateway's description cannot be read", metrics.count("", "not-described"))
    case .notRead: return answering.refuse(503, "it is starting", metrics.count("", "starting"))
    }
    do throws(CallBackRefusal) {
      let reading = try gateway.read(
        CallBack(request, path: path), reachedAt: options.base, secrets: { options.secrets[$0] })
      accept(reading, of: gateway.name, answering, arrived)
    } catch {
      log.warning(
        "a call-back is refused",
        [
          "gateway": .text(gateway.name), "status": .integer(error.status), "cause": .text(error.refusal.description),
        ])
      answering.refuse(
        error.status, error.refusal.detail, metrics.count(gateway.name, Reception.outcome(of: error.status)))
    }
  }

  private func accept(_ reading: CallBackReading, of gateway: String, _ answering: Answering, _ arrived: Duration) {
    guard reading.receipts.count + reading.messages.count <= ReceivingOptions.mostInCall else {
      let most = "at most \(ReceivingOptions.mostInCall) receipts are taken at a time"
      return answering.refuse(413, most, metrics.count(gateway, "too-many"))
    }
    let received = ReceivedEvents(reading, of: gateway)
    for refusal in received.passedOver {
      metrics.passedOver(gateway, refusal.reason)
      log.warning(
        "part of a call-back is passed over", ["gateway": .text(gateway), "cause": .text(refusal.description)])
    }
    guard !received.events.isEmpty else {
      metrics.count(gateway, "empty")
      return answering.give(Response(reading.answer))
    }
    put(
      ReceivedCall(subject: .gateway(gateway), events: received.events, arrived: arrived) { fate in
        answering.give(
          fate == .published
            ? Response(reading.answer)
            : .text("Not now: call again.", status: 503, fields: ["Retry-After": "5"]))
      })
  }

  private func put(_ call: ReceivedCall) {
    guard !calls.put(call) else { return }
    metrics.count(call.subject, "turned-away")
    call.tell(.unpublished)
  }

  /// Without what a proxy has left before it.
  private static func inside(_ path: String, _ base: Substring) -> Substring {
    guard !base.isEmpty, path.hasPrefix(base), path.dropFirst(base.count).first == "/" else { return path[...] }
    return path.dropFirst(base.count)
  }

  private static func outcome(of status: Int) -> StaticString {
    switch status {
    case 401: "not-authentic"
    case 404: "not-found"
    case 405: "wrong-method"
    default: "unreadable"
    }
  }
}

extension Answering {
  /// - Parameter counted: what was counted; it stands here so that no refusal goes uncounted.
  func refuse(_ status: Int, _ sentence: String, _ counted: Void) {
    give(.text(sentence, status: status))
  }
}

extension Response {
  init(_ answer: CallBackAnswer) {
    self.init(answer.status, type: answer.contentType, body: Array(answer.body.utf8))
  }
}

extension CallBack {
  init(_ request: Request, path: String) {
    self.init(
      method: request.method.rawValue, path: path, query: request.query,
      headers: request.fields.map { HTTPField($0.name, $0.value) }, body: request.body)
  }
}
