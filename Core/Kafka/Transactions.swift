internal import CKafka

/// What is to be done about a failed transaction call.
public enum TransactionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Another producer with this `transactional.id` has taken over. Stop; never retry.
  case fenced(KafkaError)
  /// The transaction cannot be committed: abort it and begin another.
  case mustAbort(KafkaError)
  /// The same call may be made again; a timed-out commit goes on where it was.
  case retriable(KafkaError)
  /// The producer is at an end: make another.
  case fatal(KafkaError)

  public var cause: KafkaError {
    switch self {
    case .fenced(let cause), .mustAbort(let cause), .retriable(let cause), .fatal(let cause): cause
    }
  }

  public var description: String {
    switch self {
    case .fenced: "fenced by another producer: \(cause)"
    case .mustAbort: "the transaction has to be aborted: \(cause)"
    case .retriable: "may be tried again: \(cause)"
    case .fatal: "the producer is at an end: \(cause)"
    }
  }
}

extension Producer {
  /// Once, before the first transaction: fences every older producer with this `transactional.id` and ends what it
  /// left open.
  public func takeOver(within bound: Duration) throws(TransactionError) {
    try settle("take over") { rd_kafka_init_transactions($0, bound.cMilliseconds) }
  }

  public func begin() throws(TransactionError) {
    try settle("begin") { rd_kafka_begin_transaction($0) }
  }

  /// Flushes, then commits. A record that was not delivered makes it `mustAbort`.
  public func commit(within bound: Duration) throws(TransactionError) {
    try settle("commit") { rd_kafka_commit_transaction($0, bound.cMilliseconds) }
  }

  /// Drops what is unsent and aborts.
  public func abort(within bound: Duration) throws(TransactionError) {
    try settle("abort") { rd_kafka_abort_transaction($0, bound.cMilliseconds) }
  }

  private func settle(_ name: String, _ call: (OpaquePointer) -> OpaquePointer?) throws(TransactionError) {
    let operation = "\(name) transaction of \(transactionalID ?? "a producer without transactional.id")"
    let client: Client
    do { client = try open(operation) } catch { throw .fatal(error) }
    guard let error = call(client.raw) else { return }
    let mustAbort = rd_kafka_error_txn_requires_abort(error) != 0
    let isRetriable = rd_kafka_error_is_retriable(error) != 0
    let reported = KafkaError(consuming: error, operation)
    // The call may say "state" or "fatal" only; the fatal error behind it says why.
    let cause = Client.fatalError(of: client.raw, operation) ?? reported
    if cause.isFenced { throw .fenced(cause) }
    if cause.isFatal { throw .fatal(cause) }
    if mustAbort { throw .mustAbort(cause) }
    if isRetriable { throw .retriable(cause) }
    throw .fatal(cause)
  }
}
