public import JSON
public import Values

/// What a variable is.
public enum TemplateValue: Hashable, Sendable {
  case text(String)
  /// As it was written, so that nothing of it is lost: `1234.50`.
  case number(String)
  /// For conditions only.
  case boolean(Bool)
  case money(Money)

  /// nil where it is not a text or a number.
  var plain: String? {
    switch self {
    case .text(let text), .number(let text): text
    case .boolean, .money: nil
    }
  }

  /// What the formats of time take for a moment, whose clock matters; nil for anything else, a day among it.
  public var moment: Timestamp? { plain.flatMap { Timestamp(rfc3339: $0.utf8) } }

  /// Money itself, or a text like `1234.50 CNY`.
  var asMoney: Money? {
    switch self {
    case .money(let money): return money
    case .text(let text):
      let parts = text.split(separator: " ", omittingEmptySubsequences: false)
      return parts.count == 2 ? Money(String(parts[0]), String(parts[1])) : nil
    case .number, .boolean: return nil
    }
  }

  /// Whether there is something to write: a text of blanks is nothing.
  var isThere: Bool {
    switch self {
    case .text(let text): !text.isBlank
    case .number, .boolean, .money: true
    }
  }

  func `is`(_ wanted: String) -> Bool {
    switch self {
    case .text(let text), .number(let text): text == wanted
    case .boolean(let value): wanted == (value ? "true" : "false")
    case .money(let money): wanted == money.description
    }
  }
}

extension [String: TemplateValue] {
  /// The members of an object; those of objects within it under names with points, `customer.name`; an object of amount and
  /// currency is money, `null` is nothing. An array is refused: no template could use it.
  public init(reading object: JSONObject) throws(Refusal) {
    self.init()
    try read(object, under: "")
  }

  private mutating func read(_ object: JSONObject, under prefix: String) throws(Refusal) {
    for member in try object.members() {
      let name = prefix + member.name
      guard self[name] == nil else { throw Refusal("twice", at: name, "the variable stands there twice") }
      switch member.value {
      case .text(let text): self[name] = .text(text)
      case .number(let text): self[name] = .number(text)
      case .boolean(let value): self[name] = .boolean(value)
      case .object(let inner):
        if Set(inner.names) == ["amount", "currency"] {
          self[name] = .money(try inner.money())
        } else {
          try read(inner, under: name + ".")
        }
      case .array: throw Refusal("wrong-type", at: name, "a text, a number, true, false, or an object was expected")
      case .null: break
      }
    }
  }
}
