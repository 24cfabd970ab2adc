internal import CKafka

/// A partition of a topic; sorts by topic, then number, so that everybody locks in the same order.
public struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var topic: String
  public var partition: Int32

  public init(_ topic: String, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  public var description: String { "\(topic)/\(partition)" }

  public static func < (left: TopicPartition, right: TopicPartition) -> Bool {
    (left.topic, left.partition) < (right.topic, right.partition)
  }
}

/// Owns a C list of partitions with offsets.
struct PartitionList: ~Copyable {
  let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init() { raw = rd_kafka_topic_partition_list_new(8) }

  init(_ offsets: [TopicPartition: Int64]) {
    self.init()
    for (partition, offset) in offsets { add(partition, offset: offset) }
  }

  init(_ partitions: some Sequence<TopicPartition>) {
    self.init()
    for partition in partitions { add(partition) }
  }

  deinit { rd_kafka_topic_partition_list_destroy(raw) }

  func add(_ partition: TopicPartition, offset: Int64? = nil) {
    let entry = rd_kafka_topic_partition_list_add(raw, partition.topic, partition.partition)
    if let offset { entry?.pointee.offset = offset }
  }
}

/// Borrowed entries of a C list.
extension UnsafeMutablePointer<rd_kafka_topic_partition_list_t> {
  var entries: UnsafeBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeBufferPointer(start: pointee.elems, count: Int(pointee.cnt))
  }
}

extension rd_kafka_topic_partition_t {
  var topicPartition: TopicPartition { TopicPartition(String(cString: topic), partition) }
}
