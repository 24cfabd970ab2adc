internal import CKafka

/// Changes to topics. Each answer holds the failures by topic; an empty one means that all was done.
extension Admin {
  public func createTopics(
    _ topics: [TopicSpecification], within bound: Duration
  ) throws(KafkaError) -> [String: KafkaError] {
    guard !topics.isEmpty else { return [:] }
    var requests: [OpaquePointer?] = []
    defer { rd_kafka_NewTopic_destroy_array(&requests, requests.count) }
    for topic in topics {
      var request: OpaquePointer?
      let reason = withReason {
        request = rd_kafka_NewTopic_new(topic.name, topic.partitions, topic.replication ?? -1, $0, $1)
        return request != nil
      }
      if let reason { throw .wrong(reason, "create \(topic.name)") }
      requests.append(request)
      for (name, value) in topic.settings {
        let code = rd_kafka_NewTopic_set_config(request, name, value)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, "create \(topic.name): \(name)") }
      }
    }
    return try request(RD_KAFKA_ADMIN_OP_CREATETOPICS, "create topics", within: bound) { client, options, queue in
      rd_kafka_CreateTopics(client, &requests, requests.count, options, queue)
    } _: { event in
      var count = 0
      let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
      return Admin.failures(results, count, "create")
    }
  }

  /// Raises the number of partitions. Keys move to other partitions: order per key is lost across the change.
  public func createPartitions(
    of topic: String, upTo partitions: Int, within bound: Duration
  ) throws(KafkaError) -> [String: KafkaError] {
    var made: OpaquePointer?
    let reason = withReason {
      made = rd_kafka_NewPartitions_new(topic, partitions, $0, $1)
      return made != nil
    }
    if let reason { throw .wrong(reason, "create partitions of \(topic)") }
    var requests = [made]
    defer { rd_kafka_NewPartitions_destroy(made) }
    return try request(
      RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, "create partitions of \(topic)", within: bound
    ) { client, options, queue in
      rd_kafka_CreatePartitions(client, &requests, 1, options, queue)
    } _: { event in
      var count = 0
      let results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count)
      return Admin.failures(results, count, "create partitions of")
    }
  }

  public func deleteTopics(_ names: [String], within bound: Duration) throws(KafkaError) -> [String: KafkaError] {
    guard !names.isEmpty else { return [:] }
    var requests: [OpaquePointer?] = names.map { rd_kafka_DeleteTopic_new($0) }
    defer { rd_kafka_DeleteTopic_destroy_array(&requests, requests.count) }
    return try request(RD_KAFKA_ADMIN_OP_DELETETOPICS, "delete topics", within: bound) { client, options, queue in
      rd_kafka_DeleteTopics(client, &requests, requests.count, options, queue)
    } _: { event in
      var count = 0
      let results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
      return Admin.failures(results, count, "delete")
    }
  }

  private static func failures(
    _ results: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int, _ operation: String
  ) -> [String: KafkaError] {
    var failures: [String: KafkaError] = [:]
    for result in UnsafeBufferPointer(start: results, count: count) {
      let code = rd_kafka_topic_result_error(result)
      guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
      let name = String(cString: rd_kafka_topic_result_name(result))
      let reason = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
      failures[name] = KafkaError(code, "\(operation) \(name)", reason: reason)
    }
    return failures
  }
}
