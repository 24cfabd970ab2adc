import Kafka
import TestKit
import Testing

@Suite("Admin")
struct AdminTests {
  @Test("topics are listed with their partitions, and none is made by asking")
  func topics() async throws {
    try await withMockCluster { cluster in
      let admin = try Admin(properties: cluster.properties())
      #expect(try admin.topics(within: .seconds(60)).isEmpty)
      try cluster.createTopic("b", partitions: 3)
      try cluster.createTopic("a")
      let topics = try admin.topics(within: .seconds(60))
      #expect(topics.map(\.name) == ["a", "b"])
      #expect(topics.map(\.partitions) == [1, 3])
      #expect(topics.allSatisfy { $0.error == nil && $0.leaderless.isEmpty && $0.replication == 1 })
      #expect(admin.close(within: .seconds(60)))
      #expect(throws: KafkaError.self) { try admin.topics(within: .seconds(1)) }
    }
  }

  @Test("a group's committed positions and a partition's watermarks are read without joining")
  func positions() async throws {
    try await withMockCluster { cluster in
      try cluster.createTopic("t", partitions: 2)
      let (first, second) = (TopicPartition("t", 0), TopicPartition("t", 1))
      let producer = try Producer(properties: cluster.properties())
      try producer.fill("t", with: 0..<9)
      let consumer = try Consumer(group: "g", topics: ["t"], properties: cluster.properties())
      try consumer.start()
      try consumer.tell([first: 4])
      let admin = try Admin(properties: cluster.properties())
      let positions = try eventually("the committed position") { () -> [TopicPartition: Int64]? in
        let positions = try admin.committed(by: "g", [first, second], within: .seconds(60))
        return positions.isEmpty ? nil : positions
      }
      #expect(positions == [first: 4])
      #expect(try admin.watermarks(first, within: .seconds(60)) == (0, 9))
      #expect(throws: KafkaError.self) { try admin.watermarks(TopicPartition("t", 7), within: .seconds(2)) }
    }
  }

  // The mock brokers know no admin requests.
  @Test("a request that nobody answers ends in time, and a wrong one is named before it is sent")
  func unanswered() async throws {
    try await withMockCluster { cluster in
      let admin = try Admin(properties: cluster.properties())
      let started = ContinuousClock.now
      let error = #expect(throws: KafkaError.self) {
        try admin.createTopics([TopicSpecification("t", partitions: 1)], within: .milliseconds(500))
      }
      #expect(error?.isTimeout == true && error?.isTransient == true)
      #expect(ContinuousClock.now - started < .seconds(30))
      let wrong = #expect(throws: KafkaError.self) {
        try admin.createTopics([TopicSpecification("t", partitions: -5)], within: .seconds(60))
      }
      #expect(wrong?.operation == "create t")
      #expect(try admin.createTopics([], within: .seconds(60)).isEmpty)
    }
  }
}
