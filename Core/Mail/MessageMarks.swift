internal import Digest
internal import Values

/// Tells what we wrote from what anybody else could write: `m12.1.abcdefghijklmnop`, the first two parts what it is about, the
/// last of them 80 bits of an HMAC-SHA-256.
///
/// In small letters and digits alone: mail servers fold the case of what stands before an `@`, and people read addresses out.
public struct MessageMarks: Sendable {
  private let current: KeyedHash
  private let believed: [KeyedHash]

  /// - Parameters:
  ///   - secret: marks are made with it.
  ///   - former: secrets whose marks are believed still.
  public init(secret: [UInt8], former: [[UInt8]] = []) {
    current = KeyedHash(key: secret)
    believed = [current] + former.map { KeyedHash(key: $0) }
  }

  // MARK: Bounces

  /// What a mail's envelope sender has in it, so that what comes back says what it is about.
  /// - Parameter reference: what the mail is called, as in `m12.1`; ASCII, read back in small letters.
  public func bounce(_ reference: String) -> String {
    let reference = MessageMarks.folded(reference)
    return reference + "." + code(["bounce", reference], current)
  }

  /// What was sent, by the mark that it bore; nil where it is no mark of ours.
  public func reference(ofBounce text: some StringProtocol) -> String? {
    guard text.utf8.count <= 100 else { return nil }
    let text = MessageMarks.folded(text)
    guard let dot = text.lastIndex(of: "."), dot > text.startIndex else { return nil }
    let reference = String(text[..<dot])
    return isMark(text[text.index(after: dot)...], of: ["bounce", reference]) ? reference : nil
  }

  // MARK: Links

  /// A link's path, without a slash before it: `unsubscribe/m12.<mark>`, `click/m12.<mark>/<the address in base64url>`.
  /// - Parameters:
  ///   - message: the ledger's number.
  ///   - url: of a click, and of nothing else; `MailLink.isFit`, or this traps.
  public func link(_ kind: MailLink.Kind, message: Int64, url: String? = nil) -> String {
    precondition((kind == .click) == (url != nil), "a click leads somewhere, and nothing else does")
    precondition(url.map(MailLink.isFit) ?? true, "no address that a click may lead to")
    let path = "\(kind.rawValue)/m\(message)." + code(MessageMarks.said(kind, message, url), current)
    return url.map { path + "/" + Base64.urlEncoded($0.utf8) } ?? path
  }

  /// Nil where it is no link of ours, in a single character.
  public func link(reading path: some StringProtocol) -> MailLink? {
    guard path.utf8.count <= 4000 else { return nil }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 2, let kind = MailLink.Kind(rawValue: String(parts[0])),
      parts.count == (kind == .click ? 3 : 2)
    else { return nil }
    let mark = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    // One spelling of a number: what is read is what was written.
    guard mark.count == 2, let message = Int64(mark[0].dropFirst()), mark[0] == "m\(message)" else { return nil }
    var url: String?
    if kind == .click {
      guard let bytes = Base64.decoded(url: parts[2].utf8), let text = String(validating: bytes, as: UTF8.self),
        MailLink.isFit(text)
      else { return nil }
      url = text
    }
    guard isMark(mark[1], of: MessageMarks.said(kind, message, url)) else { return nil }
    return MailLink(kind: kind, message: message, url: url)
  }

  private static func said(_ kind: MailLink.Kind, _ message: Int64, _ url: String?) -> [String] {
    ["link", kind.rawValue, "m\(message)"] + (url.map { [$0] } ?? [])
  }

  // MARK: Codes

  /// The parts apart by NUL, which stands in none of them: no two lists are one text.
  private func code(_ parts: [String], _ key: KeyedHash) -> String {
    let said = [UInt8](parts.joined(separator: "\0").utf8)
    let code = said.withUnsafeBytes { key.code(of: $0) }
    return MessageMarks.base32(code.prefix(10))
  }

  /// Compared in constant time, under every secret that is believed.
  private func isMark(_ text: some StringProtocol, of parts: [String]) -> Bool {
    guard text.utf8.count == 16 else { return false }
    return believed.contains { isSameSecret(Array(text.utf8), Array(code(parts, $0).utf8)) }
  }

  /// RFC 4648, 6, in small letters: five bits a character, ten bytes in sixteen.
  private static func base32(_ bytes: some Collection<UInt8>) -> String {
    let letters = [UInt8]("abcdefghijklmnopqrstuvwxyz234567".utf8)
    var out: [UInt8] = []
    var word: UInt32 = 0
    var bits: UInt32 = 0
    for byte in bytes {
      word = (word << 8 | UInt32(byte)) & 0xFFFF
      bits += 8
      while bits >= 5 {
        bits -= 5
        out.append(letters[Int(word >> bits & 31)])
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func folded(_ text: some StringProtocol) -> String {
    String(decoding: text.utf8.map(\.lowered), as: UTF8.self)
  }
}
