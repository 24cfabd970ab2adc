extension HTTPRequest {
  /// Why this cannot be put on the wire as it stands; nil where it can. What is not caught here could become another header,
  /// another request or another protocol.
  var fault: GatewayError? {
    // Methods are tokens (RFC 9110, 9.1). CONNECT asks for a tunnel, and a HEAD with a body has no reader.
    guard method.utf8.isToken, method != "CONNECT", method != "HEAD" || body.isEmpty else {
      return GatewayError(.malformed, "the method is none that can be sent")
    }
    // RFC 3986: what is not ASCII, a space or a control character is percent-encoded.
    guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      return GatewayError(.malformed, "the URL has a character that must be percent-encoded")
    }
    guard ["http://", "https://"].contains(where: { url.utf8.hasPrefixIgnoringCase($0) }) else {
      return GatewayError(.malformed, "the URL begins with neither http:// nor https://")
    }
    for field in headers {
      guard field.name.utf8.isToken else { return GatewayError(.malformed, "a header's name is no token") }
      // RFC 9110, 5.5: visible characters, blanks, tabs and bytes beyond ASCII.
      guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
        return GatewayError(.malformed, "the header \(field.name) has a control character")
      }
      // What frames a message is libcurl's to say (RFC 9112, 6).
      guard !Self.framing.contains(where: { field.name.utf8.isEqualIgnoringCase($0) }) else {
        return GatewayError(.malformed, "the header \(field.name) is not the caller's to set")
      }
    }
    return nil
  }

  private static let framing: [StaticString] = [
    "content-length", "transfer-encoding", "connection", "expect", "te", "trailer", "upgrade",
  ]

  /// Whether a body belongs to it even where that is empty, so that its length is told (RFC 9110, 8.6).
  var hasBody: Bool { !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) }
}

extension String.UTF8View {
  /// RFC 9110, 5.6.2.
  fileprivate var isToken: Bool { !isEmpty && allSatisfy { $0 < 0x80 && tokenCharacters[Int($0)] } }

  fileprivate func isEqualIgnoringCase(_ text: StaticString) -> Bool {
    count == text.utf8CodeUnitCount && hasPrefixIgnoringCase(text)
  }

  /// `text` is in lower case.
  fileprivate func hasPrefixIgnoringCase(_ text: StaticString) -> Bool {
    var wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)[...]
    for byte in self {
      guard let next = wanted.popFirst() else { return true }
      guard byte.lowercased == next else { return false }
    }
    return wanted.isEmpty
  }
}

private let tokenCharacters: [Bool] = (0..<128).map { (byte: UInt8) in
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "A")...UInt8(ascii: "Z"):
    true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}

extension UInt8 {
  /// ASCII alone.
  var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
