import Contract
import Settings
import Testing
import Topics

@testable import Kafka
@testable import millrace

@Suite struct TopicDifferenceTests {
  private let topic = Topic(
    "t", key: "k", partitions: 3, retention: .seconds(60), largestValue: 9_000, origin: .outside)

  private func find(
    partitions: Int32 = 3, leaderless: [Int32] = [], error: KafkaError? = nil, _ settings: [String: String] = [:],
    of topic: Topic? = nil
  ) -> [TopicDifference] {
    let topic = topic ?? self.topic
    let found = TopicDescription(
      name: topic.name, partitions: partitions, replication: 1, leaderless: leaderless, error: error)
    return TopicDifference.find([topic], in: [found], settings: [topic.name: settings])
  }

  @Test("a topic as the contract has it makes no difference, nor does one with more partitions")
  func same() {
    let settings = ["retention.ms": "60000", "max.message.bytes": "10000", "cleanup.policy": "delete", "x": "y"]
    #expect(find(settings).isEmpty)
    #expect(find(partitions: 4, settings).isEmpty)
    #expect(find().isEmpty)
  }

  @Test("a missing topic can be created")
  func missing() {
    let differences = TopicDifference.find([topic], in: [], settings: [:])
    #expect(differences == [TopicDifference(topic: "t", sentence: "t does not exist.", remedy: .create)])
  }

  @Test("too few partitions can be raised")
  func few() {
    #expect(find(partitions: 2).map(\.remedy) == [.grow(from: 2)])
    #expect(find(partitions: 2).map(\.sentence) == ["t has 2 partitions, 3 were expected."])
  }

  @Test(
    "another setting is told with the command that changes it",
    arguments: [
      ("retention.ms", "59999"), ("cleanup.policy", "compact"), ("max.message.bytes", "9999"),
      ("max.message.bytes", "10001"),
    ])
  func settings(name: String, value: String) {
    let differences = find([name: value])
    #expect(differences.count == 1)
    #expect(differences.first?.remedy == nil)
    #expect(differences.first?.sentence.hasPrefix("t has \(name)=\(value), ") == true)
    #expect(differences.first?.sentence.contains("--entity-name t --add-config \(name)=") == true)
  }

  @Test("a dead-letter topic takes twice the size, and may take more")
  func deadLetters() {
    let dead = topic.deadLetters
    #expect(dead.largestMessage == topic.largestMessage * 2)
    #expect(find(["max.message.bytes": "20000"], of: dead).isEmpty)
    #expect(find(["max.message.bytes": "20001"], of: dead).isEmpty)
    #expect(find(["max.message.bytes": "19999"], of: dead).count == 1)
  }

  @Test("partitions without a leader are named")
  func leaderless() {
    #expect(find(leaderless: [0, 2]).map(\.sentence) == ["t has no leader for its partitions 0, 2."])
  }

  @Test("every topic admits its largest value, and dead letters twice the size of the source's")
  func catalogue() {
    for event in Catalogue.events {
      #expect(event.topic.largestMessage > event.topic.largestValue)
      #expect(event.topic.deadLetters.largestMessage == event.topic.largestMessage * 2)
      // What KIP-1191's headers and ours add is far below what is left.
      #expect(event.topic.deadLetters.largestValue > event.topic.largestMessage)
    }
  }

  @Test("the list of topics needs no broker")
  func list() {
    var out = ""
    let output = Output(out: { out += $0 }, err: { _ in })
    #expect(Millrace.run(["topics", "list", "--json"], Environment([:]), output) == .done)
    for topic in Catalogue.topics { #expect(out.contains("\"topic\":\"\(topic.name)\"")) }
  }
}
