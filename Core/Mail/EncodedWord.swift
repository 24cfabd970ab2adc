internal import Values

/// Text of any script in a header (RFC 2047): `=?UTF-8?B?5oKo5aW9?=`.
enum EncodedWord {
  /// Characters, with all that is around the text (2).
  static let longest = 75

  /// Whether a text may stand in a header as it is, and be read as it was meant: ASCII that no reader takes for an encoded-word, with
  /// a place to fold at wherever one is needed, and no blank that folding could add to or take away.
  static func isPlain(_ text: String) -> Bool {
    var word = 0
    var before: UInt8 = .blank
    for byte in text.utf8 {
      if byte == .blank {
        guard before != .blank else { return false }
        word = 0
      } else {
        word += 1
        guard byte.isVisible, word <= 60, !(byte == UInt8(ascii: "?") && before == UInt8(ascii: "=")) else {
          return false
        }
      }
      before = byte
    }
    return before != .blank || text.isEmpty
  }

  /// The whole text in as many words as it takes, no character cut in two. Blanks between encoded-words are not part of the text (6.2).
  /// - Parameter after: bytes before the first word on its line, of which there are 76 (2).
  static func words(_ text: String, after: Int) -> [String] {
    let quoted = text.utf8.reduce(0) { $0 + quotedLength(of: $1) }
    let isQuoted = quoted <= Base64.length(of: text.utf8.count)
    var words: [String] = []
    var word: [UInt8] = []
    var length = 0
    func room() -> Int { min(longest, words.isEmpty ? 76 - after : longest) - frame }
    for scalar in text.unicodeScalars {
      let bytes = UTF8.encode(scalar)!
      let more = isQuoted ? bytes.reduce(0) { $0 + quotedLength(of: $1) } : bytes.count
      if (isQuoted ? length + more : Base64.length(of: length + more)) > room() {
        words.append(encoded(word, isQuoted))
        word = []
        length = 0
      }
      word += bytes
      length += more
    }
    return words + [encoded(word, isQuoted)]
  }

  /// What stands around the text: `=?UTF-8?B?` and `?=`.
  private static let frame = 12

  private static func encoded(_ bytes: [UInt8], _ isQuoted: Bool) -> String {
    var out = [UInt8](isQuoted ? "=?UTF-8?Q?".utf8 : "=?UTF-8?B?".utf8)
    if isQuoted {
      for byte in bytes {
        if byte == .blank {
          out.append(UInt8(ascii: "_"))
        } else if quotedLength(of: byte) == 1 {
          out.append(byte)
        } else {
          out += [UInt8(ascii: "="), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
        }
      }
    } else {
      Base64.append(bytes, to: &out)
    }
    out += "?=".utf8
    return String(decoding: out, as: UTF8.self)
  }

  /// What may stand for itself in a name before an address may so everywhere (5, 3).
  private static func quotedLength(of byte: UInt8) -> Int {
    byte.isLetter || byte.isDigit || byte == .blank || "!*+-/".utf8.contains(byte) ? 1 : 3
  }
}
