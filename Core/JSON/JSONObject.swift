public import Values

/// A view of an object in the text being read. Each reading names the field, its type and its bounds; what does not
/// fit is refused with the field's path. Unknown fields are ignored; `null` is the same as an absent field.
public struct JSONObject {
  let text: UnsafeRawPointer
  let tape: UnsafePointer<JSONEntry>
  let entry: Int
  /// Path of the object itself, nil for the outermost.
  let parent: String?

  public func path(_ name: StaticString) -> String {
    if let parent { "\(parent).\(name)" } else { name.description }
  }

  // MARK: Required

  /// A string of so many characters: Unicode code points, as JSON Schema's `minLength` and `maxLength` count them.
  public func text(_ name: StaticString, _ characters: ClosedRange<Int> = 1...200) throws(Refusal) -> String {
    guard let value = try optionalText(name, characters) else { throw missing(name) }
    return value
  }

  public func integer(_ name: StaticString, _ range: ClosedRange<Int64>) throws(Refusal) -> Int64 {
    guard let value = try optionalInteger(name, range) else { throw missing(name) }
    return value
  }

  public func timestamp(_ name: StaticString) throws(Refusal) -> Timestamp {
    guard let value = try optionalTimestamp(name) else { throw missing(name) }
    return value
  }

  public func object(_ name: StaticString) throws(Refusal) -> JSONObject {
    guard let value = try optionalObject(name) else { throw missing(name) }
    return value
  }

  /// One of a closed set of words.
  public func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: StaticString, of type: Choice.Type = Choice.self
  ) throws(Refusal) -> Choice where Choice.RawValue == String {
    guard let value = try optionalChoice(name, of: type) else { throw missing(name) }
    return value
  }

  // MARK: Optional

  public func optionalText(_ name: StaticString, _ characters: ClosedRange<Int> = 1...200) throws(Refusal) -> String? {
    guard let found = try find(name, .string) else { return nil }
    return try text(of: found, characters, path(name))
  }

  private func text(
    of found: Int, _ characters: ClosedRange<Int>, _ place: @autoclosure () -> String
  ) throws(Refusal) -> String {
    let raw = bytesOf(found)
    let value = tape[found].escaped ? JSONEscape.resolve(raw) : String(decoding: raw, as: UTF8.self)
    // Characters are no more than bytes: what is short enough in bytes is not counted.
    let bytes = value.utf8.count
    if characters.lowerBound <= min(bytes, 1), bytes <= characters.upperBound { return value }
    let count = value.unicodeScalars.count
    guard count >= characters.lowerBound else {
      let least = characters.lowerBound
      throw Refusal("too-short", at: place(), "at least \(least) characters were expected, \(count) were found")
    }
    guard count <= characters.upperBound else {
      let most = characters.upperBound
      throw Refusal("too-long", at: place(), "at most \(most) characters are taken, \(count) were found")
    }
    return value
  }

  public func optionalInteger(_ name: StaticString, _ range: ClosedRange<Int64>) throws(Refusal) -> Int64? {
    guard let found = try find(name, .number) else { return nil }
    guard let value = Int64(String(decoding: bytesOf(found), as: UTF8.self)) else {
      throw Refusal("out-of-range", at: path(name), "a whole number of 64 bits was expected")
    }
    guard range.contains(value) else {
      throw Refusal(
        "out-of-range", at: path(name), "a number from \(range.lowerBound) to \(range.upperBound) was expected")
    }
    return value
  }

  public func optionalBoolean(_ name: StaticString) throws(Refusal) -> Bool? {
    guard let found = try find(name), tape[found].kind != .null else { return nil }
    switch tape[found].kind {
    case .yes: return true
    case .no: return false
    default: throw wrongType(name, "true or false", found)
    }
  }

  /// RFC 3339 with a zone; a number in its place is named as what it is.
  public func optionalTimestamp(_ name: StaticString) throws(Refusal) -> Timestamp? {
    guard let found = try find(name), tape[found].kind != .null else { return nil }
    if tape[found].kind == .number {
      throw Refusal("epoch-number", at: path(name), "a time is written as RFC 3339 with a zone, not as a number")
    }
    guard tape[found].kind == .string else { throw wrongType(name, "a string", found) }
    guard let value = Timestamp(rfc3339: bytesOf(found)) else {
      throw Refusal("not-a-time", at: path(name), "RFC 3339 with a zone was expected, as in 2026-01-31T09:30:00+08:00")
    }
    return value
  }

  public func optionalObject(_ name: StaticString) throws(Refusal) -> JSONObject? {
    guard let found = try find(name, .object) else { return nil }
    return JSONObject(text: text, tape: tape, entry: found, parent: path(name))
  }

  public func optionalChoice<Choice: RawRepresentable & CaseIterable>(
    _ name: StaticString, of type: Choice.Type = Choice.self
  ) throws(Refusal) -> Choice? where Choice.RawValue == String {
    guard let word = try optionalText(name, 0...100) else { return nil }
    guard let value = Choice(rawValue: word) else {
      let known = Choice.allCases.map { $0.rawValue }.joined(separator: ", ")
      throw Refusal("unknown-word", at: path(name), "one of these was expected: \(known)")
    }
    return value
  }

  /// The objects of an array, each with its index in its path; empty where the field is absent.
  public func objects(_ name: StaticString, atMost limit: Int) throws(Refusal) -> [JSONObject] {
    guard let found = try find(name, .array) else { return [] }
    var objects: [JSONObject] = []
    var at = found + 1
    while at < Int(tape[found].next) {
      let place = "\(path(name))[\(objects.count)]"
      guard tape[at].kind == .object else {
        throw Refusal("wrong-type", at: place, "an object was expected, \(tape[at].kind.article) was found")
      }
      guard objects.count < limit else { throw Refusal("too-many", at: path(name), "at most \(limit) are taken") }
      objects.append(JSONObject(text: text, tape: tape, entry: at, parent: place))
      at = Int(tape[at].next)
    }
    return objects
  }

  /// The texts of an array, each of so many characters; empty where the field is absent.
  public func texts(
    _ name: StaticString, atMost limit: Int, _ characters: ClosedRange<Int> = 1...200
  ) throws(Refusal) -> [String] {
    guard let found = try find(name, .array) else { return [] }
    var texts: [String] = []
    var at = found + 1
    while at < Int(tape[found].next) {
      let place = "\(path(name))[\(texts.count)]"
      guard tape[at].kind == .string else {
        throw Refusal("wrong-type", at: place, "a string was expected, \(tape[at].kind.article) was found")
      }
      guard texts.count < limit else { throw Refusal("too-many", at: path(name), "at most \(limit) are taken") }
      texts.append(try text(of: at, characters, place))
      at = Int(tape[at].next)
    }
    return texts
  }

  /// The bytes of a member's value as they stand in the text, quotes and brackets included.
  public func raw(_ name: StaticString) throws(Refusal) -> UnsafeRawBufferPointer? {
    guard let found = try find(name) else { return nil }
    let quotes = tape[found].kind == .string ? 1 : 0
    let start = Int(tape[found].start) - quotes
    return UnsafeRawBufferPointer(start: text + start, count: Int(tape[found].end) + quotes - start)
  }

  /// The names of all members, in their order: for readers that refuse what they do not know.
  public var names: [String] {
    var names: [String] = []
    var at = entry + 1
    while at < Int(tape[entry].next) {
      names.append(resolved(at))
      at = Int(tape[at + 1].next)
    }
    return names
  }

  // MARK: Finding

  func bytesOf(_ found: Int) -> UnsafeRawBufferPointer {
    let start = Int(tape[found].start)
    return UnsafeRawBufferPointer(start: text + start, count: Int(tape[found].end) - start)
  }

  private func missing(_ name: StaticString) -> Refusal { Refusal("missing", at: path(name), "the field is required") }

  private func wrongType(_ name: StaticString, _ expected: String, _ found: Int) -> Refusal {
    Refusal("wrong-type", at: path(name), "\(expected) was expected, \(tape[found].kind.article) was found")
  }

  private func find(_ name: StaticString, _ kind: JSONKind) throws(Refusal) -> Int? {
    guard let found = try find(name), tape[found].kind != .null else { return nil }
    guard tape[found].kind == kind else { throw wrongType(name, kind.article, found) }
    return found
  }

  /// The entry of the named member's value. A name that stands twice is refused, because readers differ on it.
  func find(_ name: StaticString) throws(Refusal) -> Int? {
    let length = name.utf8CodeUnitCount
    var found: Int?
    var at = entry + 1
    let end = Int(tape[entry].next)
    while at < end {
      let value = at + 1
      if matches(at, name, length) {
        guard found == nil else { throw Refusal("twice", at: path(name), "the field stands there twice") }
        found = value
      }
      at = Int(tape[value].next)
    }
    return found
  }

  private func matches(_ key: Int, _ name: StaticString, _ length: Int) -> Bool {
    let bytes = bytesOf(key)
    guard !tape[key].escaped else { return JSONEscape.resolve(bytes) == name.description }
    guard bytes.count == length else { return false }
    for i in 0..<length where bytes[i] != name.utf8Start[i] { return false }
    return true
  }
}
