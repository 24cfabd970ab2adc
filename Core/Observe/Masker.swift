/// Makes a text fit to be logged: phone numbers, identity numbers and e-mail addresses become unreadable.
///
/// Seven or more digits, with the separators that people put into numbers, lose all but their last two; an e-mail
/// address loses what stands before the @. Left alone, because operators need them: timestamps, UUIDs, trace ids and
/// digests in hexadecimal, IPv4 addresses. A number that has to stay readable is passed to the log as an integer.
public enum Masker {
  public static func mask(_ text: String) -> String {
    guard mayHoldPersonalData(text) else { return text }
    return maskNumbers(in: maskAddresses(in: Array(text.unicodeScalars)))
  }

  /// One pass over the bytes settles nearly every text. Digits of other scripts are no ASCII.
  private static func mayHoldPersonalData(_ text: String) -> Bool {
    var digits = 0
    for byte in text.utf8 {
      if byte >= 0x80 || byte == UInt8(ascii: "@") { return true }
      if byte &- 48 < 10 { digits += 1 }
    }
    return digits >= fewestDigits
  }

  static let fewestDigits = 7

  private static func maskAddresses(in text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard text.contains(where: \.isAt) else { return text }
    var masked: [Unicode.Scalar] = []
    var start = 0  // of what has not been copied
    for at in text.indices where text[at].isAt {
      var local = at
      while local > start, text[local - 1].isLocalPart { local -= 1 }
      let domain = text[(at + 1)...].prefix(while: \.isDomain)
      guard local < at, domain.contains(where: { $0.isLetter || $0 == "." }) else { continue }
      masked += text[start..<local]
      masked += "***".unicodeScalars
      start = at
    }
    return masked + text[start...]
  }

  private static func maskNumbers(in text: [Unicode.Scalar]) -> String {
    var masked = String.UnicodeScalarView()
    var next = 0
    while next < text.count {
      if let end = Spared.end(of: text, from: next) {
        masked += text[next..<end]
        next = end
      } else if text[next].isDigit {
        let run = NumberRun(in: text, from: next)
        masked += run.masked(in: text)
        next = run.end
      } else {
        masked.append(text[next])
        next += 1
      }
    }
    return String(masked)
  }
}

/// Digits and the separators between them.
private struct NumberRun {
  let start: Int
  private(set) var end: Int
  private var digits = 0

  init(in text: [Unicode.Scalar], from start: Int) {
    self.start = start
    end = start
    var next = start
    while next < text.count {
      if text[next].isDigit {
        // "7 2026-11-21T10:00:00Z" is a number and a timestamp, not one long number.
        if next > end, Spared.end(of: text, from: next) != nil { break }
        digits += 1
        end = next + 1
      } else if !text[next].isSeparator || next - end >= 3 {
        break
      }
      next += 1
    }
    // A mainland identity number (GB 11643) ends with a check digit that may be X.
    let endsWord = end + 1 >= text.count || !text[end + 1].isWord
    if digits == 17, end < text.count, text[end] == "X" || text[end] == "x", endsWord {
      digits += 1
      end += 1
    }
  }

  func masked(in text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    guard digits >= Masker.fewestDigits else { return Array(text[start..<end]) }
    var left = digits
    return text[start..<end].map { scalar in
      guard !scalar.isSeparator else { return scalar }
      left -= 1
      return left < 2 ? scalar : "*"
    }
  }
}

/// What looks like a long number and is none of a person's.
private enum Spared {
  /// Where the thing that starts here ends; nil where none starts here.
  static func end(of text: [Unicode.Scalar], from start: Int) -> Int? {
    guard text[start].isHexDigit, start == 0 || !text[start - 1].isWord else { return nil }
    return uuid(text, start) ?? hexadecimal(text, start) ?? timestamp(text, start) ?? address(text, start)
  }

  private static func uuid(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    var reader = Reader(text, start)
    for (index, length) in [8, 4, 4, 4, 12].enumerated() {
      guard index == 0 || reader.take("-"), reader.takeHex(length) else { return nil }
    }
    return reader.endOfWord
  }

  /// Span and trace ids (W3C Trace Context), SHA-1 and SHA-256. All digits is more likely a card number.
  private static func hexadecimal(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    let word = text[start...].prefix(65).prefix(while: \.isHexDigit)
    guard [16, 32, 40, 64].contains(word.count), word.contains(where: { !$0.isDigit }) else { return nil }
    return word.endIndex == text.count || !text[word.endIndex].isWord ? word.endIndex : nil
  }

  /// An ISO 8601 date, alone or with a time and zone.
  private static func timestamp(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    var reader = Reader(text, start)
    guard let year = reader.number(4), (1900...2199).contains(year), let mark = reader.takeAny("-/."),
      let month = reader.number(2), (1...12).contains(month), reader.take(mark),
      let day = reader.number(2), (1...31).contains(day)
    else { return nil }
    var end = reader.endOfNumber
    guard reader.takeAny("T ") != nil, let hour = reader.number(2), hour < 25, reader.take(":"),
      let minute = reader.number(2), minute < 60
    else { return end }
    if reader.take(":") { guard reader.number(2) != nil else { return end } }
    if reader.takeAny(".,") != nil { reader.takeDigits() }
    end = reader.endOfNumber ?? end
    guard !reader.take("Z") else { return reader.endOfWord ?? end }
    guard reader.takeAny("+-") != nil, reader.number(2) != nil else { return end }
    _ = reader.take(":")
    _ = reader.number(2)
    return reader.endOfNumber ?? end
  }

  /// Four numbers up to 255: an IPv4 address.
  private static func address(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    var reader = Reader(text, start)
    for index in 0..<4 {
      guard index == 0 || reader.take("."), let part = reader.number(1...3), part < 256 else { return nil }
    }
    return reader.endOfNumber
  }
}

/// Reads small fixed shapes forwards.
private struct Reader {
  private let text: [Unicode.Scalar]
  private var next: Int

  init(_ text: [Unicode.Scalar], _ start: Int) {
    self.text = text
    next = start
  }

  private var scalar: Unicode.Scalar? { next < text.count ? text[next] : nil }

  /// Here, unless a word goes on.
  var endOfWord: Int? { scalar?.isWord == true ? nil : next }

  /// Here, unless digits go on, be it after a dash, dot or slash.
  var endOfNumber: Int? {
    guard let scalar else { return next }
    if scalar.isDigit { return nil }
    let goesOn = ["-", "/", "."].contains(scalar) && next + 1 < text.count && text[next + 1].isDigit
    return goesOn ? nil : next
  }

  mutating func take(_ expected: Unicode.Scalar) -> Bool { takeAny(String(expected)) != nil }

  mutating func takeAny(_ expected: String) -> Unicode.Scalar? {
    guard let scalar, expected.unicodeScalars.contains(scalar) else { return nil }
    next += 1
    return scalar
  }

  mutating func takeHex(_ count: Int) -> Bool {
    guard next + count <= text.count, text[next..<(next + count)].allSatisfy(\.isHexDigit) else { return false }
    next += count
    return true
  }

  mutating func takeDigits() {
    while scalar?.isASCIIDigit == true { next += 1 }
  }

  mutating func number(_ length: Int) -> Int? { number(length...length) }

  mutating func number(_ lengths: ClosedRange<Int>) -> Int? {
    let digits = text[next...].prefix(lengths.upperBound).prefix(while: \.isASCIIDigit)
    guard lengths.contains(digits.count) else { return nil }
    next += digits.count
    return digits.reduce(0) { $0 * 10 + Int($1.value - 48) }
  }
}

extension Unicode.Scalar {
  fileprivate var isASCIIDigit: Bool { value &- 48 < 10 }

  /// A decimal digit of any script, full-width ones among them.
  fileprivate var isDigit: Bool { isASCII ? isASCIIDigit : properties.numericType == .decimal }

  fileprivate var isHexDigit: Bool { isASCIIDigit || (value | 32) &- 97 < 6 }
  fileprivate var isLetter: Bool { isASCII ? (value | 32) &- 97 < 26 : properties.isAlphabetic }
  fileprivate var isWord: Bool { isASCIIDigit || (isASCII && isLetter) || self == "_" }
  fileprivate var isAt: Bool { self == "@" || self == "\u{FF20}" }
  fileprivate var isDomain: Bool { isLetter || isDigit || self == "-" || self == "." }

  fileprivate var isLocalPart: Bool {
    switch self {
    case "!", "#", "$", "%", "&", "'", "*", "+", "-", ".", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~": true
    default: isLetter || isDigit
    }
  }

  fileprivate var isSeparator: Bool {
    switch self {
    case "\t", " ", "(", ")", "+", "-", ".", "/": true
    case "\u{A0}", "\u{2007}", "\u{202F}", "\u{3000}": true  // other blanks
    case "\u{AD}", "\u{200B}"..."\u{200D}", "\u{2060}": true  // invisible
    case "\u{2010}"..."\u{2015}", "\u{2212}": true  // other dashes
    case "\u{FF08}", "\u{FF09}", "\u{FF0B}", "\u{FF0D}"..."\u{FF0F}": true  // full-width
    default: false
    }
  }
}
