/// A character of a text that is being read, with its class: all characters that the library's patterns cannot tell
/// apart are of one class.
struct TextCharacter {
  /// The class above the scalar value.
  private let packed: UInt32

  @inline(__always)
  init(_ scalar: UInt32) {
    // Pages of 256 scalar values, equal pages kept once.
    let page = Int(Section.characterPageOf.byte(Int(scalar >> 8)))
    packed = UInt32(Section.characterPages.byte(page << 8 | Int(scalar & 0xFF))) << 24 | scalar
  }

  var kind: Int { Int(packed >> 24) }
  var scalar: UInt32 { packed & 0xFF_FFFF }

  private var flags: UInt8 { Section.characterClasses.byte(4 * kind) }

  var isPlus: Bool { flags & 1 != 0 }
  /// Unicode's decimal digits (Nd).
  var isDigit: Bool { flags & 2 != 0 }
  /// Neither number nor letter nor `#`.
  var isUnwantedAtEnd: Bool { flags & 4 != 0 }
  /// A to Z, in either case.
  var isLetter: Bool { flags & 8 != 0 }
  /// 255 if it has none.
  var digit: UInt8 { Section.characterClasses.byte(4 * kind + 1) }
  /// The digit on a telephone's key (ITU E.161); 255 if it is on none.
  var key: UInt8 { Section.characterClasses.byte(4 * kind + 2) }

  static func == (one: TextCharacter, ascii: Unicode.Scalar) -> Bool { one.scalar == ascii.value }
}

/// Part of a text. Indices are places in the whole.
typealias Characters = Slice<UnsafeMutableBufferPointer<TextCharacter>>

/// Automata over character classes; state 0 is dead, 1 the start. A row has a target for each class, and at its end
/// whether the state accepts.
enum CharacterAutomaton {
  private static var width: Int { Section.characterClasses.size / 4 + 1 }

  /// Whether `text` could be a phone number, with or without extension.
  static func isViable(_ text: Characters) -> Bool {
    guard text.count >= 2 else { return false }
    let rows = Section.viableRows.start
    let width = width
    var state = 1
    for character in text {
      state = Int(rows.load(fromByteOffset: state * width + character.kind, as: UInt8.self))
      if state == 0 { return false }
    }
    return rows.load(fromByteOffset: state * width + width - 1, as: UInt8.self) != 0
  }

  /// Where the longest extension at the end of `text` begins; nil if there is none.
  static func extensionStart(_ text: Characters) -> Int? {
    let rows = Section.extensionRows.start
    let width = width
    var state = 1
    var found: Int?
    var position = text.endIndex
    while position > text.startIndex {
      position -= 1
      state = Int(rows.load(fromByteOffset: state * width + text[position].kind, as: UInt8.self))
      if state == 0 { break }
      if rows.load(fromByteOffset: state * width + width - 1, as: UInt8.self) != 0 { found = position }
    }
    return found
  }
}
