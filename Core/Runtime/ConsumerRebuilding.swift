internal import Kafka
internal import Observe
internal import Postgres

/// When a lane's consumer is of no use any more, and how long to wait before another is made.
///
/// librdkafka declares a client dead when going on could break an order that it promises: most often a static member
/// (`group.instance.id`) that another process has fenced. Two processes with one id fence each other for ever, so the
/// wait grows with every client that did not live for long.
///
/// And a group may forget a member: its answer is lost, or each is an error. The member would wait for ever, and so would
/// whatever the group meant for it. An assignment is an answer, an empty one too.
struct ConsumerRebuilding {
  /// A client that lived so long, and had an answer of its group, had no part in what ended it.
  static let healthy: Duration = .seconds(60)

  private var fatal: KafkaError?
  private var backoff = Backoff(milliseconds: 500...30_000)
  private var builtAt: Duration?
  private var wasAnswered = false
  /// Since when the group owes an answer.
  private var askedAt: Duration?
  /// Clients that could not be closed in time: each holds threads and memory until the process ends.
  private(set) var hung = 0

  mutating func built(at now: Duration) {
    builtAt = now
    askedAt = now
    wasAnswered = false
  }

  /// The member has let go of what it had and joins again; or the group could not be asked until now.
  mutating func asked(at now: Duration) { askedAt = now }

  mutating func answered() {
    askedAt = nil
    wasAnswered = true
  }

  /// For how long the group has owed an answer, once that is longer than `bound`.
  func silence(at now: Duration, beyond bound: Duration) -> Duration? {
    guard let askedAt, now - askedAt > bound else { return nil }
    return now - askedAt
  }

  mutating func failed(_ error: KafkaError) { fatal = fatal ?? error }

  mutating func takeFatal() -> KafkaError? {
    defer { fatal = nil }
    return fatal
  }

  mutating func closed(inTime: Bool) { if !inTime { hung += 1 } }

  mutating func wait(at now: Duration) -> Duration {
    if let builtAt, wasAnswered, now - builtAt >= ConsumerRebuilding.healthy { backoff.succeeded() }
    builtAt = nil
    askedAt = nil
    return backoff.failed()
  }
}

extension DecideLane {
  private static var mostHung: Int { 3 }

  /// librdkafka waits up to 5 s for a group that does not answer to let a member go.
  private static var closing: Duration { .seconds(10) }

  /// A group that has not answered for longer than any healthy one does is left, and joined as a new member. Where there
  /// is no broker or no topic, there is no group that could answer: then its time begins anew.
  func leaveSilentGroup(_ consumer: Consumer) throws(LaneFailure) {
    guard consumer.rebalance == nil,
      let silence = rebuilding.silence(at: Monotonic.now, beyond: longestAnswer(consumer))
    else { return }
    status.beat()
    do {
      _ = try consumer.watermarks(TopicPartition(W.Input.topic.name, 0), within: DecideLane.patience)
    } catch {
      log.info("the group cannot be asked", ["cause": .text(error.description), "for": .seconds(silence)])
      rebuilding.asked(at: Monotonic.now)
      return
    }
    throw .silent("no answer of the group \(W.name) for \(silence.milliseconds / 1000) s")
  }

  /// A group waits for its members for `max.poll.interval.ms` at most, and for the one that deals out for the session
  /// timeout. librdkafka gives each of the two answers 3 s more, and asks again before this is over.
  private func longestAnswer(_ consumer: Consumer) -> Duration {
    duration(of: "max.poll.interval.ms", consumer, default: 300_000) + sessionTimeout(consumer) + .seconds(6)
  }

  /// Gives everything back, drops the consumer, waits, and joins the group as a new member with the next turn.
  func buildAnew(_ end: LaneFailure.ConsumerEnd) {
    metrics.failures.add()
    metrics.rebuilt(end.cause)
    let wait = rebuilding.wait(at: Monotonic.now)
    status.obstacle("group", "has lost its place in the group \(W.name) and joins it anew: \(end.reason)")
    log.error(
      end.cause == .dead
        ? "the consumer is dead; another is made" : "the group does not answer; another consumer is made",
      ["cause": .text(end.reason), "wait": .seconds(wait)])
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
      rebuilding.closed(inTime: consumer.close(within: DecideLane.closing))
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
