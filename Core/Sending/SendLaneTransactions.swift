internal import Contract
internal import Observe
internal import Outreach
internal import Postgres
internal import Runtime
internal import Values

/// A send lane's two transactions: the claim before its calls, and the record after them.
extension SendLane {
  /// Claims at most so many for one gateway. Answers how many were found.
  func claim(_ most: Int, for name: String) throws(LaneFailure) -> Int {
    guard let connection, let gateway = book[name] else { return 0 }
    let now = BootClock.now
    let others = book.gateways.filter { $0.name != name && lines[$0.name]?.breaker.isOpen(now) ?? false }
    let queues = [name] + others.map(\.name)
    let changes: [ClaimChange]
    do throws(PostgresError) { changes = try claim(most, gateway, queues, connection) } catch {
      guard error.kind == .data else { throw .postgres(error) }
      return try LaneFailure.postgres { () throws(PostgresError) in
        _ = try connection.rows("rollback")
        guard most == 1 else {
          limit = max(1, most / 2)
          return most
        }
        log.error("a message that the database refuses is given up", ["cause": .text(error.description)])
        return try claim(1, gateway, queues, connection, refused: error).count
      }
    }
    limit = min(SendLane.most, limit * 2)
    for (outcome, number) in changes.counted(by: \.outcome) { metrics.count(name, outcome, number) }
    let sent = changes.filter(\.isSent).map { Claimed(message: $0.message, claimedAt: now) }
    guard !sent.isEmpty else { return changes.count }
    waiting += sent
    lines[name]?.waiting += sent.count
    FailPoint.pass(.sendClaimed)
    if let rate = gateway.description.rate {
      try LaneFailure.postgres { () throws(PostgresError) in try pace(sent.count, name, rate, connection) }
    }
    return changes.count
  }

  private func claim(
    _ most: Int, _ gateway: GatewayBook.Gateway, _ queues: [String], _ connection: Connection,
    refused: PostgresError? = nil
  ) throws(PostgresError) -> [ClaimChange] {
    try connection.enterPipeline()
    try connection.send("begin")
    try connection.push()
    let transaction = Transaction(opening: connection) { () throws(PostgresError) in _ = try connection.receive() }
    do {
      let messages = try transaction.ask(DueMessage.claim(most, for: gateway, from: queues))
      guard !messages.isEmpty else {
        _ = try connection.rows("rollback")
        return []
      }
      // Of one that is given up nothing is looked up: that may be what was refused.
      var book = try ClaimBook(
        refused == nil ? messages : [], channel, rules, price: gateway.description.price, transaction)
      let now = try transaction.moment()
      let changes = messages.map { message in
        refused.map { ClaimChange(notStorable: message, $0, now) } ?? book.decide(message, now)
      }
      var writing = try Writing(connection)
      try writing.send(ClaimChange.writes(channel), of: .state, book, changes[...])
      let emissions = changes.compactMap { $0.emission(channel) }
      try writing.send(emissions.map { TracedEmission(emission: $0, trace: nil) }, from: settings.worker)
      try writing.finish()
      FailPoint.pass(.sendClaiming)
      // On disk before the first call.
      _ = try connection.rows("commit")
      return changes
    } catch {
      transaction.discard()
      throw error
    }
  }

  /// Gives the last so many of `waiting` their moments. They lie on the clock since boot a little late rather than early: the answer
  /// has taken its time. How late a call is, is counted from where the question was asked.
  private func pace(_ count: Int, _ name: String, _ rate: Int, _ connection: Connection) throws(PostgresError) {
    isPacing = true
    defer { isPacing = false }
    let asked = BootClock.now
    try connection.enterPipeline()
    try connection.send("begin")
    // Lost with the server, it is handed out again to nobody: the server takes longer to come back than it reaches ahead.
    try connection.send("set local synchronous_commit = off")
    var arguments = Arguments()
    arguments.text(name)
    arguments.small(Int32(count))
    arguments.small(Int32(rate))
    try connection.send(
      """
      select (extract(epoch from first_at - at) * 1000000)::bigint, (extract(epoch from spacing) * 1000000)::bigint
      from take_pace($1, $2, $3)
      """, arguments)
    try connection.send("commit")
    try connection.finishSending()
    _ = try connection.receive()
    _ = try connection.receive()
    let rows = try connection.receive()
    _ = try connection.receive()
    try connection.leavePipeline()
    let answered = BootClock.now
    guard let row = rows.first else { return }
    let first = Duration.microseconds(row.integer(0))
    let spacing = Duration.microseconds(row.integer(1))
    for (number, place) in (waiting.count - count..<waiting.count).enumerated() {
      let moment = first + spacing * number
      waiting[place].moment = Claimed.Moment(
        from: answered + moment, until: asked + moment + SendLane.momentHolds)
    }
  }

  func record() throws(LaneFailure) {
    guard let connection, !ended.isEmpty else { return }
    let calls = Array(ended.prefix(recordLimit))
    let records: [CallRecord]
    do throws(PostgresError) { records = try record(calls, connection) } catch {
      guard error.kind == .data, calls.count > 1 || !calls[0].isUnstorable else { throw .postgres(error) }
      _ = try LaneFailure.postgres { () throws(PostgresError) in try connection.rows("rollback") }
      recordLimit = max(1, calls.count / 2)
      // What the gateway said cannot be written down; that it was asked can.
      if calls.count == 1 { ended[0] = calls[0].unstorable(error.sqlState) }
      return
    }
    recordLimit = min(SendLane.most, recordLimit * 2)
    FailPoint.pass(.sendRecorded)
    for (gateway, records) in Dictionary(grouping: records, by: \.gateway) {
      for (outcome, number) in records.counted(by: \.outcome) { metrics.count(gateway, outcome, number) }
    }
    if records.count < calls.count {
      log.warning(
        "messages had been settled before their calls ended", ["messages": .integer(calls.count - records.count)])
    }
    ended.removeFirst(calls.count)
    for call in calls { lines[call.message.gateway]?.unrecorded -= 1 }
    endedSince = ended.isEmpty ? nil : endedSince
  }

  private func record(_ calls: [EndedCall], _ connection: Connection) throws(PostgresError) -> [CallRecord] {
    FailPoint.pass(.sendRecording)
    try connection.enterPipeline()
    try connection.send("begin")
    // What is lost with the server is found as claimed, and settled as uncertain.
    try connection.send("set local synchronous_commit = off")
    try connection.push()
    let transaction = Transaction(opening: connection) { () throws(PostgresError) in
      _ = try connection.receive()
      _ = try connection.receive()
    }
    do {
      let book = try RecordBook(calls, transaction)
      let now = try transaction.moment()
      let records = calls.compactMap { book.conclude($0, channel, now) }
      var writing = try Writing(connection)
      try writing.send(CallRecord.writes(channel, by: settings.worker), of: .state, book, records[...])
      let emissions = records.flatMap { $0.emissions(channel) }
      try writing.send(emissions.map { TracedEmission(emission: $0, trace: nil) }, from: settings.worker)
      try writing.finish()
      _ = try connection.rows("commit")
      return records
    } catch {
      transaction.discard()
      throw error
    }
  }
}

extension Array {
  fileprivate func counted(by outcome: (Element) -> StaticString) -> [(StaticString, Int)] {
    Dictionary(grouping: self) { outcome($0).description }.values.map { (outcome($0[0]), $0.count) }
  }
}
