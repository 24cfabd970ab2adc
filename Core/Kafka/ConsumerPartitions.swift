internal import CKafka

/// What may be done with the partitions that the group gave to this consumer.
extension Consumer {
  /// Answers `.assigned`: reads each partition from its offset, never from the group's committed one. Partitions that
  /// are left out stay idle. May be called again at any time; then all start at the offsets given then. That is also
  /// the way on for a partition that failed as out of range: the library does not seek in it any more. Pauses end.
  public func assign(_ starts: [TopicPartition: Int64]) throws(KafkaError) {
    let client = try open("assign")
    // The library may keep a pause across assignments or not; this way it never does.
    try resume(paused)
    let list = PartitionList(starts)
    try client.check(rd_kafka_assign(client.raw, list.raw), "assign")
    if case .assigned = client.inbox.rebalance { client.inbox.rebalance = nil }
  }

  /// Answers `.revoked` (or refuses an `.assigned`): nothing comes any more from any partition.
  public func unassign() throws(KafkaError) {
    let client = try open("unassign")
    try resume(paused)
    try client.check(rd_kafka_assign(client.raw, nil), "unassign")
    client.inbox.rebalance = nil
  }

  /// The next record of the partition is the one at `offset` or the first above it. Records already in a batch stay
  /// there. Fails while the partition's fetching is starting or stopping: transient, try again.
  public func seek(_ partition: TopicPartition, to offset: Int64, within bound: Duration) throws(KafkaError) {
    let client = try open("seek")
    let list = PartitionList([partition: offset])
    if let error = rd_kafka_seek_partitions(client.raw, list.raw, max(1, bound.cMilliseconds)) {
      throw KafkaError(consuming: error, "seek \(partition)")
    }
    try checkEach(list, client, "seek")
  }

  /// No records come from these until they are resumed. What the library had fetched of them is fetched again.
  public func pause(_ partitions: some Sequence<TopicPartition>) throws(KafkaError) {
    let new = Set(partitions).subtracting(paused)
    guard !new.isEmpty else { return }
    let client = try open("pause")
    let list = PartitionList(new)
    try client.check(rd_kafka_pause_partitions(client.raw, list.raw), "pause")
    try checkEach(list, client, "pause")
    setPaused(paused.union(new))
  }

  /// Those that were not paused are left alone: before 2.4.0 the library would rewind them.
  public func resume(_ partitions: some Sequence<TopicPartition>) throws(KafkaError) {
    let old = Set(partitions).intersection(paused)
    guard !old.isEmpty else { return }
    let client = try open("resume")
    let list = PartitionList(old)
    try client.check(rd_kafka_resume_partitions(client.raw, list.raw), "resume")
    setPaused(paused.subtracting(old))
  }

  /// The partition's high watermark as the last fetch answer told it, without asking the broker; nil before the first.
  public func cachedHighWatermark(_ partition: TopicPartition) -> Int64? {
    guard let client = try? open("watermark") else { return nil }
    var low: Int64 = 0
    var high: Int64 = 0
    let code = rd_kafka_get_watermark_offsets(client.raw, partition.topic, partition.partition, &low, &high)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
  }

  /// Asks the partition's leader (ListOffsets): the first offset and the one after the last. Tansu 0.6.0 answers
  /// the first offset of the last *batch* for the latter: rely on `.reachedEnd` where exactness counts.
  public func watermarks(
    _ partition: TopicPartition, within bound: Duration
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    try open("watermarks").watermarks(partition, within: bound)
  }

  /// Commits to the group, for tools that watch lag; nothing here ever starts from it. Does not wait; failures are
  /// not reported.
  public func tell(_ positions: [TopicPartition: Int64]) throws(KafkaError) {
    guard !positions.isEmpty else { return }
    let client = try open("tell positions")
    let list = PartitionList(positions)
    try client.check(rd_kafka_commit(client.raw, list.raw, 1), "tell positions")
  }

  /// What the group has committed; partitions without are left out.
  public func committed(
    _ partitions: some Sequence<TopicPartition>, within bound: Duration
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    let client = try open("committed positions")
    let list = PartitionList(partitions)
    try client.check(rd_kafka_committed(client.raw, list.raw, bound.cMilliseconds), "committed positions")
    try checkEach(list, client, "committed position of")
    var positions: [TopicPartition: Int64] = [:]
    for entry in list.raw.entries where entry.offset >= 0 { positions[entry.topicPartition] = entry.offset }
    return positions
  }

  private func checkEach(
    _ list: borrowing PartitionList, _ client: Client, _ operation: String
  ) throws(KafkaError) {
    for entry in list.raw.entries where entry.err != RD_KAFKA_RESP_ERR_NO_ERROR {
      throw Client.error(entry.err, nil, "\(operation) \(entry.topicPartition)", of: client.raw)
    }
  }
}
