/// A request's first line and fields, gathered line by line (RFC 9112, sections 3 and 5, read strictly).
///
/// Every leniency that the RFC allows is a way for two programs to see different requests in the same bytes, so none
/// is given: single blanks, no folded lines, no blank before a colon, one length at most.
struct RequestHead {
  private static let mostFields = 100

  let method: Request.Method
  let path: String
  let query: String
  private let isHTTP10: Bool
  private var fields: [Request.Field] = []

  /// How the body's end is found.
  enum Framing: Equatable {
    case length(Int)
    case chunked
  }

  init(requestLine line: ArraySlice<UInt8>) throws(Refusal) {
    let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(isTokenByte) else {
      throw Refusal(400, "The request line is malformed.")
    }
    isHTTP10 = try Self.isHTTP10(parts[2])
    (path, query) = try Self.target(parts[1])
    guard let method = Request.Method(rawValue: text(parts[0])) else {
      throw Refusal(501, "This method is not known here.")
    }
    self.method = method
  }

  private static func isHTTP10(_ version: ArraySlice<UInt8>) throws(Refusal) -> Bool {
    let bytes = Array(version)
    guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), isDigit(bytes[5]), bytes[6] == UInt8(ascii: "."),
      isDigit(bytes[7])
    else { throw Refusal(400, "The request line is malformed.") }
    guard bytes[5] == UInt8(ascii: "1") else { throw Refusal(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.") }
    return bytes[7] == UInt8(ascii: "0")
  }

  private static func target(_ bytes: ArraySlice<UInt8>) throws(Refusal) -> (path: String, query: String) {
    guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
      throw Refusal(400, "The request target is malformed.")
    }
    var target = text(bytes)[...]
    if target == "*" { return ("*", "") }
    if !target.hasPrefix("/") {
      // The absolute form, which every server has to accept (RFC 9112, 3.2.2).
      let scheme = ["http://", "https://"].first { target.lowercased().hasPrefix($0) }
      guard let scheme else { throw Refusal(400, "The request target is malformed.") }
      target = target.dropFirst(scheme.count)
      let authority = target.prefix { $0 != "/" && $0 != "?" }
      guard !authority.isEmpty else { throw Refusal(400, "The request target is malformed.") }
      target = target[authority.endIndex...]
    }
    let path = target.prefix { $0 != "?" }
    return (path.isEmpty ? "/" : String(path), String(target[path.endIndex...].dropFirst()))
  }

  mutating func add(fieldLine line: ArraySlice<UInt8>) throws(Refusal) {
    guard fields.count < Self.mostFields else { throw Refusal(431, "There are too many header fields.") }
    fields.append(try Self.field(line))
  }

  /// Also checks trailer fields, which are otherwise ignored.
  static func field(_ line: ArraySlice<UInt8>) throws(Refusal) -> Request.Field {
    // A line that begins with a blank would be the last one's continuation (obs-fold); a blank is no token byte.
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
      line[..<colon].allSatisfy(isTokenByte)
    else { throw Refusal(400, "A header field is malformed.") }
    let value = line[(colon + 1)...].drop(while: isBlank)
    let end = (value.lastIndex { !isBlank($0) }).map { $0 + 1 } ?? value.startIndex
    return Request.Field(name: text(line[..<colon]).lowercased(), value: text(value[..<end]))
  }

  /// Once all fields are there: what the body is framed by. `mostBytes` is the largest body admitted.
  func framing(mostBytes: Int) throws(Refusal) -> Framing {
    let hosts = values(of: "host")
    guard hosts.count == 1 || (hosts.isEmpty && isHTTP10) else { throw Refusal(400, "One Host field is needed.") }
    let lengths = values(of: "content-length")
    let codings = values(of: "transfer-encoding")
    if let expectation = values(of: "expect").first, expectation.lowercased() != "100-continue" {
      throw Refusal(417, "This expectation is not known here.")
    }
    guard codings.isEmpty else {
      guard lengths.isEmpty, !isHTTP10 else { throw Refusal(400, "The body's length is told in two ways.") }
      return try Self.chunked(codings)
    }
    guard let length = lengths.first else { return .length(0) }
    guard lengths.count == 1, !length.isEmpty, length.utf8.allSatisfy(isDigit) else {
      throw Refusal(400, "The Content-Length is malformed or told twice.")
    }
    guard let count = Int(length), count <= mostBytes else { throw Refusal(413, "The body is too large.") }
    return .length(count)
  }

  private static func chunked(_ fields: [String]) throws(Refusal) -> Framing {
    let codings = fields.joined(separator: ",").lowercased().split(separator: ",", omittingEmptySubsequences: false)
      .map(trimmed)
    guard codings.last == "chunked", codings.filter({ $0 == "chunked" }).count == 1, !codings.contains("") else {
      throw Refusal(400, "The Transfer-Encoding is malformed.")
    }
    guard codings.count == 1 else { throw Refusal(501, "Only the chunked transfer coding is known here.") }
    return .chunked
  }

  var expectsContinue: Bool { !isHTTP10 && !values(of: "expect").isEmpty }

  func request(body: [UInt8]) -> Request {
    let options = values(of: "connection").joined(separator: ",").lowercased().split(separator: ",")
      .map(trimmed)
    let keepsAlive = !options.contains("close") && (!isHTTP10 || options.contains("keep-alive"))
    return Request(
      method: method, path: path, query: query, fields: fields, body: body, keepsAlive: keepsAlive, isHTTP10: isHTTP10)
  }

  private func values(of name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}

private func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
private func trimmed(_ word: Substring) -> Substring {
  let start = word.drop { $0 == " " || $0 == "\t" }
  return start.lastIndex { $0 != " " && $0 != "\t" }.map { start[...$0] } ?? ""
}
private func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

/// RFC 9110, 5.6.2: letters, digits and a few marks.
private func isTokenByte(_ byte: UInt8) -> Bool {
  isDigit(byte) || (byte | 32) &- 97 < 26 || tokenMarks.contains(byte)
}
private let tokenMarks = Set("!#$%&'*+-.^_`|~".utf8)
