import JSON
import Testing
import Values

@Suite struct GrammarTests {
  @Test(
    "what RFC 8259 allows is taken",
    arguments: [
      "{}", " \t\r\n{ } \n", #"{"a":1}"#, #"{ "a" : 1 , "b" : [ ] }"#, #"{"a":[]}"#, #"{"a":[1,2,[3,{}]]}"#,
      #"{"":0}"#, #"{"a":-0}"#, #"{"a":0}"#, #"{"a":0.0}"#, #"{"a":-1.5e+10}"#, #"{"a":1E400}"#, #"{"a":1e-1}"#,
      #"{"a":123456789012345678901234567890}"#, #"{"a":true,"b":false,"c":null}"#, #"{"a":"\"\\\/\b\f\n\r\t"}"#,
      #"{"a":"\u0041\u00e9\u5b57\ud83d\ude00\uD83D\uDE00"}"#, #"{"a":"é字😀"}"#, "{\"a\":\"\u{7F}\u{2028}\u{FFFF}\"}",
      #"{"\u0061":1}"#, "\u{FEFF}{}", "{\"a\":\"\u{FEFF}\"}", #"{"a":1,"a":2}"#,
    ])
  func accepts(text: String) {
    #expect(refusal(of: text) == nil)
  }

  @Test(
    "what RFC 8259 does not allow is refused as not-json",
    arguments: [
      "{", "}", "{]", "[}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\":,}", "{\"a\" 1}",
      "{\"a\"::1}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\":1 \"b\":2}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}",
      "{\"a\":[1}", "{\"a\":[", "{\"a\":01}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1.e1}",
      "{\"a\":1e}", "{\"a\":1e+}", "{\"a\":0x10}", "{\"a\":1_000}", "{\"a\":NaN}", "{\"a\":Infinity}",
      "{\"a\":-Infinity}",
      "{\"a\":tru}", "{\"a\":truee}", "{\"a\":True}", "{\"a\":nul}", "{\"a\":undefined}", "{\"a\":\"}",
      "{\"a\":\"\\\"}",
      "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\", "{\"a\":\"\n\"}", "{\"a\":\"\t\"}",
      "{\"a\":\"\u{1F}\"}", "{}{}", "{} x", "{}\u{0C}", "\u{0B}{}", "{}//", "/**/{}", "{\"a\":1}\u{1A}", "\u{A0}{}",
      "{\u{FEFF}}", "nul", "tru", "f", "-", "\"a",
    ])
  func refuses(text: String) throws {
    let found = refusal(of: text)
    let refusal = try #require(found)
    #expect(refusal.reason == "not-json")
    #expect(refusal.path == "")
    #expect(refusal.detail.contains("at byte "))
  }

  @Test(
    "a value that is no object is refused by what it is",
    arguments: [
      ("[]", "an array"), ("[{}]", "an array"), ("\"{}\"", "a string"), ("12", "a number"), ("null", "null"),
      ("true", "true or false"), (" false ", "true or false"),
    ])
  func refusesOthers(text: String, found: String) {
    #expect(refusal(of: text) == Refusal("wrong-type", "a JSON object was expected, \(found) was found"))
  }

  @Test("nothing, and nothing but space, is empty", arguments: ["", " ", "\n\t\r ", "\u{FEFF}", "\u{FEFF} "])
  func refusesNothing(text: String) {
    #expect(refusal(of: text) == Refusal("empty", "there is no value"))
  }

  @Test(
    "a NUL is refused, written or escaped, in names and in values",
    arguments: [
      "{\"a\":\"x\u{0}y\"}", #"{"a":"x\u0000y"}"#, "{\"a\u{0}\":1}", #"{"a\u0000":1}"#, #"{"a":["\u0000"]}"#,
    ])
  func refusesNUL(text: String) {
    #expect(refusal(of: text)?.reason == "nul-character")
  }

  @Test(
    "half a surrogate pair is refused",
    arguments: [
      #"{"a":"\ud83d"}"#, #"{"a":"\ude00"}"#, #"{"a":"\ud83dx"}"#, #"{"a":"\ud83d\u0041"}"#, #"{"a":"\ud83d\ud83d"}"#,
      #"{"a":"\ude00\ud83d"}"#, #"{"\uDBFF":1}"#, #"{"a":"\ud83d\n"}"#, #"{"a":"\ud83d\u12"}"#,
    ])
  func refusesSurrogates(text: String) {
    #expect(refusal(of: text)?.reason == "not-utf-8")
  }

  @Test(
    "bytes that are not UTF-8 are refused",
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
      [0xE5, 0xAD], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
      // 张三 in GB 18030, as an old system would send it.
      [0xD5, 0xC5, 0xC8, 0xFD],
    ] as [[UInt8]])
  func refusesInvalidUTF8(bytes: [UInt8]) {
    #expect(refusal(of: Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8))?.reason == "not-utf-8")
    #expect(refusal(of: Array("{\"a\":\"".utf8) + bytes) != nil)
  }

  @Test("every Unicode scalar but NUL is read as it was written")
  func readsEveryScalar() throws {
    for start in stride(from: UInt32(1), to: 0x110000, by: 0x1000) {
      var expected = ""
      var escaped = ""
      for scalar in (start..<start + 0x1000).compactMap(Unicode.Scalar.init) {
        expected.unicodeScalars.append(scalar)
        for unit in String(Character(scalar)).utf16 {
          let digits = String(unit, radix: 16)
          escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      }
      let bytes = JSONWriter.object { $0.member("t", expected) }
      #expect(try reading(bytes) { o throws(Refusal) in try o.text("t", 0...10_000) }.get() == expected)
      #expect(
        try reading("{\"t\":\"\(escaped)\"}") { o throws(Refusal) in try o.text("t", 0...10_000) }.get() == expected)
    }
  }

  @Test("nesting is taken to the deepest level and refused beyond, with its reason")
  func bounds() {
    func nested(_ depth: Int, _ open: String, _ close: String) -> String {
      "{\"a\":" + String(repeating: open, count: depth - 1) + "1" + String(repeating: close, count: depth - 1) + "}"
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      #expect(refusal(of: nested(JSONTape.deepest, open, close)) == nil)
      let refused = refusal(of: nested(JSONTape.deepest + 1, open, close))
      #expect(refused?.reason == "not-json")
      #expect(refused?.detail.hasPrefix("nested deeper than \(JSONTape.deepest)") == true)
    }
    #expect(refusal(of: "{\"a\":" + String(repeating: "[", count: 1_000_000)) != nil)
  }

  @Test("a Confluent schema-registry frame is named as such")
  func namesFrames() {
    #expect(refusal(of: [0, 0, 0, 0, 42] + Array("{}".utf8))?.reason == "schema-registry-frame")
    #expect(refusal(of: [0, 0, 1, 0, 42, 2, 8])?.reason == "schema-registry-frame")
    #expect(refusal(of: [0, 9, 1, 0, 42] + Array("{}".utf8))?.reason == "schema-registry-frame")
    #expect(refusal(of: [0, 0, 0, 0, 42])?.reason == "schema-registry-frame")
  }

  @Test("UTF-16 is named as such")
  func namesUTF16() {
    let little = "{\"a\":1}".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let big = "{\"a\":1}".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    for text in [little, big, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big] {
      #expect(refusal(of: text)?.reason == "not-utf-8")
      #expect(refusal(of: text)?.detail.contains("UTF-16") == true)
    }
  }
}
