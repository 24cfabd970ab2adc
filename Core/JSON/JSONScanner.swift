internal import Values

/// One pass over a text: checks the grammar and fills the tape.
struct JSONScanner {
  private let text: UnsafeRawBufferPointer
  private let tape: JSONTape
  private var at = 0

  init(_ text: UnsafeRawBufferPointer, into tape: JSONTape) {
    self.text = text
    self.tape = tape
  }

  mutating func scan() throws(Refusal) {
    tape.count = 0
    try refuseOtherFormats()
    if text.count >= 3, text[0] == 0xEF, text[1] == 0xBB, text[2] == 0xBF { at = 3 }
    skipSpace()
    guard at < text.count else { throw Refusal("empty", "there is no value") }
    try value(depth: 0)
    skipSpace()
    guard at == text.count else { throw bad("something follows the value") }
  }

  /// What serializers write in place of plain JSON is named as what it is.
  private func refuseOtherFormats() throws(Refusal) {
    guard text.count >= 2 else { return }
    // Magic byte 0, a schema's number in four bytes, the value.
    if text.count >= 5, text[0] == 0, text[1] == 0 || text.count > 5 && text[5] == UInt8(ascii: "{") {
      throw Refusal("schema-registry-frame", "the value begins with a Confluent schema-registry frame; send plain JSON")
    }
    let marked = text[0] == 0xFE && text[1] == 0xFF || text[0] == 0xFF && text[1] == 0xFE
    if marked || text[0] == 0 && text[1] != 0 || text[0] != 0 && text[1] == 0 {
      throw Refusal("not-utf-8", "the text seems to be UTF-16; send UTF-8")
    }
  }

  private func bad(_ what: String) -> Refusal { Refusal("not-json", "\(what), at byte \(at)") }

  private mutating func skipSpace() {
    while at < text.count, text[at] == 0x20 || text[at] == 0x0A || text[at] == 0x0D || text[at] == 0x09 { at += 1 }
  }

  private mutating func value(depth: Int) throws(Refusal) {
    guard at < text.count else { throw bad("the text ends within a value") }
    switch text[at] {
    case UInt8(ascii: "{"): try object(depth: depth)
    case UInt8(ascii: "["): try array(depth: depth)
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "t"): try word("true", .yes)
    case UInt8(ascii: "f"): try word("false", .no)
    case UInt8(ascii: "n"): try word("null", .null)
    default: try number()
    }
  }

  private mutating func object(depth: Int) throws(Refusal) {
    guard depth < JSONTape.deepest else { throw bad("nested deeper than \(JSONTape.deepest)") }
    let entry = open(.object)
    if !emptyUntil(UInt8(ascii: "}")) {
      repeat {
        skipSpace()
        guard at < text.count, text[at] == UInt8(ascii: "\"") else { throw bad("a member's name was expected") }
        try string()
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw bad("a colon was expected") }
        skipSpace()
        try value(depth: depth + 1)
        skipSpace()
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")) else { throw bad("a comma or the object's end was expected") }
    }
    tape.close(entry, end: at)
  }

  private mutating func array(depth: Int) throws(Refusal) {
    guard depth < JSONTape.deepest else { throw bad("nested deeper than \(JSONTape.deepest)") }
    let entry = open(.array)
    if !emptyUntil(UInt8(ascii: "]")) {
      repeat {
        skipSpace()
        try value(depth: depth + 1)
        skipSpace()
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "]")) else { throw bad("a comma or the array's end was expected") }
    }
    tape.close(entry, end: at)
  }

  private mutating func open(_ kind: JSONKind) -> Int {
    at += 1
    return tape.append(JSONEntry(kind: kind, start: Int32(truncatingIfNeeded: at - 1), end: 0, next: 0))
  }

  private mutating func emptyUntil(_ end: UInt8) -> Bool {
    skipSpace()
    return take(end)
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard at < text.count, text[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func leaf(_ kind: JSONKind, from start: Int, to end: Int, escaped: Bool = false) {
    let next = Int32(truncatingIfNeeded: tape.count + 1)
    _ = tape.append(
      JSONEntry(
        kind: kind, escaped: escaped, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: end),
        next: next))
  }

  private mutating func word(_ word: StaticString, _ kind: JSONKind) throws(Refusal) {
    let start = at
    for i in 0..<word.utf8CodeUnitCount {
      guard take(word.utf8Start[i]) else { throw bad("an unknown word") }
    }
    leaf(kind, from: start, to: at)
  }

  private mutating func number() throws(Refusal) {
    let start = at
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) {
      guard digits() > 0 else { throw bad("a value was expected") }
    }
    if take(UInt8(ascii: ".")), digits() == 0 { throw bad("a digit was expected after the point") }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
      guard digits() > 0 else { throw bad("a digit was expected in the exponent") }
    }
    leaf(.number, from: start, to: at)
  }

  private mutating func digits() -> Int {
    let start = at
    while at < text.count, text[at] >= 0x30, text[at] <= 0x39 { at += 1 }
    return at - start
  }

  private mutating func string() throws(Refusal) {
    at += 1
    let start = at
    var escaped = false
    while at < text.count {
      let byte = text[at]
      if byte == UInt8(ascii: "\"") {
        leaf(.string, from: start, to: at, escaped: escaped)
        at += 1
        return
      } else if byte == UInt8(ascii: "\\") {
        escaped = true
        try escape()
      } else if byte < 0x20 {
        throw byte == 0
          ? Refusal("nul-character", "a NUL character stands in a string, at byte \(at)")
          : bad("a control character stands in a string")
      } else if byte < 0x80 {
        at += 1
      } else {
        let length = UTF8Sequence.length(text, at)
        guard length > 0 else { throw Refusal("not-utf-8", "the text is not UTF-8, at byte \(at)") }
        at += length
      }
    }
    throw bad("a string has no end")
  }

  private mutating func escape() throws(Refusal) {
    guard at + 1 < text.count else { throw bad("a string has no end") }
    switch text[at + 1] {
    case UInt8(ascii: "u"):
      guard let first = JSONEscape.unit(text, at + 2) else { throw bad("four hexadecimal digits were expected") }
      if first == 0 { throw Refusal("nul-character", "a NUL character stands in a string, at byte \(at)") }
      at += 6
      if (0xD800...0xDBFF).contains(first) {
        guard at + 1 < text.count, text[at] == UInt8(ascii: "\\"), text[at + 1] == UInt8(ascii: "u"),
          let second = JSONEscape.unit(text, at + 2), (0xDC00...0xDFFF).contains(second)
        else { throw Refusal("not-utf-8", "half of a surrogate pair, at byte \(at)") }
        at += 6
      } else if (0xDC00...0xDFFF).contains(first) {
        throw Refusal("not-utf-8", "half of a surrogate pair, at byte \(at - 6)")
      }
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 2
    default: throw bad("an unknown escape")
    }
  }
}

/// UTF-8 as The Unicode Standard, table 3-7, has it: no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Sequence {
  /// The length of the sequence of two to four bytes at `at`, or 0 if it is not well formed.
  static func length(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int {
    func follows(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      at + offset < text.count && range.contains(text[at + offset])
    }
    switch text[at] {
    case 0xC2...0xDF: return follows(1) ? 2 : 0
    case 0xE0: return follows(1, 0xA0...0xBF) && follows(2) ? 3 : 0
    case 0xED: return follows(1, 0x80...0x9F) && follows(2) ? 3 : 0
    case 0xE1...0xEF: return follows(1) && follows(2) ? 3 : 0
    case 0xF0: return follows(1, 0x90...0xBF) && follows(2) && follows(3) ? 4 : 0
    case 0xF1...0xF3: return follows(1) && follows(2) && follows(3) ? 4 : 0
    case 0xF4: return follows(1, 0x80...0x8F) && follows(2) && follows(3) ? 4 : 0
    default: return 0
    }
  }
}

enum JSONEscape {
  /// The UTF-16 unit written as four hexadecimal digits at `at`.
  static func unit(_ text: UnsafeRawBufferPointer, _ at: Int) -> UInt32? {
    guard at + 4 <= text.count else { return nil }
    var unit: UInt32 = 0
    for i in at..<at + 4 {
      guard let digit = Character(Unicode.Scalar(text[i])).hexDigitValue else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }

  /// A string's text with its escapes resolved. The scanner has checked them.
  static func resolve(_ text: UnsafeRawBufferPointer) -> String {
    var out = String()
    out.reserveCapacity(text.count)
    var at = 0
    while at < text.count {
      guard text[at] == UInt8(ascii: "\\") else {
        let start = at
        while at < text.count, text[at] != UInt8(ascii: "\\") { at += 1 }
        out += String(decoding: text[start..<at], as: UTF8.self)
        continue
      }
      switch text[at + 1] {
      case UInt8(ascii: "u"):
        var scalar = unit(text, at + 2) ?? 0xFFFD
        at += 6
        if (0xD800...0xDBFF).contains(scalar), let low = unit(text, at + 2) {
          scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
          at += 6
        }
        out.unicodeScalars.append(Unicode.Scalar(scalar) ?? "\u{FFFD}")
        continue
      case UInt8(ascii: "b"): out.append("\u{8}")
      case UInt8(ascii: "f"): out.append("\u{C}")
      case UInt8(ascii: "n"): out.append("\n")
      case UInt8(ascii: "r"): out.append("\r")
      case UInt8(ascii: "t"): out.append("\t")
      default: out.unicodeScalars.append(Unicode.Scalar(text[at + 1]))
      }
      at += 2
    }
    return out
  }
}
