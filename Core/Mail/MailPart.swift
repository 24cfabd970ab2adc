/// What a mail or a part of one consists of, written down: the lines of its head that describe it, an empty one, and its body
/// (RFC 2045, 3; RFC 2046, 5.1).
struct MailPart {
  private(set) var bytes: [UInt8]

  init(_ text: String, _ type: String) {
    let (encoding, body) = TransferEncoding.encoded(text)
    self.init(["\(type);", "charset=utf-8"], encoding, body)
  }

  init(_ attachment: MailAttachment) {
    self.init([attachment.type], .base64, TransferEncoding.base64(attachment.bytes), attachment.disposition)
  }

  /// Several in one.
  init(_ type: String, _ parts: [MailPart], _ boundary: String) {
    var body: [UInt8] = []
    for part in parts {
      body += "--\(boundary)\r\n".utf8
      // Its last CR LF belongs to the boundary.
      body += part.bytes + [.cr, .lf]
    }
    body += "--\(boundary)--\r\n".utf8
    self.init(["\(type);", "boundary=\"\(boundary)\""], .sevenBit, body)
  }

  private init(_ type: [String], _ encoding: TransferEncoding, _ body: [UInt8], _ disposition: [String] = []) {
    var header = MailHeader()
    header.add("Content-Type", type)
    header.add("Content-Transfer-Encoding", [encoding.rawValue])
    if !disposition.isEmpty { header.add("Content-Disposition", disposition) }
    bytes = header.bytes + [.cr, .lf] + body
  }
}

enum Multipart {
  /// Begins every boundary: neither quoted-printable nor base64 has these two together (RFC 2045, 6.7).
  static let mark = "=_"
}
