internal import Values

/// Reads one tag: `{{`, what it says, `}}`, all on one line.
struct TagReader {
  private let source: [UInt8]
  private let start: Int
  private(set) var at: Int

  /// - Parameter start: where `{{` stands.
  init(_ source: [UInt8], at start: Int) {
    self.source = source
    self.start = start
    at = start + 2
  }

  mutating func read(_ surroundings: Surroundings) throws(TemplateError) -> Tag {
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): throw error("values are always escaped: there is no {{{, write {{name}}")
    case UInt8(ascii: "#"): return try open()
    case UInt8(ascii: "/"):
      at += 1
      let place = at
      guard try word("if") else { throw error("only {{/if}} closes something", at: place) }
      return try closed(.close)
    case UInt8(ascii: "\""): return try closed(.literal(try text()))
    default:
      let place = at
      let name = try self.name()
      if name == "else" { return try closed(.otherwise) }
      try refuseReserved(name, place)
      return try value(name, surroundings)
    }
  }

  private mutating func open() throws(TemplateError) -> Tag {
    at += 1
    let place = at
    guard try word("if"), next == UInt8(ascii: " ") else {
      throw error("there is {{#if NAME}} and no other", at: place)
    }
    skipBlanks()
    let namePlace = at
    var condition = TemplateNode.Condition(name: try name())
    try refuseReserved(condition.name, namePlace)
    skipBlanks()
    if next != UInt8(ascii: "}") {
      guard try word("is") else { throw error("`is` or }} was expected") }
      skipBlanks()
      if next == UInt8(ascii: "n") {
        guard try word("not") else { throw error("`not` or a text in \"quotation marks\" was expected") }
        condition.isNegated = true
        skipBlanks()
      }
      condition.wanted = try text()
    }
    return try closed(.open(condition))
  }

  private mutating func value(_ name: String, _ surroundings: Surroundings) throws(TemplateError) -> Tag {
    var format: Format?
    var fallback: String?
    skipBlanks()
    while next == UInt8(ascii: "|") {
      at += 1
      skipBlanks()
      let place = at
      let word = try self.name()
      skipBlanks()
      var argument: (text: String, place: Int)?
      if next == UInt8(ascii: ":") {
        at += 1
        skipBlanks()
        let place = at
        argument = (next == UInt8(ascii: "\"") ? try text() : try digits(), place)
      }
      if word == "default" {
        guard fallback == nil else { throw error("default stands twice", at: place) }
        guard let argument, !argument.text.isBlank else {
          throw error("default needs a text: default:\"…\"", at: place)
        }
        if surroundings.forbidden(in: argument.text) != nil {
          throw error(surroundings.forbidding, at: argument.place)
        }
        fallback = argument.text
      } else {
        guard format == nil else { throw error("a value has one format", at: place) }
        switch Format.named(word, argument?.text) {
        case .success(let found): format = found
        case .failure(let refusal): throw error(refusal.reason, at: argument?.place ?? place)
        }
      }
      skipBlanks()
    }
    return try closed(.value(name: name, format, fallback: fallback))
  }

  // MARK: Pieces

  private var next: UInt8? { at < source.count ? source[at] : nil }

  private func error(_ reason: String, at place: Int? = nil) -> TemplateError {
    TemplateError(reason, at: place ?? at, of: source)
  }

  private mutating func skipBlanks() {
    while next == UInt8(ascii: " ") { at += 1 }
  }

  private mutating func closed(_ tag: Tag) throws(TemplateError) -> Tag {
    skipBlanks()
    guard next == UInt8(ascii: "}"), at + 1 < source.count, source[at + 1] == UInt8(ascii: "}") else {
      throw unexpected()
    }
    at += 2
    return tag
  }

  /// The tag is open at its line's end, or something stands where it does not belong.
  private func unexpected() -> TemplateError {
    guard let next, next != UInt8(ascii: "\n"), next != UInt8(ascii: "\r") else {
      return error("the tag is not closed with }} on its line", at: start)
    }
    let character = String(decoding: source[at...].prefix(40), as: UTF8.self).first.map { String($0) } ?? ""
    if ["“", "”", "„", "＂", "'", "‘", "’"].contains(character) {
      return error("\(character) is no quotation mark here; a straight one, \", is")
    }
    return error("\(character.isShowable ? character : "a control character") does not belong here")
  }

  /// The word, if it stands here.
  private mutating func word(_ wanted: String) throws(TemplateError) -> Bool {
    guard let next, next >= 0x80 || isLetter(next) else { return false }
    let place = at
    if try name() == wanted { return true }
    at = place
    return false
  }

  /// Letters of any script, digits and `_`, not beginning with a digit; several joined by points.
  private mutating func name() throws(TemplateError) -> String {
    let place = at
    var scalars = String.UnicodeScalarView()
    var rest = String(decoding: source[at...].prefix(404), as: UTF8.self).unicodeScalars[...]
    var isStart = true
    while let scalar = rest.popFirst() {
      let isDigit = ("0"..."9").contains(scalar)
      let isPart = scalar == "_" || isDigit && !isStart || scalar != "\u{FFFD}" && scalar.properties.isAlphabetic
      guard isPart || scalar == "." && !isStart else { break }
      isStart = scalar == "."
      scalars.append(scalar)
    }
    guard !scalars.isEmpty else { throw unexpected() }
    at += String(scalars).utf8.count
    guard !isStart else { throw error("a name follows the point") }
    guard scalars.count <= 100 else { throw error("a name has at most 100 characters", at: place) }
    return String(scalars)
  }

  private func refuseReserved(_ name: String, _ place: Int) throws(TemplateError) {
    guard !["if", "else"].contains(name) else {
      throw error("\(name) is no name: a conditional is {{#if NAME}} … {{else}} … {{/if}}", at: place)
    }
  }

  /// `"…"`, in which `\"` and `\\` stand for `"` and `\`.
  private mutating func text() throws(TemplateError) -> String {
    guard next == UInt8(ascii: "\"") else { throw unexpected() }
    let place = at
    at += 1
    var bytes: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\n") {
      at += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
      if byte == UInt8(ascii: "\\") {
        guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
          throw error("a backslash stands before \" or another backslash only")
        }
        at += 1
        bytes.append(escaped)
      } else {
        bytes.append(byte)
      }
    }
    throw error("the text is not closed with \" on its line", at: place)
  }

  private mutating func digits() throws(TemplateError) -> String {
    let place = at
    while let next, (0x30...0x39).contains(next), at - place < 10 { at += 1 }
    guard at > place else { throw unexpected() }
    return String(decoding: source[place..<at], as: UTF8.self)
  }

  private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension String {
  var isBlank: Bool { unicodeScalars.allSatisfy { $0.properties.isWhitespace } }
  fileprivate var isShowable: Bool { unicodeScalars.allSatisfy { !$0.isControl } }
}
