public import Kafka
public import Postgres

/// Why a lane could not finish a turn.
public enum LaneFailure: Error, CustomStringConvertible {
  case postgres(PostgresError)
  case kafka(KafkaError)
  /// The group has owed an answer for longer than any healthy one does; the sentence says for how long.
  case silent(String)
  /// Rows of these partitions are not as the lane expects them: somebody else has moved, taken or stopped them.
  case moved([TopicPartition])
  /// The database is not as this program needs it, or takes nothing in; the sentence says who must do what.
  case unready(String)
  /// A rule of our own is broken: the lane must stop.
  case broken(String)

  /// Whether trying again later may help without anybody acting.
  public var isPassing: Bool {
    switch self {
    case .postgres(let error): error.isTransient || error.kind == .conflict
    case .kafka(let error): error.isTransient
    case .silent, .moved, .unready: true
    case .broken: false
    }
  }

  public var description: String {
    switch self {
    case .postgres(let error): error.description
    case .kafka(let error): error.description
    case .moved(let partitions): "the positions of \(partitions) were moved by somebody else"
    case .silent(let sentence), .broken(let sentence), .unready(let sentence): sentence
    }
  }

  /// Why the lane's consumer is of no use any more; nil where it is.
  var endsConsumer: ConsumerEnd? {
    switch self {
    case .kafka(let error) where error.isFatal: ConsumerEnd(cause: .dead, reason: error.reason)
    case .silent(let sentence): ConsumerEnd(cause: .silent, reason: sentence)
    default: nil
    }
  }

  struct ConsumerEnd {
    enum Cause: String {
      case dead, silent
    }

    let cause: Cause
    let reason: String
  }
}

extension LaneFailure {
  public static func postgres<Value>(_ body: () throws(PostgresError) -> Value) throws(LaneFailure) -> Value {
    do { return try body() } catch { throw .postgres(error) }
  }

  public static func kafka<Value>(_ body: () throws(KafkaError) -> Value) throws(LaneFailure) -> Value {
    do { return try body() } catch { throw .kafka(error) }
  }
}
