internal import Glibc

/// Turns a file's bytes, piece by piece, into UTF-8. What is no character in the file's encoding becomes the one byte
/// 0xFF, which is none in UTF-8 either, so that the line in which it stands is known; line breaks behind it are kept.
final class TextDecoder {
  static let wrong: UInt8 = 0xFF

  private let encoding: TextEncoding
  /// Bytes of a character whose others are in the next piece.
  private var pending: [UInt8] = []
  /// Of glibc, for GB18030 with its four-byte characters; nil for the others.
  private let converter: iconv_t?

  init(_ encoding: TextEncoding) throws(TableError) {
    self.encoding = encoding
    guard encoding == .gb18030 else {
      converter = nil
      return
    }
    let made = iconv_open("UTF-8", "GB18030")
    // (iconv_t)-1
    guard let made, Int(bitPattern: made) != -1 else {
      throw .file("this system's iconv has no GB18030: install glibc's converters, or save the file as UTF-8.")
    }
    converter = made
  }

  deinit {
    if let converter { iconv_close(converter) }
  }

  func decode(_ bytes: UnsafeRawBufferPointer, isLast: Bool, into text: inout [UInt8]) {
    guard encoding != .utf8 else {
      text += bytes
      return
    }
    pending += bytes
    let used = pending.withUnsafeBytes { all in
      switch encoding {
      case .gb18030: convert(all, isLast, into: &text)
      case .utf16LittleEndian: units(all, isLast, into: &text) { UInt16(all[$0]) | UInt16(all[$0 + 1]) << 8 }
      default: units(all, isLast, into: &text) { UInt16(all[$0]) << 8 | UInt16(all[$0 + 1]) }
      }
    }
    pending.removeFirst(used)
  }

  private func convert(_ bytes: UnsafeRawBufferPointer, _ isLast: Bool, into text: inout [UInt8]) -> Int {
    var input = UnsafeMutablePointer(mutating: bytes.bindMemory(to: CChar.self).baseAddress)
    var left = bytes.count
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 14) { room in
      while left > 0 {
        var output = room.baseAddress
        var free = room.count
        let result = iconv(converter, &input, &left, &output, &free)
        let reason = errno
        text += UnsafeRawBufferPointer(start: room.baseAddress, count: room.count - free)
        guard result == -1 else { continue }
        switch reason {
        case E2BIG: continue
        case EINVAL where !isLast: return
        default:
          let rest = UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - left)...])
          if let scalar = Self.moved(rest) {
            append(scalar, to: &text)
            input = input?.advanced(by: 4)
            left -= 4
            continue
          }
          text.append(TextDecoder.wrong)
          input = input?.advanced(by: 1)
          left -= 1
          iconv(converter, nil, nil, nil, nil)
        }
      }
    }
    return bytes.count - left
  }

  /// Eighteen characters that GB 18030-2000 wrote with four bytes and later editions with two: converters of the later
  /// ones refuse the four bytes, which older programs write.
  private static func moved(_ bytes: UnsafeRawBufferPointer) -> UInt32? {
    guard bytes.count >= 4 else { return nil }
    let code = bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    switch code {
    case 0x8235_9037...0x8235_9039: return 0x9FB4 + (code - 0x8235_9037)
    case 0x8235_9130...0x8235_9134: return 0x9FB7 + (code - 0x8235_9130)
    case 0x8431_8236...0x8431_8239: return 0xFE10 + (code - 0x8431_8236)
    case 0x8431_8330...0x8431_8335: return 0xFE14 + (code - 0x8431_8330)
    default: return nil
    }
  }

  /// UTF-16 (RFC 2781): pairs of surrogates, and what is half of one.
  private func units(
    _ bytes: UnsafeRawBufferPointer, _ isLast: Bool, into text: inout [UInt8], _ unit: (Int) -> UInt16
  ) -> Int {
    var at = 0
    while at + 1 < bytes.count {
      let first = unit(at)
      guard first & 0xF800 == 0xD800 else {
        append(UInt32(first), to: &text)
        at += 2
        continue
      }
      if first < 0xDC00 {
        if at + 3 >= bytes.count, !isLast { return at }
        if at + 3 < bytes.count, case let second = unit(at + 2), second & 0xFC00 == 0xDC00 {
          append(0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF)), to: &text)
          at += 4
          continue
        }
      }
      text.append(TextDecoder.wrong)
      at += 2
    }
    if isLast, at < bytes.count {
      text.append(TextDecoder.wrong)
      at = bytes.count
    }
    return at
  }

  private func append(_ value: UInt32, to text: inout [UInt8]) {
    guard let scalar = Unicode.Scalar(value) else { return text.append(TextDecoder.wrong) }
    text += UTF8.encode(scalar).map { Array($0) } ?? [TextDecoder.wrong]
  }
}
