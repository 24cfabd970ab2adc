/// Follows HTML far enough to know what a value would become part of. Source: WHATWG HTML, 13.2.5, Tokenization; what that
/// tells apart and a value does not, is one here.
struct Markup: Equatable {
  private enum State: Equatable {
    case text
    /// Behind `<`.
    case opening
    /// An element's name, or the end of one (`/`), as far as it goes.
    case name(String)
    /// Between the attributes of an element.
    case tag(String)
    case attribute(String, String)
    case equals(String, String)
    case value(String, Value)
    case bare(String)
    /// Behind `<!`, until it is clear what it is.
    case exclamation(String)
    case declaration
    /// With the hyphens that stand at the end.
    case comment(Int)
    /// Inside of an element that holds no markup, with what could be the beginning of its end.
    case raw(String, String)
  }

  private struct Value: Equatable {
    let quote: UInt8
    let attribute: String
    var piece: Piece
  }

  private enum Piece: Equatable { case plain, address, path, query }

  private var state = State.text

  var isText: Bool { state == .text }

  // MARK: Values

  mutating func value() -> Result<TemplateNode.Place, Surroundings.Refusal> {
    switch state {
    case .text: return .success(.markup)
    case .value(let element, var value):
      guard !Markup.isCode(value.attribute) else { break }
      switch value.piece {
      case .plain: return .success(.markup)
      case .path: return .success(.path)
      case .query: return .success(.query)
      case .address:
        value.piece = .path
        state = .value(element, value)
        return .success(.address)
      }
    default: break
    }
    return .failure(Surroundings.Refusal(reason: "a value may not stand in \(told)"))
  }

  /// Where this is, for a sentence.
  var told: String {
    switch state {
    case .text: "text"
    case .opening, .name, .tag, .attribute: "a tag"
    case .equals, .bare: "an attribute without quotation marks"
    case .value(_, let value): "the attribute \(value.attribute)"
    case .exclamation, .declaration, .comment: "a comment or declaration"
    case .raw(let element, _): "<\(element)>"
    }
  }

  /// What holds a program, a style sheet, or a list of addresses: no escaping is right for these.
  private static func isCode(_ attribute: String) -> Bool {
    attribute.hasPrefix("on") || ["style", "srcdoc", "srcset", "imagesrcset"].contains(attribute)
  }

  private static let addresses: Set = [
    "href", "src", "action", "formaction", "background", "cite", "poster", "longdesc", "data", "codebase", "ping",
    "manifest", "usemap", "classid", "archive", "profile", "lowsrc", "dynsrc", "xlink:href",
  ]

  private static let rawElements: Set = [
    "script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext",
  ]

  // MARK: The template's own text

  mutating func take(_ byte: UInt8) {
    let isBlank = byte == 0x20 || (0x09...0x0D).contains(byte)
    switch state {
    case .text: if byte == UInt8(ascii: "<") { state = .opening }
    case .opening:
      if isLetter(byte) || byte == UInt8(ascii: "/") {
        state = .name(lower(byte))
      } else if byte == UInt8(ascii: "!") {
        state = .exclamation("")
      } else if byte == UInt8(ascii: "?") {
        state = .declaration
      } else if byte != UInt8(ascii: "<") {
        state = .text
      }
    case .name(let name):
      if byte == UInt8(ascii: ">") {
        close(name)
      } else if isBlank || byte == UInt8(ascii: "/") && name != "/" {
        state = .tag(name)
      } else {
        state = .name(name + lower(byte))
      }
    case .tag(let element):
      if byte == UInt8(ascii: ">") {
        close(element)
      } else if !isBlank, byte != UInt8(ascii: "/") {
        state = .attribute(element, lower(byte))
      }
    case .attribute(let element, let name):
      if byte == UInt8(ascii: ">") {
        close(element)
      } else if byte == UInt8(ascii: "=") {
        state = .equals(element, name)
      } else if byte == UInt8(ascii: "/") {
        state = .tag(element)
      } else if !isBlank {
        state = .attribute(element, name.hasSuffix(" ") ? lower(byte) : name + lower(byte))
      } else if !name.hasSuffix(" ") {
        // A sign of equality may still come.
        state = .attribute(element, name + " ")
      }
    case .equals(let element, let name):
      if byte == UInt8(ascii: ">") {
        close(element)
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        let attribute = String(name.prefix { $0 != " " })
        let piece: Piece = Markup.addresses.contains(attribute) ? .address : .plain
        state = .value(element, Value(quote: byte, attribute: attribute, piece: piece))
      } else if !isBlank {
        state = .bare(element)
      }
    case .value(let element, var value):
      if byte == value.quote {
        state = .tag(element)
      } else if value.piece != .plain, !(value.piece == .address && isBlank) {
        if value.piece == .address { value.piece = .path }
        if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") { value.piece = .query }
        state = .value(element, value)
      }
    case .bare(let element):
      if byte == UInt8(ascii: ">") { close(element) } else if isBlank { state = .tag(element) }
    case .exclamation(let seen): exclamation(seen + lower(byte), byte)
    case .declaration: if byte == UInt8(ascii: ">") { state = .text }
    case .comment(let hyphens):
      if byte == UInt8(ascii: ">"), hyphens >= 2 {
        state = .text
      } else {
        state = .comment(byte == UInt8(ascii: "-") ? min(hyphens + 1, 2) : 0)
      }
    case .raw(let element, let seen): raw(element, seen, byte)
    }
  }

  private mutating func close(_ element: String) {
    state = Markup.rawElements.contains(element) ? .raw(element, "") : .text
  }

  /// A comment; but what mail programs read between `<!--[if mso]>` and `<![endif]-->` is markup.
  private mutating func exclamation(_ seen: String, _ byte: UInt8) {
    if seen == "--[if" {
      state = .declaration
    } else if "--[if".hasPrefix(seen) {
      state = .exclamation(seen)
    } else if byte == UInt8(ascii: ">") {
      // `<!-->` is a whole comment, `<!--[>` the beginning of one.
      state = seen.hasPrefix("--[") ? .comment(0) : .text
    } else if seen.hasPrefix("--") {
      state = .comment(byte == UInt8(ascii: "-") ? 2 : 0)
    } else {
      state = .declaration
    }
  }

  private mutating func raw(_ element: String, _ seen: String, _ byte: UInt8) {
    let end = "</" + element
    if seen == end {
      let isEnd = byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || byte == 0x20 || (0x09...0x0D).contains(byte)
      if isEnd {
        state = byte == UInt8(ascii: ">") ? .text : .tag("/" + element)
        return
      }
    }
    let longer = seen + lower(byte)
    state = .raw(element, end.hasPrefix(longer) ? longer : byte == UInt8(ascii: "<") ? "<" : "")
  }

  private func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

  private func lower(_ byte: UInt8) -> String {
    String(Unicode.Scalar((0x41...0x5A).contains(byte) ? byte | 0x20 : byte))
  }
}
