internal import Values

/// What may stand between the braces of a description: `{{to}}`, `{{secret.KEY}}`, `{{time.unix}}`.
enum Placeholder: Hashable, Sendable {
  case order(OrderField)
  /// The number without its plus and, where it begins with this country code, without that.
  case withoutCountryCode(String)
  case variable(String)
  case callBack(String)
  case time(TimeForm)
  case nonce(NonceForm)
  case secret(String)
  case step(Int)
  case request(RequestPart)
  case requestHeader(String)
  case call(CallPart)
  case callHeader(String)

  enum OrderField: String, CaseIterable {
    case reference, to, from, text, signature, template, encoding, parts
    case digits = "to.digits"
    case document = "document.base64"
    case signedText = "text.signed"
    case variablesObject = "variables.object"
    case variablesArray = "variables.array"
    case validitySeconds = "validity.seconds"
    case validityMinutes = "validity.minutes"
  }

  /// The request as it stands once it is built, before its signature.
  enum RequestPart: String, CaseIterable {
    case method = "request.method"
    case host = "request.host"
    case path = "request.path"
    case query = "request.query"
    /// By name, as canonical requests want it.
    case sortedQuery = "request.query.sorted"
    case form = "request.form"
    case sortedForm = "request.form.sorted"
    case body = "request.body"
  }

  /// What a gateway calls back with.
  enum CallPart: String, CaseIterable {
    case method = "call.method"
    /// As we are reached from outside: the base that orders name, the path and the query.
    case url = "call.url"
    case path = "call.path"
    case query = "call.query"
    case body = "call.body"
    /// Names and values of the form, decoded, by name, with nothing between them.
    case joinedForm = "call.form.joined"
  }

  /// Whether it is JSON by itself: only that may stand in a body of JSON without quotation marks.
  var isJSON: Bool {
    switch self {
    case .order(let field):
      switch field {
      case .variablesObject, .variablesArray, .parts, .validitySeconds, .validityMinutes: true
      default: false
      }
    case .time(.unix), .time(.milliseconds): true
    default: false
    }
  }
}

/// Which placeholders a description may use in one of its places, and what it named them.
struct TemplateScope {
  enum Family { case order, request, call }

  let constants: [String: String]
  let callBacks: [String]
  private(set) var steps: [Step] = []
  /// All that were asked for so far.
  private(set) var secrets: Set<String> = []

  init(constants: [String: String], callBacks: [String]) {
    self.constants = constants
    self.callBacks = callBacks
  }

  /// Steps see the ones before them only.
  mutating func add(_ step: Step) { steps.append(step) }

  mutating func need(_ more: Set<String>) { secrets.formUnion(more) }

  enum Found {
    case literal(String)
    case value(Placeholder)
  }

  /// - Parameter families: what there is at this place beside constants, secrets and steps.
  mutating func find(_ name: String, _ families: Set<Family>, at place: String) throws(Refusal) -> Found {
    if let text = name.after("constant.") {
      guard let value = constants[text] else {
        throw unknown("constants has no such constant", text, Array(constants.keys), place)
      }
      return .literal(value)
    }
    if let key = name.after("secret.") {
      guard key.isSecretName else {
        throw Refusal(
          "not-a-secret-name", at: place, "a secret is named by capital letters, digits and _, as in API_KEY")
      }
      secrets.insert(key)
      return .value(.secret(key))
    }
    if let text = name.after("step.") {
      guard let step = steps.lastIndex(where: { $0.name == text }) else {
        throw unknown("no step before this one has that name", text, steps.map(\.name), place)
      }
      return .value(.step(step))
    }
    if families.contains(.order), let found = try order(name, place) { return .value(found) }
    if families.contains(.request) {
      if let part = Placeholder.RequestPart(rawValue: name) { return .value(.request(part)) }
      if let field = name.after("request.header.") { return .value(.requestHeader(field.lowercased())) }
    }
    if families.contains(.call) {
      if let part = Placeholder.CallPart(rawValue: name) { return .value(.call(part)) }
      if let field = name.after("call.header.") { return .value(.callHeader(field.lowercased())) }
    }
    throw unknown("nothing stands for this placeholder here", name, known(families), place)
  }

  private func order(_ name: String, _ place: String) throws(Refusal) -> Placeholder? {
    if let field = Placeholder.OrderField(rawValue: name) { return .order(field) }
    if let form = TimeForm(rawValue: name) { return .time(form) }
    if let form = NonceForm(rawValue: name) { return .nonce(form) }
    if let text = name.after("variable."), !text.isEmpty { return .variable(text) }
    if let code = name.after("to.without."), (1...3).contains(code.utf8.count),
      code.utf8.allSatisfy({ (48...57).contains($0) })
    {
      return .withoutCountryCode(code)
    }
    guard let text = name.after("callBack.") else { return nil }
    guard callBacks.contains(text) else { throw unknown("callBacks has no such call-back", text, callBacks, place) }
    return .callBack(text)
  }

  private func known(_ families: Set<Family>) -> [String] {
    var names = constants.keys.map { "constant.\($0)" } + steps.map { "step.\($0.name)" } + ["secret.KEY"]
    if families.contains(.order) {
      names += Placeholder.OrderField.allCases.map(\.rawValue) + TimeForm.allCases.map(\.rawValue)
      names +=
        NonceForm.allCases.map(\.rawValue) + callBacks.map { "callBack.\($0)" } + ["variable.NAME", "to.without.86"]
    }
    if families.contains(.request) { names += Placeholder.RequestPart.allCases.map(\.rawValue) }
    if families.contains(.call) { names += Placeholder.CallPart.allCases.map(\.rawValue) }
    return names
  }

  private func unknown(_ sentence: String, _ name: String, _ known: [String], _ place: String) -> Refusal {
    Refusal("unknown-placeholder", at: place, sentence + Misspelling.hint(name, known.sorted()))
  }
}

extension String {
  /// What follows a beginning; nil if it begins otherwise.
  func after(_ beginning: String) -> String? {
    hasPrefix(beginning) ? String(dropFirst(beginning.count)) : nil
  }

  fileprivate var isSecretName: Bool {
    (1...60).contains(utf8.count)
      && utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || $0 == UInt8(ascii: "_") }
  }
}
