import Seeding
import Testing

@testable import Observe

extension Seeded {
  fileprivate mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices.randomElement(using: &self)! }

  fileprivate mutating func word(_ alphabet: String, _ counts: ClosedRange<Int>) -> String {
    let characters = Array(alphabet)
    return String((0..<Int.random(in: counts, using: &self)).map { _ in pick(characters) })
  }

  /// A valid request and what has to come of it.
  fileprivate mutating func request() -> (bytes: [UInt8], path: String, body: [UInt8]) {
    let path = "/" + word("abc/%20.-_~é".filter(\.isASCII), 0...20)
    let body = (0..<pick([0, 0, 1, 10, 200])).map { _ in UInt8.random(in: 0...255, using: &self) }
    var text = pick(["", "", "\r\n"]) + pick(["GET", "POST", "PUT", "HEAD", "DELETE"]) + " \(path)"
    text += pick(["", "?", "?a=b&c", "?/?"]) + " HTTP/1.1\r\n"
    var fields = ["Host: \(word("abc.:123", 0...9))"]
    for _ in 0..<Int.random(in: 0...6, using: &self) {
      fields.append("\(word("XyZ-!~", 1...8)):\(word(" \t", 0...2))\(word("abc =;,\"é", 0...30))")
    }
    var payload = body
    if body.isEmpty, Bool.random(using: &self) {
      // No body and no word about it.
    } else if Bool.random(using: &self) {
      fields.append(
        pick(["Content-Length: ", "content-length:"]) + String(repeating: "0", count: pick([0, 0, 2])) + "\(body.count)"
      )
    } else {
      fields.append(pick(["Transfer-Encoding: chunked", "transfer-encoding:CHUNKED\t"]))
      payload = []
      var rest = body[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...rest.count, using: &self))
        payload += Array(
          (String(piece.count, radix: 16, uppercase: Bool.random(using: &self)) + pick(["", ";a", " ; b=\"c\""])
            + "\r\n").utf8)
        payload += piece + Array("\r\n".utf8)
        rest = rest.dropFirst(piece.count)
      }
      payload += Array(("0\r\n" + pick(["", "Digest: x\r\n"]) + "\r\n").utf8)
    }
    fields.shuffle(using: &self)
    text += fields.map { "\($0)\r\n" }.joined() + "\r\n"
    return (Array(text.utf8) + payload, path, body)
  }

  fileprivate mutating func pieces(of bytes: [UInt8]) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    let longest = pick([1, 3, 20, 200, 5000])
    while !rest.isEmpty {
      let count = Int.random(in: 1...min(longest, rest.count), using: &self)
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return pieces
  }

  /// A few bytes changed, dropped, doubled, moved, or replaced by something from another request.
  fileprivate mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
      let at = Int.random(in: bytes.indices, using: &self)
      switch Int.random(in: 0...5, using: &self) {
      case 0: bytes[at] = UInt8.random(in: 0...255, using: &self)
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(pick(Array("\r\n\0 \t:;,0Ff/".utf8)), at: at)
      case 3: bytes.insert(contentsOf: bytes[at...].prefix(Int.random(in: 1...40, using: &self)), at: at)
      case 4: bytes.removeSubrange(at..<min(at + Int.random(in: 1...40, using: &self), bytes.count))
      default:
        let shapes = [
          "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "\r\n\r\n", "\r\n ", "ffffffff\r\n", "HTTP/1.0",
        ]
        bytes.insert(contentsOf: Array(pick(shapes).utf8), at: at)
      }
    }
    return bytes
  }
}

@Suite struct RequestParserFuzzTests {
  @Test("valid requests come out the same however they are cut")
  func splits() {
    var chance = Seeded()
    for _ in 0..<300 {
      let sent = (0..<Int.random(in: 1...5, using: &chance)).map { _ in chance.request() }
      let bytes = sent.flatMap(\.bytes)
      let steps = parse(chance.pieces(of: bytes))
      let got = steps.compactMap { if case .request(let request) = $0 { request } else { nil } }
      #expect(got.map(\.path) == sent.map(\.path))
      #expect(got.map(\.body) == sent.map(\.body))
      #expect(steps.count == sent.count, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
      #expect(steps == parse([bytes]))
    }
  }

  @Test("spoilt requests end the same however they are cut, and never in a trap")
  func mutations() {
    var chance = Seeded()
    var refused = 0
    for _ in 0..<2000 {
      let bytes = chance.mutated((0..<2).flatMap { _ in chance.request().bytes })
      let whole = parse([bytes]).filter { $0 != .sendContinue }
      let cut = parse(chance.pieces(of: bytes)).filter { $0 != .sendContinue }
      #expect(whole == cut, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
      if case .refuse(let refusal) = whole.last {
        refused += 1
        #expect((400...505).contains(refusal.status))
      }
    }
    #expect(refused > 500)
  }

  @Test("random bytes never trap, and what waits for more stays within the bounds")
  func garbage() {
    var chance = Seeded()
    let alphabet = Array("GET /POST HTTP/1.1\r\n\r\n\r\nHost: x0123456789abcdef;: \t\0\u{7F}".utf8)
    for round in 0..<2000 {
      let bytes = (0..<Int.random(in: 0...400, using: &chance)).map { _ in
        round % 2 == 0 ? UInt8.random(in: 0...255, using: &chance) : chance.pick(alphabet)
      }
      #expect(parse([bytes]) == parse(chance.pieces(of: bytes)))
    }
  }

  @Test("a head that arrives byte by byte takes time in proportion to its length")
  func linear() {
    func time(_ count: Int) -> Duration {
      let text =
        "POST / HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 7000))\r\nContent-Length: \(count)\r\n\r\n"
      let pieces = (Array(text.utf8) + [UInt8](repeating: 0, count: count)).map { [$0] }
      return cost { _ = parse(pieces, bodyBytes: count) }
    }
    let small = (0..<3).map { _ in time(3000) }.min()!
    let large = (0..<3).map { _ in time(30_000) }.min()!
    #expect(large < small * 40)
  }
}
