import Mail
import Seeding
import Testing
import Values

@Suite struct ReportTests {
  private static let marks = MessageMarks(secret: Array("one".utf8))
  private static let bounces = "bounces+{mark}@mail.firm.example"

  private static func read(_ text: String) -> MailReport {
    MailReport(reading: Array(marked(text).utf8), marks: marks)
  }

  private static func marked(_ text: String) -> String {
    let link = marks.link(.unsubscribe, message: 12).dropFirst("unsubscribe/".count)
    return text.replacing("MARK", with: marks.bounce("m12.1")).replacing("OPEN", with: link)
  }

  private static func notice(
    _ action: DeliveryNotice.Action, _ status: String, _ diagnostic: String?, reference: String? = "m12.1",
    address: String? = bounces
  ) -> MailReport {
    .delivery([
      DeliveryNotice(reference: reference, address: address, action: action, status: status, diagnostic: diagnostic)
    ])
  }

  @Test("Postfix: the mark is in the address that the bounce came to; the words name nobody")
  func postfix() {
    #expect(
      Self.read(Bounces.postfix)
        == Self.notice(.failed, "5.1.1", "smtp; 550 5.1.1 … Recipient address rejected: User unknown …"))
  }

  @Test("Exchange: the mark is in the mail that is sent back")
  func exchange() {
    #expect(
      Self.read(Bounces.exchange)
        == Self.notice(
          .failed, "5.1.10",
          "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
          address: "{mark}@mail.firm.example"))
  }

  @Test("Gmail: a delay, whose words say more than its status")
  func gmail() {
    #expect(
      Self.read(Bounces.gmail)
        == Self.notice(.delayed, "4.2.2", "smtp; 452-4.2.2 The recipient's inbox is out of storage space."))
  }

  @Test("qmail, old Exim and QQ make no report: what came to a mark from a mail server is a bounce, by its words")
  func words() {
    #expect(
      Self.read(Bounces.qmail) == Self.notice(.failed, "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)"))
    #expect(Self.read(Bounces.exim) == Self.notice(.failed, "5.0.0", nil))
    #expect(Self.read(Bounces.qq) == Self.notice(.failed, "5.1.1", nil))
    // Without the mark nobody knows whose it is.
    for text in [Bounces.qmail, Bounces.exim, Bounces.qq] {
      #expect(Self.read(text.replacing("MARK", with: "m12.1.abcdefghijklmnop")).isAnswer)
    }
  }

  @Test("a complaint is about the mail that its report or the mail in it bears the mark of")
  func complaint() {
    let at = Timestamp(rfc3339: "2026-01-31T09:30:05Z".utf8)
    func complaint(_ reference: String?, _ address: String?, _ kind: String = "abuse") -> MailReport {
      .complaint(Complaint(reference: reference, address: address, kind: kind, arrivedAt: at))
    }
    #expect(Self.read(Bounces.complaint) == complaint("m12.1", Self.bounces))
    let redacted = Bounces.complaint.replacing("bounces+MARK@", with: "redacted@")
    #expect(Self.read(redacted) == complaint("m12", nil))
    #expect(Self.read(redacted.replacing("OPEN", with: "m12.abcdefghijklmnop")) == complaint(nil, nil))
    #expect(
      Self.read(redacted.replacing("Feedback-Type: abuse", with: "Feedback-Type: Fraud"))
        == complaint("m12", nil, "fraud"))
    #expect(
      Self.read(redacted.replacing("Feedback-Type: abuse", with: "Feedback-Type: a b"))
        == complaint("m12", nil, "other"))
    for kind in ["not-spam", "auth-failure"] {
      #expect(
        Self.read(redacted.replacing("Feedback-Type: abuse", with: "Feedback-Type: \(kind)"))
          == .answer(isAutomatic: false))
    }
  }

  @Test("an answer is no report, wherever it came to; a program's is told from a person's")
  func answers() {
    #expect(Self.read(Bounces.away) == .answer(isAutomatic: true))
    for line in [
      "Auto-Submitted: auto-generated", "Precedence: bulk", "X-Autoreply: yes", "X-Auto-Response-Suppress: All",
    ] {
      #expect(Self.read("From: a@b.example\n\(line)\n\nHello.") == .answer(isAutomatic: true), "\(line)")
    }
    #expect(
      Self.read("From: a@b.example\nTo: bounces+MARK@mail.firm.example\n\nMailbox 5.1.1?")
        == .answer(isAutomatic: false))
    #expect(Self.read("From: a@b.example\nAuto-Submitted: no\n\nHello.") == .answer(isAutomatic: false))
    // That a mail was read is nothing that was asked for (RFC 8098).
    let read = """
      From: a@b.example
      Content-Type: multipart/report; report-type=disposition-notification; boundary=b

      --b
      Content-Type: message/disposition-notification

      Disposition: manual-action/MDN-sent-manually; displayed
      --b--
      """
    #expect(Self.read(read) == .answer(isAutomatic: false))
    // A report that somebody passes on as a file is not a report to us.
    let inside = "From: a@b.example\nContent-Type: message/rfc822\n\n" + Bounces.postfix
    #expect(Self.read(inside) == .answer(isAutomatic: false))
  }

  @Test("what cannot be read says why")
  func unreadable() {
    func reason(_ text: String) -> String? {
      if case .unreadable(let refusal) = Self.read(text) { refusal.reason } else { nil }
    }
    #expect(reason("") == "empty")
    #expect(reason("\n") == "wrong-type")
    #expect(reason("hello\n\nhello") == "wrong-type")
    #expect(reason("\u{0}\u{1}\u{2}") == "wrong-type")
    #expect(reason("Content-Type: message/delivery-status\n\nReporting-MTA: dns; a.example\n") == "missing")
  }

  @Test(
    "a recipient's fields, as servers write them and leave them out",
    arguments: [
      ("Action: failed\nStatus: 5.1.1", .failed, "5.1.1"), ("action:FAILED\nstatus:5.1.1", .failed, "5.1.1"),
      ("Action: failed\nStatus: 5.2.2 (mailbox full)", .failed, "5.2.2"), ("Status: 5.1.1", .failed, "5.1.1"),
      ("Status: 4.4.1", .delayed, "4.4.1"), ("Status: 2.1.5", .delivered, "2.1.5"),
      ("Action: relayed\nStatus: 2.0.0", .relayed, "2.0.0"),
      ("Action: expanded (to a list)", .expanded, "2.0.0"), ("Action: delayed", .delayed, "4.0.0"),
      ("Action: failed", .failed, "5.0.0"),
      ("Action: failed\nStatus: x", .failed, "5.0.0"),
      ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550-5.1.1 no", .failed, "5.1.1"),
      ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 no such user", .failed, "5.0.0"),
      ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 452 4.2.2 full", .failed, "5.0.0"),
      ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; host 5.1.1.9 said no", .failed, "5.0.0"),
      ("Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.1.1 no", .failed, "5.7.1"),
      ("Action: thrown\nStatus: 5.1.1", .failed, "5.1.1"),
    ] as [(String, DeliveryNotice.Action, String)])
  func fields(group: String, action: DeliveryNotice.Action, status: String) throws {
    guard case .delivery(let notices) = Self.read("Content-Type: message/delivery-status\n\n\(group)\n\n") else {
      throw Refusal("missing", "no report")
    }
    #expect(notices.map(\.action) == [action] && notices.map(\.status) == [status])
    #expect(notices[0].reference == nil && notices[0].address == nil)
  }

  @Test("each recipient's group is a notice, whatever the part is encoded in")
  func groups() {
    let groups =
      "Reporting-MTA: dns; a\r\n\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
    let encoded = String(decoding: Base64.encoded(Array(groups.utf8)), as: UTF8.self)
    for (encoding, body) in [
      ("8bit", groups), ("Base64", encoded), ("quoted-printable", groups.replacing("5.1.1", with: "=35.1=\r\n.1")),
    ] {
      let mail =
        "To: x+MARK@y.example\r\nContent-Type: Message/Delivery-Status\r\nContent-Transfer-Encoding: \(encoding)\r\n\r\n\(body)"
      guard case .delivery(let notices) = Self.read(mail) else {
        Issue.record("\(encoding) is no report")
        continue
      }
      #expect(
        notices.map(\.status) == ["5.1.1", "2.0.0"] && notices.map(\.reference) == ["m12.1", "m12.1"], "\(encoding)")
    }
  }

  @Test("a mark is found in any case and any company, and no other is taken for one")
  func marks() {
    func found(_ head: String) -> String? {
      guard case .delivery(let notices) = Self.read(head + "\nContent-Type: message/delivery-status\n\nStatus: 5.1.1\n")
      else { return nil }
      return notices[0].address
    }
    let upper = Self.marks.bounce("m12.1").uppercased()
    #expect(found("To: BOUNCES+\(upper)@Mail.Firm.Example") == Self.bounces)
    #expect(found("To: a@b.example, \"x\" <bounces+MARK@mail.firm.example>") == Self.bounces)
    #expect(found("Delivered-To: prvs=123=b-MARK=x@y.example") == "prvs=123=b-{mark}=x@y.example")
    #expect(found("To: MARK@y.example") == "{mark}@y.example")
    #expect(found("References: <a@b.example>\n <MARK@y.example>") == "{mark}@y.example")
    for text in ["To: xMARK@y.example", "To: MARKx@y.example", "To: MARK", "Subject: b+MARK@y.example", "To: y@MARK"] {
      #expect(found(text) == nil, "\(text)")
    }
    // More than are looked at.
    let many = (0..<60).map { "m\($0).1.abcdefghijklmnop@y.example" }.joined(separator: ", ")
    #expect(found("To: \(many), MARK@y.example") == nil)
  }

  @Test("any bytes are something, and reports that were damaged name no other mail than ours")
  func anything() {
    var random = Seeded(4)
    let samples = [
      Bounces.postfix, Bounces.exchange, Bounces.gmail, Bounces.qmail, Bounces.exim, Bounces.qq, Bounces.complaint,
      Bounces.away,
    ]
    .map { Array(Self.marked($0).utf8) }
    let pieces = [
      "\n\n", "\r\n", "--", "--b", "=\"", ";", "boundary=", "Content-Type: multipart/report; boundary=b\n\n", "=", "=3",
      "5.1.1",
    ]
    var reports = 0
    for round in 0..<6000 {
      var bytes = random.oneIn(10) ? random.bytes(300) : samples.randomElement(using: &random)!
      for _ in 0..<random.below(6) {
        let from = random.below(bytes.count + 1)
        let to = min(bytes.count, from + random.below(random.oneIn(3) ? 400 : 4))
        switch random.below(4) {
        case 0: bytes.removeSubrange(from..<to)
        case 1: bytes.replaceSubrange(from..<to, with: random.bytes(6))
        case 2: bytes.insert(contentsOf: pieces.randomElement(using: &random)!.utf8, at: from)
        default: bytes += bytes[from..<to]
        }
      }
      let report = MailReport(reading: bytes, marks: Self.marks)
      #expect(report == MailReport(reading: bytes, marks: Self.marks))
      switch report {
      case .delivery(let notices):
        reports += 1
        #expect(!notices.isEmpty && notices.count <= 100, "round \(round)")
        for notice in notices {
          #expect(
            [nil, "m12.1"].contains(notice.reference) && (notice.diagnostic?.count ?? 0) <= 300, "round \(round)")
          #expect(!(notice.diagnostic ?? "").contains("@"), "round \(round)")
        }
      case .complaint(let complaint): #expect([nil, "m12.1", "m12"].contains(complaint.reference), "round \(round)")
      case .answer, .unreadable: break
      }
    }
    #expect(reports > 1000)
  }

  @Test("a report is found within parts of parts, five deep and no deeper", arguments: [(5, true), (6, false)])
  func nested(depth: Int, isFound: Bool) {
    let heads = (0..<depth).map { "Content-Type: multipart/mixed; boundary=b\($0)\n\n--b\($0)\n" }.joined()
    let report = Self.read(heads + "Content-Type: message/delivery-status\n\nStatus: 5.1.1\n")
    #expect(report.isAnswer != isFound)
  }

  @Test("what is large is read as far as it matters")
  func large() {
    let deep = (0..<2000).map { "Content-Type: multipart/mixed; boundary=b\($0)\n\n--b\($0)\n" }.joined()
    let wide = "Content-Type: multipart/mixed; boundary=b\n\n" + String(repeating: "--b\n\n", count: 100_000)
    let long = "To: " + String(repeating: "m1.", count: 300_000) + "@y.example\n\n"
    let fields = String(repeating: "To: m1.1.abcdefghijklmnop@y.example\n", count: 30_000)
    let tail = Bounces.postfix.replacing(
      "--4F0A.1769851805/relay.example--", with: String(repeating: "a\n", count: 3_000_000))
    for text in [deep, wide, long, fields] { #expect(Self.read(text).isAnswer) }
    #expect(Self.read(tail) == Self.read(Bounces.postfix))
  }
}

extension MailReport {
  var isAnswer: Bool { if case .answer = self { true } else { false } }
}
