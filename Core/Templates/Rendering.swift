internal import Values

extension Template {
  /// What the message says to somebody. Every missing variable is named, not only the first.
  ///
  /// - Parameter zone: whose clock times are told by; without one, as each is written.
  public func render(
    _ values: [String: TemplateValue], in locale: TemplateLocale, zone: TemplateZone? = nil,
    atMost limit: Int = Template.longestOutput
  ) throws(RenderRefusal) -> String {
    try told(values, in: locale, zone: zone, atMost: limit).text
  }

  /// The same, with what it tells of each value.
  func told(
    _ values: [String: TemplateValue], in locale: TemplateLocale, zone: TemplateZone?, atMost limit: Int
  ) throws(RenderRefusal) -> (text: String, values: [ToldValue]) {
    var rendering = Rendering(values: values, locale: locale, zone: zone, limit: limit)
    try rendering.write(nodes)
    guard rendering.missing.isEmpty else { throw .missing(rendering.missing) }
    return (rendering.text, rendering.told)
  }
}

/// A variable as a message tells it: with its format, or the default in its place.
public struct ToldValue: Hashable, Sendable {
  public let name: String
  public let text: String

  public init(_ name: String, _ text: String) {
    self.name = name
    self.text = text
  }
}

private struct Rendering {
  let values: [String: TemplateValue]
  let locale: TemplateLocale
  let zone: TemplateZone?
  let limit: Int
  var text = ""
  var missing: [String] = []
  /// In the order in which they are told first.
  var told: [ToldValue] = []

  mutating func write(_ nodes: [TemplateNode]) throws(RenderRefusal) {
    for node in nodes {
      switch node {
      case .literal(let text): try add(text)
      case .value(let slot): try write(slot)
      case .choice(let condition, let met, let otherwise): try write(holds(condition) ? met : otherwise)
      }
    }
  }

  private func holds(_ condition: TemplateNode.Condition) -> Bool {
    let value = values[condition.name].flatMap { $0.isThere ? $0 : nil }
    guard let wanted = condition.wanted else { return value != nil && value != .boolean(false) }
    return (value?.is(wanted) ?? false) != condition.isNegated
  }

  private mutating func write(_ slot: TemplateNode.Slot) throws(RenderRefusal) {
    guard let value = values[slot.name], value.isThere else {
      guard let fallback = slot.fallback else {
        if !missing.contains(slot.name) { missing.append(slot.name) }
        return
      }
      return try add(try placed(fallback, slot), of: slot)
    }
    let written: String
    if let format = slot.format {
      guard let found = format.write(value, locale, zone) else { throw .unfit(slot.name, needed: format.needed) }
      written = found
    } else {
      switch value {
      case .text(let text), .number(let text): written = text
      case .money(let money): written = money.written(.symbol, locale) ?? money.description
      case .boolean: throw .unfit(slot.name, needed: "a text: true and false are for conditions")
      }
    }
    try add(try placed(written, slot), of: slot)
  }

  private mutating func add(_ text: String, of slot: TemplateNode.Slot) throws(RenderRefusal) {
    if !told.contains(where: { $0.name == slot.name }) { told.append(ToldValue(slot.name, text)) }
    try add(text)
  }

  private mutating func add(_ more: String) throws(RenderRefusal) {
    guard text.utf8.count + more.utf8.count <= limit else { throw .tooLong(limit) }
    text += more
  }

  /// As the place wants it.
  private func placed(_ text: String, _ slot: TemplateNode.Slot) throws(RenderRefusal) -> String {
    let isFit = slot.place == .header ? isFitForHeader : isFitForText
    guard text.unicodeScalars.allSatisfy(isFit) else { throw .forbidden(slot.name) }
    switch slot.place {
    case .text, .header: return text
    case .markup: return escapedMarkup(text)
    case .address:
      guard isWebAddress(text) else { throw .unfit(slot.name, needed: webAddress) }
      return escapedMarkup(text)
    case .path: return percentEncoded(text, keeping: "+@")
    case .query: return percentEncoded(text, keeping: "")
    }
  }
}

/// For text and for attributes in quotation marks of either kind.
private func escapedMarkup(_ text: String) -> String {
  var escaped = ""
  escaped.reserveCapacity(text.utf8.count)
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "'": escaped += "&#39;"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}

/// RFC 3986, 2.1: all but unreserved characters, of UTF-8.
private func percentEncoded(_ text: String, keeping kept: String) -> String {
  let digits = Array("0123456789ABCDEF")
  var encoded = ""
  for byte in text.utf8 {
    let scalar = Unicode.Scalar(byte)
    let isUnreserved = byte < 0x80 && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte))
    if isUnreserved || "-._~".unicodeScalars.contains(scalar) || kept.unicodeScalars.contains(scalar) {
      encoded.unicodeScalars.append(scalar)
    } else {
      encoded += "%"
      encoded.append(digits[Int(byte >> 4)])
      encoded.append(digits[Int(byte & 15)])
    }
  }
  return encoded
}
