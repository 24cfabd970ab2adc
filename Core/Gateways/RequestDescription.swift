internal import JSON
internal import Values

/// How a gateway wants to be asked.
struct RequestDescription: Sendable {
  struct Field: Sendable {
    /// As it goes out: percent-encoded in a query or a form.
    let name: String
    let template: FieldTemplate
  }

  enum Body: Sendable {
    case none
    case form([Field])
    case json(JSONTemplate)
    case raw(FieldTemplate, Escaping?)
  }

  let method: String
  /// `https://host:port`: never from a value.
  let origin: String
  let path: FieldTemplate
  let query: [Field]
  let headers: [Field]
  let body: Body

  static let mostFields = 60
  static let methods = ["GET", "POST", "PUT"]

  init(_ object: JSONObject, in scope: inout TemplateScope) throws(Refusal) {
    try object.refuseOthers("method", "url", "query", "headers", "form", "json", "raw")
    method = try object.text("method", 1...10)
    guard RequestDescription.methods.contains(method) else {
      throw Refusal("unknown-word", at: object.path("method"), "one of these was expected: GET, POST, PUT")
    }
    (origin, path) = try RequestDescription.address(object, in: &scope)
    query = try RequestDescription.pairs("query", of: object, in: &scope)
    headers = try RequestDescription.headers(of: object, in: &scope)
    body = try RequestDescription.body(of: object, in: &scope)
    guard method != "GET" || body.isNone else {
      throw Refusal("contradiction", at: object.path("method"), "a GET has no body")
    }
    guard body.isNone || body.contentType != nil || headers.contains(where: { $0.name.lowercased() == "content-type" })
    else { throw Refusal("missing", at: object.path("headers"), "a raw body needs a header content-type") }
  }

  private static func address(
    _ object: JSONObject, in scope: inout TemplateScope
  ) throws(Refusal) -> (origin: String, path: FieldTemplate) {
    let place = object.path("url")
    let url = Array(try object.text("url", 8...1000).utf8)
    guard let scheme = ["https://", "http://"].first(where: { url.starts(with: $0.utf8) }) else {
      throw Refusal("not-a-url", at: place, "https:// or http:// was expected")
    }
    let end = url[scheme.utf8.count...].firstIndex(of: UInt8(ascii: "/")) ?? url.endIndex
    let host = url[scheme.utf8.count..<end]
    guard !host.isEmpty, host.allSatisfy({ $0.isHostCharacter }) else {
      throw Refusal("not-a-url", at: place, "host and port stand there as they are, without a name or a placeholder")
    }
    let path = url[end...]
    guard path.allSatisfy({ (0x21...0x7E).contains($0) && !"?#\\".utf8.contains($0) }) else {
      throw Refusal("not-a-url", at: place, "a path of visible characters was expected; a query has a field of its own")
    }
    let text = path.isEmpty ? "/" : String(decoding: path, as: UTF8.self)
    let template = try FieldTemplate(text, at: place, in: &scope)
    try template.refuseBinary(scope)
    return (String(decoding: url[..<end], as: UTF8.self), template)
  }

  /// Of a query or a form.
  static func pairs(
    _ name: StaticString, of object: JSONObject, in scope: inout TemplateScope,
    _ families: Set<TemplateScope.Family> = [.order]
  ) throws(Refusal) -> [Field] {
    guard let rows = try object.optionalObject(name) else { return [] }
    return try fields(rows, in: &scope, families) { name throws(Refusal) in
      String(decoding: Escaping.percentEncoded(Array(name.utf8)), as: UTF8.self)
    }
  }

  static func headers(
    of object: JSONObject, in scope: inout TemplateScope, _ families: Set<TemplateScope.Family> = [.order]
  ) throws(Refusal) -> [Field] {
    guard let rows = try object.optionalObject("headers") else { return [] }
    let headers = try fields(rows, in: &scope, families) { name throws(Refusal) in
      guard name.isToken else {
        let place = rows.path("") + Misspelling.shown(name)
        throw Refusal("not-a-header", at: place, "a header's name is a token of RFC 9110")
      }
      guard !framing.contains(name.lowercased()) else {
        throw Refusal("not-a-header", at: rows.path("") + name, "this header is written by the sender itself")
      }
      return name
    }
    for header in headers {
      let literals = header.template.pieces.flatMap { if case .literal(let text) = $0 { text } else { [UInt8]() } }
      guard literals.allSatisfy({ (0x20...0x7E).contains($0) }) else {
        throw Refusal(
          "not-a-header", at: header.template.place, "a header has visible ASCII characters and blanks only")
      }
    }
    return headers
  }

  /// What frames a message is the transport's to say (RFC 9112, 6).
  private static let framing = [
    "host", "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade",
  ]

  private static func fields(
    _ rows: JSONObject, in scope: inout TemplateScope, _ families: Set<TemplateScope.Family>,
    _ name: (String) throws(Refusal) -> String
  ) throws(Refusal) -> [Field] {
    var fields: [Field] = []
    for (given, text) in try rows.literals(atMost: mostFields) {
      let place = rows.path("") + Misspelling.shown(given)
      let template = try FieldTemplate(text, at: place, in: &scope, of: families)
      try template.refuseBinary(scope)
      fields.append(Field(name: try name(given), template: template))
    }
    return fields
  }

  private static func body(of object: JSONObject, in scope: inout TemplateScope) throws(Refusal) -> Body {
    let json = try object.optionalValue("json")
    let raw = try object.optionalObject("raw")
    let hasForm = try object.optionalObject("form") != nil
    guard [json != nil, raw != nil, hasForm].count(where: { $0 }) <= 1 else {
      throw Refusal("contradiction", at: object.path("form"), "a request has one of form, json and raw")
    }
    if hasForm { return .form(try pairs("form", of: object, in: &scope)) }
    if let json { return .json(try JSONTemplate(json, at: object.path("json"), in: &scope)) }
    guard let raw else { return .none }
    try raw.refuseOthers("text", "escape")
    let template = try FieldTemplate(try raw.text("text", 1...20_000), at: raw.path("text"), in: &scope)
    try template.refuseBinary(scope)
    guard let escape = try raw.optionalText("escape") else {
      // With nothing around it, a value can become nothing else.
      guard template.sole != nil || template.literal != nil else {
        throw Refusal(
          "missing", at: raw.path("escape"), "values between other text are escaped: json, xml or percent was expected")
      }
      return .raw(template, nil)
    }
    switch escape {
    case "json": return .raw(template, .json)
    case "xml": return .raw(template, .xml)
    case "percent": return .raw(template, .percent)
    default: throw Refusal("unknown-word", at: raw.path("escape"), "one of these was expected: json, xml, percent")
    }
  }
}

extension RequestDescription.Body {
  var isNone: Bool { if case .none = self { true } else { false } }

  /// Of a body that has one by its nature.
  var contentType: String? {
    switch self {
    case .form: "application/x-www-form-urlencoded"
    case .json: "application/json; charset=utf-8"
    case .none, .raw: nil
    }
  }
}

extension FieldTemplate {
  func refuseBinary(_ scope: TemplateScope) throws(Refusal) {
    guard isBinary(scope) else { return }
    throw Refusal("not-a-template", at: place, "the step makes bytes: hex or base64 can be placed here")
  }
}

extension UInt8 {
  fileprivate var isHostCharacter: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: "-.:[]_".utf8.contains(self)
    }
  }
}

extension String {
  /// RFC 9110, 5.6.2.
  var isToken: Bool {
    !isEmpty
      && utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"):
          true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }
}
