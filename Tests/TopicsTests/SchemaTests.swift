import Contract
import Foundation
import Testing
import Topics
import Values

/// The reader is asked for what the schema says, at each of its limits and on both sides of them.
@Suite struct SchemaTests {
  @Test("the schema is named after the type, and its examples are taken", arguments: Page.all)
  func title(page: Page) throws {
    let schema = try page.schema()
    #expect(schema.title == page.type)
    for (name, property) in schema.properties {
      for example in property.examples { #expect(try page.refusal(schema.full(name, example)) == nil) }
    }
  }

  @Test("what is required is missed, what is not is not, and null is the same as nothing", arguments: Page.all)
  func required(page: Page) throws {
    let schema = try page.schema()
    for (name, property) in schema.properties {
      var without = try schema.full()
      without[name] = nil
      let expected = schema.required.contains(name) ? Refusal("missing", at: name, "the field is required") : nil
      #expect(try page.refusal(without) == expected)
      #expect(try page.refusal(schema.full(name, NSNull())) == expected)
      #expect(property.types.contains("null") == !schema.required.contains(name), "\(name)")
      if expected == nil { #expect(try page.read(without).get() == page.read(schema.full(name, NSNull())).get()) }
    }
  }

  @Test("what has all properties is written with all of them", arguments: Page.all)
  func names(page: Page) throws {
    let schema = try page.schema()
    let bytes = try page.read(schema.full()).get()
    let written = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect(Set(written.keys) == Set(schema.properties.keys))
  }

  @Test("the readers ask for no field that no schema has")
  func noHiddenFields() throws {
    let files = try FileManager.default.contentsOfDirectory(at: Page.folder, includingPropertiesForKeys: nil)
    var asked: Set<String> = []
    for file in files where file.pathExtension == "swift" {
      let source = try String(contentsOf: file, encoding: .utf8)
      for match in source.matches(of: /data\.[a-zA-Z]+\(\s*"([^"]+)"/) { asked.insert(String(match.1)) }
    }
    #expect(asked == Set(try Page.all.flatMap { try $0.schema().properties.keys }))
  }

  @Test("a value of another type is refused", arguments: Page.all)
  func types(page: Page) throws {
    let schema = try page.schema()
    let others: [(String, Any)] = [
      ("string", "x"), ("integer", 1), ("boolean", true), ("array", [] as [Any]), ("object", [:] as [String: Any]),
    ]
    for (name, property) in schema.properties {
      for (type, value) in others where !property.types.contains(type) {
        let refusal = try page.refusal(schema.full(name, value))
        #expect(refusal?.path == name)
        #expect(refusal?.reason == (property.isTime && type == "integer" ? "epoch-number" : "wrong-type"))
      }
      if property.types.contains("integer") {
        #expect(try page.refusal(schema.full(name, 1.5))?.reason == "out-of-range")
      }
    }
  }

  @Test("texts are taken at their least and greatest length and not beyond", arguments: Page.all)
  func lengths(page: Page) throws {
    let schema = try page.schema()
    for (name, property) in schema.properties {
      guard let lengths = property.lengths else { continue }
      for unit in property.pattern == Schema.Property.anything ? ["x", "字", "😀"] : ["X"] {
        func reason(_ length: Int) throws -> String? {
          let refusal = try page.refusal(schema.full(name, String(repeating: unit, count: length)))
          #expect(refusal == nil || refusal?.path == name)
          return refusal?.reason
        }
        #expect(try reason(lengths.lowerBound) == nil)
        #expect(try reason(lengths.upperBound) == nil)
        #expect(try reason(lengths.lowerBound - 1) == "too-short")
        #expect(try reason(lengths.upperBound + 1) == "too-long")
      }
    }
  }

  @Test("numbers are taken at the ends of their range and not beyond", arguments: Page.all)
  func ranges(page: Page) throws {
    let schema = try page.schema()
    for (name, property) in schema.properties where property.types.contains("integer") {
      let range = try #require(property.range)
      for (value, reason) in [
        (range.lowerBound, nil), (range.upperBound, nil), (range.lowerBound - 1, "out-of-range"),
        (range.upperBound + 1, "out-of-range"),
      ] {
        #expect(try page.refusal(schema.full(name, value))?.reason == reason)
      }
    }
  }

  @Test("a text is taken just when its pattern matches", arguments: Page.all)
  func patterns(page: Page) throws {
    let schema = try page.schema()
    var random = SystemRandomNumberGenerator()
    for (name, property) in schema.properties where property.types.contains("string") {
      let pattern = try NSRegularExpression(pattern: try #require(property.pattern))
      let alphabet: [Character] = ["A", "Z", "a", "z", "0", "9", "-", "+", ":", "T", ".", " ", "\n", "\u{1}", "é", "字"]
      for _ in 0..<300 {
        var text = (property.examples.randomElement(using: &random) as? String) ?? ""
        let at = text.index(text.startIndex, offsetBy: Int.random(in: 0..<text.count))
        text.replaceSubrange(at...at, with: [alphabet.randomElement(using: &random) ?? "x"])
        let whole = NSRange(text.startIndex..., in: text)
        let matches = pattern.firstMatch(in: text, range: whole)?.range == whole
        let isTaken = try page.refusal(schema.full(name, text)) == nil
        // A pattern cannot count days: for a time, what is taken matches, but not the other way round.
        #expect(property.isTime ? matches || !isTaken : matches == isTaken, "\(name)")
      }
      #expect(try page.refusal(schema.full(name, "X\u{0}"))?.reason == "nul-character")
    }
  }

  @Test("times are taken from the first year to the last, in any zone", arguments: Page.all)
  func times(page: Page) throws {
    let schema = try page.schema()
    for (name, property) in schema.properties where property.isTime {
      for (text, reason) in [
        ("0001-01-01T00:00:00Z", nil), ("9999-12-31T23:59:59.999999999Z", nil), ("2026-01-31t09:30:00.5z", nil),
        ("2024-02-29T09:30:00-12:00", nil), ("0000-12-31T00:00:00Z", "not-a-time"),
        ("9999-12-31T23:59:59-00:01", "not-a-time"), ("2026-02-29T00:00:00Z", "not-a-time"),
        ("2026-01-31T09:30:00", "not-a-time"), ("", "not-a-time"),
      ] {
        #expect(try page.refusal(schema.full(name, text))?.reason == reason)
      }
    }
  }
}

extension Schema {
  /// An object with every property, one of them with this value.
  func full(_ name: String, _ value: Any) throws -> [String: Any] {
    var object = try full()
    object[name] = value
    return object
  }
}
