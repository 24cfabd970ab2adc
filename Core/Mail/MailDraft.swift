internal import Digest
public import Values

/// A mail to one recipient, before it is written.
public struct MailDraft: Sendable {
  public var from: Mailbox
  public var to: Mailbox
  public var replyTo: Mailbox?
  /// One line.
  public var subject: String
  /// Lines may end in LF, CR LF or CR: what is written ends them in CR LF, the last one too.
  public var text: String
  /// The same in markup, for those who can show it.
  public var html: String?
  public var date: Timestamp
  /// What stands between the angle brackets of `Message-ID`, as in `m12.1.abcdefghijklmnop@mail.firm.example`: the same for every
  /// attempt that is the same mail, and for no other mail.
  public var id: String
  /// Where a POST takes the recipient off the list, by https (RFC 8058). Servers heed it where a signature covers it (DKIM), which the
  /// mail server makes that this is given to.
  public var listUnsubscribe: String?
  /// A program wrote it, and nobody's absence has to be told to it (RFC 3834, 5).
  public var isAutomatic: Bool
  /// BCP 47, as in `zh-Hans`.
  public var language: String?
  public var attachments: [MailAttachment]

  public init(
    from: Mailbox, to: Mailbox, replyTo: Mailbox? = nil, subject: String, text: String, html: String? = nil,
    date: Timestamp, id: String, listUnsubscribe: String? = nil, isAutomatic: Bool = true, language: String? = nil,
    attachments: [MailAttachment] = []
  ) {
    self.from = from
    self.to = to
    self.replyTo = replyTo
    self.subject = subject
    self.text = text
    self.html = html
    self.date = date
    self.id = id
    self.listUnsubscribe = listUnsubscribe
    self.isAutomatic = isAutomatic
    self.language = language
    self.attachments = attachments
  }

  /// The mail as SMTP takes it (RFC 5322): ASCII, lines that end in CR LF, of at most 998 bytes, of at most 76 where they are encoded.
  /// The same draft is the same bytes.
  ///
  /// Refused: `not-a-header` (what cannot stand in the head), `too-long`, `nul-character`, `not-a-language`.
  public func bytes() throws(Refusal) -> [UInt8] {
    try check()
    var header = MailHeader()
    header.add("Date", [date.mailDate])
    header.add("From", from)
    if let replyTo { header.add("Reply-To", replyTo) }
    header.add("To", to)
    header.add("Subject", text: subject)
    header.add("Message-ID", ["<\(id)>"])
    if isAutomatic { header.add("Auto-Submitted", ["auto-generated"]) }
    if let listUnsubscribe {
      header.add("List-Unsubscribe", ["<\(listUnsubscribe)>"])
      header.add("List-Unsubscribe-Post", ["List-Unsubscribe=One-Click"])
    }
    header.add("MIME-Version", ["1.0"])
    if let language { header.add("Content-Language", [language]) }
    return header.bytes + content
  }

  /// The head's last lines, which say what follows, and all that follows.
  private var content: [UInt8] {
    var body = MailPart(text, "text/plain")
    if let html { body = MailPart("multipart/alternative", [body, MailPart(html, "text/html")], boundary("a")) }
    if !attachments.isEmpty {
      body = MailPart("multipart/mixed", [body] + attachments.map(MailPart.init), boundary("m"))
    }
    return body.bytes
  }

  /// Of the same length for all, so that none is the beginning of another.
  private func boundary(_ kind: String) -> String {
    let hash = HashAlgorithm.sha256.hash(of: Array(id.utf8)).prefix(12)
    return Multipart.mark + kind + Base64.urlEncoded(hash)
  }

  private func check() throws(Refusal) {
    guard subject.isFitForHeader else {
      throw Refusal("not-a-header", at: "subject", "a subject is one line without control characters")
    }
    guard subject.utf8.count <= MailDraft.longestSubject else {
      throw Refusal("too-long", at: "subject", "a subject has at most \(MailDraft.longestSubject) bytes")
    }
    for (place, text) in [("text", text), ("html", html ?? "")] where text.utf8.contains(0) {
      throw Refusal("nul-character", at: place, "U+0000 has no place in a mail")
    }
    let sides = id.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard id.utf8.count <= 250, sides.count == 2,
      sides.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isAtomText || $0 == UInt8(ascii: ".") } })
    else { throw Refusal("not-a-header", at: "id", "an id is left@right, in letters, digits and few signs") }
    if let url = listUnsubscribe {
      guard MailLink.isFit(url), url.lowercased().hasPrefix("https:"), url.utf8.count <= 900,
        !url.utf8.contains(where: { "<>,".utf8.contains($0) })
      else {
        throw Refusal("not-a-header", at: "listUnsubscribe", "the address is https and has at most 900 bytes of ASCII")
      }
    }
    if let language {
      guard (1...35).contains(language.utf8.count),
        language.utf8.allSatisfy({ $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") })
      else { throw Refusal("not-a-language", at: "language", "a language is named by a tag of BCP 47") }
    }
    for attachment in attachments { try attachment.check() }
  }

  /// Bytes; servers refuse heads that are too long.
  public static let longestSubject = 2000
}
