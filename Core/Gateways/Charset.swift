/// How a gateway writes the text of an inbound message. What is no text in it becomes U+FFFD; a NUL is left out, because no
/// row can hold it.
enum Charset {
  case utf8, utf16, latin1, windows1252

  /// By a name of the IANA, in any case; what is not known is taken for UTF-8. Kannel calls texts of the GSM alphabet `GSM`
  /// and passes them on as UTF-8.
  init(_ name: String) {
    switch name.lowercased() {
    case "utf-16be", "utf-16", "ucs-2", "iso-10646-ucs-2": self = .utf16
    case "iso-8859-1", "latin1": self = .latin1
    case "windows-1252", "cp1252": self = .windows1252
    default: self = .utf8
    }
  }

  func text(_ bytes: [UInt8]) -> String {
    let text: String
    switch self {
    case .utf8: text = String(decoding: bytes, as: UTF8.self)
    case .utf16:
      let units = stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
      text = String(decoding: units, as: UTF16.self)
    case .latin1: text = String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    case .windows1252: text = String(String.UnicodeScalarView(bytes.map { Charset.windows(byte: $0) }))
    }
    return text.unicodeScalars.contains("\0") ? String(text.unicodeScalars.filter { $0 != "\0" }) : text
  }

  /// Unicode Consortium, MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT: 0x80 to 0x9F; five of them are none.
  private static let high = Array("€\u{FFFD}‚ƒ„…†‡ˆ‰Š‹Œ\u{FFFD}Ž\u{FFFD}\u{FFFD}‘’“”•–—˜™š›œ\u{FFFD}žŸ".unicodeScalars)

  private static func windows(byte: UInt8) -> Unicode.Scalar {
    (0x80...0x9F).contains(byte) ? high[Int(byte - 0x80)] : Unicode.Scalar(byte)
  }
}
