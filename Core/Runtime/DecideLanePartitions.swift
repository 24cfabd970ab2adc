internal import Contract
internal import Kafka
internal import Observe
internal import Postgres
internal import Values

/// How a lane comes to its partitions, proves that they are what they were, and loses them.
extension DecideLane {
  private static var patience: Duration { .seconds(5) }

  func opened() throws(LaneFailure) -> Consumer {
    if let consumer { return consumer }
    let log = self.log
    let opened = try LaneFailure.kafka { () throws(KafkaError) in
      try Consumer(
        group: W.name, topics: [W.Input.topic.name], properties: try settings.kafka(), bounds: settings.bounds,
        log: { level, facility, message in
          level <= 4
            ? log.warning("librdkafka: \(message)", ["facility": .text(facility)])
            : log.debug("librdkafka: \(message)", ["facility": .text(facility)])
        })
    }
    consumer = opened
    status.obstacle("group", "waits to be admitted to the group \(W.name)")
    return opened
  }

  func connected() throws(LaneFailure) -> Connection {
    let (opened, obstacle) = try LaneFailure.postgres { () throws(PostgresError) in
      let opened = try settings.connect(W.name, durable: false)
      return (opened, try settings.obstacle(opened))
    }
    if let obstacle { throw .unready(obstacle) }
    status.obstacle("start", nil)
    return opened
  }

  // MARK: Rebalance

  func answerRebalance(_ consumer: Consumer) throws(LaneFailure) {
    guard let connection, let rebalance = consumer.rebalance else { return }
    switch rebalance {
    case .revoked(let partitions, let lost):
      log.info("partitions were taken away", ["partitions": .integer(partitions.count), "lost": .flag(lost)])
      if !lost {
        try LaneFailure.postgres { () throws(PostgresError) in
          try giveBack(connection)
        }
        tell(consumer)
      }
      forgetPartitions()
      granted.removeAll()
      try LaneFailure.kafka { () throws(KafkaError) in try consumer.unassign() }
      status.obstacle("group", "waits to be admitted to the group \(W.name)")
    case .assigned(let partitions):
      let told = try told(partitions, consumer)
      granted = partitions
      takeAgainAt = nil
      let found = try take(partitions, consumer, connection)
      FailPoint.pass(.assigned)
      try install(found, consumer)
      try stopWhatWasRestored(found, told, consumer)
      status.obstacle("group", nil)
      log.info("partitions were assigned", ["partitions": .integer(partitions.count)])
    }
  }

  /// A partition that nobody has read yet begins at the log's start; the group's own offset starts nothing.
  private func take(
    _ partitions: [TopicPartition], _ consumer: Consumer, _ connection: Connection
  ) throws(LaneFailure) -> [PositionTable.Found] {
    let known = try LaneFailure.postgres { () throws(PostgresError) in try positions.known(partitions, connection) }
    var starts: [(partition: TopicPartition, offset: Int64)] = []
    for partition in partitions where !known.contains(partition) {
      status.beat()
      let low = try LaneFailure.kafka { () throws(KafkaError) in
        try consumer.watermarks(partition, within: DecideLane.patience).low
      }
      starts.append((partition, low))
    }
    return try LaneFailure.postgres { () throws(PostgresError) in
      if !starts.isEmpty { try positions.insert(starts, connection) }
      gauges = try Intake.load(W.name, partitions, connection)
      return try positions.take(partitions, careful: Int64(settings.settings[.batchEvents]), connection)
    }
  }

  /// What Kafka was told of these. Some libraries cannot read some brokers' answers: that alone is passed over.
  private func told(
    _ partitions: [TopicPartition], _ consumer: Consumer
  ) throws(LaneFailure) -> [TopicPartition: Int64] {
    do {
      return try consumer.committed(partitions, within: DecideLane.patience)
    } catch {
      guard !error.isTransient else { throw .kafka(error) }
      log.warning("the group's positions could not be read", ["cause": .text(error.description)])
      return [:]
    }
  }

  /// Kafka was told a position that this database has never reached: the database is older than it was.
  private func stopWhatWasRestored(
    _ found: [PositionTable.Found], _ told: [TopicPartition: Int64], _ consumer: Consumer
  ) throws(LaneFailure) {
    for position in found {
      guard let known = told[position.partition], known > position.highest, let place = places[position.partition],
        !cursors[place].isStopped
      else { continue }
      let sentence =
        "Kafka was told position \(known) of \(shown(position.partition)), this database knows \(position.highest): "
        + "it was restored from a backup or lost commits; to apply what Kafka still has once more: "
        + "millrace positions reset \(W.name) \(shown(position.partition)) --to \(position.next) --execute"
      try stop(place, .restored, sentence, consumer)
    }
  }

  // MARK: Installing

  private func install(_ found: [PositionTable.Found], _ consumer: Consumer) throws(LaneFailure) {
    let tried = Dictionary(uniqueKeysWithValues: cursors.map { ($0.partition, $0.trying) })
    forgetPartitions()
    let sorted = found.sorted { $0.partition < $1.partition }
    for (place, position) in sorted.enumerated() {
      var cursor = PartitionCursor(
        position.partition, next: position.next, last: position.last, relayed: position.relayed,
        carefulUntil: position.carefulUntil,
        crashed: position.trying == position.next && position.tries >= 3 ? position.next : nil,
        accept: position.accept, isStopped: position.stopped != nil)
      cursor.trying = tried[position.partition] ?? nil
      cursors.append(cursor)
      applied.append(position.next)
      places[position.partition] = place
      if position.stopped != nil { status.obstacle("\(position.partition)", position.detail) }
      if position.starts >= 3 {
        log.warning(
          "started three times without progress; going event by event",
          ["place": .place(position.partition.topic, position.partition.partition, position.next)])
      }
    }
    try start(consumer)
  }

  /// Reads every partition in hand from where its cursor stands.
  private func start(_ consumer: Consumer) throws(LaneFailure) {
    let starts = Dictionary(uniqueKeysWithValues: cursors.map { ($0.partition, $0.start) })
    try LaneFailure.kafka { () throws(KafkaError) in
      try consumer.assign(starts)
      try consumer.resume(cursors.filter { !$0.isStopped }.map(\.partition))
      try consumer.pause(cursors.filter(\.isStopped).map(\.partition))
    }
  }

  func forgetPartitions() {
    status.obstacle("ghost", nil)
    for cursor in cursors { status.obstacle("\(cursor.partition)", nil) }
    metrics.forgetLag(cursors.map(\.partition))
    cursors.removeAll()
    places.removeAll()
    applied.removeAll()
    ended.removeAll()
    flushed.forget()
  }

  /// Reads the rows of the partitions in hand again and starts from them. Answers them as they were found.
  @discardableResult
  func resync(_ consumer: Consumer) throws(LaneFailure) -> [PositionTable.Found] {
    guard let connection, !granted.isEmpty else {
      needsResync = false
      wentWell()
      return []
    }
    let partitions = granted
    let owned = try LaneFailure.postgres { () throws(PostgresError) -> [PositionTable.Found] in
      gauges = try Intake.load(W.name, partitions, connection)
      return try positions.owned(partitions, connection)
    }
    try install(owned, consumer)
    needsResync = false
    noteEnd()
    takeAgainAt = nil
    if owned.count < partitions.count {
      takeAgainAt = Monotonic.now + sessionTimeout(consumer)
      status.obstacle("ghost", "waits: another lane has taken \(partitions.count - owned.count) of its partitions")
      log.warning(
        "other lanes have taken partitions; waiting for the group", ["lost": .integer(partitions.count - owned.count)])
    }
    return owned
  }

  /// With every partition at its end or stopped there is nothing that could still fail.
  private func noteEnd() {
    if cursors.indices.allSatisfy({ cursors[$0].isStopped || ended.contains($0) }) { wentWell() }
  }

  /// A lane that the group had dropped may have taken rows late, and then died: nobody would ever read those partitions.
  /// Who still has them from the group after a session timeout was not dropped itself, and takes them back.
  func takeAgain(_ consumer: Consumer) throws(LaneFailure) {
    guard let connection, let at = takeAgainAt, Monotonic.now >= at, consumer.rebalance == nil else { return }
    guard !consumer.hasLostAssignment else { return }
    log.warning("the group left the partitions here: taking them again")
    forgetBatches()
    try install(try take(granted, consumer, connection), consumer)
    takeAgainAt = nil
    status.obstacle("ghost", nil)
  }

  private func sessionTimeout(_ consumer: Consumer) -> Duration {
    .milliseconds(consumer.setting("session.timeout.ms").flatMap { Int($0) } ?? 45_000)
  }

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
    let told = try told(cursors.map(\.partition), consumer)
    try stopWhatWasRestored(try resync(consumer), told, consumer)
  }

  private func advice(_ place: Int, _ fact: String) -> String {
    let source = shown(cursors[place].partition)
    return "\(source): \(fact): the topic was re-created or cut; to read it from its start: "
      + "millrace positions reset \(W.name) \(source) --to start --execute"
  }

  private func shown(_ partition: TopicPartition) -> String { "\(partition.topic)/\(partition.partition)" }

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
      if consumer.rebalance != nil { _ = stopping.wait(.milliseconds(50)) }
    }
  }
}
