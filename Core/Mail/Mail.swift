/// Mail as it is written, and what mail says that comes back.
///
/// Invariants: every function is one of its arguments alone, without clock, chance or network. What is written is ASCII in lines
/// that end in CR LF, at most 998 bytes each, whatever the texts hold: nothing in a name, a subject or a text becomes another
/// header, another part or another mail. What is read may be any bytes: it is read in one pass, within bounds, and never traps.
/// That something is about a mail of ours is believed where it bears a mark that only who has the secret can make.

extension UInt8 {
  static let cr: UInt8 = 0x0D
  static let lf: UInt8 = 0x0A
  static let blank: UInt8 = 0x20
  static let tab: UInt8 = 0x09

  /// A blank or a tab (WSP of RFC 5234).
  var isBlank: Bool { self == .blank || self == .tab }
  var isVisible: Bool { (0x21...0x7E).contains(self) }
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

  /// ASCII's small letter; all else as it is.
  var lowered: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }

  /// What atoms are made of (RFC 5322, 3.2.3).
  var isAtomText: Bool { isLetter || isDigit || "!#$%&'*+-/=?^_`{|}~".utf8.contains(self) }

  /// The value of a hexadecimal digit, capital or small.
  var hexValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Capital, as quoted-printable and percent-encoding want them.
let hexDigits = [UInt8]("0123456789ABCDEF".utf8)
