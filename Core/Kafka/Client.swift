internal import CKafka
internal import Glibc

/// What librdkafka's callbacks leave for the owner. Everything but `log` is touched by the owner's thread alone,
/// because librdkafka runs these callbacks inside the owner's own calls.
final class Inbox {
  let log: KafkaLog?
  var rebalance: Rebalance?
  var notices: [Notice] = []
  var deliveries = Deliveries()
  var tellsTags = false
  /// Set before the closing thread starts, which from then on is the only one to run callbacks.
  var isClosing = false

  init(log: KafkaLog?) { self.log = log }

  static func of(_ opaque: UnsafeMutableRawPointer?) -> Inbox? {
    opaque.map { Unmanaged<Inbox>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// Owns an `rd_kafka_t` and what its callbacks need. Record batches hold it too: librdkafka must not be destroyed
/// while records of it are alive.
final class Client {
  let raw: OpaquePointer
  let inbox: Inbox
  private var finished: Latch?

  init(
    _ type: rd_kafka_type_t, _ configuration: consuming Configuration, inbox: Inbox, _ operation: String
  ) throws(KafkaError) {
    let settings = configuration.raw
    // The client's own reference, given back when it is destroyed: log lines may come until then.
    let opaque = Unmanaged.passRetained(inbox)
    rd_kafka_conf_set_opaque(settings, opaque.toOpaque())
    rd_kafka_conf_set_log_cb(settings) { client, level, facility, text in
      guard let log = Inbox.of(rd_kafka_opaque(client))?.log else { return }
      let facility = facility.map { String(cString: $0) } ?? ""
      let text = text.map { String(cString: $0) } ?? ""
      // One set of properties serves consumers and producers alike: that one does not use the other's is no news.
      if facility == "CONFWARN",
        text.hasSuffix("by this producer instance") || text.hasSuffix("by this consumer instance")
      {
        return
      }
      log(level, facility, text)
    }
    rd_kafka_conf_set_error_cb(settings) { client, code, reason, opaque in
      guard let client, let inbox = Inbox.of(opaque) else { return }
      let error = Client.error(
        rd_kafka_resp_err_t(rawValue: code), reason.map { String(cString: $0) }, "client", of: client)
      inbox.notices.append(.failed(error))
      // Makes a waiting poll return with it. A producer's flush would end early, as if its time were up.
      if rd_kafka_type(client) == RD_KAFKA_CONSUMER { rd_kafka_yield(client) }
    }
    var made: OpaquePointer?
    let reason = withReason { buffer, size in
      made = rd_kafka_new(type, settings, buffer, size)
      return made != nil
    }
    guard let made else {
      opaque.release()
      throw .wrong(reason ?? "", operation)
    }
    _ = configuration.release()
    self.raw = made
    self.inbox = inbox
  }

  deinit {
    let opaque = rd_kafka_opaque(raw)
    rd_kafka_destroy(raw)
    if let opaque { Unmanaged<Inbox>.fromOpaque(opaque).release() }
    finished?.open()
  }

  /// `_FATAL` only says that there is a fatal error; this says which.
  static func error(_ code: rd_kafka_resp_err_t, _ reason: String?, _ operation: String, of raw: OpaquePointer)
    -> KafkaError
  {
    guard code == RD_KAFKA_RESP_ERR__FATAL else { return KafkaError(code, operation, reason: reason) }
    return fatalError(of: raw, operation) ?? KafkaError(code, operation, reason: reason, isFatal: true)
  }

  static func fatalError(of raw: OpaquePointer, _ operation: String) -> KafkaError? {
    var code = RD_KAFKA_RESP_ERR_NO_ERROR
    let reason = withReason { buffer, size in
      code = rd_kafka_fatal_error(raw, buffer, size)
      return code == RD_KAFKA_RESP_ERR_NO_ERROR
    }
    return reason.map { KafkaError(code, operation, reason: $0, isFatal: true) }
  }

  func check(_ code: rd_kafka_resp_err_t, _ operation: @autoclosure () -> String) throws(KafkaError) {
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw Client.error(code, nil, operation(), of: raw) }
  }

  func watermarks(
    _ partition: TopicPartition, within bound: Duration
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    var low: Int64 = 0
    var high: Int64 = 0
    try check(
      rd_kafka_query_watermark_offsets(raw, partition.topic, partition.partition, &low, &high, bound.cMilliseconds),
      "watermarks of \(partition)")
    return (low, high)
  }

  func setting(_ name: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer -> String? in
      var size = buffer.count
      guard let base = buffer.baseAddress,
        rd_kafka_conf_get(rd_kafka_conf(raw), name, base, &size) == RD_KAFKA_CONF_OK, size <= buffer.count
      else { return nil }
      return String(cString: base)
    }
  }

  /// Leaves the group (a consumer) and destroys the client on a thread of its own, since either can hang (before
  /// 2.1.0 and 2.6.1). False where it was not through in time, or a record of it is still held: it goes on alone.
  static func close(_ client: consuming Client, within bound: Duration) -> Bool {
    let latch = Latch()
    client.finished = latch
    client.inbox.isClosing = true
    let baton = Unmanaged.passRetained(client)
    _ = consume client
    var thread = pthread_t()
    let started = pthread_create(&thread, nil, { Client.runClose($0) }, baton.toOpaque())
    guard started == 0 else {
      baton.release()
      return latch.wait(for: .zero)
    }
    pthread_detach(thread)
    return latch.wait(for: bound)
  }

  private static func runClose(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let client = Unmanaged<Client>.fromOpaque(argument).takeRetainedValue()
    if rd_kafka_type(client.raw) == RD_KAFKA_CONSUMER { _ = rd_kafka_consumer_close(client.raw) }
    return nil
  }
}
