internal import Contract
internal import Kafka
internal import Observe
internal import Synchronization

/// What a worker's lanes count, one set for the process.
final class WorkerMetrics: Sendable {
  private let metrics: Metrics
  private let worker: String

  let dropped: Counter
  let retries: Counter
  let splits: Counter
  let failures: Counter
  private let batches: Histogram
  private let batchSizes: Histogram
  /// From the time that a batch's first record bears to the batch's beginning.
  let waited: Histogram
  let steps: Steps
  private let stops: Mutex<[String: Counter]> = Mutex([:])
  private let outcomes: Mutex<[String: Counter]> = Mutex([:])
  private let deadLetters: Mutex<[String: Counter]> = Mutex([:])
  private let rebuilds: Mutex<[String: Counter]> = Mutex([:])
  private let lags: Mutex<[TopicPartition: Gauge]> = Mutex([:])

  private static let events = CounterFamily(
    "events_total", "Events that took effect or were passed over, by what became of them.",
    labels: "worker", "outcome")
  private static let dead = CounterFamily(
    "dead_letters_total", "Events that could not be applied, by reason.", labels: "worker", "reason")
  private static let repeats = CounterFamily(
    "records_dropped_total", "Records that lie below the position and were dropped.", labels: "worker")
  private static let again = CounterFamily(
    "batch_retries_total", "Batches tried again with a fresh load.", labels: "worker")
  private static let split = CounterFamily(
    "batch_splits_total", "Batches halved to find an event that the database refuses.", labels: "worker")
  private static let failed = CounterFamily(
    "batch_failures_total", "Batches that failed for want of Kafka or PostgreSQL.", labels: "worker")
  private static let stopped = CounterFamily(
    "partition_stops_total", "Partitions stopped, by rule.", labels: "worker", "rule")
  private static let rebuilt = CounterFamily(
    "consumers_rebuilt_total", "Consumers made anew, because one was dead or its group silent.", labels: "worker",
    "cause")
  private static let seconds = HistogramFamily(
    "batch_seconds", "From begin to commit.", labels: "worker",
    upTo: [
      .milliseconds(1), .milliseconds(5), .milliseconds(20), .milliseconds(100), .milliseconds(500), .seconds(2),
      .seconds(10),
    ])
  private static let waits = HistogramFamily(
    "batch_waited_seconds", "From the time that its first record bears to the beginning of a batch.", labels: "worker",
    upTo: StepClock.bounds)
  private static let parts = HistogramFamily(
    "batch_step_seconds", "What the time of a batch went into.", labels: "worker", "step", upTo: StepClock.bounds)
  private static let sizes = HistogramFamily(
    "batch_events", "Events in one transaction.", labels: "worker", upTo: [1, 10, 100, 1_000, 10_000])
  private static let behind = GaugeFamily(
    "lag_events", "Events in the partition that have not taken effect.", labels: "worker", "topic", "partition"
  )

  init(_ metrics: Metrics, worker: String) {
    self.metrics = metrics
    self.worker = worker
    dropped = metrics.counter(WorkerMetrics.repeats, worker)
    retries = metrics.counter(WorkerMetrics.again, worker)
    splits = metrics.counter(WorkerMetrics.split, worker)
    failures = metrics.counter(WorkerMetrics.failed, worker)
    batches = metrics.histogram(WorkerMetrics.seconds, worker)
    batchSizes = metrics.histogram(WorkerMetrics.sizes, worker)
    waited = metrics.histogram(WorkerMetrics.waits, worker)
    steps = Steps { metrics.histogram(WorkerMetrics.parts, worker, $0) }
  }

  /// A batch's life, as far as it is spent with PostgreSQL.
  struct Steps {
    let begin: Histogram
    let load: Histogram
    let write: Histogram
    let commit: Histogram

    init(_ histogram: (String) -> Histogram) {
      begin = histogram("begin")
      load = histogram("load")
      write = histogram("write")
      commit = histogram("commit")
    }
  }

  func count(_ outcomes: [String: Int], _ deadLetters: [String: Int], _ events: Int, _ time: Duration) {
    for (outcome, count) in outcomes { counter(self.outcomes, WorkerMetrics.events, outcome).add(count) }
    for (reason, count) in deadLetters {
      counter(self.deadLetters, WorkerMetrics.dead, reason).add(count)
      counter(self.outcomes, WorkerMetrics.events, "dead-letter").add(count)
    }
    batches.observe(time)
    batchSizes.observe(events)
  }

  func measured(_ measure: Measure, _ value: Double) {
    metrics.gauge(GaugeFamily(measure.name, measure.help)).set(value)
  }

  func stopped(_ rule: StopRule) { counter(stops, WorkerMetrics.stopped, rule.rawValue).add() }

  func rebuilt(_ cause: LaneFailure.ConsumerEnd.Cause) {
    counter(rebuilds, WorkerMetrics.rebuilt, cause.rawValue).add()
  }

  func lag(_ partition: TopicPartition, _ events: Int64) {
    lags.withLock { lags in
      let gauge =
        lags[partition]
        ?? metrics.gauge(WorkerMetrics.behind, worker, partition.topic, String(partition.partition))
      lags[partition] = gauge
      gauge.set(events)
    }
  }

  func forgetLag(_ partitions: [TopicPartition]) {
    lags.withLock { lags in
      for partition in partitions where lags.removeValue(forKey: partition) != nil {
        metrics.remove(WorkerMetrics.behind, worker, partition.topic, String(partition.partition))
      }
    }
  }

  private func counter(_ known: borrowing Mutex<[String: Counter]>, _ family: CounterFamily, _ label: String) -> Counter
  {
    known.withLock { known in
      if let counter = known[label] { return counter }
      let counter = metrics.counter(family, worker, label)
      known[label] = counter
      return counter
    }
  }
}
