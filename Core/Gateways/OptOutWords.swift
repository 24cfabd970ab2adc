public import Values

/// The words by which people leave. A message is one of them or it is none: nobody leaves by a word within a sentence.
///
/// Compared without regard to case and width (`ＴＤ` is `TD`, `　` is a blank), and without what is neither letter nor digit
/// around it: blanks, quotation marks, full stops of any script, brackets, smileys.
public struct OptOutWords: Sendable, Hashable {
  /// Twilio's, and those that mainland China's messages name.
  public static let usual = [
    "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "退订", "T", "TD", "N",
  ]

  private let words: Set<String>

  /// Refused: a word that has neither letter nor digit. No words are no way to leave by a message.
  public init(_ words: [String] = OptOutWords.usual) throws(Refusal) {
    var folded: Set<String> = []
    for (index, word) in words.enumerated() {
      let plain = OptOutWords.folded(word)
      guard !plain.isEmpty else {
        throw Refusal("empty", at: "[\(index)]", "a word has a letter or a digit, and other words are separate ones")
      }
      folded.insert(plain)
    }
    self.words = folded
  }

  public func matches(_ message: String) -> Bool {
    // Nothing as long as this is one word, and people send whole pages.
    guard message.utf8.count <= 1000 else { return false }
    return words.contains(OptOutWords.folded(message))
  }

  /// In small letters of half width, with one blank where there were several, from its first letter or digit to its last.
  private static func folded(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    var isBlank = false
    for scalar in text.unicodeScalars {
      let half = OptOutWords.half(scalar)
      if half.properties.isWhitespace {
        isBlank = true
      } else if half.properties.generalCategory != .format, !half.isControl {
        if isBlank { out.append(" ") }
        isBlank = false
        out.append(half)
      }
    }
    let isPart: (Unicode.Scalar) -> Bool = { $0.properties.isAlphabetic || $0.properties.numericType != nil }
    guard let first = out.firstIndex(where: isPart), let last = out.lastIndex(where: isPart) else { return "" }
    return String(out[first...last]).lowercased()
  }

  /// Unicode, Halfwidth and Fullwidth Forms: U+FF01 to U+FF5E are ASCII's visible characters, U+3000 is the blank.
  private static func half(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar.value {
    case 0xFF01...0xFF5E: Unicode.Scalar(UInt8(scalar.value - 0xFEE0))
    case 0x3000: " "
    default: scalar
    }
  }
}
