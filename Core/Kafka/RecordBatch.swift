internal import CKafka

/// Records in the order they were polled. Owns them: a record lives until it is removed or the batch goes.
/// Belongs to one thread at a time, like the consumer that fills it. Keeps its room when emptied.
public final class RecordBatch {
  private struct Entry {
    let message: UnsafeMutablePointer<rd_kafka_message_t>
    let topicIndex: Int32
  }

  private var entries: [Entry] = []
  // Keeps librdkafka's client alive while records of it are.
  private var client: Client?
  /// Bytes of keys and values.
  public private(set) var bytes = 0

  public init() {}

  deinit { for entry in entries { rd_kafka_message_destroy(entry.message) } }

  public var count: Int { entries.count }
  public var isEmpty: Bool { entries.isEmpty }
  public var indices: Range<Int> { entries.indices }

  public subscript(index: Int) -> Record {
    let entry = entries[index]
    return Record(message: entry.message, topicIndex: Int(entry.topicIndex))
  }

  public func removeAll() {
    for entry in entries { rd_kafka_message_destroy(entry.message) }
    entries.removeAll(keepingCapacity: true)
    bytes = 0
    client = nil
  }

  /// Removes and frees those for which `isUnwanted` is true; the others keep their order.
  public func removeAll(where isUnwanted: (Record) -> Bool) {
    var kept = 0
    for index in entries.indices {
      let entry = entries[index]
      if isUnwanted(Record(message: entry.message, topicIndex: Int(entry.topicIndex))) {
        bytes -= RecordBatch.size(entry.message)
        rd_kafka_message_destroy(entry.message)
      } else {
        entries[kept] = entry
        kept += 1
      }
    }
    entries.removeLast(entries.count - kept)
    if entries.isEmpty { client = nil }
  }

  /// Takes the message over.
  func append(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topicIndex: Int32, of client: Client) {
    if self.client == nil { self.client = client }
    precondition(self.client === client, "a batch holds records of one consumer at a time")
    entries.append(Entry(message: message, topicIndex: topicIndex))
    bytes += RecordBatch.size(message)
  }

  private static func size(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> Int {
    message.pointee.len + message.pointee.key_len
  }
}
