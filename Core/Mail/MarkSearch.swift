/// Where a mark of ours stands in a mail that came back.
struct FoundMark: Hashable {
  /// As it was marked: `m12.1`; of a link, without the attempt: `m12`.
  let reference: String
  /// The address that it stood in, in small letters, with `{mark}` in its place; nil of a link.
  let address: String?
}

/// Looks for a mark in the order of how much it says: the address that the mail came to, the report, then the mail that it sends back.
/// Wherever it stands, nobody else can have made it.
struct MarkSearch {
  private(set) var found: FoundMark?
  private let marks: MessageMarks
  /// Each is a code to compute: a mail full of what look like marks is no work for hours.
  private var tries = 50

  init(_ mail: MailEntity, _ leaves: [MailEntity], _ report: [MailHead], _ marks: MessageMarks) {
    self.init(addressees: mail, marks)
    for group in report { look(in: group.all(["original-recipient", "original-mail-from", "original-envelope-id"])) }
    for leaf in leaves
    where ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"].contains(leaf.type) {
      var rest = leaf.content[...]
      let returned = MailHead(reading: &rest)
      look(in: returned.all(["message-id", "return-path", "x-return-path", "sender"]))
      look(inLinks: returned.all(["list-unsubscribe"]))
    }
    look(in: mail.head.all(["in-reply-to", "references"]))
  }

  init(addressees mail: MailEntity, _ marks: MessageMarks) {
    self.marks = marks
    look(
      in: mail.head.all([
        "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to", "apparently-to", "cc",
      ]))
  }

  // MARK: Marks in addresses

  private mutating func look(in values: [String]) {
    for value in values where found == nil {
      // RFC 5322, 3.2.3: what ends an address, whatever it stands in.
      for word in value.utf8.split(whereSeparator: { " \t<>,;\"()[]".utf8.contains($0) }) where found == nil {
        look(inAddress: Array(word))
      }
    }
  }

  /// A mark begins where no letter and digit go before, and ends at what is none of its characters.
  private mutating func look(inAddress word: [UInt8]) {
    guard let at = word.lastIndex(of: UInt8(ascii: "@")) else { return }
    var start = 0
    while start < at, found == nil, tries > 0 {
      let isStart =
        word[start].lowered == UInt8(ascii: "m")
        && (start == 0 || !word[start - 1].isLetter && !word[start - 1].isDigit)
      guard isStart else {
        start += 1
        continue
      }
      let run = word[start..<at].prefix { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: ".") }
      tries -= 1
      if let reference = marks.reference(ofBounce: String(decoding: run, as: UTF8.self)) {
        let address = word[..<start] + "{mark}".utf8 + word[run.endIndex...]
        found = FoundMark(reference: reference, address: String(decoding: address.map(\.lowered), as: UTF8.self))
      }
      start += 1
    }
  }

  // MARK: Marks in links

  private mutating func look(inLinks values: [String]) {
    for value in values where found == nil {
      for word in value.utf8.split(whereSeparator: { " \t<>,".utf8.contains($0) }) where found == nil && tries > 0 {
        // The path's last two parts.
        let path = Array(word).split(separator: UInt8(ascii: "/")).suffix(2).joined(separator: "/".utf8)
        tries -= 1
        if let link = marks.link(reading: String(decoding: Array(path), as: UTF8.self)) {
          found = FoundMark(reference: "m\(link.message)", address: nil)
        }
      }
    }
  }
}
