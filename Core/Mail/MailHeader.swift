/// The head of a mail, or of a part of one, as it is put together. Lines are folded before 78 bytes where there is a place for it
/// (RFC 5322, 2.1.1, 2.2.3).
struct MailHeader {
  private(set) var bytes: [UInt8] = []

  /// Words with single blanks between them, folded there. None may be longer than a line.
  mutating func add(_ name: String, _ words: [String]) {
    let start = bytes.count
    bytes += name.utf8
    bytes.append(UInt8(ascii: ":"))
    var length = bytes.count - start
    for (index, word) in words.enumerated() {
      // The first word stays where it is: a line of a name alone is one that some readers take for empty.
      if index > 0, length + 1 + word.utf8.count > 76 {
        bytes += [.cr, .lf]
        length = 0
      }
      bytes.append(.blank)
      bytes += word.utf8
      length += 1 + word.utf8.count
    }
    bytes += [.cr, .lf]
  }

  /// Text that has no structure (RFC 5322, 3.2.5): as it is where it is plain, else in encoded-words.
  mutating func add(_ name: String, text: String) {
    add(name, EncodedWord.isPlain(text) ? MailHeader.words(text) : EncodedWord.words(text, after: name.utf8.count + 2))
  }

  mutating func add(_ name: String, _ mailbox: Mailbox) {
    guard let person = mailbox.name else { return add(name, [mailbox.address]) }
    add(name, MailHeader.phrase(person, after: name.utf8.count + 2) + ["<\(mailbox.address)>"])
  }

  /// A name before an address (RFC 5322, 3.2.5): atoms, a quoted string, or encoded-words.
  private static func phrase(_ name: String, after: Int) -> [String] {
    guard EncodedWord.isPlain(name) else { return EncodedWord.words(name, after: after) }
    if name.utf8.allSatisfy({ $0.isAtomText || $0 == .blank }) { return words(name) }
    let escaped = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return words("\"\(escaped)\"")
  }

  private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
