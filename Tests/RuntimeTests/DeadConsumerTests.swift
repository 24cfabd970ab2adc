import Kafka
import Testing

@testable import Runtime

/// What a lane does when librdkafka declares its consumer dead for good, or its group says nothing.
@Suite struct DeadConsumerTests {
  /// FENCED_INSTANCE_ID, Kafka's protocol.
  static let fenced: Int32 = 82

  @Test("a lane whose static member was fenced says so, makes a new consumer and goes on where its rows stand")
  func fencedMember() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<3))
      let lane = try scene.lane(["KAFKA_GROUP_INSTANCE_ID": "here"])
      try scene.awaitPosition(3)
      scene.cluster.fail(.heartbeat, with: [Self.fenced])
      try lane.awaitSentence("has lost its place in the group test-noted and joins it anew")
      try scene.publish(Scene.notes(3..<6))
      try scene.awaitPosition(6)
      try lane.awaitReady()
      #expect(lane.said("the consumer is dead; another is made") == 1)
      lane.end()
      #expect(try scene.notes() == (0..<6).map(Int64.init))
      #expect(try scene.text("select stopped_rule from position") == nil)
      #expect(try scene.number("select starts from position") == 0, "a dead consumer is no start that failed")
    }
  }

  @Test("one that is fenced again and again waits longer each time, without an operator")
  func fencedAgain() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<1))
      let lane = try scene.lane(["KAFKA_GROUP_INSTANCE_ID": "here"])
      try scene.awaitPosition(1)
      for time in 1...3 {
        scene.cluster.fail(.heartbeat, with: [Self.fenced])
        try lane.awaitWords("the consumer is dead; another is made", times: time)
        try lane.awaitReady()
        // Each is told, however soon it follows the last: a line held back would look like a lane without partitions.
        try lane.awaitWords("assignment=\(time + 1)")
      }
      try scene.publish(Scene.notes(1..<2))
      try scene.awaitPosition(2)
    }
  }

  @Test("an end while the lane waits for its next consumer is not held up")
  func endWhileWaiting() async throws {
    try await Scene.play { scene in
      let lane = try scene.lane(["KAFKA_GROUP_INSTANCE_ID": "here"])
      try lane.awaitReady()
      scene.cluster.fail(.heartbeat, with: [Self.fenced])
      try lane.awaitSentence("joins it anew")
      lane.end()
    }
  }

  @Test("the wait grows, is bounded, and begins small again after a consumer that lived")
  func waits() {
    var rebuilding = ConsumerRebuilding()
    var now = Duration.zero
    var waits: [Duration] = []
    for _ in 0..<12 {
      rebuilding.built(at: now)
      waits.append(rebuilding.wait(at: now))
      now += waits.last ?? .zero
    }
    #expect(waits[0] <= .milliseconds(500))
    #expect(waits.allSatisfy { $0 <= .seconds(30) })
    #expect(waits[11] >= .seconds(15))
    rebuilding.built(at: now)
    #expect(rebuilding.wait(at: now + ConsumerRebuilding.healthy) >= .seconds(15), "its group never answered it")
    rebuilding.built(at: now)
    rebuilding.answered()
    #expect(rebuilding.wait(at: now + ConsumerRebuilding.healthy) <= .milliseconds(500))
  }

  @Test("each lane of a process is a static member of its own")
  func ownMember() async throws {
    try await Scene.play { scene in
      let settings = try scene.settings(
        NotedWorker.name, ["KAFKA_GROUP_INSTANCE_ID": "here"], WorkerSettings.work)
      for lane in 1...2 {
        let member = try Consumer(
          group: NotedWorker.name, topics: [Noted.topic.name], properties: settings.kafka(lane: lane))
        #expect(member.setting("group.instance.id") == "here-\(lane)")
        member.close(within: .seconds(5))
      }
    }
  }
}
