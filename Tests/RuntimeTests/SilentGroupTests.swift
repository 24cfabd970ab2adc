import TestKit
import Testing

@testable import Runtime

/// What a lane does when its group owes it an answer for too long.
@Suite struct SilentGroupTests {
  static let bound: Duration = .seconds(10)

  enum Step {
    case built, asked, answered, ended
  }

  @Test(
    "a group is silent once it has owed an answer for longer than the bound; an assignment is one, an empty one too",
    arguments: [
      ([], 99, nil),
      ([(0, .built)], 10, nil),
      ([(0, .built)], 11, 11),
      ([(0, .built), (3, .answered)], 99, nil),
      ([(0, .built), (3, .answered), (20, .asked)], 30, nil),
      ([(0, .built), (3, .answered), (20, .asked)], 35, 15),
      // Whoever could not be asked is given the whole time from then on.
      ([(0, .built), (11, .asked)], 20, nil),
      ([(0, .built), (11, .asked)], 22, 11),
      ([(0, .built), (3, .answered), (20, .asked), (24, .answered)], 99, nil),
      ([(0, .built), (11, .ended)], 99, nil),
      ([(0, .built), (11, .ended), (12, .built)], 22, nil),
      ([(0, .built), (11, .ended), (12, .built)], 23, 11),
    ] as [([(Int, Step)], Int, Int?)])
  func silence(_ steps: [(at: Int, step: Step)], at now: Int, silence: Int?) {
    var rebuilding = ConsumerRebuilding()
    for (at, step) in steps {
      switch step {
      case .built: rebuilding.built(at: .seconds(at))
      case .asked: rebuilding.asked(at: .seconds(at))
      case .answered: rebuilding.answered()
      case .ended: _ = rebuilding.wait(at: .seconds(at))
      }
    }
    #expect(rebuilding.silence(at: .seconds(now), beyond: Self.bound) == silence.map { .seconds($0) })
  }

  /// The shortest that mock brokers go with: a group is silent after 4 + 4 + 6 seconds.
  static let hasty = ["KAFKA_MAX_POLL_INTERVAL_MS": "4000"]

  static let rebalanceInProgress: Int32 = 27

  /// What a lane says when it lets go of its partitions and joins once more.
  static let asked = "partitions were taken away"
  /// And when it leaves a group that does not answer.
  static let left = "the group does not answer; another consumer is made"

  @Test("a lane that let go of its partitions and is left without an answer says so, joins as a new member and goes on")
  func unanswered() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<3))
      let lane = try scene.lane(Self.hasty)
      try scene.awaitPosition(3)
      // librdkafka gives each up after 7 s and asks again.
      for _ in 0..<3 { try scene.cluster.leaveUnanswered(.joinGroup) }
      scene.cluster.fail(.heartbeat, with: [Self.rebalanceInProgress])
      try lane.awaitSentence("joins it anew: no answer of the group test-noted for")
      try scene.publish(Scene.notes(3..<6))
      try lane.awaitReady()
      try scene.awaitPosition(6)
      #expect(lane.said(Self.left) == 1)
      #expect(lane.said("the consumer is dead") == 0)
      #expect(lane.counts(#"consumers_rebuilt_total{worker="test-noted",cause="silent"} 1"#))
      #expect(try scene.notes() == (0..<6).map(Int64.init))
    }
  }

  @Test("a lane with an assignment, be it empty, has its answer, while one that never had any is left without")
  func answered() async throws {
    try await Scene.play { scene in
      let first = try scene.lane(Self.hasty)
      let second = try scene.lane(Self.hasty)
      try second.awaitWords("partitions were assigned")
      try first.awaitReady()
      try second.awaitReady()
      let answered = [first, second].map { (lane: $0, asked: $0.said(Self.asked), left: $0.said(Self.left)) }
      // With brokers of its own, so that nobody else is left without an answer.
      let silent = try MockCluster()
      defer { withExtendedLifetime(silent) {} }
      try silent.createTopic(Echo.topic.name, partitions: 1)
      for _ in 0..<3 { try silent.leaveUnanswered(.joinGroup) }
      let there = ["KAFKA_BOOTSTRAP_SERVERS": silent.bootstrapServers]
      let third = try scene.lane(of: EchoWorker.self, Self.hasty.merging(there) { $1 })
      try third.awaitWords(Self.left)
      try third.awaitReady()
      for (lane, asked, left) in answered {
        // Whoever had to join once more asks once more, and on a slow machine that may take too long.
        #expect(lane.said(Self.left) - left <= lane.said(Self.asked) - asked, "\(lane.log)")
      }
      #expect(first.said("partitions=0") + second.said("partitions=0") > 0, "there is one partition for two")
    }
  }

  @Test("a lane that waits for its topic, or for a broker, has nobody who could answer: it keeps its consumer")
  func nobodyThere() async throws {
    try await Scene.play { scene in
      try scene.publish(Scene.notes(0..<3))
      let unknown: Int32 = 3
      scene.cluster.failTopic(Noted.topic.name, with: unknown)
      let more = [
        "KAFKA_TOPIC_METADATA_REFRESH_INTERVAL_MS": "1000", "KAFKA_TOPIC_METADATA_PROPAGATION_MAX_MS": "1000",
        "KAFKA_RECONNECT_BACKOFF_MAX_MS": "200",
      ]
      let lane = try scene.lane(Self.hasty.merging(more) { $1 })
      try lane.awaitWords("the group cannot be asked")
      try scene.cluster.setDown()
      try lane.awaitWords("the group cannot be asked", times: 2)
      scene.cluster.failTopic(Noted.topic.name, with: 0)
      try scene.cluster.setUp()
      try lane.awaitReady()
      try scene.awaitPosition(3)
      #expect(lane.said("another") == 0)
    }
  }
}
