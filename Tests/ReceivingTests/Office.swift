import Gateways
import Glibc
import Kafka
import Mail
import Observe
import Outreach
import Synchronization
import TestKit
import Testing

@testable import Receiving
@testable import Runtime

/// A receiver in the test's own process, before a mock broker.
final class Office {
  let listener: Listener
  let metrics = Metrics(process: false)
  let status = LaneStatus("publishing")
  private let stopping = Stopping()
  private let thread: LaneThread

  static let marks = MessageMarks(secret: Array("of this office".utf8))

  static let description = """
    {"name": "small", "channel": "sms", "request": {"method": "GET", "url": "https://gateway.example/send"},
     "answer": {"accepted": [{"status": ["200"]}]},
     "callBacks": {
       "receipts": {
         "kind": "receipts", "methods": ["POST"], "authentication": {"in": "path", "secret": "{{secret.CALL_BACK}}"},
         "each": "$.receipts", "id": "json:$.id", "status": "json:$.status",
         "statuses": {"DELIVRD": "delivered", "UNDELIV": "failed"},
         "answer": {"status": 202, "contentType": "application/json", "body": "{\\"ok\\":true}"}},
       "answers": {
         "kind": "messages", "methods": ["GET"], "authentication": {"in": "query:token", "secret": "{{secret.CALL_BACK}}"},
         "from": "query:from", "text": "query:text"}}}
    """

  init(
    _ cluster: MockCluster, within: Duration = .seconds(20), _ log: Log = .silent,
    _ change: (inout ReceivingOptions) -> Void = { _ in }
  ) throws {
    var options = ReceivingOptions()
    options.within = within
    options.secrets = ["CALL_BACK": "s3cret"]
    options.marks = Office.marks
    options.linkBase = "https://links.example/l"
    change(&options)
    let shelf = GatewayShelf()
    shelf.put([.sms: GatewayBook([try Office.gateway()])])
    let calls = try WaitingCalls()
    let counted = ReceivingMetrics(metrics)
    let reception = Reception(options, shelf, calls, log, counted)
    listener = try Listener(
      host: "127.0.0.1", port: 0, routes: [], others: reception.take,
      limits: Listener.Limits(bodyBytes: options.bodyBytes, connections: options.calls), log: log)
    thread = LaneThread(
      PublishingLane(
        options, kafka: try cluster.properties(), listener, calls, status, stopping, log, counted))
  }

  static func gateway() throws -> GatewayBook.Gateway {
    GatewayBook.Gateway(name: "small", version: 1, isEnabled: true, try GatewayDescription(reading: description))
  }

  func stop() {
    stopping.request()
    #expect(LaneThread.join([thread], within: .seconds(60)) { usleep(1000) != 0 })
  }

  func count(_ outcome: String, of family: String = "call_backs_total") -> Int {
    let line = metrics.exposition().split(separator: "\n").first {
      $0.contains("\(family){") && $0.contains("outcome=\"\(outcome)\"")
    }
    return line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }.map { Int($0) } ?? 0
  }
}

/// A gateway that calls back: blocking, one connection, with a deadline on every receive.
final class Caller {
  private let descriptor: Int32

  init(_ port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
  }

  deinit { close(descriptor) }

  func ask(_ method: String, _ target: String, _ body: String = "", fields: [String] = []) {
    let more = fields.map { "\($0)\r\n" }.joined()
    let text =
      "\(method) \(target) HTTP/1.1\r\nHost: x\r\n\(more)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    var bytes = Array(text.utf8)
    _ = send(descriptor, &bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Status and body; 0 where none comes.
  func answer() -> (status: Int, body: String) {
    let whole = wholeAnswer()
    return (whole.status, whole.body)
  }

  /// - Parameter hasBody: the answer to HEAD tells the length of a body that does not come.
  func wholeAnswer(hasBody: Bool = true) -> (status: Int, head: String, body: String) {
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let text = String(decoding: received, as: UTF8.self)
      if let end = text.ranges(of: "\r\n\r\n").first {
        let head = text[..<end.lowerBound]
        let length = head.ranges(of: "Content-Length: ").first.map { head[$0.upperBound...].prefix { $0.isNumber } }
        if !hasBody || received.count - text[..<end.upperBound].utf8.count >= length.flatMap({ Int($0) }) ?? 0 {
          return (Int(head.dropFirst(9).prefix(3)) ?? 0, String(head), String(text[end.upperBound...]))
        }
      }
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { return (0, "", "") }
      received += chunk[..<count]
    }
  }

  func call(_ method: String, _ target: String, _ body: String = "") -> (status: Int, body: String) {
    ask(method, target, body)
    return answer()
  }

  /// Calls again and again, as gateways do.
  func until(_ wanted: Int, _ method: String, _ target: String, _ body: String) -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      if call(method, target, body).status == wanted { return true }
    }
    return false
  }

  /// Whether an answer is there now.
  var isAnswered: Bool {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, 0) > 0
  }
}

/// Every value in the topic, oldest first in each partition.
func told(_ cluster: MockCluster, _ count: Int) throws -> [(key: String, value: String, type: String)] {
  let consumer = try Consumer(
    group: "reader-\(UInt32.random(in: 0 ... .max))", topics: ["outreach.receipts"], properties: cluster.properties())
  let deadline = ContinuousClock.now + .seconds(60)
  let batch = RecordBatch()
  while ContinuousClock.now < deadline {
    if case .assigned(let partitions) = consumer.rebalance {
      try consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) }))
    }
    _ = consumer.poll(into: batch, upTo: PollLimit(records: count), wait: .milliseconds(50))
    if batch.count >= count { break }
  }
  return batch.indices.map { index in
    var type = ""
    batch[index].forEachHeader { name, value in
      if name.elementsEqual("ce_type".utf8) { type = value.map { String(decoding: $0, as: UTF8.self) } ?? "" }
    }
    return (
      batch[index].key.map { String(decoding: $0, as: UTF8.self) } ?? "",
      batch[index].value.map { String(decoding: $0, as: UTF8.self) } ?? "", type
    )
  }
}
