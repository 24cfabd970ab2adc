import JSON
import Testing
import Values

private enum Colour: String, CaseIterable { case red, green }

@Suite struct FieldTests {
  @Test("a missing field and a null one are the same: refused where required, absent where not")
  func missing() throws {
    for text in ["{}", #"{"a":null}"#, #"{"b":{"a":1}}"#, #"{"A":1}"#, #"{"a ":1}"#, #"{"aa":1}"#] {
      let expected = Refusal("missing", at: "a", "the field is required")
      #expect(reading(text) { o throws(Refusal) in _ = try o.text("a") }.refusal == expected)
      #expect(reading(text) { o throws(Refusal) in _ = try o.integer("a", 0...9) }.refusal == expected)
      #expect(reading(text) { o throws(Refusal) in _ = try o.timestamp("a") }.refusal == expected)
      #expect(reading(text) { o throws(Refusal) in _ = try o.object("a") }.refusal == expected)
      #expect(reading(text) { o throws(Refusal) in _ = try o.choice("a", of: Colour.self) }.refusal == expected)
      #expect(try reading(text) { o throws(Refusal) in try o.optionalText("a") }.get() == nil)
      #expect(try reading(text) { o throws(Refusal) in try o.optionalInteger("a", 0...9) }.get() == nil)
      #expect(try reading(text) { o throws(Refusal) in try o.optionalBoolean("a") }.get() == nil)
      #expect(try reading(text) { o throws(Refusal) in try o.optionalTimestamp("a") }.get() == nil)
      #expect(try reading(text) { o throws(Refusal) in try o.optionalObject("a") == nil }.get())
      #expect(try reading(text) { o throws(Refusal) in try o.optionalChoice("a", of: Colour.self) }.get() == nil)
      #expect(try reading(text) { o throws(Refusal) in try o.objects("a", atMost: 3).count }.get() == 0)
    }
  }

  @Test(
    "a value of another type is refused with what was expected and what was found",
    arguments: [
      ("{}", "an object"), ("[]", "an array"), ("\"x\"", "a string"), ("1", "a number"), ("true", "true or false"),
    ])
  func wrongTypes(value: String, found: String) {
    let text = "{\"a\":\(value)}"
    func expect(_ expected: String, _ body: (JSONObject) throws(Refusal) -> Void) {
      guard expected != found else { return }
      #expect(
        reading(text, body).refusal == Refusal("wrong-type", at: "a", "\(expected) was expected, \(found) was found"))
    }
    expect("a string") { o throws(Refusal) in _ = try o.text("a") }
    expect("a number") { o throws(Refusal) in _ = try o.integer("a", 0...9) }
    expect("true or false") { o throws(Refusal) in _ = try o.optionalBoolean("a") }
    expect("an object") { o throws(Refusal) in _ = try o.object("a") }
    expect("an array") { o throws(Refusal) in _ = try o.objects("a", atMost: 3) }
    expect("a string") { o throws(Refusal) in _ = try o.choice("a", of: Colour.self) }
    if found != "a number" { expect("a string") { o throws(Refusal) in _ = try o.timestamp("a") } }
  }

  @Test(
    "a text's length counts code points, as JSON Schema does",
    arguments: ["x", "é", "字", "😀", "\\u5b57", "\\ud83d\\ude00"])
  func textLength(character: String) {
    func length(_ count: Int) -> Refusal? {
      let text = "{\"a\":\"" + String(repeating: character, count: count) + "\"}"
      return reading(text) { o throws(Refusal) in _ = try o.text("a", 2...5) }.refusal
    }
    #expect(length(0) == Refusal("too-short", at: "a", "at least 2 characters were expected, 0 were found"))
    #expect(length(1)?.reason == "too-short")
    #expect(length(2) == nil)
    #expect(length(5) == nil)
    #expect(length(6) == Refusal("too-long", at: "a", "at most 5 characters are taken, 6 were found"))
    #expect(length(300_000)?.reason == "too-long")
  }

  @Test(
    "a whole number is taken within its range only",
    arguments: [
      ("0", nil), ("-0", nil), ("-5", nil), ("7", nil), ("8", "out-of-range"), ("-6", "out-of-range"),
      ("9223372036854775808", "out-of-range"), ("-9223372036854775809", "out-of-range"), ("1.0", "out-of-range"),
      ("1e0", "out-of-range"), ("0.5", "out-of-range"), ("1e999", "out-of-range"),
      (String(repeating: "9", count: 100_000), "out-of-range"),
    ])
  func integers(text: String, reason: String?) {
    let refusal = reading("{\"n\":\(text)}") { o throws(Refusal) in _ = try o.integer("n", -5...7) }.refusal
    #expect(refusal?.reason == reason)
    #expect(refusal.map { $0.path == "n" } ?? true)
  }

  @Test("the whole range of 64 bits can be read", arguments: [Int64.min, -1, 0, 1, Int64.max])
  func wholeRange(value: Int64) throws {
    let bytes = JSONWriter.object { $0.member("n", value) }
    #expect(try reading(bytes) { o throws(Refusal) in try o.integer("n", .min ... .max) }.get() == value)
  }

  @Test("numbers for times are named as such", arguments: ["1767225600", "1767225600000", "1.7e9", "0", "-1"])
  func epochNumbers(number: String) {
    let refusal = reading("{\"t\":\(number)}") { o throws(Refusal) in _ = try o.timestamp("t") }.refusal
    #expect(refusal?.reason == "epoch-number")
    #expect(refusal?.path == "t")
  }

  @Test(
    "what is no RFC 3339 time with a zone is refused",
    arguments: [
      "", "2026-01-31", "2026-01-31T09:30:00", "2026-02-29T00:00:00Z", "31.01.2026 09:30", "1767225600", "now",
      #"2026-01-31T09:30:00\u005a"#,
    ])
  func badTimes(text: String) {
    let refusal = reading("{\"t\":\"\(text)\"}") { o throws(Refusal) in _ = try o.timestamp("t") }.refusal
    #expect(refusal?.reason == "not-a-time")
  }

  @Test("a choice is one of its words, exactly")
  func choices() throws {
    #expect(try reading(#"{"c":"red"}"#) { o throws(Refusal) in try o.choice("c", of: Colour.self) }.get() == .red)
    #expect(
      try reading(#"{"c":"gr\u0065en"}"#) { o throws(Refusal) in try o.choice("c", of: Colour.self) }.get() == .green)
    for word in ["Red", "", "red ", "blue"] {
      let refusal = reading("{\"c\":\"\(word)\"}") { o throws(Refusal) in _ = try o.choice("c", of: Colour.self) }
        .refusal
      #expect(refusal == Refusal("unknown-word", at: "c", "one of these was expected: red, green"))
    }
  }

  @Test("a field that stands twice is refused, escaped or not; an unknown one is not looked at")
  func twice() throws {
    for text in [#"{"a":"1","a":"2"}"#, #"{"a":"1","b":2,"\u0061":"1"}"#, #"{"a":null,"a":"1"}"#] {
      let refusal = reading(text) { o throws(Refusal) in _ = try o.text("a") }.refusal
      #expect(refusal == Refusal("twice", at: "a", "the field stands there twice"))
    }
    #expect(try reading(#"{"b":1,"a":"x","b":2}"#) { o throws(Refusal) in try o.text("a") }.get() == "x")
  }

  @Test("a refusal deep inside says where")
  func paths() {
    let text = #"{"a":{"b":[{"c":"x"},{"c":1}]}}"#
    let refusal = reading(text) { o throws(Refusal) in
      for element in try o.object("a").objects("b", atMost: 5) { _ = try element.text("c") }
    }.refusal
    #expect(refusal == Refusal("wrong-type", at: "a.b[1].c", "a string was expected, a number was found"))
    #expect(
      reading(#"{"a":{"b":[{},[]]}}"#) { o throws(Refusal) in _ = try o.object("a").objects("b", atMost: 5) }.refusal?
        .path
        == "a.b[1]")
  }

  @Test("an array of objects has at most so many")
  func tooMany() throws {
    #expect(try reading(#"{"a":[{},{}]}"#) { o throws(Refusal) in try o.objects("a", atMost: 2).count }.get() == 2)
    let refusal = reading(#"{"a":[{},{},{}]}"#) { o throws(Refusal) in _ = try o.objects("a", atMost: 2) }.refusal
    #expect(refusal == Refusal("too-many", at: "a", "at most 2 are taken"))
  }

  @Test(
    "a member's raw bytes are those of the text",
    arguments: [
      #""x\n""#, "{ \"b\" : [1, 2] }", "[ ]", "-1.50e3", "true", "null", "\"\"",
    ])
  func raw(value: String) throws {
    let raw = try reading("{\"z\":0, \"data\" : \(value) , \"y\":[]}") { o throws(Refusal) in
      try o.raw("data").map { String(decoding: $0, as: UTF8.self) }
    }.get()
    #expect(raw == value)
  }

  @Test("members after nested values are found")
  func skipsNested() throws {
    let text = #"{"x":{"a":"inner","y":[{"a":1},[[]],"a"]},"a":"outer"}"#
    #expect(try reading(text) { o throws(Refusal) in try o.text("a") }.get() == "outer")
  }

  @Test("a tape is good for the next text after one that was refused, and after a very large one")
  func tapeIsUsedAgain() throws {
    let tape = JSONTape()
    func read(_ text: String) throws(Refusal) -> String {
      try Array(text.utf8).withUnsafeBytes { buffer in
        Result { () throws(Refusal) in try tape.read(buffer) { o throws(Refusal) in try o.text("a") } }
      }.get()
    }
    #expect(throws: Refusal.self) { try read(#"{"a":"x","b":["#) }
    #expect(try read(#"{"a":"one"}"#) == "one")
    #expect(try read("{\"b\":[" + String(repeating: "0,", count: 200_000) + #"0],"a":"two"}"#) == "two")
    #expect(try read(#"{"a":"three"}"#) == "three")
  }
}
