/// The GSM 7 bit default alphabet with its extension table. Source: 3GPP TS 23.038, 6.2.1 and 6.2.1.1.
enum GSMAlphabet {
  /// Septets that a character takes: one in the table, two (an escape and its code) in the extension; nil if it is in
  /// neither. A character is a scalar here: letters with combining marks are not in the alphabet.
  static func septets(_ scalar: Unicode.Scalar) -> Int? {
    if scalar.value < 128 { return Int(ascii[Int(scalar.value)]).nonZero }
    return beyond.contains(scalar) ? 1 : extended.contains(scalar) ? 2 : nil
  }

  /// By code, from 0x00 to 0x7F; the place of the escape, 0x1B, which is no character, holds one that none is.
  static let table: [Unicode.Scalar] = Array(
    ("@£$¥èéùìòÇ\nØø\rÅå" + "Δ_ΦΓΛΩΠΨΣΘΞ\u{FFFF}ÆæßÉ" + " !\"#¤%&'()*+,-./" + "0123456789:;<=>?" + "¡ABCDEFGHIJKLMNO"
      + "PQRSTUVWXYZÄÖÑÜ§" + "¿abcdefghijklmno" + "pqrstuvwxyzäöñüà").unicodeScalars)

  /// Codes behind an escape. The standard's CR2 and SS2 stand for no characters.
  static let extensionTable: [(code: UInt8, scalar: Unicode.Scalar)] = [
    (0x0A, "\u{0C}"), (0x14, "^"), (0x28, "{"), (0x29, "}"), (0x2F, "\\"), (0x3C, "["), (0x3D, "~"), (0x3E, "]"),
    (0x40, "|"), (0x65, "€"),
  ]

  private static let extended = Set(extensionTable.map(\.scalar))
  private static let beyond = Set(table.filter { $0.value >= 128 && $0 != "\u{FFFF}" })

  /// Septets of the first 128 characters of Unicode; zero where there are none.
  private static let ascii: [UInt8] = (0..<128).map { value in
    let scalar = Unicode.Scalar(UInt8(value))
    return table.contains(scalar) ? 1 : extended.contains(scalar) ? 2 : 0
  }
}

extension Int {
  fileprivate var nonZero: Int? { self == 0 ? nil : self }
}
