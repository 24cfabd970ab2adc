internal import CKafka

/// What went wrong at the Kafka boundary. Carries no key, value or header of a record.
public struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// librdkafka's `rd_kafka_resp_err_t`: below zero from the library, above zero from the broker (Kafka's protocol codes).
  public let code: Int32
  /// The code's name, such as `UNKNOWN_TOPIC_OR_PART`.
  public let name: String
  /// One sentence from the library or the broker.
  public let reason: String
  /// What was being done, such as `subscribe` or `send to leads`.
  public let operation: String
  /// The client cannot be used any more: make another.
  public let isFatal: Bool

  init(code: Int32, reason: String, operation: String, isFatal: Bool = false) {
    self.code = code
    self.name = String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue: code)))
    self.reason = reason
    self.operation = operation
    self.isFatal = isFatal
  }

  init(_ error: rd_kafka_resp_err_t, _ operation: String, reason: String? = nil, isFatal: Bool = false) {
    self.init(
      code: error.rawValue, reason: reason ?? String(cString: rd_kafka_err2str(error)), operation: operation,
      isFatal: isFatal)
  }

  /// Takes over and frees librdkafka's error object.
  init(consuming error: OpaquePointer, _ operation: String) {
    self.init(
      code: rd_kafka_error_code(error).rawValue, reason: String(cString: rd_kafka_error_string(error)),
      operation: operation, isFatal: rd_kafka_error_is_fatal(error) != 0)
    rd_kafka_error_destroy(error)
  }

  static func wrong(_ reason: String, _ operation: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, operation, reason: reason)
  }

  public var description: String { "Kafka: \(operation): \(reason) (\(name))\(isFatal ? ", fatal" : "")" }
}

extension KafkaError {
  /// The same call may succeed later with nothing changed by anybody.
  public var isTransient: Bool { !isFatal && KafkaError.transient.contains(code) }

  /// Another client with the same `transactional.id` or `group.instance.id` has taken over. Never retry.
  public var isFenced: Bool { KafkaError.fenced.contains(code) }

  /// The time given ran out; the outcome may be unknown.
  public var isTimeout: Bool { KafkaError.timeouts.contains(code) }

  /// One record, or the records sent together, exceed a size limit of the client, the topic or the broker.
  public var isTooLarge: Bool { KafkaError.tooLarge.contains(code) }

  /// The offset lies outside what the partition holds. librdkafka reports it as `_AUTO_OFFSET_RESET`, because
  /// `auto.offset.reset` is `error` here.
  public var isOffsetOutOfRange: Bool {
    code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue
  }

  public var isUnknownTopic: Bool { KafkaError.unknownTopic.contains(code) }

  public var isTopicAlreadyThere: Bool { code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue }

  /// A right or a credential is missing.
  public var isUnauthorized: Bool { KafkaError.unauthorized.contains(code) }

  /// The consumer was not polled within `max.poll.interval.ms`: its partitions are being given to others.
  public var isPolledTooLate: Bool { code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED.rawValue }

  /// The producer's queue stayed full for as long as `send` may wait.
  public var isQueueFull: Bool { code == RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue }

  private static func codes(_ errors: rd_kafka_resp_err_t...) -> Set<Int32> { Set(errors.map(\.rawValue)) }

  private static let transient = codes(
    RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
    RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
    RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
    RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, RD_KAFKA_RESP_ERR__RETRY,
    RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__NO_OFFSET, RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
    // A seek or a pause that another assignment came before.
    RD_KAFKA_RESP_ERR__OUTDATED,
    RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
    RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
    RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
    RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
    RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE,
    RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
    RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)

  private static let fenced = codes(
    RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
    RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)

  private static let timeouts = codes(
    RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT)

  private static let tooLarge = codes(
    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
    RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE)

  // 100 is UNKNOWN_TOPIC_ID, which the headers of 2.0.2 do not name.
  private static let unknownTopic = codes(
    RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, rd_kafka_resp_err_t(rawValue: 100))

  private static let unauthorized = codes(
    RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED)
}
