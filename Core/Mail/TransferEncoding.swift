internal import Values

/// How a part's bytes become lines of ASCII (RFC 2045, 6).
enum TransferEncoding: String {
  case sevenBit = "7bit"
  case quotedPrintable = "quoted-printable"
  case base64

  /// A text in lines that end in CR LF, whatever they ended in, the last one too; and how it is encoded: not at all where it need
  /// not be, else as is shorter.
  static func encoded(_ text: String) -> (TransferEncoding, [UInt8]) {
    let lines = canonical(text)
    if isSafe(lines) { return (.sevenBit, lines) }
    if let quoted = quotedPrintable(lines, atMost: base64Length(of: lines.count)) { return (.quotedPrintable, quoted) }
    return (.base64, base64(lines))
  }

  /// RFC 2046, 4.1.1: a text's line ends are CR LF and nothing else, before it is encoded.
  private static func canonical(_ text: String) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count + 64)
    var before: UInt8 = 0
    for byte in text.utf8 {
      if byte == .cr || (byte == .lf && before != .cr) { out += [.cr, .lf] } else if byte != .lf { out.append(byte) }
      before = byte
    }
    if out.last != .lf { out += [.cr, .lf] }
    return out
  }

  /// Whether lines arrive as they are through everything that mail passes: ASCII without controls, no line too long, no blank at an
  /// end, which some take away, no `From ` at a beginning, before which some put a `>`, and nothing that looks like a boundary.
  private static func isSafe(_ lines: [UInt8]) -> Bool {
    var length = 0
    var before: UInt8 = .lf
    for (index, byte) in lines.enumerated() {
      if byte == .cr {
        guard !before.isBlank else { return false }
      } else if byte == .lf {
        length = 0
      } else {
        guard byte.isVisible || byte.isBlank, length < 998 else { return false }
        if length == 0, unsafeBeginnings.contains(where: { lines[index...].starts(with: $0) }) { return false }
        length += 1
      }
      before = byte
    }
    return true
  }

  private static let unsafeBeginnings = ["From ", "--" + Multipart.mark].map { [UInt8]($0.utf8) }

  // MARK: Quoted-printable

  /// RFC 2045, 6.7: lines of at most 76 bytes. Nil where it would be longer than so many bytes.
  static func quotedPrintable(_ lines: [UInt8], atMost limit: Int) -> [UInt8]? {
    var out: [UInt8] = []
    out.reserveCapacity(min(limit, lines.count + lines.count / 16) + 80)
    var length = 0
    var index = 0
    while index < lines.count {
      let byte = lines[index]
      if byte == .cr {
        out += [.cr, .lf]
        length = 0
        index += 2
        continue
      }
      let isLast = lines[index + 1] == .cr
      let isPlain = byte.isVisible ? byte != UInt8(ascii: "=") : byte.isBlank && !isLast
      // A dot or a `From` that begins a line is one that something on the way adds to.
      let isAtStart = length == 0 && (byte == UInt8(ascii: ".") || byte == UInt8(ascii: "F"))
      let width = isPlain && !isAtStart ? 1 : 3
      // Behind a line's last character no sign stands that it goes on.
      if length + width > (isLast ? 76 : 75) {
        out += [UInt8(ascii: "="), .cr, .lf]
        length = 0
        continue
      }
      if width == 1 {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "="), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
      }
      length += width
      index += 1
      guard out.count <= limit else { return nil }
    }
    return out
  }

  // MARK: Base64

  private static let bytesOfLine = 57

  /// RFC 2045, 6.8: lines of 76 bytes.
  static func base64(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(base64Length(of: bytes.count))
    for start in stride(from: 0, to: bytes.count, by: bytesOfLine) {
      Base64.append(bytes[start..<min(start + bytesOfLine, bytes.count)], to: &out)
      out += [.cr, .lf]
    }
    return out
  }

  private static func base64Length(of count: Int) -> Int {
    Base64.length(of: count) + (count + bytesOfLine - 1) / bytesOfLine * 2
  }
}
