internal import Values

/// How a file's characters are written.
package enum TextEncoding: String, CaseIterable {
  case utf8 = "UTF-8"
  case gb18030 = "GB18030"
  case utf16LittleEndian = "UTF-16LE"
  case utf16BigEndian = "UTF-16BE"

  /// As people write it on a command line. GBK and GB 2312 are parts of GB18030.
  package init(option text: String) throws(TableError) {
    let name = text.uppercased()
    switch name {
    case "GBK", "GB2312", "CP936": self = .gb18030
    case "UTF8": self = .utf8
    case "UTF16", "UTF-16": self = .utf16LittleEndian
    default:
      guard let known = TextEncoding(rawValue: name) else {
        let all = TextEncoding.allCases.map { $0.rawValue.lowercased() }.joined(separator: ", ")
        throw .option("--encoding is \(shown(text)), but must be one of \(all).")
      }
      self = known
    }
  }

  /// What the file says itself by its first bytes, else what more of its characters are.
  package init(of file: TextFile) throws(TableError) {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: TextFile.pieceSize, alignment: 16)
    defer { piece.deallocate() }
    var evidence = EncodingEvidence()
    var offset = 0
    while true {
      let count = try file.read(at: offset, into: piece)
      let bytes = UnsafeRawBufferPointer(rebasing: piece[..<count])
      if offset == 0 {
        if let kind = TextEncoding.notText(bytes) {
          throw .file("\(shown(file.name)) is \(kind), not text: save it as CSV (UTF-8).")
        }
        if let marked = TextEncoding.marked(bytes) {
          self = marked
          return
        }
      }
      guard count > 0 else { break }
      evidence.add(bytes)
      offset += count
    }
    if evidence.nulls > offset / 4 {
      throw .file(
        "\(shown(file.name)) seems to be UTF-16 without a byte order mark: say --encoding utf-16le or utf-16be.")
    }
    self = evidence.encoding
  }

  /// The byte order mark, U+FEFF in each encoding.
  private static func marked(_ bytes: UnsafeRawBufferPointer) -> TextEncoding? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return .utf8 }
    if bytes.starts(with: [0xFF, 0xFE]) { return .utf16LittleEndian }
    if bytes.starts(with: [0xFE, 0xFF]) { return .utf16BigEndian }
    if bytes.starts(with: [0x84, 0x31, 0x95, 0x33]) { return .gb18030 }
    return nil
  }

  private static func notText(_ bytes: UnsafeRawBufferPointer) -> String? {
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return "a workbook (.xlsx) or another ZIP file" }
    if bytes.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) { return "a workbook (.xls)" }
    if bytes.starts(with: [0x1F, 0x8B]) { return "compressed (gzip)" }
    if bytes.starts(with: "%PDF".utf8) { return "a PDF" }
    if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return "in UTF-32" }
    return nil
  }
}

/// Counts what would be characters if the bytes were UTF-8 (RFC 3629, section 4).
struct EncodingEvidence {
  private var characters = 0
  private var wrong = 0
  private(set) var nulls = 0
  /// Of the character under way: bytes to come, and what the next may be.
  private var missing = 0
  private var next: ClosedRange<UInt8> = 0x80...0xBF

  /// A wrong byte or two do not make another encoding of a file that else is UTF-8; Chinese text in GB18030 has
  /// several wrong bytes for each pair that happens to be a character of UTF-8.
  var encoding: TextEncoding { wrong == 0 || wrong < characters ? .utf8 : .gb18030 }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      if missing > 0 {
        if next.contains(byte) {
          missing -= 1
          next = 0x80...0xBF
          if missing == 0 { characters += 1 }
          continue
        }
        wrong += 1
        missing = 0
      }
      if byte < 0x80 {
        if byte == 0 { nulls += 1 }
        continue
      }
      begin(byte)
    }
  }

  private mutating func begin(_ byte: UInt8) {
    next = 0x80...0xBF
    switch byte {
    case 0xC2...0xDF: missing = 1
    case 0xE0: (missing, next) = (2, 0xA0...0xBF)
    case 0xED: (missing, next) = (2, 0x80...0x9F)
    case 0xE1...0xEF: missing = 2
    case 0xF0: (missing, next) = (3, 0x90...0xBF)
    case 0xF4: (missing, next) = (3, 0x80...0x8F)
    case 0xF1...0xF3: missing = 3
    default: wrong += 1
    }
  }
}
