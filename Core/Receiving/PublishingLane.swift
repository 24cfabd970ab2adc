internal import Kafka
internal import Observe
internal import Runtime
internal import Topics
internal import Values

/// Publishes what calls brought, and tells whoever brought it once the broker has all of it, or has not got it in time.
final class PublishingLane: Lane {
  private struct Pending {
    let call: ReceivedCall
    /// Events that the broker has not acknowledged.
    var left: Int
  }

  private let options: ReceivingOptions
  private let kafka: KafkaProperties
  private let listener: Listener
  private let calls: WaitingCalls
  private let status: LaneStatus
  private let stopping: Stopping
  private let log: Log
  private let metrics: ReceivingMetrics
  private var producer: Producer?
  /// By the tag of their records, which rises from call to call.
  private var pending: [Int: Pending] = [:]
  private var lastTag = 0
  /// Every pending call has this tag or a higher one.
  private var oldestTag = 1
  /// Tags of those who wait for a moment only, the oldest first.
  private var passing: ArraySlice<Int> = []
  private var headers = MessageHeaders()
  private var failedAt: Duration?
  /// The topic is not there, or not ours to write to, or the broker takes the producer for one that has a successor. A producer
  /// believes that for minutes, or for ever; a new one asks.
  private var isRefused = false
  private var nextOpening = Duration.zero
  private var backoff = Backoff(milliseconds: 50...5_000)

  /// How long calls are waited for; the producer's own news waits as long.
  private static let idle = Duration.milliseconds(500)
  /// The same while the broker owes something: a call that comes meanwhile waits no longer.
  private static let slice = Duration.milliseconds(5)
  /// How long a failure keeps it from being ready where no call shows that it is over.
  private static let memory = Duration.seconds(10)

  init(
    _ options: ReceivingOptions, kafka: KafkaProperties, _ listener: Listener, _ calls: WaitingCalls,
    _ status: LaneStatus, _ stopping: Stopping, _ log: Log, _ metrics: ReceivingMetrics
  ) {
    self.options = options
    self.kafka = kafka
    self.listener = listener
    self.calls = calls
    self.status = status
    self.stopping = stopping
    self.log = log
    self.metrics = metrics
  }

  func run() {
    while !stopping.isRequested { turn() }
    // What has been taken is still published and answered; nothing new is taken.
    let bound = options.within + .seconds(1)
    listener.beginStop(within: bound)
    while !listener.hasEnded { turn() }
    listener.stop(within: bound)
    if let producer, !producer.close(within: .seconds(2)) { log.info("the producer did not close in time") }
  }

  private func turn() {
    status.beat()
    guard let producer = opened() else {
      for call in calls.take() { refuse(call) }
      calls.wait(backoff.failed())
      return
    }
    for call in calls.take() { send(call, producer) }
    if pending.isEmpty { calls.wait(PublishingLane.idle) }
    let troubles = producer.poll(wait: pending.isEmpty ? .zero : PublishingLane.slice)
    settle(producer.takeDeliveries())
    letPass()
    giveUpLate()
    if let error = producer.fatalError {
      failed(error)
      for tag in pending.keys.sorted() { giveUp(tag) }
      leave(producer)
    } else if isRefused, pending.isEmpty, producer.outstanding == 0 {
      leave(producer)
    } else if let error = troubles.first(where: { !$0.isTransient }) {
      failed(error)
    }
    if let failedAt, BootClock.now - failedAt > PublishingLane.memory { succeeded() }
  }

  private func opened() -> Producer? {
    if let producer { return producer }
    guard BootClock.now >= nextOpening else { return nil }
    do throws(KafkaError) {
      var properties = kafka
      // What was not taken in time is told to the gateway, which calls again: it must not go on waiting here.
      try properties.setDefault("message.timeout.ms", to: String(Int64(options.within / .milliseconds(1))))
      let made = try Producer(properties: properties, tellingTags: true) { [log] level, facility, text in
        let fields: KeyValuePairs<String, LogValue> = ["facility": .text(facility), "text": .text(text)]
        if level <= 4 { log.warning("librdkafka", fields) } else { log.debug("librdkafka", fields) }
      }
      // A full queue is the callers' to hear of, at once.
      made.patience = .zero
      producer = made
      status.obstacle("start", nil)
      return made
    } catch {
      failed(error)
      return nil
    }
  }

  private func leave(_ producer: Producer) {
    _ = producer.close(within: .seconds(2))
    self.producer = nil
    isRefused = false
    nextOpening = BootClock.now + .milliseconds(500)
  }

  // MARK: To the broker

  private func send(_ call: ReceivedCall, _ producer: Producer) {
    lastTag += 1
    FailPoint.pass(.receiveSending)
    let time = Timestamp(milliseconds: WallClock.milliseconds).rfc3339
    do throws(KafkaError) {
      for event in call.events {
        headers.removeAll()
        headers.append("ce_specversion", "1.0")
        headers.append("ce_source", "/millrace/\(Receiving.name)")
        headers.append("ce_id", event.id)
        headers.append("ce_type", event.type)
        headers.append("ce_time", time)
        headers.append("content-type", "application/json")
        try send(event, producer)
      }
    } catch {
      // Those that went out before it are repeated when the gateway calls again.
      failed(error)
      return refuse(call)
    }
    pending[lastTag] = Pending(call: call, left: call.events.count)
    if call.isPassing { passing.append(lastTag) }
    FailPoint.pass(.receiveSent)
  }

  private func send(_ event: ReceivedEvent, _ producer: Producer) throws(KafkaError) {
    let sent = event.key.withUnsafeBytes { key in
      event.value.withUnsafeBytes { value in
        Result { () throws(KafkaError) in
          try producer.send(
            topic: OutreachReceipts.topic.name, key: key, value: value, headers: headers, tag: lastTag)
        }
      }
    }
    try sent.get()
  }

  // MARK: And back

  private func settle(_ deliveries: Deliveries) {
    // What was given up before is no news: it must not hide that Kafka takes events again.
    for failure in deliveries.failures where pending[failure.tag] != nil {
      failed(failure.error)
      giveUp(failure.tag)
    }
    for tag in deliveries.tags {
      guard let left = pending[tag]?.left else { continue }
      pending[tag]?.left = left - 1
      if left == 1 { answer(tag) }
    }
  }

  private func answer(_ tag: Int) {
    guard let call = pending.removeValue(forKey: tag)?.call else { return }
    FailPoint.pass(.receiveAcknowledged)
    succeeded()
    calls.settled(call.events.count)
    metrics.published(call, in: BootClock.now - call.arrived)
    call.tell(.published)
  }

  /// Who is on their way goes on; what they did is published all the same, where that is still to be.
  private func letPass() {
    let now = BootClock.now
    while let tag = passing.first {
      let call = pending[tag]?.call
      if let call, now - call.arrived < LinkReception.patience { return }
      call?.tell(.late)
      passing.removeFirst()
    }
  }

  private func giveUp(_ tag: Int) {
    guard let call = pending.removeValue(forKey: tag)?.call else { return }
    refuse(call)
  }

  private func giveUpLate() {
    let now = BootClock.now
    while oldestTag <= lastTag {
      if let oldest = pending[oldestTag] {
        guard now - oldest.call.arrived >= options.within else { return }
        status.obstacle("kafka", "waits for Kafka to take what comes back of messages")
        failedAt = now
        giveUp(oldestTag)
      }
      oldestTag += 1
    }
  }

  private func refuse(_ call: ReceivedCall) {
    calls.settled(call.events.count)
    metrics.count(call.subject, "unpublished")
    call.tell(.unpublished)
  }

  private func failed(_ error: KafkaError) {
    failedAt = BootClock.now
    isRefused = isRefused || error.isUnknownTopic || error.isUnauthorized || error.isFenced
    let sentence =
      error.isUnknownTopic
      ? "waits: the topic \(OutreachReceipts.topic.name) does not exist; create it with `millrace topics apply`"
      : "waits for Kafka: \(error)"
    status.obstacle("kafka", sentence)
    log.warning("what comes back of messages could not be published", ["cause": .text(error.description)])
  }

  private func succeeded() {
    guard failedAt != nil else { return }
    failedAt = nil
    backoff.succeeded()
    status.obstacle("kafka", nil)
  }
}
