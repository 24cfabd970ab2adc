import Contract
import Foundation
import Seeding
import Testing
import Topics
import Values

/// The reader is asked for what the schema says, at each of its limits and on both sides of them.
@Suite struct SchemaTests {
  @Test("the schema is named after the type, and its examples are taken", arguments: Page.all)
  func title(page: Page) throws {
    let schema = try page.schema()
    #expect(schema.title == page.type)
    for place in schema.places {
      for example in place.property.examples { #expect(try page.refusal(schema.full(place, example)) == nil) }
    }
  }

  @Test("what is required is missed, what is not is not, and null is the same as nothing", arguments: Page.all)
  func required(page: Page) throws {
    let schema = try page.schema()
    for place in schema.places where !place.isElement {
      let without = place.put(place.whole, nil)
      #expect(place.property.types.contains("null") == !place.isRequired, "\(place.path)")
      guard !place.isNeeded else {
        let refusal = try #require(try page.refusal(without), "\(place.path)")
        #expect(["missing", "wrong-parts"].contains(refusal.reason))
        #expect(try page.refusal(schema.full(place, NSNull())) == refusal)
        continue
      }
      let expected = place.isRequired ? Refusal("missing", at: place.path, "the field is required") : nil
      #expect(try page.refusal(without) == expected)
      #expect(try page.refusal(schema.full(place, NSNull())) == expected)
      if expected == nil { #expect(try page.read(without).get() == page.read(schema.full(place, NSNull())).get()) }
    }
  }

  @Test("what has all properties is written with all of them", arguments: Page.all)
  func names(page: Page) throws {
    let schema = try page.schema()
    for form in schema.forms {
      let bytes = try page.read(form.whole).get()
      let written = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
      #expect(Set(written.keys) == Set(form.whole.keys))
    }
    #expect(schema.forms.reduce(into: Set()) { $0.formUnion($1.whole.keys) } == Set(schema.properties.keys))
  }

  @Test("what excludes each other is refused together", arguments: Page.all)
  func exclusion(page: Page) throws {
    let schema = try page.schema()
    for form in schema.forms where form.isExclusive {
      for name in form.excluded {
        var both = form.whole
        both[name] = schema.properties[name]?.examples.first
        #expect(try page.refusal(both)?.reason == "wrong-parts", "\(name)")
      }
    }
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
    for place in schema.places {
      let property = place.property
      for (type, value) in others where !property.types.contains(type) {
        let refusal = try page.refusal(schema.full(place, value))
        #expect(refusal?.path == place.path)
        #expect(refusal?.reason == (property.isTime && type == "integer" ? "epoch-number" : "wrong-type"))
      }
      if property.types.contains("integer") {
        #expect(try page.refusal(schema.full(place, 1.5))?.reason == "out-of-range")
      }
    }
  }

  @Test("texts are taken at their least and greatest length and not beyond", arguments: Page.all)
  func lengths(page: Page) throws {
    let schema = try page.schema()
    for place in schema.places {
      guard let lengths = place.property.lengths else { continue }
      for unit in place.property.pattern == Schema.Property.anything ? ["x", "字", "😀"] : ["X"] {
        func reason(_ length: Int) throws -> String? {
          let refusal = try page.refusal(schema.full(place, String(repeating: unit, count: length)))
          #expect(refusal == nil || refusal?.path == place.path)
          return refusal?.reason
        }
        #expect(try reason(lengths.lowerBound) == nil)
        #expect(try reason(lengths.upperBound) == nil)
        if lengths.lowerBound > 0 { #expect(try reason(lengths.lowerBound - 1) == "too-short") }
        #expect(try reason(lengths.upperBound + 1) == "too-long")
      }
    }
  }

  @Test("numbers are taken at the ends of their range and not beyond", arguments: Page.all)
  func ranges(page: Page) throws {
    let schema = try page.schema()
    for place in schema.places where place.property.types.contains("integer") {
      let range = try #require(place.property.range)
      for (value, reason) in [
        (range.lowerBound, nil), (range.upperBound, nil), (range.lowerBound - 1, "out-of-range"),
        (range.upperBound + 1, "out-of-range"),
      ] {
        #expect(try page.refusal(schema.full(place, value))?.reason == reason)
      }
    }
  }

  @Test("words of a closed set are taken, and no others", arguments: Page.all)
  func words(page: Page) throws {
    let schema = try page.schema()
    for place in schema.places {
      guard let words = place.property.words else { continue }
      for word in words { #expect(try page.refusal(schema.full(place, word)) == nil) }
      for word in ["", "X", (words.first ?? "") + " "] {
        #expect(try page.refusal(schema.full(place, word))?.reason == "unknown-word")
      }
    }
  }

  @Test("arrays are taken empty and full, and no fuller", arguments: Page.all)
  func elements(page: Page) throws {
    let schema = try page.schema()
    for place in schema.places {
      guard let most = place.property.mostElements else { continue }
      // Elements may have to differ: only that too many are refused is the same for all.
      let example = try #require((place.property.examples.first as? [Any])?.first)
      let tooMany = [Any](repeating: example, count: most + 1)
      #expect(try page.refusal(schema.full(place, [] as [Any])) == nil)
      #expect(try page.refusal(schema.full(place, tooMany)) != nil)
    }
  }

  @Test("a text is taken just when its pattern matches", arguments: Page.all)
  func patterns(page: Page) throws {
    let schema = try page.schema()
    var random = Seeded()
    for place in schema.places where place.property.types.contains("string") {
      let property = place.property
      #expect(try page.refusal(schema.full(place, "X\u{0}"))?.reason == "nul-character")
      guard property.words == nil else { continue }
      let pattern = try NSRegularExpression(pattern: try #require(property.pattern))
      let alphabet: [Character] = ["A", "Z", "a", "z", "0", "9", "-", "+", ":", "T", ".", " ", "\n", "\u{1}", "é", "字"]
      for _ in 0..<60 {
        var text = (property.examples.randomElement(using: &random) as? String) ?? ""
        let at = text.index(text.startIndex, offsetBy: Int.random(in: 0..<text.count, using: &random))
        text.replaceSubrange(at...at, with: [alphabet.randomElement(using: &random) ?? "x"])
        let whole = NSRange(text.startIndex..., in: text)
        let matches = pattern.firstMatch(in: text, range: whole)?.range == whole
        let isTaken = try page.refusal(schema.full(place, text)) == nil
        // A pattern cannot count days: for a time, what is taken matches, but not the other way round.
        #expect(property.format != nil ? matches || !isTaken : matches == isTaken, "\(place.path)")
      }
    }
  }

  @Test("times are taken from the first year to the last, in any zone", arguments: Page.all)
  func times(page: Page) throws {
    let schema = try page.schema()
    for place in schema.places where place.property.isTime {
      // By itself: what two times say of each other is told by examples.
      var alone = place.whole
      for (name, other) in schema.properties where other.isTime && !schema.required.contains(name) { alone[name] = nil }
      for (text, reason) in [
        ("0001-01-01T00:00:00Z", nil), ("9999-12-31T23:59:59.999999999Z", nil), ("2026-01-31t09:30:00.5z", nil),
        ("2024-02-29T09:30:00-12:00", nil), ("0000-12-31T00:00:00Z", "not-a-time"),
        ("9999-12-31T23:59:59-00:01", "not-a-time"), ("2026-02-29T00:00:00Z", "not-a-time"),
        ("2026-01-31T09:30:00", "not-a-time"), ("", "not-a-time"),
      ] {
        #expect(try page.refusal(place.put(alone, text))?.reason == reason)
      }
    }
  }
}

extension Schema {
  /// An object with every property of the place's form, one field of it with this value.
  func full(_ place: Place, _ value: Any) -> [String: Any] { place.put(place.whole, value) }
}
