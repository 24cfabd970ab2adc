/// The room that takes events from the outbox to Kafka.
///
/// Who is authoritative:
/// - The row `relay` says which relay is the active one, and under which epoch. An epoch belongs to one database
///   session of one relay; a new session takes a new epoch. Every statement of the active relay is one statement that
///   holds only under its epoch: there is no open transaction in which a frozen relay could hold a lock against its
///   heir.
/// - `outbox_run` says what is being published: one run at a time, its rows and its indexes fixed before the first of
///   its events leaves the database. After a crash the same run goes out again with the same (run, index) on each
///   event, and consumers drop what is not above the highest pair that they have.
/// - Kafka fences: all relays of one database share one `transactional.id`, so a takeover shuts the older one out of
///   the broker, whatever it believes.
///
/// Nothing of one run overlaps the next: a run is begun when the one before is committed to Kafka and is gone from the
/// tables. That is what keeps the order of a key, and the pairs rising.
internal import Kafka
internal import Postgres
internal import Runtime
internal import Settings

/// Why the relay cannot go on as it is.
enum RelayFailure: Error, CustomStringConvertible {
  case postgres(PostgresError)
  case kafka(KafkaError)
  /// The producer cannot be used any more: fenced, or at an end.
  case producer(TransactionError)
  /// The database is not one that this program can work on.
  case unfit(String)
  /// Another relay is the active one, or may be.
  case deposed
  /// The end was asked for while Kafka did not answer.
  case stopping

  /// Whether trying again later may help without anybody acting.
  var isPassing: Bool {
    switch self {
    case .postgres(let error): error.isTransient || error.kind == .conflict
    case .kafka(let error): error.isTransient
    case .producer(let error): !error.cause.isUnauthorized
    case .unfit: false
    case .deposed, .stopping: true
    }
  }

  var description: String {
    switch self {
    case .postgres(let error): error.description
    case .kafka(let error): error.description
    case .producer(let error): error.description
    case .unfit(let sentence): sentence
    case .deposed: "another relay has become the active one"
    case .stopping: "the end was asked for"
    }
  }

  static func postgres<Value>(_ body: () throws(PostgresError) -> Value) throws(RelayFailure) -> Value {
    do { return try body() } catch { throw .postgres(error) }
  }
}

/// The executable `relay-events`.
public enum Relay {
  public static func main() {
    Supervisor.main(
      "relay-events", summary: "publishes the outbox to Kafka; one is active, others stand by",
      settings: RelayOptions.group
    ) { supervisor, settings in
      let kafka = try settings.kafka()
      supervisor.add("relay") { status in
        RelayLane(
          RelayOptions(settings.settings), kafka: kafka,
          connect: { () throws(PostgresError) in try settings.connect("relay-events", durable: true) },
          check: { session throws(PostgresError) in try settings.obstacle(session) },
          status, supervisor.stopping, supervisor.log, RelayMetrics(supervisor.metrics))
      }
    }
  }
}
