internal import Contract
internal import Kafka
internal import Observe
internal import Postgres
internal import Values

/// Finds out up to which moment all that was said has taken effect.
///
/// A moment is asked about at a time: first the database's clock is read, and only then are the ends of the partitions
/// fetched, from where the workers stand. A fetch that finds nothing there was answered after the moment, so whatever the
/// broker had taken before it has taken effect. Ends that a library remembers, or that ListOffsets tells, would not do.
final class Hearing {
  private let awaits: [Awaited]
  private let settings: WorkerSettings
  private let log: Log
  private var reader: LogReader?
  private var question: Question?
  /// Everything before it has taken effect.
  private(set) var heard: Timestamp?

  private struct Question {
    let moment: Timestamp
    /// Writing transactions below it were there at that time; their events may not be seen yet.
    let transactions: Int64
    let asked: Duration
    var left: Set<TopicPartition>?
    /// Where partitions ended by a fetch begun after the moment: a busy one is never seen empty.
    var ends: [TopicPartition: Int64] = [:]
  }

  enum Answer {
    case heard(Timestamp)
    /// Since when the moment has been asked about.
    case unheard(since: Timestamp, for: Duration)
  }

  init(_ awaits: [Awaited], _ settings: WorkerSettings, _ log: Log) {
    self.awaits = awaits
    self.settings = settings
    self.log = log
  }

  /// Takes some steps towards an answer; waits for the broker for a few seconds at most.
  func listen(_ connection: Connection) throws(LaneFailure) -> Answer {
    var question: Question
    if let open = self.question {
      question = open
    } else {
      question = try LaneFailure.postgres { () throws(PostgresError) in try ask(connection) }
    }
    self.question = question
    var isHeard = false
    do throws(LaneFailure) {
      if try isPublished(question, connection) { isHeard = try hear(&question, connection) }
    } catch {
      guard case .kafka(let failure) = error else { throw error }
      log.info("an awaited topic cannot be read", ["cause": .text(failure.description)])
      reader = nil
    }
    self.question = question
    let waited = Monotonic.now - question.asked
    if !isHeard {
      guard waited >= settings.settings[.hearWithin] else { return .unheard(since: question.moment, for: waited) }
      log.error(
        "goes on without having heard all that was said before",
        ["moment": .text(question.moment.rfc3339), "waited": .seconds(waited)])
    }
    heard = question.moment
    self.question = nil
    return .heard(question.moment)
  }

  private func ask(_ connection: Connection) throws(PostgresError) -> Question {
    let row = try connection.rows(
      "select clock_timestamp(), pg_snapshot_xmax(pg_current_snapshot())::text::bigint")[0]
    return Question(moment: row.timestamp(0), transactions: row.integer(1), asked: Monotonic.now, left: nil)
  }

  /// Nothing of these topics still waits in the outbox that was there, or on its way there, at that time.
  private func isPublished(_ question: Question, _ connection: Connection) throws(LaneFailure) -> Bool {
    try LaneFailure.postgres { () throws(PostgresError) in
      try connection.rows(
        """
        select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= $2
          and not exists (select from outbox where topic = any($1) and emitted_at <= $3)
        """
      ) {
        $0.texts(awaits) { $0.topic.name }
        $0.integer(question.transactions)
        $0.timestamp(question.moment)
      }[0].boolean(0)
    }
  }

  private func hear(_ question: inout Question, _ connection: Connection) throws(LaneFailure) -> Bool {
    let reader: LogReader
    if let open = self.reader {
      reader = open
    } else {
      reader = try LaneFailure.kafka { () throws(KafkaError) in try LogReader(properties: settings.kafka()) }
    }
    self.reader = reader
    if question.left == nil {
      question.left = try LaneFailure.kafka { () throws(KafkaError) in
        Set(try reader.partitions(of: awaits.map(\.topic.name), within: .seconds(5)))
      }
    }
    if question.left?.isEmpty == true { return true }
    let stands = try LaneFailure.postgres { () throws(PostgresError) in try positions(connection) }
    for (partition, end) in question.ends where stands[partition].map({ $0 >= end }) == true {
      question.left?.remove(partition)
    }
    // Where nobody has begun yet there must be nothing: a firm without the worker is not held up, one whose worker is
    // late is.
    var starts: [TopicPartition: Int64] = [:]
    for partition in question.left ?? [] { starts[partition] = stands[partition] ?? LogReader.beginning }
    let sights = try LaneFailure.kafka { () throws(KafkaError) in try reader.look(at: starts, within: .seconds(5)) }
    for (partition, sight) in sights where sight.failure == nil {
      guard let end = sight.end else { continue }
      // Behind the last record there may be markers: an end that no position comes to is one that a fetch finds nothing at.
      if sight.offset == nil { question.left?.remove(partition) }
      if question.ends[partition] == nil { question.ends[partition] = end }
    }
    log.debug(
      "listens",
      [
        "left": .integer(question.left?.count ?? 0), "looked_at": .integer(starts.count),
        "seen": .integer(sights.count), "waited": .seconds(Monotonic.now - question.asked),
      ])
    return question.left?.isEmpty == true
  }

  private func positions(_ connection: Connection) throws(PostgresError) -> [TopicPartition: Int64] {
    let rows = try connection.rows(
      """
      select p.topic, p.partition, p.next_offset from position p
        join unnest($1::text[], $2::text[]) a (worker, topic) on p.worker = a.worker and p.topic = a.topic
      """
    ) {
      $0.texts(awaits) { $0.worker }
      $0.texts(awaits) { $0.topic.name }
    }
    var positions: [TopicPartition: Int64] = [:]
    for row in rows { positions[TopicPartition(row.text(0), Int32(row.small(1)))] = row.integer(2) }
    return positions
  }
}
