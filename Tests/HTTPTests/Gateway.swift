import Synchronization

/// A gateway that speaks HTTP; what it does with a request is the test's to say.
final class Gateway: Sendable {
  /// A request as it arrived.
  struct Arrival: Sendable {
    /// Which connection, from 0, and which request on it, from 0.
    let connection: Int
    let turn: Int
    let head: String
    let body: [UInt8]
    var target: String { String(head.split(separator: " ", maxSplits: 2)[1]) }
  }

  private final class Log: Sendable {
    let arrivals = Mutex<[Arrival]>([])
  }

  private let server: Loopback
  private let log = Log()

  /// - Parameter act: what is done with a request, in order. Unless that closes it, the connection takes another request.
  init(_ act: @escaping @Sendable (Arrival) -> [Move]) throws {
    server = try Loopback { [log] peer in
      var received: [UInt8] = []
      var turn = 0
      while let arrival = Self.read(peer, &received, turn) {
        log.arrivals.withLock { $0.append(arrival) }
        turn += 1
        guard peer.make(act(arrival)) else { return }
      }
    }
  }

  func stop() { server.stop() }
  var port: Int { server.port }
  var url: String { "http://127.0.0.1:\(port)" }
  var arrivals: [Arrival] { log.arrivals.withLock { $0 } }
  var connections: Int { server.connections }
  func awaitEnded(_ count: Int) -> Bool { server.awaitEnded(count) }

  private static func read(_ peer: Peer, _ received: inout [UInt8], _ turn: Int) -> Arrival? {
    while true {
      if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
        let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        let count = length.flatMap { Int($0.dropFirst(16)) } ?? 0
        if received.count >= end.upperBound + count {
          let body = Array(received[end.upperBound..<end.upperBound + count])
          received.removeFirst(end.upperBound + count)
          return Arrival(connection: peer.number, turn: turn, head: head, body: body)
        }
      }
      guard peer.receive(into: &received) else { return nil }
    }
  }
}

extension Move {
  static func answer(_ body: String = "", status: Int = 200, headers: [String] = []) -> Self {
    .send(answerText(body, status: status, headers: headers))
  }
}

func answerText(_ body: String = "", status: Int = 200, headers: [String] = []) -> String {
  let lines = ["HTTP/1.1 \(status) Whatever", "Content-Length: \(body.utf8.count)"] + headers
  return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
}
