internal import Observe
internal import Synchronization

/// What send lanes count, one set for the process.
final class SendMetrics: Sendable {
  private let metrics: Metrics
  private let worker: String
  let failures: Counter
  private let calls: Mutex<[String: Counter]> = Mutex([:])
  private let times: Mutex<[String: Histogram]> = Mutex([:])

  private static let failed = CounterFamily(
    "send_failures_total", "Turns of a send lane that failed for want of PostgreSQL.", labels: "worker")
  private static let ended = CounterFamily(
    "messages_total", "Messages that a lane has claimed or called for, by what became of them.", labels: "worker",
    "gateway", "outcome")
  private static let seconds = HistogramFamily(
    "call_seconds", "From beginning a call to a gateway to its end.", labels: "worker", "gateway",
    upTo: [
      .milliseconds(2), .milliseconds(10), .milliseconds(50), .milliseconds(200), .seconds(1), .seconds(5),
      .seconds(30),
    ])
  private static let flying = GaugeFamily("calls_in_flight", "Calls that have not ended.", labels: "worker", "gateway")
  private static let open = GaugeFamily(
    "gateway_open", "1 while a gateway is not called because calls to it fail.", labels: "worker", "gateway")

  init(_ metrics: Metrics, worker: String) {
    self.metrics = metrics
    self.worker = worker
    failures = metrics.counter(SendMetrics.failed, worker)
  }

  func count(_ gateway: String, _ outcome: StaticString, _ number: Int) {
    calls.withLock { known in
      let key = "\(gateway) \(outcome)"
      if known[key] == nil { known[key] = metrics.counter(SendMetrics.ended, worker, gateway, outcome.description) }
      known[key]?.add(number)
    }
  }

  func took(_ gateway: String, _ time: Duration) {
    times.withLock { known in
      if known[gateway] == nil { known[gateway] = metrics.histogram(SendMetrics.seconds, worker, gateway) }
      known[gateway]?.observe(time)
    }
  }

  func show(_ gateway: String, inFlight: Int, isOpen: Bool) {
    metrics.gauge(SendMetrics.flying, worker, gateway).set(Int64(inFlight))
    metrics.gauge(SendMetrics.open, worker, gateway).set(Int64(isOpen ? 1 : 0))
  }
}
