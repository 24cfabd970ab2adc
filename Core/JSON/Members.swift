public import Values

extension JSONObject {
  public enum Value {
    case text(String)
    /// As it is written.
    case number(String)
    case boolean(Bool)
    case object(JSONObject)
    case array
    case null
  }

  /// All members in their order, for objects whose names nobody knows beforehand. A name that stands twice is refused.
  public func members() throws(Refusal) -> [(name: String, value: Value)] {
    var members: [(name: String, value: Value)] = []
    var known: Set<String> = []
    var at = entry + 1
    while at < Int(tape[entry].next) {
      let name = resolved(at)
      let place = parent.map { "\($0).\(name)" } ?? name
      guard known.insert(name).inserted else { throw Refusal("twice", at: place, "the field stands there twice") }
      members.append((name, value(at + 1, place)))
      at = Int(tape[at + 1].next)
    }
    return members
  }

  private func value(_ found: Int, _ place: String) -> Value {
    switch tape[found].kind {
    case .object: .object(JSONObject(text: text, tape: tape, entry: found, parent: place))
    case .array: .array
    case .string: .text(resolved(found))
    case .number: .number(String(decoding: bytesOf(found), as: UTF8.self))
    case .yes: .boolean(true)
    case .no: .boolean(false)
    case .null: .null
    }
  }

  func resolved(_ found: Int) -> String {
    let bytes = bytesOf(found)
    return tape[found].escaped ? JSONEscape.resolve(bytes) : String(decoding: bytes, as: UTF8.self)
  }
}
