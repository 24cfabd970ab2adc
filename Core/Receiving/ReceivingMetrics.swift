internal import Mail
internal import Observe
internal import Synchronization

/// What is counted of calls. Gateways are those of the database, and none where a call is nobody's: strangers add no labels.
final class ReceivingMetrics: Sendable {
  private let metrics: Metrics
  private let counters: Mutex<[String: Counter]> = Mutex([:])

  private static let calls = CounterFamily(
    "call_backs_total", "Calls of gateways, by what became of them.", labels: "gateway", "outcome")
  private static let visits = CounterFamily(
    "link_visits_total",
    "Visits of links in messages, by what became of them; what is unpublished is not counted elsewhere.",
    labels: "kind", "outcome")
  private static let mails = CounterFamily(
    "bounce_mails_total", "Mails in the folder of bounces, by what became of them.", labels: "outcome")
  private static let events = CounterFamily(
    "call_back_events_total", "What came back of messages and Kafka has; without a gateway where a link told it.",
    labels: "gateway", "type")
  private static let left = CounterFamily(
    "call_back_passed_over_total", "Parts of calls that could not be read.", labels: "gateway", "reason")
  private static let seconds = HistogramFamily(
    "call_back_seconds", "From a call, read whole, to its answer once Kafka has what it brought.", labels: "gateway",
    upTo: [
      .milliseconds(2), .milliseconds(5), .milliseconds(10), .milliseconds(50), .milliseconds(200), .seconds(1),
      .seconds(5),
    ])

  init(_ metrics: Metrics) { self.metrics = metrics }

  func count(_ gateway: String, _ outcome: StaticString) {
    counter(ReceivingMetrics.calls, "calls", gateway, outcome.description).add()
  }

  func count(_ kind: MailLink.Kind, _ outcome: StaticString) {
    counter(ReceivingMetrics.visits, "visits", kind.rawValue, outcome.description).add()
  }

  func countMail(_ outcome: String) { metrics.counter(ReceivingMetrics.mails, outcome).add() }

  func count(_ subject: ReceivedCall.Subject, _ outcome: StaticString) {
    switch subject {
    case .gateway(let gateway): count(gateway, outcome)
    case .link(let kind): count(kind, outcome)
    case .mail: countMail(outcome.description)
    }
  }

  func passedOver(_ gateway: String, _ reason: String) {
    counter(ReceivingMetrics.left, "left", gateway, reason).add()
  }

  func published(_ call: ReceivedCall, in time: Duration) {
    count(call.subject, "published")
    for event in call.events { counter(ReceivingMetrics.events, "events", event.gateway, event.type).add() }
    if case .gateway(let gateway) = call.subject {
      metrics.histogram(ReceivingMetrics.seconds, gateway).observe(time)
    }
  }

  private func counter(_ family: CounterFamily, _ kind: String, _ gateway: String, _ label: String) -> Counter {
    counters.withLock { known in
      let key = "\(kind) \(gateway) \(label)"
      if let counter = known[key] { return counter }
      let counter = metrics.counter(family, gateway, label)
      known[key] = counter
      return counter
    }
  }
}
