internal import Contract
internal import Kafka
internal import Observe
internal import Postgres
internal import Values

/// How a lane comes to its partitions, proves that they are what they were, and loses them.
extension DecideLane {
  static var patience: Duration { .seconds(5) }

  func opened() throws(LaneFailure) -> Consumer {
    if let consumer { return consumer }
    let log = self.log
    let opened = try LaneFailure.kafka { () throws(KafkaError) in
      try Consumer(
        group: W.name, topics: [W.Input.topic.name], properties: try settings.kafka(lane: number),
        bounds: settings.bounds,
        log: { level, facility, message in
          level <= 4
            ? log.warning("librdkafka: \(message)", ["facility": .text(facility)])
            : log.debug("librdkafka: \(message)", ["facility": .text(facility)])
        })
    }
    consumer = opened
    rebuilding.built(at: Monotonic.now)
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
    case .revoked(let partitions, let lost): try letGo(of: partitions, lost: lost, consumer)
    case .assigned(let partitions):
      rebuilding.answered()
      let found = try take(partitions, consumer, connection)
      FailPoint.pass(.assigned)
      granted = partitions
      takeAgainAt = nil
      mustCheckRestored = true
      try install(found, consumer)
      try stopWhatWasRestored(found, consumer)
      status.obstacle("group", nil)
      assignments += 1
      log.info(
        "partitions were assigned",
        ["partitions": .integer(partitions.count), "assignment": .integer(assignments)])
    }
  }

  /// Gives the rows back as far as the database can be had, and the partitions in any case.
  func letGo(of partitions: [TopicPartition], lost: Bool, _ consumer: Consumer) throws(LaneFailure) {
    log.info(
      "partitions were taken away",
      ["partitions": .integer(partitions.count), "lost": .flag(lost), "assignment": .integer(assignments)])
    if !lost, let connection, connection.isOpen {
      do {
        try giveBack(connection)
        tell(consumer)
      } catch { log.info("positions were not given back", ["cause": .text(error.description)]) }
    }
    forgetPartitions()
    granted.removeAll()
    takeAgainAt = nil
    try LaneFailure.kafka { () throws(KafkaError) in try consumer.unassign() }
    rebuilding.asked(at: Monotonic.now)
    status.obstacle("group", "waits to be admitted to the group \(W.name)")
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
      lostRuns = try LostRuns(connection)
      do throws(PostgresError) {
        return try positions.take(partitions, careful: Int64(settings.batchEvents), connection)
      } catch {
        if error.isLockTimeout { try evict(partitions) }
        throw error
      }
    }
  }

  /// Whoever had the partitions holds their rows longer than anybody may: its session is ended, and the next try gets
  /// them.
  private func evict(_ partitions: [TopicPartition]) throws(PostgresError) {
    let ended = try positions.evict(partitions, try settings.connectAsLogin(W.name))
    if ended > 0 { log.warning("the session of a frozen owner was ended", ["sessions": .integer(ended)]) }
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

  /// Kafka was told a position that this database has never reached: the database is older than it was. Then nothing
  /// goes on anywhere: numbers that were published before would be given out again.
  private func stopWhatWasRestored(_ found: [PositionTable.Found], _ consumer: Consumer) throws(LaneFailure) {
    guard mustCheckRestored, !found.isEmpty, let connection else { return }
    let told = try told(found.map(\.partition), consumer)
    var first: (sentence: String, partition: TopicPartition, told: Int64)?
    for position in found {
      guard let known = told[position.partition], known > position.highest, let place = places[position.partition],
        !cursors[place].isStopped
      else { continue }
      let finding = RestoredDatabase.finding(W.name, position.partition, told: known, highest: position.highest)
      if first == nil { first = (finding, position.partition, known) }
      try stop(
        place, .restored, "\(finding): it was restored from a backup or lost commits; to go on: millrace recover",
        consumer)
    }
    mustCheckRestored = false
    guard let first else { return }
    try LaneFailure.postgres { () throws(PostgresError) in
      try RestoredDatabase.suspect(first.sentence, W.name, first.partition, told: first.told, connection)
    }
    // Before anything else is applied, the suspicion itself is met.
    nextChores = Monotonic.now
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
  func start(_ consumer: Consumer) throws(LaneFailure) {
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

  /// Reads the rows of the partitions in hand again and starts from them.
  func resync(_ consumer: Consumer) throws(LaneFailure) {
    guard let connection, !granted.isEmpty else {
      needsResync = false
      wentWell()
      return
    }
    let partitions = granted
    let owned = try LaneFailure.postgres { () throws(PostgresError) -> [PositionTable.Found] in
      gauges = try Intake.load(W.name, partitions, connection)
      lostRuns = try LostRuns(connection)
      try positions.noteSession(connection)
      return try positions.owned(partitions, connection)
    }
    try install(owned, consumer)
    try stopWhatWasRestored(owned, consumer)
    needsResync = false
    status.obstacle("group", nil)
    noteEnd()
    takeAgainAt = nil
    if owned.count < partitions.count {
      takeAgainAt = Monotonic.now + sessionTimeout(consumer)
      status.obstacle("ghost", "waits: another lane has taken \(partitions.count - owned.count) of its partitions")
      log.warning(
        "other lanes have taken partitions; waiting for the group", ["lost": .integer(partitions.count - owned.count)])
    }
  }

  /// With every partition at its end or stopped there is nothing that could still fail.
  func noteEnd() {
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

  func sessionTimeout(_ consumer: Consumer) -> Duration {
    duration(of: "session.timeout.ms", consumer, default: 45_000)
  }

  /// A property of librdkafka that is in milliseconds.
  func duration(of property: String, _ consumer: Consumer, default usual: Int) -> Duration {
    .milliseconds(consumer.setting(property).flatMap { Int($0) } ?? usual)
  }
}
