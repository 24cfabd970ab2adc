internal import JSON
internal import ShortMessages
internal import Values

/// What placeholders stand for while one request is built or one call-back is checked.
struct Evaluation {
  let secrets: [String: String]
  var order: Order?
  var steps: [[UInt8]?] = []
  var request: BuiltRequest?
  var call: Call?

  struct Order {
    let order: TextOrder
    let now: Timestamp
    /// Of the gateway, where the order has none.
    let from: String?
    let validity: Duration?
    let mostValidity: Duration?
    /// By name, as `receive-receipts` is reached for each.
    let callBacks: [String: CallBackAddress]
  }

  struct Call {
    let call: CallBack
    let base: String
  }

  init(secrets names: Set<String>, _ secrets: (String) -> String?) {
    var found: [String: String] = [:]
    for name in names {
      // An empty one protects nothing.
      if let secret = secrets(name), !secret.isEmpty { found[name] = secret }
    }
    self.secrets = found
  }

  mutating func run(_ steps: [Step]) throws(Refusal) {
    for step in steps { self.steps.append(try step.made(self)) }
  }

  /// nil where there is no such value.
  func value(of placeholder: Placeholder) throws(Refusal) -> [UInt8]? {
    switch placeholder {
    case .secret(let name): return try secret(name)
    case .step(let number): return steps[number]
    case .order(let field): return order.flatMap { $0.value(of: field) }.map { Array($0.utf8) }
    case .withoutCountryCode(let code):
      guard let digits = order?.order.to.drop(while: { $0 == "+" }) else { return nil }
      return Array((digits.hasPrefix(code) ? digits.dropFirst(code.count) : digits).utf8)
    case .variable(let name):
      return order?.order.variables.first { $0.name == name }.map { Array($0.value.utf8) }
    case .time(let form): return order.map { form.write($0.now) }
    case .nonce(let form): return order.map { form.write($0.order.reference) }
    case .callBack(let name): return try callBack(name)
    case .request(let part): return request?.value(of: part)
    case .requestHeader(let name):
      return request?.headers.first { $0.name.lowercased() == name }.map { Array($0.value.utf8) }
    case .call(let part): return call?.value(of: part)
    case .callHeader(let name): return call?.call.header(name).map { Array($0.utf8) }
    }
  }

  private func secret(_ name: String) throws(Refusal) -> [UInt8] {
    guard let secret = secrets[name] else {
      throw Refusal("no-secret", at: "secret.\(name)", "no such secret is set for this gateway")
    }
    return Array(secret.utf8)
  }

  private func callBack(_ name: String) throws(Refusal) -> [UInt8]? {
    guard let order, let base = order.order.callBack, let address = order.callBacks[name] else { return nil }
    return try address.url(base, self)
  }
}

extension Evaluation.Order {
  func value(of field: Placeholder.OrderField) -> String? {
    switch field {
    case .reference: order.reference
    case .to: order.to
    case .digits: String(order.to.drop { $0 == "+" })
    case .from: order.from ?? from
    case .document: order.document.map { String(decoding: Base64.encoded($0), as: UTF8.self) }
    case .text: order.text
    case .signedText: ShortMessage.signed(order.text, order.signature)
    case .signature: order.signature
    case .template: order.providerTemplate
    case .encoding: order.encoding.rawValue
    case .parts: String(order.parts)
    case .variablesObject:
      text(.object(order.variables.map { JSONValue.Member($0.name, .text($0.value)) }))
    case .variablesArray: text(.array(order.variables.map { .text($0.value) }))
    case .validitySeconds: seconds.map { String($0) }
    // A minute begun is given whole.
    case .validityMinutes: seconds.map { String(($0 + 59) / 60) }
    }
  }

  private var seconds: Int64? {
    let most = mostValidity ?? .seconds(365 * 86_400)
    return (order.validity ?? validity).map { max(1, min($0, most).components.seconds) }
  }

  private func text(_ value: JSONValue) -> String { String(decoding: value.bytes, as: UTF8.self) }
}

extension Evaluation.Call {
  func value(of part: Placeholder.CallPart) -> [UInt8] {
    switch part {
    case .method: return Array(call.method.utf8)
    case .url: return Array((base + call.target).utf8)
    case .path: return Array(call.path.utf8)
    case .query: return Array(call.query.utf8)
    case .body: return call.body
    case .joinedForm:
      return FormPairs(call.body).all.sorted { $0.name.lexicographicallyPrecedes($1.name) }
        .flatMap { $0.name + $0.value }
    }
  }
}
