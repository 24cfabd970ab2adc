public import Values

/// What a mail is that came to where bounces and complaints go.
public enum MailReport: Sendable, Equatable {
  /// What became of a mail, for each recipient that the report names (RFC 3464), or as a mail server of old tells it in words.
  case delivery([DeliveryNotice])
  /// Somebody does not want such mail (RFC 5965).
  case complaint(Complaint)
  /// Somebody, or a program in their absence, answers (RFC 3834); or whatever else people send.
  case answer(isAutomatic: Bool)
  /// `empty`, `wrong-type` where it is no mail, `missing` where it is a report that says nothing of any recipient.
  case unreadable(Refusal)

  /// Bytes of a mail that are looked at: what is wanted stands before the mail that is sent back.
  public static let reach = 1 << 20

  /// Reads any bytes, in a time that grows with their number alone.
  public init(reading bytes: [UInt8], marks: MessageMarks) {
    guard !bytes.isEmpty else {
      self = .unreadable(Refusal("empty", "there is no mail in it"))
      return
    }
    let mail = MailEntity(reading: bytes.prefix(MailReport.reach))
    guard !mail.head.fields.isEmpty else {
      self = .unreadable(Refusal("wrong-type", "a mail begins with a head, and this has none"))
      return
    }
    let leaves = mail.leaves
    if let status = leaves.first(where: { $0.type.hasSuffix("delivery-status") }) {
      let search = MarkSearch(mail, leaves, status.fieldGroups, marks)
      let notices = DeliveryNotice.all(in: status.fieldGroups, search.found)
      self =
        notices.isEmpty
        ? .unreadable(Refusal("missing", at: "status", "the report says nothing of any recipient")) : .delivery(notices)
    } else if let feedback = leaves.first(where: { $0.type == "message/feedback-report" }),
      let complaint = Complaint(feedback.fieldGroups, MarkSearch(mail, leaves, feedback.fieldGroups, marks).found)
    {
      self = .complaint(complaint)
    } else if let found = MarkSearch(addressees: mail, marks).found, MailReport.isOfServer(mail.head),
      let text = leaves.first(where: { $0.type == "text/plain" }) ?? leaves.first(where: { $0.type == "text/html" })
    {
      self = .delivery([DeliveryNotice(words: text.content, isPlain: text.type == "text/plain", found)])
    } else {
      self = .answer(isAutomatic: MailReport.isAutomatic(mail.head))
    }
  }

  /// Whether a mail server wrote it, on its own behalf: qmail's, old Exim's and QQ's bounces say so by these alone.
  private static func isOfServer(_ head: MailHead) -> Bool {
    if head["x-failed-recipients"] != nil { return true }
    if head["auto-submitted"]?.lowercased().hasPrefix("auto-replied") ?? false { return false }
    let from = (head["from"] ?? "").lowercased()
    return ["mailer-daemon@", "postmaster@", "mailerdaemon@"].contains { from.contains($0) }
  }

  /// RFC 3834, 2 and 5, and what was in use before it.
  private static func isAutomatic(_ head: MailHead) -> Bool {
    if let word = head["auto-submitted"]?.lowercased(), !word.hasPrefix("no") { return true }
    if head["return-path"] == "<>" { return true }
    if ["bulk", "junk", "auto_reply"].contains(head["precedence"]?.lowercased()) { return true }
    return ["x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-response-suppress"].contains { head[$0] != nil }
  }
}

extension MailEntity {
  private static let mostGroups = 100

  /// The fields of a report, by the empty lines between them (RFC 3464, 2.1).
  var fieldGroups: [MailHead] {
    var groups: [MailHead] = []
    var rest = content[...]
    while !rest.isEmpty, groups.count < MailEntity.mostGroups {
      let group = MailHead(reading: &rest)
      if !group.fields.isEmpty { groups.append(group) }
    }
    return groups
  }
}
