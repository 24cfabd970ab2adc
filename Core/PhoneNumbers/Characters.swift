/// What the parser asks about a character.
struct CharacterClass {
  var index: UInt8

  private var flags: UInt8 { Section.characterClasses.byte(4 * Int(index)) }

  var isPlus: Bool { flags & 1 != 0 }
  /// Unicode's decimal digits (Nd).
  var isDigit: Bool { flags & 2 != 0 }
  /// Neither number nor letter nor `#`.
  var isUnwantedAtEnd: Bool { flags & 4 != 0 }
  /// A to Z, in either case.
  var isLetter: Bool { flags & 8 != 0 }
  /// 255 if it has none.
  var digit: UInt8 { Section.characterClasses.byte(4 * Int(index) + 1) }
  /// The digit on a telephone's key (ITU E.161); 255 if it is on none.
  var key: UInt8 { Section.characterClasses.byte(4 * Int(index) + 2) }

  static var count: Int { Section.characterClasses.size / 4 }

  init(of character: UInt32) {
    // The last range that begins at or before the character.
    let ranges = Section.characterRanges.start
    var low = 0
    var high = Section.characterRanges.size / 4
    while high - low > 1 {
      let middle = (low + high) / 2
      let first = ranges.load(fromByteOffset: 4 * middle, as: UInt32.self) >> 8
      if first <= character { low = middle } else { high = middle }
    }
    index = UInt8(truncatingIfNeeded: ranges.load(fromByteOffset: 4 * low, as: UInt32.self))
  }
}

/// Automata over character classes; state 0 is dead, 1 the start.
enum CharacterAutomaton {
  @inline(__always)
  private static func step(_ rows: UnsafeRawPointer, _ width: Int, _ state: Int, _ character: UInt32) -> Int {
    Int(rows.load(fromByteOffset: state * width + Int(CharacterClass(of: character).index), as: UInt8.self))
  }

  /// Whether `text` could be a phone number, with or without extension.
  static func isViable(_ text: Slice<UnsafeMutableBufferPointer<UInt32>>) -> Bool {
    guard text.count >= 2 else { return false }
    let rows = Section.viableRows.start
    let width = CharacterClass.count + 1
    var state = 1
    for character in text {
      state = step(rows, width, state, character)
      if state == 0 { return false }
    }
    return rows.load(fromByteOffset: state * width + width - 1, as: UInt8.self) != 0
  }

  /// Where the longest extension at the end of `text` begins; nil if there is none.
  static func extensionStart(_ text: Slice<UnsafeMutableBufferPointer<UInt32>>) -> Int? {
    let rows = Section.extensionRows.start
    let width = CharacterClass.count + 1
    var state = 1
    var found: Int?
    var position = text.endIndex
    while position > text.startIndex {
      position -= 1
      state = step(rows, width, state, text[position])
      if state == 0 { break }
      if rows.load(fromByteOffset: state * width + width - 1, as: UInt8.self) != 0 { found = position }
    }
    return found
  }
}
