internal import Kafka
internal import Observe
internal import Postgres
internal import Runtime

/// Takes one run after the other to Kafka, each in one transaction, or in several where some records are refused.
///
/// While Kafka is slow or away it goes on renewing the lease, in waits of a fraction of a second.
final class RunPublisher {
  private let producer: Producer
  private let leadership: Leadership
  private let reader: RunReader
  private let status: LaneStatus
  private let stopping: Stopping
  private let log: Log
  private let metrics: RelayMetrics
  private let envelope = RelayEnvelope()
  private var backoff = Backoff(milliseconds: 50...5_000)

  private static let slice: Duration = .milliseconds(250)

  init(
    _ producer: Producer, _ leadership: Leadership, _ options: RelayOptions, _ status: LaneStatus, _ stopping: Stopping,
    _ log: Log, _ metrics: RelayMetrics
  ) {
    self.producer = producer
    self.leadership = leadership
    self.status = status
    self.stopping = stopping
    self.log = log
    self.metrics = metrics
    reader = RunReader(connection: leadership.connection, options: options)
    producer.patience = RunPublisher.slice
  }

  /// Shuts every older relay out of the broker and ends the transaction that it left open.
  func takeOver() throws(RelayFailure) {
    try insist { () throws(TransactionError) in try producer.takeOver(within: RunPublisher.slice) }
  }

  /// Returns when the whole run is committed to Kafka, save what the broker refuses for good.
  func publish(_ run: Run) throws(RelayFailure) {
    var pieces = RunPieces(run.count)
    while let piece = pieces.next {
      switch try attempt(run, piece) {
      case .committed:
        pieces.committed()
        backoff.succeeded()
        status.obstacle("topic", nil)
        status.obstacle("kafka", nil)
      case .refused(let failures):
        if pieces.split(at: failures.map(\.index)) { continue }
        settle(run, piece.lowerBound, failures)
      case .withheld(let index, let sentence):
        if pieces.split(at: [index]) { continue }
        status.obstacle("topic", sentence)
        log.error("events wait for a topic", ["cause": .text(sentence)])
        try rest(.seconds(1))
      case .failed(let error):
        status.obstacle("kafka", "waits for Kafka: \(error)")
        log.warning("a run was not committed; it is sent again", ["cause": .text(error.description)])
        try rest(backoff.failed())
      }
    }
  }

  /// The one record of a piece is not taken: a dead letter is tried with less of it, anything else is put aside.
  private func settle(_ run: Run, _ index: Int, _ failures: [RecordFailure]) {
    let error = failures.first?.error
    let row = run.row(of: index)
    if row?.isLetters == true, row?.topic.hasSuffix(".dlq") == true, error?.isTooLarge == true, run.shrink(index) {
      return
    }
    run.refuse(index, error?.description ?? "refused")
  }

  // MARK: One transaction

  private struct RecordFailure {
    let index: Int
    let error: KafkaError
  }

  private enum Attempt {
    case committed
    /// These records can never be taken as they are.
    case refused([RecordFailure])
    /// This one waits for something that an operator has to do, and all that follow with it.
    case withheld(Int, String)
    case failed(KafkaError)
  }

  private func attempt(_ run: Run, _ piece: Range<Int>) throws(RelayFailure) -> Attempt {
    _ = producer.takeDeliveries()
    var clock = StepClock()
    try begin()
    var failure: KafkaError?
    var failedAt = piece.lowerBound
    do throws(RelayFailure) {
      try reader.forEach(
        of: run, piece, envelope, meanwhile: { () throws(RelayFailure) in try leadership.keep() },
        send: { record throws(RelayFailure) in
          FailPoint.pass(.relaySending)
          failedAt = record.index
          return try send(record)
        })
    } catch .kafka(let error) {
      failure = error
    }
    if failure == nil {
      clock.ended(metrics.steps.send)
      try flush()
      clock.ended(metrics.steps.flush)
      FailPoint.pass(.relaySent)
      // Only an unfailed transaction can be committed; whether this one is, the call itself says.
      try leadership.keep()
      failure = try commit()
      clock.ended(metrics.steps.commit)
    }
    guard let failure else {
      FailPoint.pass(.relayAcknowledged)
      return .committed
    }
    // What was failing at that moment is known before abort drops the rest.
    let failures = producer.takeDeliveries().failures.map { RecordFailure(index: $0.tag, error: $0.error) }
    try insist { () throws(TransactionError) in try producer.abort(within: RunPublisher.slice) }
    metrics.aborts.add()
    return verdict(failure, at: failedAt, failures, run)
  }

  private func begin() throws(RelayFailure) {
    try insist { () throws(TransactionError) in try producer.begin() }
  }

  /// nil when committed; what failed when the transaction has to be aborted.
  private func commit() throws(RelayFailure) -> KafkaError? {
    do throws(RelayFailure) {
      try insist { () throws(TransactionError) in try producer.commit(within: RunPublisher.slice) }
      return nil
    } catch .producer(.mustAbort(let cause)) {
      return cause
    }
  }

  /// nil when queued; else why the record can never be taken. Throws `kafka` where the transaction has failed.
  private func send(_ record: OutgoingRecord) throws(RelayFailure) -> KafkaError? {
    while true {
      do throws(KafkaError) {
        try producer.send(
          topic: record.topic, key: record.key, value: record.value, headers: envelope.headers, tag: record.index)
        return nil
      } catch {
        if error.isRefusal { return error }
        guard error.isQueueFull else { throw .kafka(error) }
        try leadership.keep()
        try checkStopping()
      }
    }
  }

  private func flush() throws(RelayFailure) {
    while producer.outstanding > 0 {
      do throws(KafkaError) { try producer.flush(within: RunPublisher.slice) } catch {
        guard error.isTimeout else { throw .kafka(error) }
        status.obstacle("kafka", "waits for Kafka to take events")
        try leadership.keep()
        try checkStopping()
      }
    }
  }

  private func verdict(_ failure: KafkaError, at index: Int, _ failures: [RecordFailure], _ run: Run) -> Attempt {
    let refused = failures.filter { $0.error.isRefusal }
    if !refused.isEmpty { return .refused(refused) }
    let withheld = failures + [RecordFailure(index: index, error: failure)]
    for failure in withheld.sorted(by: { $0.index < $1.index }) {
      let topic = run.row(of: failure.index)?.topic ?? ""
      if failure.error.isUnknownTopic {
        return .withheld(
          failure.index, "waits: the topic \(topic) does not exist; create it with `millrace topics apply`")
      }
      if failure.error.isUnauthorized {
        return .withheld(failure.index, "waits: it may not write to \(topic): \(failure.error.reason)")
      }
    }
    return .failed(failure)
  }

  // MARK: Waiting

  /// Repeats a call for as long as it may be repeated.
  private func insist(_ call: () throws(TransactionError) -> Void) throws(RelayFailure) {
    while true {
      do throws(TransactionError) {
        try call()
        return
      } catch {
        guard case .retriable(let cause) = error else { throw .producer(error) }
        if !cause.isTimeout { _ = stopping.wait(.milliseconds(20)) }
        try leadership.keep()
        try checkStopping()
        status.obstacle("kafka", "waits for Kafka: \(cause)")
      }
    }
  }

  private func rest(_ duration: Duration) throws(RelayFailure) {
    let until = BootClock.now + duration
    while BootClock.now < until {
      try checkStopping()
      status.beat()
      try leadership.keep()
      _ = stopping.wait(min(until - BootClock.now, RunPublisher.slice))
    }
  }

  private func checkStopping() throws(RelayFailure) {
    status.beat()
    if stopping.isRequested { throw .stopping }
  }
}

extension KafkaError {
  /// The broker will never take this record, whatever an operator does about topics and rights. Kafka's protocol codes:
  /// 17 invalid topic, 32 invalid timestamp, 43 unsupported for message format, 44 policy violation, 87 invalid record;
  /// -199 is librdkafka's bad message.
  var isRefusal: Bool { isTooLarge || [17, 32, 43, 44, 87, -199].contains(code) }
}
