internal import Values

/// A file that goes with a mail.
public struct MailAttachment: Sendable, Hashable {
  /// As the recipient sees it, in any script; no path.
  public var name: String
  /// A media type without parameters: `application/pdf`.
  public var type: String
  public var bytes: [UInt8]

  public init(name: String, type: String, bytes: [UInt8]) {
    self.name = name
    self.type = type
    self.bytes = bytes
  }

  func check() throws(Refusal) {
    guard (1...200).contains(name.utf8.count), name.isFitForHeader, !name.contains(where: { "/\\".contains($0) }) else {
      throw Refusal(
        "not-a-header", at: "attachments.name", "a name has 1 to 200 bytes, and no slash or control character")
    }
    let parts = type.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2, type.utf8.count <= 100,
      parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isDigit || "!#$&-^_.+".utf8.contains($0) } })
    else { throw Refusal("not-a-header", at: "attachments.type", "a type is one of RFC 6838, without parameters") }
  }

  /// The parameter `filename` (RFC 2183, 2.3), in pieces where it is long, percent-encoded where it is not plain (RFC 2231, 3, 4).
  var disposition: [String] {
    if EncodedWord.isPlain(name), !name.contains("\""), name.utf8.count <= 60 {
      return ["attachment;", "filename=\"\(name)\""]
    }
    var pieces: [String] = [""]
    for scalar in name.unicodeScalars {
      let encoded = MailAttachment.percentEncoded(scalar)
      if pieces[pieces.count - 1].utf8.count + encoded.utf8.count > 48 { pieces.append("") }
      pieces[pieces.count - 1] += encoded
    }
    pieces[0] = "UTF-8''" + pieces[0]
    guard pieces.count > 1 else { return ["attachment;", "filename*=\(pieces[0])"] }
    return ["attachment;"]
      + pieces.enumerated().map { "filename*\($0)*=\($1)" + ($0 == pieces.count - 1 ? "" : ";") }
  }

  private static func percentEncoded(_ scalar: Unicode.Scalar) -> String {
    let out = UTF8.encode(scalar)!.flatMap { byte -> [UInt8] in
      if byte.isLetter || byte.isDigit || "-._".utf8.contains(byte) { return [byte] }
      return [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
    }
    return String(decoding: out, as: UTF8.self)
  }
}
