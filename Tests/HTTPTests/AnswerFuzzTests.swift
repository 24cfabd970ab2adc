import Seeding
import Synchronization
import Testing
import Values

@testable import HTTP

@Suite struct AnswerFuzzTests {
  private static let pieces: [String] = [
    "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200\r\n", "HTTP/1.1 999 X\r\n", "HTTP/1.1 -1\r\n", "HTTP/1.1 2000000000000\r\n",
    "HTTP/2 200\r\n", "HTTP/0.9 200 OK\r\n", "HTTP/1.1 100 C\r\n\r\n", "HTTP/1.1 204 No\r\n", "ICY 200 OK\r\n",
    "HTTP/1.1 101 Switch\r\nUpgrade: h2c\r\n\r\n", "Content-Length: 5\r\n", "Content-Length: -5\r\n",
    "Content-Length: 99999999999999999999\r\n", "Content-Length: 5, 6\r\n", "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n", "Content-Encoding: br\r\n", "Connection: close\r\n", ": nothing\r\n",
    "No colon\r\n", " folded\r\n", "X: \0\0\r\n", "\r\n", "\n", "\r", "5\r\nabcde\r\n", "0\r\n\r\n",
    "FFFFFFFFFFFFFFFFF\r\n",
    "-1\r\n", "abcde", "\0", "Location: file:///etc/passwd\r\n", "WWW-Authenticate: NTLM\r\n", "Set-Cookie: a=b\r\n",
    "Retry-After: 99999999999999\r\n", "HTTP/1.1 417 Expectation Failed\r\n", "HTTP/1.1 401 No\r\n",
    "HTTP/1.1 307 X\r\n",
    String(repeating: "X: y\r\n", count: 300), String(repeating: "z", count: 3000),
  ]

  @Test("whatever a gateway answers, a call ends within its bounds, in doubt or answered, and the next is not harmed")
  func whatever() throws {
    var chance = Seeded()
    let answers = (0..<400).map { _ in
      var bytes = Array(
        (0..<Int.random(in: 1...8, using: &chance)).map { _ in Self.pieces.randomElement(using: &chance)! }
          .joined().utf8)
      for _ in 0..<Int.random(in: 0...2, using: &chance) {
        bytes[Int.random(in: bytes.indices, using: &chance)] = .random(in: 0...255, using: &chance)
      }
      return bytes
    }
    let gateway = try Gateway { arrival in
      Int(arrival.target.dropFirst()).map { [.send(answers[$0]), .close] } ?? [.answer("sound")]
    }
    defer { gateway.stop() }
    let transfers = Transfers()
    var ends: [Int64: CallEnd] = [:]
    for index in answers.indices {
      let request = HTTPRequest(method: "POST", url: gateway.url + "/\(index)", body: [1])
      transfers.begin(
        request, as: Int64(index), within: HTTPLimits(total: .seconds(60), largestAnswer: 1000), notAfter: .never)
      if index % 20 == 19 { for (number, end) in try transfers.all() { ends[number] = end } }
    }
    #expect(ends.count == answers.count)
    for (number, end) in ends {
      // It has arrived: nothing may call that proof.
      #expect(end.proof == nil, "\(number): \(end)")
      if let answer = end.answer {
        #expect(answer.body.count <= 1000 && (200...999).contains(answer.status), "\(number)")
      }
    }
    // Where it crossed the gateway's closing on a connection used before, it did not arrive, and nobody can know.
    for (number, end) in ends {
      let count = gateway.arrivals.count { $0.target == "/\(number)" }
      #expect(count == 1 || count == 0 && end.doubt == .unanswered, "\(number): \(count), \(end)")
    }
    #expect(try transfers.call(gateway.url + "/sound").text == "sound")
  }

  @Test("lines of any kind make an answer or nothing")
  func reader() {
    func read(_ lines: String...) -> [HTTPField] {
      var reader = AnswerReader()
      for line in lines { Array(line.utf8).withUnsafeBytes { reader.take(line: $0) } }
      return reader.headers
    }
    #expect(
      read("HTTP/1.1 200 OK\r\n", "A: b\r\n", " c\r\n", "\t d \r\n", "\r\n", "Trailer: x\r\n") == [
        HTTPField("a", "b c d")
      ])
    #expect(
      read("HTTP/1.1 103 X\r\n", "A: b\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "C:d\r\n", "\r\n") == [HTTPField("c", "d")])
    #expect(
      read("HTTP/1.1 200 OK\r\n", ":\r\n", "no colon\r\n", "E:\r\n", "\r\n") == [HTTPField("", ""), HTTPField("e", "")])
    #expect(read(" A: b\r\n", "", "\r\n").isEmpty)
  }
}
