internal import Observe
internal import Runtime
internal import Synchronization

/// What the relay counts. Depth and age of the outbox are told by the active relay alone.
final class RelayMetrics: Sendable {
  private let metrics: Metrics
  private let published: Mutex<[String: Counter]> = Mutex([:])
  private let refusals: Mutex<[String: Counter]> = Mutex([:])
  let aborts: Counter
  let scheduled: Counter
  let seenPruned: Counter
  let lettersPruned: Counter
  let leader: Gauge
  let epoch: Gauge
  let steps: Steps
  private let runs: Histogram
  private let sizes: Histogram

  private static let events = CounterFamily("relay_events_total", "Events published to Kafka.", labels: "topic")
  private static let refused = CounterFamily(
    "relay_refused_total", "Events that the broker refuses for good, kept in outbox_refused.", labels: "topic")
  private static let abortions = CounterFamily(
    "relay_aborts_total", "Kafka transactions of the relay that were aborted.")
  private static let moved = CounterFamily(
    "relay_scheduled_events_total", "Scheduled events that came due and were moved to the outbox.")
  private static let pruned = CounterFamily(
    "relay_pruned_rows_total", "Rows dropped because they are older than the settings say.", labels: "table")
  private static let isLeader = GaugeFamily(
    "relay_active", "1 where this relay is the active one, 0 where it stands by.")
  private static let epochs = GaugeFamily("relay_epoch", "The epoch under which this relay is or was the active one.")
  private static let seconds = HistogramFamily("relay_run_seconds", "From a run's beginning to its commit in Kafka.")
  private static let parts = HistogramFamily(
    "relay_step_seconds", "What the time of a run went into.", labels: "step", upTo: StepClock.bounds)
  private static let counts = HistogramFamily(
    "relay_run_events", "Events in one run.", upTo: [1, 10, 100, 1_000, 10_000, 100_000])
  private static let outboxRows = GaugeFamily(
    "outbox_rows", "Rows of the outbox, each one batch's events for one topic.")
  private static let outboxEvents = GaugeFamily("outbox_events", "Events that wait to be published.")
  private static let outboxBytes = GaugeFamily("outbox_bytes", "Bytes of the events that wait to be published.")
  private static let outboxAge = GaugeFamily("outbox_oldest_seconds", "Age of the oldest event that waits.")
  private static let overdue = GaugeFamily(
    "scheduled_overdue_events", "Scheduled events that are due and not yet in the outbox.")

  init(_ metrics: Metrics) {
    self.metrics = metrics
    aborts = metrics.counter(RelayMetrics.abortions)
    scheduled = metrics.counter(RelayMetrics.moved)
    seenPruned = metrics.counter(RelayMetrics.pruned, "seen_event")
    lettersPruned = metrics.counter(RelayMetrics.pruned, "dead_letter")
    leader = metrics.gauge(RelayMetrics.isLeader)
    epoch = metrics.gauge(RelayMetrics.epochs)
    runs = metrics.histogram(RelayMetrics.seconds)
    sizes = metrics.histogram(RelayMetrics.counts)
    steps = Steps { metrics.histogram(RelayMetrics.parts, $0) }
  }

  /// A run's life: its number made durable, its events read and handed to Kafka, acknowledged, committed.
  struct Steps {
    let begin: Histogram
    let send: Histogram
    let flush: Histogram
    let commit: Histogram
    let end: Histogram

    init(_ histogram: (String) -> Histogram) {
      begin = histogram("begin")
      send = histogram("send")
      flush = histogram("flush")
      commit = histogram("commit")
      end = histogram("end")
    }
  }

  func published(_ run: Run, in time: Duration) {
    runs.observe(time)
    sizes.observe(run.count)
    for row in run.rows where row.count > 0 { counter(published, RelayMetrics.events, row.topic).add(row.count) }
    for index in run.refused.keys {
      counter(refusals, RelayMetrics.refused, run.row(of: index)?.topic ?? "").add()
    }
  }

  func outbox(_ state: OutboxState) {
    metrics.gauge(RelayMetrics.outboxRows).set(state.rows)
    metrics.gauge(RelayMetrics.outboxEvents).set(state.events)
    metrics.gauge(RelayMetrics.outboxBytes).set(state.bytes)
    metrics.gauge(RelayMetrics.outboxAge).set(state.ageSeconds)
    metrics.gauge(RelayMetrics.overdue).set(state.overdue)
  }

  func forgetOutbox() {
    for family in [
      RelayMetrics.outboxRows, RelayMetrics.outboxEvents, RelayMetrics.outboxBytes, RelayMetrics.outboxAge,
      RelayMetrics.overdue,
    ] {
      metrics.remove(family)
    }
  }

  private func counter(
    _ known: borrowing Mutex<[String: Counter]>, _ family: CounterFamily, _ label: String
  ) -> Counter {
    known.withLock { known in
      if let counter = known[label] { return counter }
      let counter = metrics.counter(family, label)
      known[label] = counter
      return counter
    }
  }
}

/// The outbox as it was when it was last looked at.
struct OutboxState {
  let rows: Int64
  let events: Int64
  let bytes: Int64
  let ageSeconds: Double
  let overdue: Int64
}
