internal import Digest
internal import JSON
internal import Values

/// How a gateway proves who it is: something made with a secret has to stand where the description says.
///
///     {"in": "path", "secret": "{{secret.CALL_BACK}}"}                       as the address' last part
///     {"in": "query:token", "secret": "{{secret.CALL_BACK}}"}                or header:x-token
///     {"in": "header:x-signature", "secret": "sha256={{step.code}}",
///      "steps": [{"name": "code", "hmac": "sha256", "key": "{{secret.KEY}}", "of": "{{call.body}}"}]}
struct CallBackAuthentication: Sendable {
  enum Place: Sendable, Hashable {
    case path
    case query(String)
    case header(String)
  }

  let place: Place
  private let steps: [Step]
  private let wanted: FieldTemplate
  let secrets: Set<String>

  init(_ row: JSONObject, in scope: inout TemplateScope) throws(Refusal) {
    try row.refuseOthers("in", "secret", "steps")
    let text = try row.text("in", 1...100)
    if text == "path" {
      place = .path
    } else if let name = text.after("query:"), !name.isEmpty {
      place = .query(name)
    } else if let name = text.after("header:"), name.isToken {
      place = .header(name.lowercased())
    } else {
      throw Refusal("not-a-source", at: row.path("in"), "one of these was expected: path, query:NAME, header:NAME")
    }
    // Of its own: what orders are built with is not there when a gateway calls.
    var own = TemplateScope(constants: scope.constants, callBacks: [])
    let families: Set<TemplateScope.Family> = place == .path ? [] : [.call]
    steps = place == .path ? [] : try Step.read(row, in: &own, of: families)
    if place == .path, try !row.objects("steps", atMost: Step.most).isEmpty {
      throw Refusal("contradiction", at: row.path("steps"), "the last part of an address is a secret as it is")
    }
    wanted = try FieldTemplate(try row.text("secret", 1...1000), at: row.path("secret"), in: &own, of: families)
    try wanted.refuseBinary(own)
    guard !own.secrets.isEmpty else {
      throw Refusal("missing", at: row.path("secret"), "it is made with a secret, as in {{secret.CALL_BACK}}")
    }
    secrets = own.secrets
    scope.need(own.secrets)
  }

  var inPath: FieldTemplate? { place == .path ? wanted : nil }

  /// Compared in constant time. A call-back's secret that is not set lets nobody in.
  func admits(_ call: CallBack, _ address: CallBackAddress, _ values: inout Evaluation) throws(Refusal) -> Bool {
    switch place {
    case .path: return isSameSecret(Array(call.path.utf8), try address.path(values))
    case .query(let name):
      guard isSameSecret(Array(call.path.utf8), try address.path(values)) else { return false }
      return try isWanted(FormPairs(call.query.utf8).value(name), &values)
    case .header(let name):
      guard isSameSecret(Array(call.path.utf8), try address.path(values)) else { return false }
      return try isWanted(call.header(name).map { Array($0.utf8) }, &values)
    }
  }

  private func isWanted(_ given: [UInt8]?, _ values: inout Evaluation) throws(Refusal) -> Bool {
    guard let given else { return false }
    try values.run(steps)
    guard let wanted = try wanted.filled(values), !wanted.isEmpty else { return false }
    return isSameSecret(given, wanted)
  }
}
