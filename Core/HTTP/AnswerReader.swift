/// Puts an answer together from libcurl's lines and pieces.
struct AnswerReader {
  private(set) var headers: [HTTPField] = []
  var body: [UInt8] = []
  /// A head's last, empty line came: what looks like a header after it is a trailer, or another head follows (RFC 9110, 15.2:
  /// any number of 1xx before the answer itself).
  private(set) var isHeadOver = true

  mutating func take(line: UnsafeRawBufferPointer) {
    let text = line.trimmed
    if isHeadOver {
      guard line.starts(with: "HTTP/".utf8) else { return }
      isHeadOver = false
      headers.removeAll(keepingCapacity: true)
    } else if text.isEmpty {
      isHeadOver = true
    } else if line.first == 0x20 || line.first == 0x09, let last = headers.popLast() {
      // A value that goes on in the next line (RFC 9112, 5.2).
      headers.append(HTTPField(last.name, last.value + " " + String(decoding: text, as: UTF8.self)))
    } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
      let name = String(decoding: text[..<colon].lazy.map(\.lowercased), as: UTF8.self)
      let value = UnsafeRawBufferPointer(rebasing: text[(colon + 1)...]).trimmed
      headers.append(HTTPField(name, String(decoding: value, as: UTF8.self)))
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Without blanks, tabs and line ends on both sides.
  fileprivate var trimmed: Slice<UnsafeRawBufferPointer> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
    guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
      return self[0..<0]
    }
    return self[first...last]
  }
}
