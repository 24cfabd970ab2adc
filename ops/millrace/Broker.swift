internal import Kafka
internal import Settings

/// Kafka as the command asks it: each question with a bound, each failure a sentence.
struct Broker {
  let admin: Admin
  let reader: LogReader
  let properties: Kafka.KafkaProperties
  static let patience = Duration.seconds(5)

  init(_ settings: Settings) throws {
    properties = try Broker.properties(settings)
    admin = try Admin(properties: properties)
    reader = try LogReader(properties: properties)
  }

  /// A property that librdkafka refuses is told by the variable that set it.
  private static func properties(_ settings: Settings) throws(Failure) -> Kafka.KafkaProperties {
    let given = settings[.kafka]
    var properties = Kafka.KafkaProperties()
    for (name, value) in given.values.sorted(by: { $0.key < $1.key }) {
      do throws(KafkaError) { try properties.set(name, to: value) } catch {
        throw .usage("\(given.variable(for: name)): \(error.reason).")
      }
    }
    return properties
  }

  /// The first offset, and one past the last as a fetch tells it.
  func ends(of partition: TopicPartition) throws(KafkaError) -> (low: Int64, high: Int64) {
    let asked = try admin.watermarks(partition, within: Broker.patience)
    let sight = try reader.look(at: [partition: asked.high], within: Broker.patience)[partition]
    return (asked.low, max(asked.high, sight?.end ?? 0))
  }

  func topics() throws(Failure) -> [TopicDescription] {
    do throws(KafkaError) { return try admin.topics(within: Broker.patience) } catch {
      throw .unreachable(
        "Kafka at \(properties["bootstrap.servers"] ?? "no address") does not answer within 5 s: \(error.reason)")
    }
  }
}

extension Invocation {
  func kafkaSettings() throws(SettingsError) -> Settings {
    try Settings(reading: environment, declared: [Sessions.kafka])
  }

  func broker() throws -> Broker { try Broker(try kafkaSettings()) }
}
