internal import CKafka
internal import Glibc
public import Kafka

/// librdkafka's own mock brokers, on loopback ports. Knows groups, transactions and injected errors; keeps 5 MB a
/// partition and no admin requests. The one place outside the room Kafka that imports `CKafka`.
public final class MockCluster {
  private let client: OpaquePointer
  private let cluster: OpaquePointer
  /// Sockets that hold the ports of brokers that are down.
  private var held: [Int32] = []

  /// Kafka protocol API keys, for `fail`.
  public enum Request: Int16, Sendable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case initProducerID = 22
    case addPartitionsToTransaction = 24
    case endTransaction = 26
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  public init(brokers: Int = 1) throws(Failure) {
    let settings = rd_kafka_conf_new()
    rd_kafka_conf_set_log_cb(settings) { _, _, _, _ in }
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, nil, 0) else {
      rd_kafka_conf_destroy(settings)
      throw Failure(description: "no client for the mock cluster")
    }
    guard let cluster = rd_kafka_mock_cluster_new(client, Int32(brokers)) else {
      rd_kafka_destroy(client)
      throw Failure(description: "no mock cluster")
    }
    self.client = client
    self.cluster = cluster
  }

  deinit {
    for descriptor in held { close(descriptor) }
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(client)
  }

  public var bootstrapServers: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

  /// Points a client here, with waits short enough for tests. Further properties on top.
  public func properties(_ more: [String: String] = [:]) throws(KafkaError) -> KafkaProperties {
    let ours = [
      "bootstrap.servers": bootstrapServers, "fetch.wait.max.ms": "10", "session.timeout.ms": "6000",
      "heartbeat.interval.ms": "100", "reconnect.backoff.ms": "10", "reconnect.backoff.max.ms": "100",
    ]
    return try KafkaProperties(ours.merging(more) { $1 })
  }

  public func createTopic(_ name: String, partitions: Int = 1) throws(Failure) {
    try check(rd_kafka_mock_topic_create(cluster, name, Int32(partitions), 1), "create \(name)")
  }

  /// Every metadata answer gives this code (`rd_kafka_resp_err_t`) for the topic.
  public func failTopic(_ name: String, with code: Int32) {
    rd_kafka_mock_topic_set_error(cluster, name, rd_kafka_resp_err_t(rawValue: code))
  }

  /// The next requests of this kind are answered with these codes (`rd_kafka_resp_err_t`), one each. -195
  /// (`_TRANSPORT`) cuts the connection instead.
  public func fail(_ request: Request, with codes: [Int32]) {
    let errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
    rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, errors.count, errors)
  }

  /// The first broker answers the next request of this kind only after an hour.
  public func leaveUnanswered(_ request: Request) throws(Failure) {
    try check(millrace_mock_delay(cluster, 1, request.rawValue, 3_600_000), "leave unanswered")
  }

  /// Cuts every connection and refuses new ones.
  ///
  /// Their ports are held until they are up again: where another process had taken one meanwhile, the mock would end ours.
  public func setDown() throws(Failure) {
    try check(rd_kafka_mock_broker_set_down(cluster, -1), "set down")
    held = bootstrapServers.split(separator: ",").compactMap { $0.split(separator: ":").last.flatMap { UInt16($0) } }
      .map(MockCluster.hold)
  }

  public func setUp() throws(Failure) {
    // The mock may have a port that is held by one who does not listen, and has it before it is let go.
    try check(rd_kafka_mock_broker_set_up(cluster, -1), "set up")
    for descriptor in held { close(descriptor) }
    held = []
  }

  /// A socket that has the port and does not listen: who connects is refused, who asks for any port gets another.
  private static func hold(_ port: UInt16) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    precondition(code == 0, "port \(port) of a mock broker cannot be held: errno \(errno)")
    return descriptor
  }

  /// Delays every answer.
  public func setRoundTrip(milliseconds: Int) throws(Failure) {
    try check(rd_kafka_mock_broker_set_rtt(cluster, -1, Int32(milliseconds)), "set round trip")
  }

  private func check(_ code: rd_kafka_resp_err_t, _ operation: String) throws(Failure) {
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      throw Failure(description: "mock cluster: \(operation): \(String(cString: rd_kafka_err2str(code)))")
    }
  }
}

/// Runs a test against mock brokers of its own, on a thread of its own: clients block, and the threads that tests share
/// are few. The brokers live until `body` returns.
public func withMockCluster(
  brokers: Int = 1, _ body: @escaping @Sendable (MockCluster) throws -> Void
) async throws {
  try await onThread {
    let cluster = try MockCluster(brokers: brokers)
    defer { withExtendedLifetime(cluster) {} }
    try body(cluster)
  }
}

/// Runs blocking work on a thread made for it, still as part of the calling test.
public func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withTaskExecutorPreference(OwnThread()) { try body() }
}

/// Gives every job a thread of its own.
private final class OwnThread: TaskExecutor {
  private struct Errand {
    let job: UnownedJob
    let executor: OwnThread
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let errand = UnsafeMutablePointer<Errand>.allocate(capacity: 1)
    errand.initialize(to: Errand(job: UnownedJob(job), executor: self))
    var thread = pthread_t()
    let started = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        let pointer = argument.assumingMemoryBound(to: Errand.self)
        let errand = pointer.move()
        pointer.deallocate()
        errand.job.runSynchronously(on: errand.executor.asUnownedTaskExecutor())
        return nil
      }, errand)
    precondition(started == 0, "no thread: errno \(started)")
    pthread_detach(thread)
  }
}
