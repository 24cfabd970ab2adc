internal import JSON
internal import Values

/// Where a value stands in JSON: `$.Response.SendStatusSet[0].Code`, `$[*].sid`, `$["a name"].x` (a part of RFC 9535).
struct JSONPath: Sendable, Hashable {
  enum Segment: Sendable, Hashable {
    case member(String)
    case element(Int)
    case all
  }

  let segments: [Segment]

  init(_ text: String, at place: String) throws(Refusal) {
    let wrong = Refusal(
      "not-a-path", at: place, "a path was expected, as in $.Response.Code, $.list[0].id, $.list[*].id or $[\"a b\"]")
    var rest = Array(text.utf8)[...]
    guard rest.popFirst() == UInt8(ascii: "$") else { throw wrong }
    var segments: [Segment] = []
    while let sign = rest.popFirst() {
      switch sign {
      case UInt8(ascii: "."):
        let name = rest.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") }
        guard !name.isEmpty else { throw wrong }
        segments.append(.member(String(decoding: name, as: UTF8.self)))
        rest = rest.dropFirst(name.count)
      case UInt8(ascii: "["):
        guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { throw wrong }
        let inner = String(decoding: rest[..<end], as: UTF8.self)
        rest = rest[(end + 1)...]
        if inner == "*" {
          segments.append(.all)
        } else if let number = Int(inner), (0...9999).contains(number), inner == String(number) {
          segments.append(.element(number))
        } else if inner.utf8.count > 2, inner.hasPrefix("\""), inner.hasSuffix("\"") {
          segments.append(.member(String(inner.dropFirst().dropLast())))
        } else {
          throw wrong
        }
      default: throw wrong
      }
    }
    guard segments.count <= JSONTape.deepest else { throw wrong }
    self.segments = segments
  }

  /// All that stands there, in its order.
  func values(in root: JSONValue) -> [JSONValue] {
    var found = [root]
    for segment in segments {
      found = found.flatMap { value -> [JSONValue] in
        switch (segment, value) {
        case (.member(let name), _): return value[name].map { [$0] } ?? []
        case (.element(let number), .array(let elements)): return number < elements.count ? [elements[number]] : []
        case (.all, .array(let elements)): return elements
        default: return []
        }
      }
    }
    return found
  }

  /// The texts, numbers and truth values that stand there, as texts; an empty text is none.
  func scalars(in root: JSONValue) -> [String] { values(in: root).compactMap(\.scalar).filter { !$0.isEmpty } }
}
