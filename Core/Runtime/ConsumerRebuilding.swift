internal import Kafka
internal import Observe
internal import Postgres

/// When a lane's consumer is dead for good, and how long to wait before another is made.
///
/// librdkafka declares a client dead when going on could break an order that it promises: most often a static member
/// (`group.instance.id`) that another process has fenced. Two processes with one id fence each other for ever, so the
/// wait grows with every client that did not live for long.
struct ConsumerRebuilding {
  /// A client that lived so long had no part in what ended it.
  static let healthy: Duration = .seconds(60)

  private var fatal: KafkaError?
  private var backoff = Backoff(milliseconds: 500...30_000)
  private var builtAt: Duration?
  /// Clients that could not be closed in time: each holds threads and memory until the process ends.
  private(set) var hung = 0

  mutating func built(at now: Duration) { builtAt = now }

  mutating func failed(_ error: KafkaError) { fatal = fatal ?? error }

  mutating func takeFatal() -> KafkaError? {
    defer { fatal = nil }
    return fatal
  }

  mutating func closed(inTime: Bool) { if !inTime { hung += 1 } }

  mutating func wait(at now: Duration) -> Duration {
    if let builtAt, now - builtAt >= ConsumerRebuilding.healthy { backoff.succeeded() }
    builtAt = nil
    return backoff.failed()
  }
}

extension DecideLane {
  private static var mostHung: Int { 3 }

  /// Gives everything back, drops the dead consumer, waits, and joins the group as a new member with the next turn.
  func buildAnew(after error: KafkaError) {
    metrics.failures.add()
    let wait = rebuilding.wait(at: Monotonic.now)
    status.obstacle("group", "has lost its place in the group \(W.name) and joins it anew: \(error.reason)")
    log.error(
      "the consumer is dead; another is made",
      ["cause": .text(error.description), "wait": .seconds(wait)])
    if let connection, connection.isOpen {
      // Rows that another lane has taken meanwhile are left alone by the statement itself.
      do { try giveBack(connection) } catch {
        log.info("positions were not given back", ["cause": .text(error.description)])
      }
    }
    forgetPartitions()
    granted.removeAll()
    takeAgainAt = nil
    needsResync = false
    if let consumer {
      rebuilding.closed(inTime: consumer.close(within: .seconds(5)))
      self.consumer = nil
    }
    _ = rebuilding.takeFatal()
    guard rebuilding.hung < DecideLane.mostHung else {
      log.error("consumers cannot be closed; the process ends", ["consumers": .integer(rebuilding.hung)])
      log.flush()
      exitProcess(Supervisor.Exit.hung)
    }
    rest(for: wait)
  }

  /// Waits in pieces, so that the watchdog sees a living lane.
  private func rest(for wait: Duration) {
    let until = Monotonic.now + wait
    repeat {
      status.beat()
    } while !stopping.wait(min(.seconds(1), max(.zero, until - Monotonic.now)))
      && Monotonic.now < until
  }
}
