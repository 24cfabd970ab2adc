internal import CKafka

/// Settings of topics, records and the positions of groups.
extension Admin {
  /// The settings of each topic that could be described, and the failures of the others.
  public func topicSettings(
    _ topics: [String], within bound: Duration
  ) throws(KafkaError) -> (settings: [String: [TopicSetting]], failures: [String: KafkaError]) {
    guard !topics.isEmpty else { return ([:], [:]) }
    var requests: [OpaquePointer?] = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
    defer { rd_kafka_ConfigResource_destroy_array(&requests, requests.count) }
    return try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "topic settings", within: bound) { client, options, queue in
      rd_kafka_DescribeConfigs(client, &requests, requests.count, options, queue)
    } _: { event in
      var settings: [String: [TopicSetting]] = [:]
      var failures: [String: KafkaError] = [:]
      var count = 0
      let result = rd_kafka_event_DescribeConfigs_result(event)
      let resources = rd_kafka_DescribeConfigs_result_resources(result, &count)
      for resource in UnsafeBufferPointer(start: resources, count: count) {
        let name = String(cString: rd_kafka_ConfigResource_name(resource))
        let code = rd_kafka_ConfigResource_error(resource)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
          let reason = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
          failures[name] = KafkaError(code, "settings of \(name)", reason: reason)
        } else {
          settings[name] = Admin.settings(of: resource)
        }
      }
      return (settings, failures)
    }
  }

  // Tansu tells no source: what it answers was set.
  private static let defaults = Set(
    [
      RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG, RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG,
      RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG, RD_KAFKA_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER_CONFIG,
    ].map(\.rawValue))

  private static func settings(of resource: OpaquePointer?) -> [TopicSetting] {
    var count = 0
    let entries = rd_kafka_ConfigResource_configs(resource, &count)
    return UnsafeBufferPointer(start: entries, count: count).map { entry in
      TopicSetting(
        name: String(cString: rd_kafka_ConfigEntry_name(entry)),
        value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
        isDefault: defaults.contains(rd_kafka_ConfigEntry_source(entry).rawValue))
    }.sorted { $0.name < $1.name }
  }

  /// Deletes everything below each offset, for good. Answers each partition's failure.
  public func deleteRecords(
    before offsets: [TopicPartition: Int64], within bound: Duration
  ) throws(KafkaError) -> [TopicPartition: KafkaError] {
    guard !offsets.isEmpty else { return [:] }
    let list = PartitionList(offsets)
    guard let made = rd_kafka_DeleteRecords_new(list.raw) else { throw .wrong("no request", "delete records") }
    var requests: [OpaquePointer?] = [made]
    defer { rd_kafka_DeleteRecords_destroy(made) }
    return try request(RD_KAFKA_ADMIN_OP_DELETERECORDS, "delete records", within: bound) { client, options, queue in
      rd_kafka_DeleteRecords(client, &requests, 1, options, queue)
    } _: { event in
      let result = rd_kafka_event_DeleteRecords_result(event)
      guard let raw = rd_kafka_DeleteRecords_result_offsets(result) else { return [:] }
      var failures: [TopicPartition: KafkaError] = [:]
      for entry in UnsafeMutablePointer(mutating: raw).entries where entry.err != RD_KAFKA_RESP_ERR_NO_ERROR {
        failures[entry.topicPartition] = KafkaError(entry.err, "delete records of \(entry.topicPartition)")
      }
      return failures
    }
  }

  /// What a group has committed, without joining it; partitions without are left out. For lag as tools see it.
  public func committed(
    by group: String, _ partitions: [TopicPartition], within bound: Duration
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    guard !partitions.isEmpty else { return [:] }
    let list = PartitionList(partitions)
    guard let made = rd_kafka_ListConsumerGroupOffsets_new(group, list.raw) else {
      throw .wrong("no request", "positions of \(group)")
    }
    var requests: [OpaquePointer?] = [made]
    defer { rd_kafka_ListConsumerGroupOffsets_destroy(made) }
    let answer: Result<[TopicPartition: Int64], KafkaError> = try request(
      RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, "positions of \(group)", within: bound
    ) { client, options, queue in
      rd_kafka_ListConsumerGroupOffsets(client, &requests, 1, options, queue)
    } _: { event in
      Admin.positions(event, "positions of \(group)")
    }
    return try answer.get()
  }

  private static func positions(
    _ event: OpaquePointer, _ operation: String
  ) -> Result<[TopicPartition: Int64], KafkaError> {
    var count = 0
    let result = rd_kafka_event_ListConsumerGroupOffsets_result(event)
    let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count)
    var positions: [TopicPartition: Int64] = [:]
    for group in UnsafeBufferPointer(start: groups, count: count) {
      if let error = rd_kafka_group_result_error(group) {
        // Belongs to the event: not freed here.
        let reason = String(cString: rd_kafka_error_string(error))
        return .failure(KafkaError(rd_kafka_error_code(error), operation, reason: reason))
      }
      guard let raw = rd_kafka_group_result_partitions(group) else { continue }
      for entry in UnsafeMutablePointer(mutating: raw).entries {
        if entry.err != RD_KAFKA_RESP_ERR_NO_ERROR {
          return .failure(KafkaError(entry.err, "\(operation) at \(entry.topicPartition)"))
        }
        if entry.offset >= 0 { positions[entry.topicPartition] = entry.offset }
      }
    }
    return .success(positions)
  }
}
