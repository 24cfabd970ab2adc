import Contract
import Dispatch
import Kafka
import Observe
import Postgres
import Settings
import Synchronization
import TestKit
import Testing
import Values

@testable import Runtime

/// Mock brokers with the worker's topic, and a migrated database with its tables: a lane's whole world.
final class Scene {
  let cluster: MockCluster
  let database: TestDatabase
  /// The test's own session.
  let session: Connection
  private let producer: Producer
  private var lanes: [RunningLane] = []

  /// Clusters and databases at once: more would only take turns on the same cores.
  private static let room = DispatchSemaphore(value: 20)

  /// Runs `body` on a thread of its own; lanes that are still running afterwards are ended.
  static func play(
    partitions: Int = 1, _ body: @escaping @Sendable (Scene) throws -> Void
  ) async throws {
    try await onThread {
      room.wait()
      defer { room.signal() }
      let cluster = try MockCluster()
      defer { withExtendedLifetime(cluster) {} }
      for topic in [Noted.topic, Echo.topic] { try cluster.createTopic(topic.name, partitions: partitions) }
      try TestDatabase.with { database in
        let scene = try Scene(cluster, database)
        defer { scene.end() }
        try body(scene)
      }
    }
  }

  private init(_ cluster: MockCluster, _ database: TestDatabase) throws {
    self.cluster = cluster
    self.database = database
    session = try database.connect()
    try session.run(script: NotedWorker.tables)
    producer = try Producer(properties: cluster.properties())
  }

  private func end() {
    for lane in lanes { lane.end() }
    producer.close(within: .seconds(2))
  }

  // MARK: Lanes

  func lane(_ settings: [String: String] = [:]) throws -> RunningLane { try lane(of: NotedWorker.self, settings) }

  func lane<W: Worker>(of worker: W.Type, _ settings: [String: String] = [:]) throws -> RunningLane {
    let read = try self.settings(W.name, settings, WorkerSettings.work)
    return start("lane \(lanes.count + 1)") { status, stopping, log, metrics in
      DecideLane<W>(1, read, status, stopping, log, WorkerMetrics(metrics, worker: W.name))
    }
  }

  func sweep<S: Sweep>(_ sweep: S.Type, _ settings: [String: String] = [:]) throws -> RunningLane {
    let read = try self.settings("test", settings, WorkerSettings.work)
    return start("sweep \(S.name)") { status, stopping, log, metrics in
      SweepLane<S>(read, status, stopping, log, WorkerMetrics(metrics, worker: S.name))
    }
  }

  func settings(_ worker: String, _ more: [String: String], _ own: SettingGroup) throws -> WorkerSettings {
    let ours = [
      "KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrapServers, "KAFKA_FETCH_WAIT_MAX_MS": "10",
      "KAFKA_HEARTBEAT_INTERVAL_MS": "100", "DATABASE_URL": database.conninfo, "DATABASE_ROLE": "none",
      // Short, because mock brokers wait about as long before they let the next one into a group.
      "KAFKA_SESSION_TIMEOUT_MS": "4000", "DATABASE_PATIENCE": "3s",
    ]
    return try WorkerSettings(
      worker, [own], reading: Environment(ours.merging(more) { $1 }))
  }

  private func start(
    _ name: String, _ make: (LaneStatus, Stopping, Log, Metrics) -> any Lane
  ) -> RunningLane {
    let lane = RunningLane(name, session, make)
    lanes.append(lane)
    return lane
  }

  // MARK: Events

  /// A record on its way in. Headers make it a CloudEvent.
  struct Made {
    var partition: Int32 = 0
    var key: String?
    var value: String?
    var headers: [(String, [UInt8]?)] = []
    var timestamp: Int64?
  }

  /// An event of the worker with an identity.
  static func event(
    _ id: String, _ data: String, source: String = "/tests", partition: Int32 = 0, more: [(String, [UInt8]?)] = []
  ) -> Made {
    let headers = [
      ("ce_specversion", "1.0"), ("ce_type", "test.noted"), ("ce_source", source), ("ce_id", id),
      ("content-type", "application/json"),
    ]
    return Made(
      partition: partition, key: "k", value: data, headers: headers.map { ($0.0, Array($0.1.utf8)) } + more)
  }

  /// Events `id0`, `id1`, … that each write a row with their number.
  static func notes(_ numbers: Range<Int>, partition: Int32 = 0) -> [Made] {
    numbers.map { event("id\($0)", #"{"key": "k", "amount": \#($0)}"#, partition: partition) }
  }

  func publish(_ made: Made..., on topic: String = Noted.topic.name) throws { try publish(made, on: topic) }

  /// Returns when the broker has them.
  func publish(_ made: [Made], on topic: String = Noted.topic.name) throws {
    for record in made {
      var headers = MessageHeaders()
      for (name, value) in record.headers {
        if let value {
          value.withUnsafeBytes { headers.append(name, $0) }
        } else {
          headers.append(name, nil as UnsafeRawBufferPointer?)
        }
      }
      let headersNow = headers
      try withBytes(record.key) { key in
        try withBytes(record.value) { value in
          try producer.send(
            topic: topic, partition: record.partition, key: key, value: value, headers: headersNow,
            timestamp: record.timestamp)
        }
      }
    }
    try producer.flush(within: .seconds(60))
    #expect(producer.takeDeliveries().failures.isEmpty)
  }

  // MARK: What became of it

  /// The amounts of the rows that events wrote, in order.
  func notes() throws -> [Int64] {
    try session.rows("select amount from note order by place").map { $0.integer(0) }
  }

  /// Offset, path and reason of each dead letter.
  func deadLetters() throws -> [String] {
    try session.rows(
      """
      select format('%s %s %s', "offset", case path when '' then '-' else path end, reason) from dead_letter
      order by partition, "offset", id
      """
    ).map { $0.text(0) }
  }

  func number(_ statement: Statement) throws -> Int64 { try session.rows(statement)[0].optionalInteger(0) ?? -1 }

  func text(_ statement: Statement) throws -> String? { try session.rows(statement)[0].optionalText(0) }

  /// The next offset of partition 0; -1 before the lane has a row.
  func position() throws -> Int64 {
    try number("select coalesce(min(next_offset), -1) from position where partition = 0")
  }

  /// Waits until partition 0 has come so far.
  func awaitPosition(_ offset: Int64, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try session.waitUntil("position \(offset)", line: sourceLocation.line) { try position() >= offset }
    #expect(try position() == offset, sourceLocation: sourceLocation)
  }

  /// What one of the group would find committed in Kafka.
  func toldToKafka(group: String = NotedWorker.name) throws -> Int64? {
    let admin = try Admin(properties: cluster.properties())
    defer { admin.close(within: .seconds(2)) }
    return try admin.committed(by: group, [TopicPartition(Noted.topic.name, 0)], within: .seconds(40)).values.first
  }
}

/// A lane on its thread, with what it told.
final class RunningLane {
  let status: LaneStatus
  private let stopping = Stopping()
  private let thread: LaneThread
  private let lines: Lines
  private let session: Connection
  private let metrics = Metrics(process: false)

  private final class Lines: Sendable {
    let all = Mutex<[String]>([])
  }

  init(_ name: String, _ session: Connection, _ make: (LaneStatus, Stopping, Log, Metrics) -> any Lane) {
    let lines = Lines()
    status = LaneStatus(name)
    let log = Log(worker: name, level: .info, format: .text) { line in lines.all.withLock { $0.append(line) } }
    thread = LaneThread(make(status, stopping, log, metrics))
    self.lines = lines
    self.session = session
  }

  /// Asks the lane to end and waits for it.
  func end(sourceLocation: SourceLocation = #_sourceLocation) {
    stopping.request()
    let turn = Stopping()
    let hasEnded = LaneThread.join([thread], within: .seconds(90)) {
      _ = turn.wait(.milliseconds(5))
      return false
    }
    #expect(hasEnded, "the lane did not end", sourceLocation: sourceLocation)
  }

  /// Asks only.
  func askToEnd() { stopping.request() }

  var isReady: Bool { status.sentences(quietAfter: .seconds(60)).isEmpty }

  /// How often something like this was logged.
  func said(_ words: String) -> Int { lines.all.withLock { $0.count { $0.contains(words) } } }

  /// All that was logged, for whoever reads why something failed.
  var log: String { lines.all.withLock { $0.joined(separator: "\n") } }

  /// Whether /metrics would have a line with these words.
  func counts(_ words: String) -> Bool { metrics.exposition().contains(words) }

  func awaitReady(sourceLocation: SourceLocation = #_sourceLocation) throws {
    try waitUntil("ready", sourceLocation) { isReady }
  }

  /// Waits for a sentence of /ready with these words, and returns it.
  @discardableResult
  func awaitSentence(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    var found = ""
    try waitUntil("a sentence with \(words)", sourceLocation) {
      found = status.sentences(quietAfter: .seconds(60)).first { $0.contains(words) } ?? ""
      return !found.isEmpty
    }
    return found
  }

  func awaitWords(_ words: String, times: Int = 1, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try waitUntil("\(words) in the log", sourceLocation) { said(words) >= times }
  }

  private func waitUntil(_ what: String, _ place: SourceLocation, _ isSo: () throws -> Bool) throws {
    do {
      try session.waitUntil(what, line: place.line, isSo)
    } catch {
      let log = lines.all.withLock { $0.suffix(12).joined(separator: "\n") }
      throw Late(description: "\(error)\nready: \(status.sentences(quietAfter: .seconds(60)))\n\(log)")
    }
  }
}

func withBytes<Result>(_ text: String?, _ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows -> Result {
  guard let text else { return try body(nil) }
  return try Array(text.utf8).withUnsafeBytes { try body($0) }
}
