internal import Values

/// The page that goes before a fax: whom it is for, whom it is from.
public struct FaxCover: Sendable, Hashable {
  /// The firm, as recipients know it.
  public let sender: String
  /// Where they may call back.
  public let phone: String?
  /// What stands at its end, such as what to do with a fax that was meant for somebody else.
  public let note: String?

  public init(sender: String, phone: String? = nil, note: String? = nil) {
    (self.sender, self.phone, self.note) = (sender, phone, note)
  }

  /// Pango markup. Labels in Chinese and English: a machine's number tells nothing of who stands beside it.
  func markup(to number: String, reference: String, date: String) -> String {
    var rows = [
      ("收件人 To", number), ("发件人 From", sender), ("日期 Date", date), ("编号 Reference", reference),
    ]
    if let phone { rows.insert(("电话 Phone", phone), at: 2) }
    let lines = rows.map { "<b>\($0.0):</b>  \(FaxPages.escaped($0.1))" }
    let end = note.map { "\n\n\n\(FaxPages.escaped($0))" } ?? ""
    return "<span size=\"xx-large\"><b>传真 FAX</b></span>\n\n\n\(lines.joined(separator: "\n\n"))\(end)\n"
  }
}
