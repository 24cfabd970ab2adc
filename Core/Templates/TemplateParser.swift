/// Reads a template's source, once, from left to right.
struct TemplateParser {
  private let source: [UInt8]
  private var surroundings: Surroundings
  private var at = 0
  private var depth = 0

  init(_ source: String, _ context: Template.Context) {
    self.source = Array(source.utf8)
    surroundings = Surroundings(context)
  }

  mutating func parse() throws(TemplateError) -> [TemplateNode] {
    guard source.count <= Template.longestSource else {
      throw TemplateError("a template has at most \(Template.longestSource) bytes", at: 0, of: source)
    }
    let (nodes, end) = try nodes()
    switch end.tag {
    case .end: break
    case .otherwise: throw error("{{else}} stands outside of {{#if}}", at: end.start)
    default: throw error("{{/if}} closes nothing", at: end.start)
    }
    if let reason = surroundings.unfinished { throw error(reason, at: source.count) }
    return nodes
  }

  private func error(_ reason: String, at place: Int) -> TemplateError { TemplateError(reason, at: place, of: source) }

  private typealias End = (tag: Tag, start: Int)

  /// What stands until the end, `{{else}}` or `{{/if}}`.
  private mutating func nodes() throws(TemplateError) -> ([TemplateNode], End) {
    var nodes: [TemplateNode] = []
    while true {
      let text = literal()
      try take(text, from: text.startIndex, in: &nodes)
      let start = at
      let tag = try self.tag()
      switch tag {
      case .end, .otherwise, .close: return (nodes, (tag, start))
      case .literal(let text):
        if surroundings.forbidden(in: text) != nil { throw error(surroundings.forbidding, at: start) }
        try take(Array(text.utf8)[...], from: start, in: &nodes)
      case .value(let name, let format, let fallback):
        let place: TemplateNode.Place
        switch surroundings.value() {
        case .success(let found): place = found
        case .failure(let refusal): throw error(refusal.reason, at: start)
        }
        if place == .address, let fallback, !isWebAddress(fallback) {
          throw error("the default here must be \(webAddress)", at: start)
        }
        nodes.append(.value(TemplateNode.Slot(name: name, format: format, fallback: fallback, place: place)))
      case .open(let condition): nodes.append(try choice(condition, start))
      }
    }
  }

  private mutating func choice(
    _ condition: TemplateNode.Condition, _ start: Int
  ) throws(TemplateError) -> TemplateNode {
    depth += 1
    guard depth <= Template.deepest else {
      throw error("conditionals stand within each other at most \(Template.deepest) deep", at: start)
    }
    let before = surroundings
    let (met, first) = try nodes()
    let afterMet = surroundings
    surroundings = before
    var otherwise: [TemplateNode] = []
    var last = first
    if case .otherwise = first.tag { (otherwise, last) = try nodes() }
    switch last.tag {
    case .close: break
    case .otherwise: throw error("{{else}} stands twice in one {{#if}}", at: last.start)
    default: throw error("{{#if}} is not closed with {{/if}}", at: start)
    }
    guard surroundings == afterMet else {
      throw error("the branches of {{#if}} end at different places of the markup", at: last.start)
    }
    depth -= 1
    return .choice(condition, met: met, otherwise: otherwise)
  }

  /// The text up to the next tag.
  private mutating func literal() -> ArraySlice<UInt8> {
    let start = at
    while at < source.count {
      if source[at] == UInt8(ascii: "{"), at + 1 < source.count, source[at + 1] == UInt8(ascii: "{") { break }
      at += 1
    }
    return source[start..<at]
  }

  private mutating func take(
    _ text: ArraySlice<UInt8>, from start: Int, in nodes: inout [TemplateNode]
  ) throws(TemplateError) {
    guard !text.isEmpty else { return }
    let words = String(decoding: text, as: UTF8.self)
    if let offset = surroundings.forbidden(in: words) { throw error(surroundings.forbidding, at: start + offset) }
    surroundings.literal(text)
    nodes.append(.literal(words))
  }

  private mutating func tag() throws(TemplateError) -> Tag {
    guard at < source.count else { return .end }
    var reader = TagReader(source, at: at)
    let tag = try reader.read(surroundings)
    at = reader.at
    return tag
  }
}

/// What stands between `{{` and `}}`.
enum Tag {
  case value(name: String, Format?, fallback: String?)
  case literal(String)
  case open(TemplateNode.Condition)
  case otherwise
  case close
  /// Of the source.
  case end
}
