internal import Values

/// What stands around the place that a parser has come to, and what may stand in it.
struct Surroundings: Equatable {
  /// Why a value may not stand somewhere.
  struct Refusal: Error { let reason: String }

  private let context: Template.Context
  private var markup = Markup()

  init(_ context: Template.Context) { self.context = context }

  mutating func literal(_ text: ArraySlice<UInt8>) {
    guard context == .html else { return }
    for byte in text { markup.take(byte) }
  }

  /// A value goes here.
  mutating func value() -> Result<TemplateNode.Place, Refusal> {
    switch context {
    case .text: .success(.text)
    case .header: .success(.header)
    case .html: markup.value()
    }
  }

  /// Why the source may not end here.
  var unfinished: String? {
    context == .text || context == .header || markup.isText ? nil : "the markup ends inside of \(markup.told)"
  }

  /// Where a character stands that may not, in bytes.
  func forbidden(in text: String) -> Int? {
    let isAllowed = context == .header ? isFitForHeader : isFitForText
    guard let index = text.unicodeScalars.firstIndex(where: { !isAllowed($0) }) else { return nil }
    return text.utf8.distance(from: text.startIndex, to: index)
  }

  var forbidding: String {
    context == .header ? "a header is one line without control characters" : "a control character does not belong here"
  }
}

/// Whether a character may stand in a text of several lines.
func isFitForText(_ scalar: Unicode.Scalar) -> Bool {
  scalar == "\n" || scalar == "\t" || scalar == "\r" || !scalar.isControl
}

/// Whether a character may stand in a header: no controls, no line or paragraph ends of any kind, nothing that turns the
/// direction of writing (RFC 5322, 2.2; Unicode UAX #9).
public func isFitForHeader(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .lineSeparator, .paragraphSeparator: false
  case .format: !(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value)
  default: true
  }
}

/// Of a kind that runs nothing, in one piece.
func isWebAddress(_ text: String) -> Bool {
  let scheme = text.prefix { $0 != ":" }
  return scheme.utf8.count < text.utf8.count && ["https", "http", "mailto", "tel"].contains(scheme.lowercased())
    && text.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && isFitForHeader($0) }
}

let webAddress = "an address that begins with https:, http:, mailto: or tel:"
