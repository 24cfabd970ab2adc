/// Puts a server's replies together from what was read (RFC 5321, 4.2.1). Pure.
struct SMTPReplies {
  private var unread: [UInt8] = []
  private var lines: [String] = []

  mutating func receive(_ bytes: some Sequence<UInt8>) { unread += bytes }

  /// Whether something was said that is not a whole reply yet.
  var isInTheMiddle: Bool { !unread.isEmpty || !lines.isEmpty }

  enum Next: Equatable {
    case reply(MailAnswer)
    case needMore
    case garbled
  }

  mutating func next() -> Next {
    while let end = unread.firstIndex(of: 0x0A) {
      let line = unread[..<end]
      defer { unread.removeFirst(end + 1) }
      guard line.count >= 3, let code = Int(String(decoding: line.prefix(3), as: UTF8.self)),
        (200...599).contains(code)
      else { return .garbled }
      let mark = line.dropFirst(3).first ?? 0x20
      lines.append(Self.clean(line.dropFirst(4)))
      if mark == UInt8(ascii: "-") { continue }
      guard mark == 0x20 || mark == 0x0D else { return .garbled }
      defer { lines = [] }
      return .reply(MailAnswer(code: code, lines: lines))
    }
    return .needMore
  }

  private static func clean(_ line: some Collection<UInt8>) -> String {
    String(decoding: line.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
  }
}

extension MailAnswer {
  /// - Parameter lines: of a reply, without their codes.
  init(code: Int, lines: [String]) {
    let words = lines.map { $0.split(separator: " ") }
    let enhanced = words.first?.first.flatMap { Self.isEnhanced($0, of: code) ? String($0) : nil }
    let text = words.flatMap { $0.first.map(String.init) == enhanced ? $0.dropFirst() : $0[...] }
    self.init(code: code, enhanced: enhanced, text: text.joined(separator: " "))
  }

  /// Class, subject and detail, the class being the reply's (RFC 2034, 4).
  private static func isEnhanced(_ word: Substring, of code: Int) -> Bool {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 3 && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy(\.isDigit) }
      && parts[0] == String(code / 100)
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

/// What a server said in its answer to EHLO that it can do.
struct SMTPOffers: Equatable {
  /// Several commands may be sent before the first is answered (RFC 2920).
  var pipelining = false
  /// It wants to know a mail's size beforehand (RFC 1870).
  var size = false
  /// It takes bytes beyond ASCII in the content (RFC 6152).
  var eightBit = false

  /// A line of any reply before the session is open, such as `250-PIPELINING`.
  mutating func take(line: some StringProtocol) {
    guard line.hasPrefix("250") else { return }
    switch line.dropFirst(4).split(whereSeparator: \.isWhitespace).first?.uppercased() {
    case "PIPELINING": pipelining = true
    case "SIZE": size = true
    case "8BITMIME": eightBit = true
    default: break
    }
  }
}
