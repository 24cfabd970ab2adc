/// librdkafka's properties, collected from `KAFKA_…` variables.
///
/// `KAFKA_SESSION_TIMEOUT_MS` becomes `session.timeout.ms`: one underscore is a dot, two are an underscore, three a
/// dash (KIP-975, as Apache Kafka's own image reads them). Which properties exist only librdkafka knows; it refuses
/// unknown ones, and `variable(for:)` tells which variable to name in that sentence.
public struct KafkaProperties: Sendable, Equatable, CustomStringConvertible {
  /// Property to value, secrets in clear: for librdkafka only.
  public let values: [String: String]
  private let variables: [String: String]

  /// Tests and tools that know the properties already.
  public init(_ values: [String: String]) {
    self.init(values, variables: [:])
  }

  private init(_ values: [String: String], variables: [String: String]) {
    self.values = values
    self.variables = variables
  }

  /// The variable that set a property, for sentences about it.
  public func variable(for property: String) -> String { variables[property] ?? property }

  public static func isSecret(_ property: String) -> Bool {
    ["password", "secret", "passphrase", "key.pem", "sasl.oauthbearer.config"].contains { property.hasSuffix($0) }
  }

  /// One property a word, sorted, secrets masked.
  public var description: String { shown.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }

  fileprivate var shown: [ShownSetting] {
    values.sorted { $0.key < $1.key }.map { property, value in
      ShownSetting(
        name: variable(for: property), value: Self.isSecret(property) ? "***" : value, isDefault: false)
    }
  }

  fileprivate static func read(_ environment: Environment, refusing refused: [String: String]) -> Reading<Self> {
    var values: [String: String] = [:]
    var variables: [String: String] = [:]
    var sentences: [String] = []
    let names = environment.names.filter { $0.hasPrefix(prefix) && !isServiceLink($0) }.sorted()
    for name in names {
      guard let property = property(named: name.dropFirst(prefix.count)) else {
        sentences.append("\(name) names no Kafka property: one to three underscores stand between words.")
        continue
      }
      var key = property
      var variable = name
      let reading: Result<String?, Wrong>
      if property.hasSuffix(".file"), isSecret(String(property.dropLast(5))) {
        key = String(property.dropLast(5))
        variable = String(name.dropLast(5))
        // Where both are set, the turn of the variable itself tells so.
        if case .success(.some) = environment.plain(variable) { continue }
        reading = environment.secret(variable)
      } else {
        reading = isSecret(property) ? environment.secret(name) : environment.plain(name)
      }
      switch reading {
      case .failure(let wrong): sentences.append(wrong.sentence)
      case .success(nil): continue
      case .success(.some(let value)):
        if let reason = refused[key] {
          sentences.append("\(name) must not be set: \(reason).")
        } else if let other = variables[key] {
          sentences.append("\(other) and \(name) set the same property \(key); give one of them.")
        } else {
          values[key] = value
          variables[key] = variable
        }
      }
    }
    if values["bootstrap.servers"] == nil, !sentences.contains(where: { $0.hasPrefix("KAFKA_BOOTSTRAP_SERVERS ") }) {
      sentences.append("KAFKA_BOOTSTRAP_SERVERS is not set; it must be host:port, or several joined by commas.")
    }
    let properties = KafkaProperties(values, variables: variables)
    return sentences.isEmpty ? .value(properties, properties.shown) : .wrong(sentences)
  }

  private static let prefix = "KAFKA_"

  /// nil where a run of underscores means nothing.
  private static func property(named name: Substring) -> String? {
    var property = ""
    var underscores = 0
    for character in name.lowercased() + "\0" {
      if character == "_" {
        underscores += 1
        continue
      }
      switch underscores {
      case 0: break
      case 1: property += "."
      case 2: property += "_"
      case 3: property += "-"
      default: return nil
      }
      underscores = 0
      if character != "\0" { property.append(character) }
    }
    return property.isEmpty || property.hasPrefix(".") || property.hasSuffix(".") ? nil : property
  }

  /// Kubernetes sets `KAFKA_SERVICE_HOST`, `KAFKA_PORT_9092_TCP_ADDR` and the like for a service called `kafka`.
  /// They are no properties, and no librdkafka property begins with `port` or `service`.
  private static func isServiceLink(_ name: String) -> Bool {
    name == "KAFKA_PORT" || name.hasPrefix("KAFKA_PORT_") || name.hasPrefix("KAFKA_SERVICE_")
  }
}

extension Setting<KafkaProperties> {
  /// Kafka's properties; `KAFKA_BOOTSTRAP_SERVERS` is required.
  public static var kafka: Setting { kafka(refusing: [:]) }

  /// The same, without properties that the runtime has to keep to itself: property to reason, where the reason
  /// completes "NAME must not be set: ...".
  public static func kafka(refusing refused: [String: String]) -> Setting {
    Setting(
      "KAFKA_…",
      help: [
        HelpEntry(
          name: "KAFKA_BOOTSTRAP_SERVERS", text: "Kafka's addresses (host:port, or several joined by commas; required)"),
        HelpEntry(
          name: "KAFKA_X_Y",
          text: "librdkafka's property x.y, whichever it is (two underscores give an underscore, three a dash; "
            + "secrets also from a file: KAFKA_SASL_PASSWORD_FILE)"),
      ]
    ) { KafkaProperties.read($0, refusing: refused) }
  }
}
