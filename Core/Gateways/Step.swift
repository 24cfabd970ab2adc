internal import Digest
internal import JSON
internal import Values

/// A value that is made from others before it is placed: what signatures and the like consist of.
///
///     {"name": "key", "hmac": "sha256", "key": "TC3{{secret.SECRET_KEY}}", "of": "{{time.date}}", "as": "bytes"}
///     {"name": "payload", "hash": "sha256", "of": "{{request.body}}"}
///     {"name": "basic", "text": "{{secret.USER}}:{{secret.PASSWORD}}", "as": "base64"}
///     {"name": "address", "text": "{{callBack.receipts?}}", "replace": {"%": "%%"}}
///     {"name": "coding", "map": "{{encoding}}", "to": {"GSM-7": "0", "UCS-2": "2"}}
struct Step: Sendable {
  enum Kind: Sendable {
    /// In one pass, the first that fits at each place.
    case text(FieldTemplate, replacing: [(what: [UInt8], with: [UInt8])])
    case hash(HashAlgorithm, FieldTemplate)
    case code(HashAlgorithm, key: FieldTemplate, FieldTemplate)
    case map(FieldTemplate, [[UInt8]: [UInt8]], otherwise: [UInt8]?)
  }

  enum Form: String, CaseIterable { case bytes, hex, base64 }

  let name: String
  let kind: Kind
  let form: Form
  /// Made of bytes that are no text: fit for another step and for nothing else.
  let isBinary: Bool
  /// Of the description, for refusals.
  let place: String

  static let most = 20

  /// Reads `steps` and adds each to the scope, so that the next may use it.
  static func read(
    _ object: JSONObject, in scope: inout TemplateScope, of families: Set<TemplateScope.Family>
  ) throws(Refusal) -> [Step] {
    var steps: [Step] = []
    for (index, row) in try object.objects("steps", atMost: most).enumerated() {
      let step = try Step(row, "\(object.path("steps"))[\(index)]", in: &scope, of: families)
      guard !scope.steps.contains(where: { $0.name == step.name }) else {
        throw Refusal("twice", at: row.path("name"), "two steps have this name")
      }
      scope.add(step)
      steps.append(step)
    }
    return steps
  }

  private init(
    _ row: JSONObject, _ place: String, in scope: inout TemplateScope, of families: Set<TemplateScope.Family>
  ) throws(Refusal) {
    try row.refuseOthers("name", "text", "replace", "hash", "hmac", "key", "of", "map", "to", "otherwise", "as")
    self.place = place
    name = try row.text("name", 1...40)
    let kinds = try [row.optionalText("text", 1...4000), row.optionalText("hash"), row.optionalText("hmac")]
    let map = try row.optionalText("map", 1...4000)
    guard (kinds + [map]).count(where: { $0 != nil }) == 1 else {
      throw Refusal("contradiction", at: place, "a step has one of text, hash, hmac and map")
    }
    func template(_ name: StaticString, atLeast least: Int = 0) throws(Refusal) -> FieldTemplate {
      try FieldTemplate(try row.text(name, least...4000), at: row.path(name), in: &scope, of: families)
    }
    if kinds[0] != nil {
      let replacements = try row.optionalObject("replace")?.literals(atMost: 20, 0...100) ?? []
      guard replacements.allSatisfy({ !$0.name.isEmpty }) else {
        throw Refusal("empty", at: row.path("replace"), "nothing cannot be replaced")
      }
      kind = .text(
        try template("text"), replacing: replacements.map { (what: Array($0.name.utf8), with: Array($0.text.utf8)) })
    } else if kinds[1] != nil {
      kind = .hash(try row.choice("hash"), try template("of"))
    } else if kinds[2] != nil {
      kind = .code(try row.choice("hmac"), key: try template("key", atLeast: 1), try template("of"))
    } else {
      kind = .map(
        try template("map"),
        Dictionary(
          uniqueKeysWithValues: try row.object("to").literals(atMost: 100).map {
            (Array($0.name.utf8), Array($0.text.utf8))
          }),
        otherwise: try row.optionalText("otherwise", 0...200).map { Array($0.utf8) })
    }
    let isDigest = kinds[1] != nil || kinds[2] != nil
    form = try row.optionalChoice("as") ?? (isDigest ? .hex : .bytes)
    let takesBinary = if case .text(let template, _) = kind { template.isBinary(scope) } else { isDigest }
    isBinary = form == .bytes && takesBinary
  }

  var templates: [FieldTemplate] {
    switch kind {
    case .text(let template, _), .hash(_, let template), .map(let template, _, _): [template]
    case .code(_, let key, let template): [key, template]
    }
  }

  /// nil where an optional value is missing.
  func made(_ values: Evaluation) throws(Refusal) -> [UInt8]? {
    let made: [UInt8]
    switch kind {
    case .text(let template, let replacements):
      guard let text = try template.filled(values) else { return nil }
      made = replacements.isEmpty ? text : Step.replacing(replacements, in: text)
    case .hash(let algorithm, let template):
      guard let message = try template.filled(values) else { return nil }
      made = algorithm.hash(of: message)
    case .code(let algorithm, let key, let template):
      guard let key = try key.filled(values), let message = try template.filled(values) else { return nil }
      made = algorithm.code(of: message, key: key)
    case .map(let template, let table, let otherwise):
      let text = try template.filled(values)
      guard let found = text.flatMap({ table[$0] }) ?? otherwise else {
        guard text != nil else { return nil }
        throw Refusal("unmapped", at: place, "the step says nothing of this value")
      }
      made = found
    }
    switch form {
    case .bytes: return made
    case .hex: return Escaping.hex(made)
    case .base64: return Base64.encoded(made)
    }
  }
}

extension Step {
  private static func replacing(_ replacements: [(what: [UInt8], with: [UInt8])], in text: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var rest = text[...]
    while let first = rest.first {
      if let found = replacements.first(where: { rest.starts(with: $0.what) }) {
        out += found.with
        rest = rest.dropFirst(found.what.count)
      } else {
        out.append(first)
        rest = rest.dropFirst()
      }
    }
    return out
  }
}

extension JSONObject {
  /// Names and texts of an object whose names the description chose.
  func literals(atMost limit: Int, _ characters: ClosedRange<Int> = 0...4000) throws(Refusal) -> [(
    name: String, text: String
  )] {
    var literals: [(name: String, text: String)] = []
    for (name, value) in try members() {
      let place = path("") + Misspelling.shown(name)
      guard case .text(let text) = value else { throw Refusal("wrong-type", at: place, "a string was expected") }
      guard characters.contains(text.unicodeScalars.count) else {
        throw Refusal(
          "too-long", at: place, "\(characters.lowerBound) to \(characters.upperBound) characters are taken")
      }
      guard literals.count < limit else { throw Refusal("too-many", at: place, "at most \(limit) are taken") }
      literals.append((name, text))
    }
    return literals
  }
}
