internal import Values

/// A text of a description with placeholders in it: `Bearer {{secret.TOKEN}}`.
///
/// `{{name?}}`: where there is no such value, the whole field is left out; without the mark that is a refusal.
/// `{{name|percent}}`: percent-encoded before it is placed, for an address within a value. `{{"{{"}}` is two braces.
struct FieldTemplate: Sendable {
  enum Piece: Sendable {
    case literal([UInt8])
    case value(Placeholder, isOptional: Bool, isPercentEncoded: Bool)
  }

  /// Of the description, for refusals.
  let place: String
  let pieces: [Piece]
  /// Stands by itself in a body of JSON: `{{parts|json}}`.
  let isJSON: Bool

  init(
    _ source: String, at place: String, in scope: inout TemplateScope,
    of families: Set<TemplateScope.Family> = [.order], mayBeJSON: Bool = false
  ) throws(Refusal) {
    self.place = place
    var pieces: [Piece] = []
    var isJSON = false
    var rest = Array(source.utf8)[...]
    while let open = rest.pair(UInt8(ascii: "{")) {
      pieces.add(rest[..<open])
      let inner = rest[(open + 2)...]
      guard let close = inner.pair(UInt8(ascii: "}")) else {
        throw Refusal("not-a-template", at: place, "{{ is not closed with }}")
      }
      rest = rest[(close + 2)...]
      let tag = Tag(String(decoding: inner[..<close], as: UTF8.self))
      if tag.name == "\"{{\"" {
        pieces.add("{{".utf8)
        continue
      }
      guard tag.filter == nil || tag.filter == "percent" || tag.filter == "json" else {
        throw Refusal("not-a-template", at: place, "after | there is percent or json and no other")
      }
      if tag.filter == "json" { isJSON = true }
      switch try scope.find(tag.name, families, at: place) {
      case .literal(let text):
        pieces.add(tag.filter == "percent" ? Escaping.percentEncoded(Array(text.utf8)) : Array(text.utf8))
      case .value(let placeholder):
        guard !isJSON || placeholder.isJSON else {
          throw Refusal("not-a-template", at: place, "only numbers, variables.object and variables.array are JSON")
        }
        pieces.append(.value(placeholder, isOptional: tag.isOptional, isPercentEncoded: tag.filter == "percent"))
      }
    }
    guard rest.pair(UInt8(ascii: "}")) == nil else { throw Refusal("not-a-template", at: place, "}} closes nothing") }
    pieces.add(rest)
    guard !isJSON || mayBeJSON && pieces.count == 1 else {
      throw Refusal("not-a-template", at: place, "|json stands by itself, as a value in a body of JSON")
    }
    self.pieces = pieces
    self.isJSON = isJSON
  }

  /// What it says if nothing has to be filled in.
  var literal: [UInt8]? {
    switch pieces.count {
    case 0: []
    case 1: if case .literal(let text) = pieces[0] { text } else { nil }
    default: nil
    }
  }

  /// The only placeholder, where nothing else stands there.
  var sole: Placeholder? {
    guard pieces.count == 1, case .value(let placeholder, _, false) = pieces[0] else { return nil }
    return placeholder
  }

  /// Whether bytes that are no text may come out.
  func isBinary(_ scope: TemplateScope) -> Bool {
    placeholders.contains { if case .step(let number) = $0 { scope.steps[number].isBinary } else { false } }
  }

  var placeholders: [Placeholder] {
    pieces.compactMap { if case .value(let placeholder, _, _) = $0 { placeholder } else { nil } }
  }

  /// nil where an optional value is missing.
  /// - Parameter escaping: of the values; the description's own text stands as it is.
  func filled(_ values: Evaluation, escaping: Escaping? = nil) throws(Refusal) -> [UInt8]? {
    var out: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .literal(let text): out += text
      case .value(let placeholder, let isOptional, let isPercentEncoded):
        guard var value = try values.value(of: placeholder) else {
          if isOptional { return nil }
          throw Refusal("missing", at: place, "the message has no value for a placeholder that needs one")
        }
        if isPercentEncoded { value = Escaping.percentEncoded(value) }
        out += escaping?.escape(value) ?? value
      }
    }
    return out
  }
}

/// `name`, `name?`, `name|percent`, `name?|json`.
private struct Tag {
  var name: String
  var isOptional: Bool
  var filter: String?

  init(_ inner: String) {
    let bar = inner.firstIndex(of: "|")
    name = String(inner[..<(bar ?? inner.endIndex)])
    filter = bar.map { String(inner[inner.index(after: $0)...]) }
    isOptional = name.hasSuffix("?")
    if isOptional { name.removeLast() }
  }
}

extension ArraySlice<UInt8> {
  /// Where the byte stands twice first.
  fileprivate func pair(_ byte: UInt8) -> Int? {
    indices.dropLast().first { self[$0] == byte && self[$0 + 1] == byte }
  }
}

extension [FieldTemplate.Piece] {
  fileprivate mutating func add(_ bytes: some Sequence<UInt8>) {
    var text = [UInt8](bytes)
    guard !text.isEmpty else { return }
    if case .literal(let before) = last {
      removeLast()
      text = before + text
    }
    append(.literal(text))
  }
}
