import JSON
import Seeding
import Testing
import Values

@Suite struct RoundTripTests {
  @Test("what is written is read back the same", arguments: 0..<200)
  func roundTrip(seed: Int) throws {
    var random = Seeded(seed)
    let text = randomText(&random)
    let number = Int64(truncatingIfNeeded: random.next())
    let flag = Bool.random(using: &random)
    let time = Timestamp(microseconds: Int64.random(in: range(of: Timestamp.writable), using: &random))
    let inner = (0..<Int.random(in: 0...4, using: &random)).map { _ in randomText(&random) }
    let bytes = JSONWriter.object {
      $0.member("none", nil as String?)
      $0.member("text", text)
      $0.member("number", number)
      $0.object("object") { $0.member("flag", flag) }
      $0.objects("objects", inner) { $0.member("text", $1) }
      $0.texts("texts", inner)
      $0.object("empty") { _ in }
      $0.member("time", time)
    }
    let refusal = reading(bytes) { o throws(Refusal) in
      #expect(try o.optionalText("none") == nil)
      #expect(try o.text("text", 0...100) == text)
      #expect(try o.integer("number", .min ... .max) == number)
      #expect(try o.object("object").optionalBoolean("flag") == flag)
      var read: [String] = []
      for object in try o.objects("objects", atMost: 9) { read.append(try object.text("text", 0...100)) }
      #expect(read == inner)
      #expect(try o.raw("texts") != nil)
      #expect(try o.timestamp("time") == time)
    }.refusal
    #expect(refusal == nil)
  }

  @Test("control characters, quotes and backslashes are escaped as RFC 8259 asks")
  func escapes() {
    let bytes = JSONWriter.object { $0.member("a", "\"\\/\n\r\t\u{8}\u{C}\u{1}\u{1F}\u{7F}é") }
    #expect(String(decoding: bytes, as: UTF8.self) == #"{"a":"\"\\/\n\r\t\u0008\u000c\u0001\u001f"# + "\u{7F}é\"}")
  }

  @Test("random bytes are refused or read, and never end the process", arguments: 0..<20)
  func randomBytes(seed: Int) {
    var random = Seeded(seed)
    for _ in 0..<500 {
      _ = refusal(
        of: (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
  }

  @Test("a text with bytes changed, cut and doubled is refused or read, whatever is asked of it", arguments: 0..<40)
  func mutations(seed: Int) {
    var random = Seeded(seed)
    let whole = Array(
      #"{"a":"x\u5b57\ud83d\ude00é","n":-12.5e3,"t":"2026-01-31T09:30:00+08:00","o":{"l":[{},[],1]}}"#.utf8)
    for _ in 0..<500 {
      var text = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: text[at] = UInt8.random(in: 0...255, using: &random)
        case 1: text[at] = Array("\"\\{}[]:,0e".utf8).randomElement(using: &random) ?? 0
        case 2: text.removeLast(text.count - max(at, 1))
        default: text.insert(contentsOf: text[at...].prefix(8), at: at)
        }
      }
      _ = reading(text) { o in
        _ = Result { () throws(Refusal) in try o.text("a") }
        _ = Result { () throws(Refusal) in try o.integer("n", .min ... .max) }
        _ = Result { () throws(Refusal) in try o.timestamp("t") }
        _ = Result { () throws(Refusal) in try o.object("o").objects("l", atMost: 2) }
        _ = Result { () throws(Refusal) in try o.raw("o") }
      }
    }
  }

  private func range(of times: ClosedRange<Timestamp>) -> ClosedRange<Int64> {
    times.lowerBound.microseconds...times.upperBound.microseconds
  }

  private func randomText(_ random: inout Seeded) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...20, using: &random) {
      let bound: UInt32 = [0x20, 0x80, 0x800, 0x10000, 0x110000].randomElement(using: &random) ?? 0x80
      if let scalar = Unicode.Scalar(UInt32.random(in: 1..<bound, using: &random)) {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
