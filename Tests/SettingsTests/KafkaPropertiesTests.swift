import Testing

@testable import Settings

private let kafka = [SettingGroup("Kafka", Setting.kafka)]

private func read(_ variables: [String: String], files: [String: String] = [:]) throws -> KafkaProperties {
  let given = ["KAFKA_BOOTSTRAP_SERVERS": "a:9092"].merging(variables) { $1 }
  return try Settings(reading: Environment(given, files: files), declared: kafka)[.kafka]
}

@Suite struct KafkaPropertiesTests {
  @Test("underscores become dots, two an underscore, three a dash")
  func names() throws {
    let properties = try read(["KAFKA_SESSION_TIMEOUT_MS": "6000", "KAFKA_A__B_C___D": "x", "KAFKA_EMPTY": ""])
    #expect(
      properties.values == ["bootstrap.servers": "a:9092", "session.timeout.ms": "6000", "a_b.c-d": "x"])
    #expect(properties.variable(for: "session.timeout.ms") == "KAFKA_SESSION_TIMEOUT_MS")
  }

  @Test("secrets also come from files and are masked when printed")
  func secrets() throws {
    let properties = try read(
      ["KAFKA_SSL_KEY_PASSWORD_FILE": "/k", "KAFKA_SASL_PASSWORD": "hunter2", "KAFKA_SASL_USERNAME": "me"],
      files: ["/k": "swordfish\n"])
    #expect(properties.values["ssl.key.password"] == "swordfish")
    #expect(
      "\(properties)"
        == "KAFKA_BOOTSTRAP_SERVERS=a:9092 KAFKA_SASL_PASSWORD=*** KAFKA_SASL_USERNAME=me KAFKA_SSL_KEY_PASSWORD=***")
  }

  @Test("a property that ends in .file and is no secret's stays a property")
  func fileProperty() throws {
    let properties = try read(["KAFKA_SASL_OAUTHBEARER_ASSERTION_PRIVATE_KEY_FILE": "/key.pem"])
    #expect(properties.values["sasl.oauthbearer.assertion.private.key.file"] == "/key.pem")
  }

  @Test("a secret given twice, an unreadable file and missing servers are sentences")
  func wrong() {
    #expect(
      sentences(
        [
          "KAFKA_SASL_PASSWORD": "a", "KAFKA_SASL_PASSWORD_FILE": "/b", "KAFKA_SSL_KEY_PEM_FILE": "/c",
          "KAFKA_A____B": "x", "KAFKA_": "y",
        ], kafka) == [
          "KAFKA_ names no Kafka property: one to three underscores stand between words.",
          "KAFKA_A____B names no Kafka property: one to three underscores stand between words.",
          "KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set; give one of them.",
          "KAFKA_SSL_KEY_PEM_FILE names \"/c\", which cannot be read: No such file or directory.",
          "KAFKA_BOOTSTRAP_SERVERS is not set; it must be host:port, or several joined by commas.",
        ])
  }

  @Test("properties that the runtime keeps are refused with the reason")
  func refused() {
    let group = SettingGroup("Kafka", Setting.kafka(refusing: ["enable.auto.commit": "positions live in PostgreSQL"]))
    #expect(
      sentences(["KAFKA_BOOTSTRAP_SERVERS": "a", "KAFKA_ENABLE_AUTO_COMMIT": "true"], [group])
        == ["KAFKA_ENABLE_AUTO_COMMIT must not be set: positions live in PostgreSQL."])
  }

  @Test("what Kubernetes sets for a service called kafka is no property")
  func serviceLinks() throws {
    let properties = try read([
      "KAFKA_PORT": "tcp://10.0.0.1:9092", "KAFKA_SERVICE_HOST": "10.0.0.1", "KAFKA_SERVICE_PORT": "9092",
      "KAFKA_PORT_9092_TCP_ADDR": "10.0.0.1",
    ])
    #expect(properties.values == ["bootstrap.servers": "a:9092"])
  }
}
