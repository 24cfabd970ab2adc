internal import Contract
internal import Kafka
internal import Observe
internal import Postgres
internal import Values

/// What a lane does about what it sees in its partitions: gaps, ends, changes; how it stops them and goes on.
extension DecideLane {
  // MARK: Settling

  func heed(_ notice: Notice, _ consumer: Consumer) {
    switch notice {
    case .reachedEnd(let partition, let offset):
      status.obstacle("kafka", nil)
      if let place = places[partition], !cursors[place].isStopped { unsettled.append(.reachedEnd(place, offset)) }
    case .partitionFailed(let partition, let error):
      if error.isOffsetOutOfRange, let place = places[partition] {
        unsettled.append(.outOfRange(place))
      } else {
        trouble(error)
      }
    case .topicFailed(let topic, let error):
      let sentence =
        error.isUnknownTopic
        ? "waits for the topic \(topic), which is not there; to create it: millrace topics apply --execute"
        : "cannot read the topic \(topic): \(error.reason)"
      status.obstacle("kafka", sentence)
      log.error("a topic cannot be read", ["topic": .text(topic), "cause": .text(error.description)])
    case .failed(let error): trouble(error)
    }
  }

  private func trouble(_ error: KafkaError) {
    if error.isFatal { rebuilding.failed(error) }
    status.obstacle("kafka", "has no Kafka: \(error.reason)")
    log.warning("Kafka is in trouble", ["cause": .text(error.description)])
  }

  func settle(_ consumer: Consumer) throws(LaneFailure) {
    let open = unsettled
    unsettled.removeAll()
    for case let matter in open {
      status.beat()
      switch matter {
      case .seek(let place): try seek(place, consumer)
      case .changed(let place):
        let last = cursors[place].unproved?.offset ?? cursors[place].next - 1
        try stop(
          place, .recreated, advice(place, "the record at offset \(last) is not the one that was applied"), consumer)
      case .gap(let place, let offset):
        if try logBegins(atOrBefore: cursors[place].next, place, consumer) != nil {
          cursors[place].jump(to: offset)
          try seek(place, consumer)
        }
      case .outOfRange(let place):
        guard let high = try logBegins(atOrBefore: cursors[place].next, place, consumer) else { continue }
        if cursors[place].next > high {
          try stop(place, .beyondEnd, advice(place, beyond(place, high)), consumer)
        } else {
          // The record passed last is no longer there to be compared; what follows it is.
          cursors[place].proved()
          try start(consumer)
        }
      case .reachedEnd(let place, let offset):
        let high = consumer.cachedHighWatermark(cursors[place].partition) ?? offset
        if high < applied[place] {
          try stop(place, .beyondEnd, advice(place, beyond(place, high)), consumer)
        } else if let last = cursors[place].unproved, offset > last.offset {
          cursors[place].proved()
        }
        ended.insert(place)
        noteEnd()
      }
    }
  }

  private func beyond(_ place: Int, _ high: Int64) -> String {
    "it ends at offset \(high), but events up to \(applied[place]) were applied"
  }

  /// What lies before the log's start and was not read is lost: that is never passed over in silence.
  /// Answers the log's end, or nil after having stopped the partition.
  private func logBegins(
    atOrBefore next: Int64, _ place: Int, _ consumer: Consumer
  ) throws(LaneFailure) -> Int64? {
    let marks = try LaneFailure.kafka { () throws(KafkaError) in
      try consumer.watermarks(cursors[place].partition, within: DecideLane.patience)
    }
    guard marks.low <= next else {
      let sentence =
        "\(shown(cursors[place].partition)): events \(next) to \(marks.low - 1) were deleted before they were read; "
        + "to go on behind them: millrace positions reset \(W.name) \(shown(cursors[place].partition)) "
        + "--to \(marks.low) --execute"
      try stop(place, .deletedUnread, sentence, consumer)
      return nil
    }
    return marks.high
  }

  private func seek(_ place: Int, _ consumer: Consumer) throws(LaneFailure) {
    let cursor = cursors[place]
    try LaneFailure.kafka { () throws(KafkaError) in
      try consumer.seek(cursor.partition, to: cursor.next, within: DecideLane.patience)
    }
    cursors[place].sought()
  }

  // MARK: Stopping and going on

  func stop(_ place: Int, _ rule: StopRule, _ sentence: String, _ consumer: Consumer) throws(LaneFailure) {
    guard let connection else { return }
    let partition = cursors[place].partition
    cursors[place].isStopped = true
    let isOurs = try LaneFailure.postgres { () throws(PostgresError) in
      try positions.stop(partition, rule, sentence, connection)
    }
    guard isOurs else { throw .moved([partition]) }
    try LaneFailure.kafka { () throws(KafkaError) in try consumer.pause([partition]) }
    status.obstacle("\(partition)", sentence)
    metrics.stopped(rule)
    log.error(
      "a partition is stopped",
      ["rule": .text(rule.rawValue), "source": .text(shown(partition)), "why": .text(sentence)])
  }

  /// An operator may have lifted a stop: then that partition starts from its row.
  func resumeWhatMayGoOn(_ consumer: Consumer) throws(LaneFailure) {
    guard let connection else { return }
    let stopped = cursors.filter(\.isStopped).map(\.partition)
    let rows = try LaneFailure.postgres { () throws(PostgresError) in try positions.owned(stopped, connection) }
    guard rows.contains(where: { $0.stopped == nil }) else { return }
    log.info("an operator lets stopped partitions go on")
    forgetBatches()
    needsResync = true
    // Whether the database was restored is looked at again, as every other cause is: only a reset settles it.
    mustCheckRestored = true
    try resync(consumer)
  }

  private func advice(_ place: Int, _ fact: String) -> String {
    let source = shown(cursors[place].partition)
    return "\(source): \(fact): the topic was re-created or cut; to read it from its start: "
      + "millrace positions reset \(W.name) \(source) --to start --execute"
  }

  func shown(_ partition: TopicPartition) -> String { "\(partition.topic)/\(partition.partition)" }

  /// Keeps the place in the group while the lane waits.
  func pollPaused(for wait: Duration) {
    let until = Monotonic.now + wait
    guard let consumer else {
      _ = stopping.wait(wait)
      return
    }
    let scratch = RecordBatch()
    do { try consumer.pause(cursors.map(\.partition)) } catch {
      log.debug("partitions were not paused", ["cause": .text(error.description)])
    }
    while Monotonic.now < until, !stopping.isRequested {
      status.beat()
      for notice in consumer.poll(into: scratch, upTo: settings.limit, wait: .milliseconds(50)) {
        if case .failed(let error) = notice { trouble(error) }
      }
      scratch.removeAll()
      // Whoever shall have the partitions must not wait for this lane's database.
      if case .revoked(let partitions, let lost) = consumer.rebalance {
        do throws(LaneFailure) { try letGo(of: partitions, lost: lost, consumer) } catch {
          log.warning("partitions were not let go", ["cause": .text(error.description)])
        }
      }
      if consumer.rebalance != nil { _ = stopping.wait(.milliseconds(50)) }
    }
  }
}
