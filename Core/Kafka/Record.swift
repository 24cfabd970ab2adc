internal import CKafka

/// A record as Kafka holds it. A view: it and every pointer it hands out are valid while its batch holds it.
public struct Record {
  let message: UnsafeMutablePointer<rd_kafka_message_t>
  /// The place of its topic in the list that the consumer was made with.
  public let topicIndex: Int

  public enum TimestampType: Sendable, Equatable {
    /// Set by the producer.
    case created
    /// Set by the broker when it appended the record (LogAppendTime).
    case appended
    case none
  }

  public var topic: String { String(cString: rd_kafka_topic_name(message.pointee.rkt)) }
  public var partition: Int32 { message.pointee.partition }
  public var offset: Int64 { message.pointee.offset }
  public var topicPartition: TopicPartition { TopicPartition(topic, partition) }

  /// nil where the record has no key; empty where its key is empty.
  public var key: UnsafeRawBufferPointer? {
    message.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len) }
  }

  /// nil is a tombstone; empty is an empty value.
  public var value: UnsafeRawBufferPointer? {
    message.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.len) }
  }

  /// Milliseconds since 1970 UTC; nil where the broker keeps none.
  public var timestampMilliseconds: Int64? {
    let milliseconds = rd_kafka_message_timestamp(message, nil)
    return milliseconds < 0 ? nil : milliseconds
  }

  public var timestampType: TimestampType {
    var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    _ = rd_kafka_message_timestamp(message, &type)
    if type == RD_KAFKA_TIMESTAMP_CREATE_TIME { return .created }
    return type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? .appended : .none
  }

  /// The value of the header with exactly this name; the last one where it is there more than once, as Java's
  /// `lastHeader`. nil where it is missing or its value is null. Headers are parsed on first use.
  public func header(_ name: StaticString) -> UnsafeRawBufferPointer? {
    name.withUTF8Buffer { utf8 in
      // A StaticString's bytes end with a NUL.
      utf8.baseAddress?.withMemoryRebound(to: CChar.self, capacity: utf8.count + 1) { header(named: $0) }
    }
  }

  public func header(_ name: String) -> UnsafeRawBufferPointer? {
    name.withCString { header(named: $0) }
  }

  private func header(named name: UnsafePointer<CChar>) -> UnsafeRawBufferPointer? {
    guard let list = headerList else { return nil }
    var value: UnsafeRawPointer?
    var size = 0
    guard rd_kafka_header_get_last(list, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    return value.map { UnsafeRawBufferPointer(start: $0, count: size) }
  }

  /// In the record's order; names are UTF-8 without a closing NUL. Stops when `body` throws.
  public func forEachHeader<Failure: Error>(
    _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws(Failure) -> Void
  ) throws(Failure) {
    guard let list = headerList else { return }
    var index = 0
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
      if let name {
        try body(
          UnsafeRawBufferPointer(start: name, count: length(name)),
          value.map { UnsafeRawBufferPointer(start: $0, count: size) })
      }
      index += 1
    }
  }

  /// A copy that outlives the batch.
  public var headers: [(name: String, value: [UInt8]?)] {
    var all: [(name: String, value: [UInt8]?)] = []
    forEachHeader { name, value in all.append((String(decoding: name, as: UTF8.self), value.map { Array($0) })) }
    return all
  }

  private var headerList: OpaquePointer? {
    var list: OpaquePointer?
    return rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR ? list : nil
  }

  private func length(_ name: UnsafePointer<CChar>) -> Int {
    var end = name
    while end.pointee != 0 { end += 1 }
    return end - name
  }
}
