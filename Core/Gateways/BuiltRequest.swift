internal import HTTP
internal import Values

/// A request while it is built.
struct BuiltRequest {
  let method: String
  let origin: String
  var path: [UInt8] = []
  /// Percent-encoded, as they go out.
  var query: [(name: [UInt8], value: [UInt8])] = []
  var headers: [HTTPField] = []
  var form: [(name: [UInt8], value: [UInt8])]?
  var body: [UInt8] = []

  init(_ description: RequestDescription, _ values: Evaluation) throws(Refusal) {
    method = description.method
    origin = description.origin
    path = try BuiltRequest.path(description.path, values)
    try add(query: description.query, values)
    try add(headers: description.headers, values)
    switch description.body {
    case .none: break
    case .form(let fields):
      form = []
      try add(form: fields, values)
    case .json(let template): body = try template.filled(values)?.bytes ?? []
    case .raw(let template, let escaping):
      guard let text = try template.filled(values, escaping: escaping) else {
        throw Refusal("missing", at: template.place, "the message has no value for the body")
      }
      body = text
    }
    if let type = description.body.contentType, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
      headers.append(HTTPField("content-type", type))
    }
  }

  mutating func add(_ signature: SignatureDescription, _ values: Evaluation) throws(Refusal) {
    try add(query: signature.query, values)
    try add(headers: signature.headers, values)
    if !signature.form.isEmpty { try add(form: signature.form, values) }
  }

  var request: HTTPRequest {
    let query = query.isEmpty ? [] : [UInt8(ascii: "?")] + BuiltRequest.joined(query)
    return HTTPRequest(
      method: method, url: origin + String(decoding: path + query, as: UTF8.self), headers: headers, body: body)
  }

  func value(of part: Placeholder.RequestPart) -> [UInt8]? {
    switch part {
    case .method: Array(method.utf8)
    case .host: origin.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) }
    case .path: path
    case .query: BuiltRequest.joined(query)
    case .sortedQuery: BuiltRequest.joined(BuiltRequest.sorted(query))
    case .form: BuiltRequest.joined(form ?? [])
    case .sortedForm: BuiltRequest.joined(BuiltRequest.sorted(form ?? []))
    case .body: body
    }
  }

  // MARK: Pieces

  /// A segment that a value has made empty, or one that a reader would take for a step up, is refused.
  private static func path(_ template: FieldTemplate, _ values: Evaluation) throws(Refusal) -> [UInt8] {
    guard let path = try template.filled(values, escaping: .percent) else {
      throw Refusal("missing", at: template.place, "the message has no value for the path")
    }
    for placeholder in template.placeholders {
      guard try values.value(of: placeholder)?.isEmpty == false else {
        throw Refusal("not-for-a-path", at: template.place, "an empty value would make another path of it")
      }
    }
    let dots = [UInt8](repeating: UInt8(ascii: "."), count: 2)
    for segment in path.split(separator: UInt8(ascii: "/")) {
      guard !segment.elementsEqual(dots), !segment.elementsEqual(dots[..<1]) else {
        throw Refusal("not-for-a-path", at: template.place, "a step up or none is no part of a path")
      }
    }
    return path
  }

  private mutating func add(query fields: [RequestDescription.Field], _ values: Evaluation) throws(Refusal) {
    for field in fields {
      guard let value = try field.template.filled(values) else { continue }
      query.append((Array(field.name.utf8), Escaping.percentEncoded(value)))
    }
  }

  private mutating func add(form fields: [RequestDescription.Field], _ values: Evaluation) throws(Refusal) {
    for field in fields {
      guard let value = try field.template.filled(values) else { continue }
      form?.append((Array(field.name.utf8), Escaping.percentEncoded(value)))
    }
    body = BuiltRequest.joined(form ?? [])
  }

  private mutating func add(headers fields: [RequestDescription.Field], _ values: Evaluation) throws(Refusal) {
    for field in fields {
      guard let value = try field.template.filled(values) else { continue }
      guard value.allSatisfy({ (0x20...0x7E).contains($0) }) else {
        throw Refusal("not-for-a-header", at: field.template.place, "a value has a character that no header may have")
      }
      headers.append(HTTPField(field.name, String(decoding: value, as: UTF8.self)))
    }
  }

  private static func sorted(_ pairs: [(name: [UInt8], value: [UInt8])]) -> [(name: [UInt8], value: [UInt8])] {
    pairs.sorted { a, b in
      a.name == b.name ? a.value.lexicographicallyPrecedes(b.value) : a.name.lexicographicallyPrecedes(b.name)
    }
  }

  private static func joined(_ pairs: [(name: [UInt8], value: [UInt8])]) -> [UInt8] {
    Array(pairs.map { $0.name + [UInt8(ascii: "=")] + $0.value }.joined(separator: [UInt8(ascii: "&")]))
  }
}
