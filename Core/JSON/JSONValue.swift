public import Values

/// Any value of JSON by itself, where a view into the text will not do: the shape is known to a description, not to the
/// code.
public indirect enum JSONValue: Hashable, Sendable {
  case object([Member])
  case array([JSONValue])
  case text(String)
  /// As it is written.
  case number(String)
  case boolean(Bool)
  case null

  public struct Member: Hashable, Sendable {
    public let name: String
    public let value: JSONValue

    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// Refused as `JSONTape` refuses; a name that stands twice in an object too.
  public init(reading bytes: [UInt8]) throws(Refusal) {
    let read: Result<JSONValue, Refusal> = bytes.withUnsafeBytes { text in
      Result { () throws(Refusal) in try JSONTape().readValue(text) }
    }
    self = try read.get()
  }

  /// The member of an object; nil where there is none, and in all that is no object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// A text, a number or a truth value as people write it; nil for all else.
  public var scalar: String? {
    switch self {
    case .text(let text): text
    case .number(let number): number
    case .boolean(let yes): yes ? "true" : "false"
    case .object, .array, .null: nil
    }
  }

  /// The shortest text of it.
  public var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.append(self)
    return writer.bytes
  }
}

extension JSONObject {
  /// The object itself, copied.
  public func value() throws(Refusal) -> JSONValue { try tree(of: entry, at: parent ?? "") }

  /// A member's whole value, copied; nil where it is absent or `null`.
  public func optionalValue(_ name: StaticString) throws(Refusal) -> JSONValue? {
    guard let found = try find(name), tape[found].kind != .null else { return nil }
    return try tree(of: found, at: path(name))
  }

  /// A value as a tree. Texts are no deeper than `JSONTape.deepest`, so neither is this.
  func tree(of found: Int, at place: String = "") throws(Refusal) -> JSONValue {
    switch tape[found].kind {
    case .string: return .text(resolved(found))
    case .number: return .number(String(decoding: bytesOf(found), as: UTF8.self))
    case .yes: return .boolean(true)
    case .no: return .boolean(false)
    case .null: return .null
    case .array:
      var elements: [JSONValue] = []
      var at = found + 1
      while at < Int(tape[found].next) {
        elements.append(try tree(of: at, at: "\(place)[\(elements.count)]"))
        at = Int(tape[at].next)
      }
      return .array(elements)
    case .object:
      var members: [JSONValue.Member] = []
      var known: Set<String> = []
      var at = found + 1
      while at < Int(tape[found].next) {
        let name = resolved(at)
        let inner = place.isEmpty ? name : "\(place).\(name)"
        guard known.insert(name).inserted else { throw Refusal("twice", at: inner, "the field stands there twice") }
        members.append(JSONValue.Member(name, try tree(of: at + 1, at: inner)))
        at = Int(tape[at + 1].next)
      }
      return .object(members)
    }
  }
}

extension JSONWriter {
  mutating func append(_ value: JSONValue) {
    switch value {
    case .text(let text): append(quoted: text)
    case .number(let number): bytes += number.utf8
    case .boolean(let yes): bytes += yes ? "true".utf8 : "false".utf8
    case .null: bytes += "null".utf8
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { bytes.append(UInt8(ascii: ",")) }
        append(element)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (place, member) in members.enumerated() {
        if place > 0 { bytes.append(UInt8(ascii: ",")) }
        append(quoted: member.name)
        bytes.append(UInt8(ascii: ":"))
        append(member.value)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }
}
