import Synchronization

@testable import HTTP

/// A mail server of the tests' own. Unless the test says otherwise it takes everything.
final class MailServer: Sendable {
  /// A command line, or a mail's content as it came, dots and end included.
  struct Said: Sendable, Equatable {
    let connection: Int
    let text: String
    var verb: String { String(text.prefix { $0 != " " && $0 != "\r\n" && $0 != "\n" }.prefix(8)) }
    var isContent: Bool { text.hasSuffix("\r\n.\r\n") }
  }

  private final class Log: Sendable {
    let said = Mutex<[Said]>([])
    let heard = Tally()
  }

  private let server: Loopback
  private let log = Log()

  init(
    greeting: String = "220 mail.example ESMTP\r\n", offers: [String] = ["PIPELINING", "SIZE 1000000", "8BITMIME"],
    _ act: @escaping @Sendable (Said) -> [Move]? = { _ in nil }
  ) throws {
    server = try Loopback { [log] peer in
      var received: [UInt8] = []
      var isContent = false
      peer.send(Array(greeting.utf8))
      while let text = Self.read(peer, &received, toDot: isContent) {
        let said = Said(connection: peer.number, text: text)
        log.said.withLock { $0.append(said) }
        log.heard.count()
        let moves = act(said) ?? Self.usual(said, offers)
        isContent = moves.contains { if case .send(let bytes) = $0 { bytes.starts(with: "354".utf8) } else { false } }
        guard peer.make(moves) else { return }
      }
    }
  }

  func stop() { server.stop() }
  var url: String { "smtp://127.0.0.1:\(server.port)" }
  var said: [Said] { log.said.withLock { $0 } }
  var contents: [String] { said.filter(\.isContent).map(\.text) }
  var connections: Int { server.connections }
  func awaitEnded(_ count: Int) -> Bool { server.awaitEnded(count) }

  private static func usual(_ said: Said, _ offers: [String]) -> [Move] {
    if said.isContent { return [.send("250 2.0.0 Ok: queued as 4F1\r\n")] }
    switch said.verb {
    case "EHLO":
      let lines = ["mail.example"] + offers
      return [
        .send(lines.enumerated().map { "250\($0.offset == lines.count - 1 ? " " : "-")\($0.element)\r\n" }.joined())
      ]
    case "DATA": return [.send("354 go on\r\n")]
    case "QUIT": return [.send("221 bye\r\n"), .close]
    default: return [.send("250 2.1.0 Ok\r\n")]
    }
  }

  private static func read(_ peer: Peer, _ received: inout [UInt8], toDot: Bool) -> String? {
    while true {
      // Whoever sent a content waits for the answer to it.
      if toDot, received.suffix(5).elementsEqual("\r\n.\r\n".utf8) || received.elementsEqual(".\r\n".utf8) {
        defer { received = [] }
        return received.count == 3 ? "\r\n.\r\n" : String(decoding: received, as: UTF8.self)
      }
      if !toDot, let end = received.firstRange(of: Array("\r\n".utf8)) {
        let text = String(decoding: received[..<end.lowerBound], as: UTF8.self)
        received.removeFirst(end.upperBound)
        return text
      }
      guard peer.receive(into: &received) else { return nil }
    }
  }
}

extension Transfers {
  /// Runs until no mail is in flight any more.
  func allMails() throws -> [(number: Int64, end: MailEnd)] {
    var ends: [(number: Int64, end: MailEnd)] = []
    try run {
      ends += takeEndedMails()
      return inFlight == 0
    }
    return ends + takeEndedMails()
  }

  func send(
    _ mail: MailRequest, within limits: HTTPLimits = HTTPLimits(total: .seconds(60)), notAfter: Duration = .never
  ) throws -> MailEnd? {
    begin(mail, as: 1, within: limits, notAfter: notAfter)
    return try allMails().first?.end
  }
}

extension MailEnd {
  var accepted: MailAnswer? { if case .accepted(let answer) = self { answer } else { nil } }
  var refused: String? { if case .refused(let answer, let step) = self { "\(step) \(answer.code)" } else { nil } }
  var proof: GatewayError.Code? { if case .notSent(let error) = self { error.code } else { nil } }
  var doubt: GatewayError.Code? { if case .unknown(let error) = self { error.code } else { nil } }
}
