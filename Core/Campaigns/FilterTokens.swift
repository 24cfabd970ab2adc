internal import Values

/// A word, a quoted text or a sign of a filter, and where it begins.
struct FilterToken: Sendable {
  enum Kind: Hashable, Sendable {
    /// Without quotes, and so a key word or a field, where it is one.
    case word(String)
    case quoted(String)
    /// `(`, `)`, `,`, `=` or a comparison.
    case sign(String)
    case end
  }

  let kind: Kind
  let line: Int
  let column: Int

  /// As an error tells what was found.
  var shown: String {
    switch kind {
    case .word(let word): "`\(Misspelling.shown(word))`"
    case .quoted: "a text in quotes"
    case .sign(let sign): "`\(sign)`"
    case .end: "the end"
    }
  }
}

/// Takes a filter's text to pieces.
struct FilterTokens {
  private var rest: Substring.UnicodeScalarView
  private var line = 1
  private var column = 1

  static func read(_ text: String) throws(FilterError) -> [FilterToken] {
    var tokens = FilterTokens(rest: text[...].unicodeScalars)
    var read: [FilterToken] = []
    repeat { read.append(try tokens.next()) } while read.last?.kind != .end
    return read
  }

  private mutating func next() throws(FilterError) -> FilterToken {
    while let scalar = rest.first, scalar.properties.isWhitespace { advance() }
    let (line, column) = (line, column)
    func token(_ kind: FilterToken.Kind) -> FilterToken { FilterToken(kind: kind, line: line, column: column) }
    guard let scalar = rest.first else { return token(.end) }
    switch scalar {
    case "(", ")", ",", "=":
      advance()
      return token(.sign(String(scalar)))
    case "<", ">", "!":
      advance()
      let isLonger = rest.first == "="
      if isLonger { advance() }
      guard scalar != "!" || isLonger else { throw FilterError(line: line, column: column, "`!=` was expected") }
      return token(.sign(isLonger ? "\(scalar)=" : String(scalar)))
    case "\"": return token(.quoted(try quoted()))
    case _ where scalar.isInWord:
      var word = String.UnicodeScalarView()
      while let scalar = rest.first, scalar.isInWord {
        word.append(scalar)
        advance()
      }
      return token(.word(String(word)))
    default:
      throw FilterError(
        line: line, column: column,
        "`\(Misspelling.shown(String(scalar)))` stands in no word: a text with it stands in quotes")
    }
  }

  /// `\"` and `\\` stand for what follows the stroke.
  private mutating func quoted() throws(FilterError) -> String {
    let (line, column) = (line, column)
    var text = String.UnicodeScalarView()
    advance()
    while let scalar = rest.first {
      advance()
      switch scalar {
      case "\"": return String(text)
      case "\\":
        guard let escaped = rest.first, escaped == "\"" || escaped == "\\" else {
          throw FilterError(line: self.line, column: self.column, "after `\\` in quotes `\"` or `\\` was expected")
        }
        text.append(escaped)
        advance()
      case _ where scalar.isControl:
        throw FilterError(line: line, column: column, "a control character stands in the quotes")
      default: text.append(scalar)
      }
    }
    throw FilterError(line: line, column: column, "the quotes are not closed")
  }

  private mutating func advance() {
    let isLineEnd = rest.removeFirst() == "\n"
    (line, column) = isLineEnd ? (line + 1, 1) : (line, column + 1)
  }
}

extension Unicode.Scalar {
  fileprivate var isInWord: Bool {
    switch self {
    case "-", "_", ".", "/", ":", "+": true
    default:
      switch properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
        .nonspacingMark,
        .spacingMark:
        true
      default: false
      }
    }
  }
}
