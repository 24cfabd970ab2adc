internal import Contract
internal import Kafka
internal import Printing
internal import Topics
internal import Values

/// `topics list`, `check` and `apply`.
enum TopicCommands {
  static let list = Command(
    name: "topics list", summary: "list the topics of the contract", options: [.json],
    details: "Asks no broker: this is what the program was built with.",
    examples: [("millrace topics list", "names, keys, partitions, retention, sizes")],
    run: runList)

  static let check = Command(
    name: "topics check", summary: "compare the cluster's topics with the contract", options: [.json],
    details:
      "One sentence for each difference, and exit code 1 if there is one. More partitions than expected are none.",
    examples: [("millrace topics check", "say what is missing or set otherwise")],
    run: runCheck)

  static let apply = Command(
    name: "topics apply", summary: "create the topics that are missing",
    options: [
      .execute,
      CommandOption("--grow", nil, "also raise partitions: keys move, and order per key is lost across that moment"),
      CommandOption("--replication", "N", "copies of each partition (default: the broker's)"),
      .json,
    ],
    details: """
      Creates each topic with its partitions, retention and sizes, dead-letter topics among them. Never deletes, shrinks
      or changes the settings of a topic that is there; it says what is different and which tool changes it.
      """,
    examples: [
      ("millrace topics apply", "show what would be created"),
      ("millrace topics apply --execute", "create it"),
    ],
    run: runApply)

  private static let bound = Duration.seconds(15)

  private static func runList(_ invocation: Invocation) -> Exit {
    var table = Table(
      .left("topic"), .left("types"), .left("key"), .left("origin"), .right("partitions"), .right("retentionMs"),
      .right("largestValue"), .right("maxMessageBytes"))
    for topic in Catalogue.topics {
      let types = Catalogue.event(of: topic.name)?.types.joined(separator: " ")
      table.add(
        .text(topic.name), .text(optional: types), .text(topic.key),
        .text(topic.origin.isOutside ? "outside" : "relay"), .number(Int64(topic.partitions)),
        .number(topic.retention.components.seconds * 1000), .number(Int64(topic.largestValue)),
        .number(Int64(topic.largestMessage)))
    }
    invocation.output.show(table)
    return .done
  }

  private static func runCheck(_ invocation: Invocation) throws -> Exit {
    let differences = try differences(try invocation.broker(), invocation.output)
    var table = Table(.left("topic"), .left("difference"))
    for difference in differences { table.add(.text(difference.topic), .text(difference.sentence)) }
    if invocation.output.isJSON {
      invocation.output.show(table)
    } else {
      for difference in differences { invocation.output.note(difference.sentence) }
      if differences.isEmpty { invocation.output.note("All \(Catalogue.topics.count) topics are as expected.") }
      if differences.contains(where: { $0.remedy != nil }) {
        invocation.output.note("`millrace topics apply` shows what it can do about this.")
      }
    }
    return differences.isEmpty ? .done : .no
  }

  private static func runApply(_ invocation: Invocation) throws -> Exit {
    let replication = try invocation.integer("--replication", 1...99)
    let broker = try invocation.broker()
    let differences = try differences(broker, invocation.output)
    var table = Table(.left("topic"), .left("action"), .left("state"))
    var isDone = true
    for difference in differences {
      guard let action = action(difference, invocation) else {
        table.add(.text(difference.topic), .text(difference.sentence), .text("not ours to change"))
        isDone = false
        continue
      }
      let failure = invocation.isExecuting ? try action.run(broker.admin, replication.map { Int32($0) }) : nil
      let state = failure.map { "failed: \($0.reason)" } ?? (invocation.isExecuting ? "done" : "would be done")
      if failure != nil { isDone = false }
      table.add(.text(difference.topic), .text(action.text), .text(state))
    }
    invocation.output.show(table, nothing: "All \(Catalogue.topics.count) topics are as expected.")
    if !differences.isEmpty, !invocation.isExecuting {
      invocation.output.note("Nothing was changed; --execute does it.")
      return .done
    }
    return isDone ? .done : .no
  }

  private struct Action {
    let text: String
    let run: (_ admin: Admin, _ replication: Int32?) throws(KafkaError) -> KafkaError?
  }

  private static func action(_ difference: TopicDifference, _ invocation: Invocation) -> Action? {
    guard let topic = Catalogue.topics.first(where: { $0.name == difference.topic }) else { return nil }
    switch difference.remedy {
    case .create:
      let settings = Dictionary(uniqueKeysWithValues: topic.settings.map { ($0.name, $0.value) })
      // Short, to be read at a glance: `topics list` has each setting.
      let seconds = topic.retention.components.seconds
      let time = seconds.isMultiple(of: 86_400) ? "\(seconds / 86_400) days" : "\(seconds) s"
      let text = "create with \(topic.partitions) partitions, \(time), \(topic.largestMessage) bytes"
      return Action(text: text) { (admin, replication) throws(KafkaError) in
        let specification = TopicSpecification(
          topic.name, partitions: topic.partitions, replication: replication, settings: settings)
        let failure = try admin.createTopics([specification], within: bound)[topic.name]
        // Somebody else was quicker.
        return failure?.isTopicAlreadyThere == true ? nil : failure
      }
    case .grow(let from) where invocation.flag("--grow"):
      return Action(text: "raise partitions from \(from) to \(topic.partitions)") { (admin, _) throws(KafkaError) in
        try admin.createPartitions(of: topic.name, upTo: Int(topic.partitions), within: bound)[topic.name]
      }
    case .grow, nil: return nil
    }
  }

  private static func differences(_ broker: Broker, _ output: Output) throws -> [TopicDifference] {
    let cluster = try broker.topics()
    let there = Catalogue.topics.map(\.name).filter { name in cluster.contains { $0.name == name } }
    let (told, failures) = try broker.admin.topicSettings(there, within: bound)
    for (topic, error) in failures.sorted(by: { $0.key < $1.key }) {
      output.complain("the settings of \(topic) are not known: \(error.reason)")
    }
    let settings = told.mapValues { settings in
      Dictionary(settings.compactMap { setting in setting.value.map { (setting.name, $0) } }) { $1 }
    }
    return TopicDifference.find(Catalogue.topics, in: cluster, settings: settings)
  }
}
