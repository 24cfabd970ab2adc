import JSON
import Testing
import Values

@Suite("Values by themselves") struct ValueTests {
  private func value(_ text: String) throws(Refusal) -> JSONValue { try JSONValue(reading: Array(text.utf8)) }

  @Test(
    "any outermost value is read, and written as it was, blanks left out",
    arguments: [
      ("[1, -2.50, 1e3]", "[1,-2.50,1e3]"), ("\"a\\u00e9\\n\"", "\"aé\\n\""), ("true", "true"), ("null", "null"),
      ("0", "0"),
      (#"{"b": {"a": []}, "a": [{}, false]}"#, #"{"b":{"a":[]},"a":[{},false]}"#),
    ])
  func written(text: String, expected: String) throws {
    #expect(String(decoding: try value(text).bytes, as: UTF8.self) == expected)
    #expect(try value(expected) == value(text))
  }

  @Test(
    "a name that stands twice is refused with its path, and what is no JSON",
    arguments: [
      (#"{"a": [1, {"b": 1, "b": 2}]}"#, "a[1].b twice"), (#"[{"a": 1, "\u0061": 2}]"#, "[0].a twice"), ("", " empty"),
      ("[1,]", " not-json"), ("\"\\ud800\"", " not-utf-8"), ("[\"\\u0000\"]", " nul-character"),
      (String(repeating: "[", count: 40), " not-json"),
    ])
  func refused(text: String, expected: String) {
    let refusal = #expect(throws: Refusal.self) { try value(text) }
    #expect(refusal.map { "\($0.path) \($0.reason)" } == expected)
  }

  @Test("members and scalars")
  func members() throws {
    let object = try value(#"{"a": "x", "n": 0012e1, "t": true, "l": [], "z": null}"#.replacing("0012e1", with: "12e1"))
    #expect(object["a"]?.scalar == "x" && object["n"]?.scalar == "12e1" && object["t"]?.scalar == "true")
    #expect(object["l"]?.scalar == nil && object["z"]?.scalar == nil && object["b"] == nil && object["a"]?["x"] == nil)
  }

  @Test("a member of a view is copied whole; null is none")
  func member() throws {
    let found = reading(#"{"a": {"b": [1]}, "n": null}"#) { object throws(Refusal) in
      [try object.optionalValue("a"), try object.optionalValue("n"), try object.optionalValue("x")]
    }
    #expect(try found.get() == [.object([.init("b", .array([.number("1")]))]), nil, nil])
    let twice = reading(#"{"a": {"b": 1, "b": 2}}"#) { object throws(Refusal) in try object.optionalValue("a") }
    #expect(twice.refusal?.path == "a.b")
  }
}
