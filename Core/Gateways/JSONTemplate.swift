internal import JSON
internal import Values

/// A body of JSON with placeholders in its texts. It stays a tree until all values are in it, so that none can become a part
/// of it.
indirect enum JSONTemplate: Sendable {
  case object([(name: String, value: JSONTemplate)])
  case array([JSONTemplate])
  case text(FieldTemplate)
  case literal(JSONValue)

  init(_ value: JSONValue, at place: String, in scope: inout TemplateScope) throws(Refusal) {
    switch value {
    case .object(let members):
      var all: [(name: String, value: JSONTemplate)] = []
      for member in members {
        let inner = "\(place).\(Misspelling.shown(member.name))"
        all.append((member.name, try JSONTemplate(member.value, at: inner, in: &scope)))
      }
      self = .object(all)
    case .array(let elements):
      var all: [JSONTemplate] = []
      for (index, element) in elements.enumerated() {
        all.append(try JSONTemplate(element, at: "\(place)[\(index)]", in: &scope))
      }
      self = .array(all)
    case .text(let text):
      let template = try FieldTemplate(text, at: place, in: &scope, mayBeJSON: true)
      try template.refuseBinary(scope)
      self = .text(template)
    case .number, .boolean, .null: self = .literal(value)
    }
  }

  var templates: [FieldTemplate] {
    switch self {
    case .object(let members): members.flatMap(\.value.templates)
    case .array(let elements): elements.flatMap(\.templates)
    case .text(let template): [template]
    case .literal: []
    }
  }

  /// nil where an optional value is missing: its member or element is left out.
  func filled(_ values: Evaluation) throws(Refusal) -> JSONValue? {
    switch self {
    case .literal(let value): return value
    case .text(let template):
      guard let text = try template.filled(values) else { return nil }
      return template.isJSON ? try JSONValue(reading: text) : .text(String(decoding: text, as: UTF8.self))
    case .array(let elements):
      var all: [JSONValue] = []
      for element in elements {
        if let value = try element.filled(values) { all.append(value) }
      }
      return .array(all)
    case .object(let members):
      var all: [JSONValue.Member] = []
      for member in members {
        if let value = try member.value.filled(values) { all.append(JSONValue.Member(member.name, value)) }
      }
      return .object(all)
    }
  }
}
