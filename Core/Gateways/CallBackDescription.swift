internal import JSON
internal import Values

/// How a gateway tells what became of messages, or what somebody has sent.
public struct CallBackDescription: Sendable {
  public enum Kind: String, Sendable, CaseIterable { case receipts, messages }

  public let kind: Kind
  public let methods: [String]
  public let answer: CallBackAnswer
  let address: CallBackAddress
  let authentication: CallBackAuthentication
  /// Where the receipts or messages stand that one body holds several of.
  let each: JSONPath?
  let id: CallBackSource?
  let reference: CallBackSource?
  let status: CallBackSource?
  let statuses: [String: Receipt.Status]
  let code: CallBackSource?
  let part: CallBackSource?
  let from: CallBackSource?
  /// Of `from`, where that is written without.
  let countryCode: CallBackSource?
  let to: CallBackSource?
  let text: CallBackSource?
  let charset: CallBackSource?

  static func read(
    _ rows: JSONObject?, of gateway: String, in scope: inout TemplateScope
  ) throws(Refusal) -> [String: CallBackDescription] {
    guard let rows else { return [:] }
    var all: [String: CallBackDescription] = [:]
    for (name, value) in try rows.members() {
      let place = rows.path("") + Misspelling.shown(name)
      guard (1...40).contains(name.utf8.count),
        name.utf8.allSatisfy({ (97...122).contains($0) || $0 == UInt8(ascii: "-") })
      else { throw Refusal("not-a-name", at: place, "small letters and dashes were expected: it stands in an address") }
      guard case .object(let row) = value else { throw Refusal("wrong-type", at: place, "an object was expected") }
      all[name] = try CallBackDescription(row, gateway, name, in: &scope)
    }
    return all
  }

  private init(_ row: JSONObject, _ gateway: String, _ name: String, in scope: inout TemplateScope) throws(Refusal) {
    kind = try row.choice("kind")
    switch kind {
    case .receipts:
      try row.refuseOthers(
        "kind", "methods", "authentication", "each", "id", "reference", "status", "statuses", "code", "part", "answer")
    case .messages:
      try row.refuseOthers(
        "kind", "methods", "authentication", "each", "id", "from", "countryCode", "to", "text", "charset",
        "answer")
    }
    methods = try CallBackDescription.methods(of: row)
    authentication = try CallBackAuthentication(try row.object("authentication"), in: &scope)
    address = CallBackAddress(gateway: gateway, name: name, secret: authentication.inPath)
    each = try row.optionalText("each").map { text throws(Refusal) in try JSONPath(text, at: row.path("each")) }
    func source(_ field: StaticString, isNeeded: Bool = false) throws(Refusal) -> CallBackSource? {
      guard let text = isNeeded ? try row.text(field) : try row.optionalText(field) else { return nil }
      return try CallBackSource(text, at: row.path(field))
    }
    id = try source("id")
    let isReceipts = kind == .receipts
    reference = isReceipts ? try source("reference") : nil
    status = isReceipts ? try source("status", isNeeded: true) : nil
    statuses = isReceipts ? try CallBackDescription.statuses(of: row) : [:]
    code = isReceipts ? try source("code") : nil
    part = isReceipts ? try source("part") : nil
    from = isReceipts ? nil : try source("from", isNeeded: true)
    countryCode = isReceipts ? nil : try source("countryCode")
    to = isReceipts ? nil : try source("to")
    text = isReceipts ? nil : try source("text", isNeeded: true)
    charset = isReceipts ? nil : try source("charset")
    guard !isReceipts || id != nil || reference != nil else {
      throw Refusal("missing", at: row.path("id"), "a receipt is found by id, by reference or by both")
    }
    answer = try CallBackDescription.answer(of: row)
  }

  var needsJSON: Bool {
    each != nil
      || [id, reference, status, code, part, from, countryCode, to, text, charset].contains {
        if case .json = $0 { true } else { false }
      }
  }

  private static func methods(of row: JSONObject) throws(Refusal) -> [String] {
    let methods = try row.texts("methods", atMost: 2)
    for (index, method) in methods.enumerated() where !["GET", "POST"].contains(method) {
      throw Refusal("unknown-word", at: "\(row.path("methods"))[\(index)]", "one of these was expected: GET, POST")
    }
    return methods.isEmpty ? ["POST"] : methods
  }

  private static func statuses(of row: JSONObject) throws(Refusal) -> [String: Receipt.Status] {
    var statuses: [String: Receipt.Status] = [:]
    let words = try row.object("statuses")
    for (given, word) in try words.literals(atMost: 200) {
      guard let status = Receipt.Status(rawValue: word) else {
        throw Refusal(
          "unknown-word", at: words.path("") + Misspelling.shown(given),
          "one of these was expected: \(Receipt.Status.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      statuses[given] = status
    }
    guard !statuses.isEmpty else { throw Refusal("missing", at: row.path("statuses"), "the field is required") }
    return statuses
  }

  private static func answer(of row: JSONObject) throws(Refusal) -> CallBackAnswer {
    guard let row = try row.optionalObject("answer") else {
      return CallBackAnswer(status: 200, contentType: "text/plain; charset=utf-8", body: "")
    }
    try row.refuseOthers("status", "contentType", "body")
    let type = try row.optionalText("contentType", 1...100) ?? "text/plain; charset=utf-8"
    guard type.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
      throw Refusal("not-a-header", at: row.path("contentType"), "visible ASCII characters were expected")
    }
    return CallBackAnswer(
      status: Int(try row.optionalInteger("status", 200...299) ?? 200), contentType: type,
      body: try row.optionalText("body", 0...4000) ?? "")
  }
}

/// Where something stands in a call-back: `query:id`, `form:MessageSid`, `json:$.sid`, `header:x-kannel-from`, `body`.
enum CallBackSource: Sendable, Hashable {
  case query(String)
  case form(String)
  /// Of each, where there are several.
  case json(JSONPath)
  case header(String)
  case body

  init(_ text: String, at place: String) throws(Refusal) {
    if text == "body" {
      self = .body
    } else if let name = text.after("query:"), !name.isEmpty {
      self = .query(name)
    } else if let name = text.after("form:"), !name.isEmpty {
      self = .form(name)
    } else if let name = text.after("header:"), name.isToken {
      self = .header(name.lowercased())
    } else if let path = text.after("json:") {
      self = .json(try JSONPath(path, at: place))
    } else {
      throw Refusal(
        "not-a-source", at: place, "one of these was expected: query:NAME, form:NAME, json:$.PATH, header:NAME, body")
    }
  }
}

/// `/gateway/name`, and a secret behind it where that is how the gateway proves who it is.
struct CallBackAddress: Sendable {
  let gateway: String
  let name: String
  let secret: FieldTemplate?

  func path(_ values: Evaluation) throws(Refusal) -> [UInt8] {
    let path = Array("/\(gateway)/\(name)".utf8)
    guard let secret else { return path }
    guard let value = try secret.filled(values, escaping: .percent), !value.isEmpty else {
      throw Refusal("no-secret", at: secret.place, "the secret of the address is empty")
    }
    return path + [UInt8(ascii: "/")] + value
  }

  func url(_ base: String, _ values: Evaluation) throws(Refusal) -> [UInt8] { Array(base.utf8) + (try path(values)) }
}
