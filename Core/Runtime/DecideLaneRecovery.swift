internal import Contract
internal import Kafka
internal import Observe
internal import Postgres

/// What a lane does after a failure: forget what it remembers, wait or stop, and begin again from its rows.
extension DecideLane {
  /// A batch was committed, or there is nothing to do: whatever went wrong before is over.
  func wentWell() {
    backoff.succeeded()
    status.obstacle("failure", nil)
  }

  func recover(from failure: LaneFailure) {
    // Cursors stand behind what was polled and is forgotten now: they must start from their rows again.
    forgetBatches()
    needsResync = true
    cache = W.Cache(settings.settings)
    if !rollBackQuietly() { connection = nil }
    if case .moved(let partitions) = failure {
      log.info("positions are not as expected; reading them again", ["partitions": .text("\(partitions)")])
      return
    }
    if let end = failure.endsConsumer { return buildAnew(end) }
    guard failure.isPassing else { return stopLoudly(failure) }
    let wait = backoff.failed()
    status.obstacle("failure", "waits: \(failure)")
    log.warning("the lane waits and tries again", ["cause": .text(failure.description), "wait": .seconds(wait)])
    metrics.failures.add()
    pollPaused(for: wait)
  }

  private func stopLoudly(_ failure: LaneFailure) {
    log.error("the lane stops", ["cause": .text(failure.description)])
    metrics.failures.add()
    let sentence =
      "stopped: \(failure); when mended: millrace lanes resume \(W.name) \(W.Input.topic.name)"
    // Told once it is written down: whoever reads it may lift the stop at once.
    defer { status.obstacle("failure", sentence) }
    if let consumer, connection != nil {
      do throws(LaneFailure) {
        for place in cursors.indices where !cursors[place].isStopped { try stop(place, .failed, sentence, consumer) }
        return
      } catch {
        log.error("the stop could not be written down", ["cause": .text(error.description)])
      }
    }
    connection = nil
    pollPaused(for: .seconds(5))
  }

  func rollBack() throws(LaneFailure) {
    guard let connection, connection.isOpen else {
      throw .postgres(PostgresError(sqlState: "08000", message: "the connection is lost"))
    }
    try LaneFailure.postgres { () throws(PostgresError) in _ = try connection.rows("rollback") }
  }

  private func rollBackQuietly() -> Bool {
    guard let connection, connection.isOpen else { return false }
    do { _ = try connection.rows("rollback") } catch { return false }
    return true
  }
}
