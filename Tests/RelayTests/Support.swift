import Glibc
import Kafka
import Observe
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Relay
@testable import Runtime

extension TestDatabase {
  /// A session with the relay's rights and no others.
  func connectAsRelay() throws(PostgresError) -> Connection {
    var limits = TestDatabase.limits
    limits.role = "millrace_relay_events"
    return try connect(as: "relay", limits: limits)
  }

  /// One outbox row of events `KEY/NUMBER`, keys taken in turn. Values are their ids again, filled up to `bytes`.
  @discardableResult
  func emit(_ topic: String, _ numbers: Range<Int>, keys: Int = 3, bytes: Int = 1) throws -> Int64 {
    let names = numbers.map { "k\($0 % keys)" }
    return try connect().rows(
      """
      insert into outbox (topic, source, types, keys, payloads) values ($1, '/millrace/test', '{thing.done}', $2, $3)
      returning id
      """
    ) {
      $0.text(topic)
      $0.texts(names) { $0 }
      $0.bytes(Array(numbers)) { Array("\($0)".utf8) + [UInt8](repeating: UInt8(ascii: " "), count: bytes) }
    }[0].integer(0)
  }

  func outboxIsEmpty() throws -> Bool {
    try connect().rows("select not exists (select from outbox) and not exists (select from outbox_run)")[0].boolean(0)
  }

  func awaitEmptyOutbox(within bound: Duration = .seconds(90)) throws {
    let session = try connect()
    _ = try eventually("an empty outbox", within: bound) {
      let isEmpty = try session.rows("select not exists (select from outbox) and not exists (select from outbox_run)")
      return isEmpty[0].boolean(0) ? true : nil
    }
  }
}

/// A relay on a thread of the test's own process.
final class RunningRelay {
  let stopping = Stopping()
  let status = LaneStatus("relay")
  let metrics = Metrics(process: false)
  private let thread: LaneThread

  init(
    _ database: TestDatabase, _ kafka: Kafka.KafkaProperties, _ change: (inout RelayOptions) -> Void = { _ in }
  ) {
    var options = RelayOptions()
    options.lease = .seconds(1)
    change(&options)
    thread = LaneThread(
      RelayLane(
        options, kafka: kafka, connect: { () throws(PostgresError) in try database.connectAsRelay() },
        check: { _ in nil }, status, stopping,
        .silent, RelayMetrics(metrics)))
  }

  func stop() {
    stopping.request()
    #expect(LaneThread.join([thread], within: .seconds(60)) { usleep(1000) != 0 })
  }

  /// Runs a relay until nothing is left to publish.
  static func drain(
    _ database: TestDatabase, _ kafka: Kafka.KafkaProperties, _ change: (inout RelayOptions) -> Void = { _ in }
  ) throws {
    let relay = RunningRelay(database, kafka, change)
    defer { relay.stop() }
    try database.awaitEmptyOutbox()
  }
}

/// The executable as it is shipped.
final class RelayProcess {
  let pid: pid_t
  private let output: String
  private var status: Int32?

  init(
    _ database: TestDatabase, servers: String, failPoint: String? = nil, _ more: [String: String] = [:]
  ) throws {
    let folder = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let program = folder.joined(separator: "/") + "/relay-events"
    output = "/tmp/relay-test-\(getpid())-\(database.name)-\(UInt32.random(in: 0 ... .max))"
    var settings = [
      "PGDATABASE": database.name, "KAFKA_BOOTSTRAP_SERVERS": servers, "HTTP_PORT": "0", "LOG_FORMAT": "text",
      "RELAY_LEASE": "1s", "KAFKA_RECONNECT_BACKOFF_MS": "10", "KAFKA_RECONNECT_BACKOFF_MAX_MS": "100",
    ]
    if let failPoint { settings["MILLRACE_FAIL_POINT"] = failPoint }
    settings.merge(more) { $1 }
    var variables: [String] = []
    var place = environ
    while let variable = place.pointee {
      let text = String(cString: variable)
      let name = text.prefix { $0 != "=" }
      if !name.hasPrefix("KAFKA_"), settings[String(name)] == nil { variables.append(text) }
      place += 1
    }
    variables += settings.map { "\($0.key)=\($0.value)" }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, output, O_CREAT | O_WRONLY | O_APPEND, 0o600)
    let arguments = [strdup(program), nil]
    let environment = variables.map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, nil, arguments, environment)
    try #require(code == 0, "\(program) does not start: errno \(code)")
    self.pid = pid
  }

  deinit {
    if status == nil {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    unlink(output)
  }

  var log: String {
    guard let file = fopen(output, "r") else { return "" }
    defer { fclose(file) }
    var text: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { text.append(UInt8(truncatingIfNeeded: byte)) }
    return String(decoding: text, as: UTF8.self)
  }

  /// The signal that ended it; 0 for an exit.
  func awaitEnd() throws -> Int32 {
    try eventually("the end of relay-events: \(log)") {
      var code: Int32 = 0
      guard waitpid(pid, &code, WNOHANG) == pid else { return nil }
      status = code
      return code & 0x7f
    }
  }

  func awaitFrozen() throws {
    _ = try eventually("the freezing of relay-events") {
      var code: Int32 = 0
      return waitpid(pid, &code, WNOHANG | WUNTRACED) == pid && code & 0xff == 0x7f ? true : nil
    }
  }

  func awaitLog(_ text: String, times: Int = 1, within bound: Duration = .seconds(90)) throws {
    _ = try eventually("a log line \(text) in \(log)", within: bound) {
      log.ranges(of: text).count >= times ? true : nil
    }
  }

  func end() throws {
    kill(pid, SIGTERM)
    #expect(try awaitEnd() == 0)
  }

  /// The most memory it ever had, in bytes.
  var peak: Int {
    guard let file = fopen("/proc/\(pid)/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if text.hasPrefix("VmHWM:") { return (Int(text.filter(\.isNumber)) ?? 0) * 1024 }
    }
    return 0
  }
}

/// A record as it was found in Kafka.
struct Published {
  let topic: String
  let partition: Int32
  let key: String?
  let value: [UInt8]?
  let headers: [(name: String, value: String)]

  var text: String { String(decoding: value ?? [], as: UTF8.self) }
  /// The last of a name counts.
  func header(_ name: String) -> String? { headers.last { $0.name == name }?.value }
  var run: Int64 { header("millrace_run").flatMap { Int64($0) } ?? -1 }
  var index: Int { header("millrace_index").flatMap { Int($0) } ?? -1 }
  var id: String { header("ce_id") ?? "" }
  var number: Int { Int(text.prefix { $0.isNumber }) ?? -1 }
}

/// Everything that lies in these topics at the moment.
func published(_ topics: [String: Int], _ kafka: Kafka.KafkaProperties) throws -> [Published] {
  var partitions: [TopicPartition: Int64] = [:]
  for (topic, count) in topics { for number in 0..<count { partitions[TopicPartition(topic, Int32(number))] = 0 } }
  var kafka = kafka
  // Newer mock brokers write the end of a transaction without a checksum.
  try kafka.set("check.crcs", to: "false")
  let group = "reads-\(UInt32.random(in: 0 ... .max))"
  let consumer = try Consumer(group: group, topics: topics.keys.sorted(), properties: kafka)
  defer { _ = consumer.close(within: .seconds(5)) }
  let batch = RecordBatch()
  _ = try eventually("an assignment") {
    _ = consumer.poll(into: batch, upTo: PollLimit(records: 1), wait: .milliseconds(20))
    return consumer.rebalance
  }
  try consumer.assign(partitions)
  var ended: Set<TopicPartition> = []
  _ = try eventually("the end of \(topics.keys.sorted())") {
    for notice in consumer.poll(into: batch, upTo: PollLimit(records: 1_000_000), wait: .milliseconds(50)) {
      if case .reachedEnd(let partition, _) = notice { ended.insert(partition) }
    }
    return ended.count == partitions.count ? true : nil
  }
  return batch.indices.map { place in
    let record = batch[place]
    return Published(
      topic: record.topic, partition: record.partition, key: record.key.map { String(decoding: $0, as: UTF8.self) },
      value: record.value.map { Array($0) },
      headers: record.headers.map { ($0.name, String(decoding: $0.value ?? [], as: UTF8.self)) })
  }
}

extension [Published] {
  /// What a consumer takes that keeps the highest (run, index) of each partition and drops what is not above it.
  var taken: [Published] {
    var highest: [TopicPartition: (Int64, Int)] = [:]
    return filter { record in
      let partition = TopicPartition(record.topic, record.partition)
      guard (record.run, record.index) > highest[partition] ?? (-1, -1) else { return false }
      highest[partition] = (record.run, record.index)
      return true
    }
  }

  /// Every number once, those of one key in order, and each pair always with the same event.
  func expectOnce(_ numbers: Range<Int>, _ location: SourceLocation = #_sourceLocation) {
    let taken = taken
    #expect(taken.map(\.number).sorted() == [Int](numbers), sourceLocation: location)
    for (key, records) in Dictionary(grouping: taken, by: \.key) {
      let order = records.map(\.number)
      #expect(order == order.sorted(), "order of \(key ?? "")", sourceLocation: location)
    }
    for (pair, records) in Dictionary(grouping: self, by: { "\($0.run)/\($0.index)" }) {
      #expect(Set(records.map { $0.id + $0.text }).count == 1, "pair \(pair)", sourceLocation: location)
    }
  }
}
