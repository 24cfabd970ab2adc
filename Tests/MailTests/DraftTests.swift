import Mail
import Testing
import Values

@Suite struct DraftTests {
  @Test("a mail in ASCII is written as it is")
  func plain() throws {
    #expect(
      written(try draft()) == """
        Date: Sat, 31 Jan 2026 09:30:00 +0000
        From: Firm <news@firm.example>
        To: a@b.example
        Subject: Statement of January
        Message-ID: <m12.1.abc@mail.firm.example>
        Auto-Submitted: auto-generated
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        Hello.

        """)
  }

  @Test("a mail in Chinese, with markup, a language, a way off the list and a file")
  func whole() throws {
    var draft = try draft()
    draft.from = try Mailbox(parsing: "客户服务 <news@firm.example>")
    draft.replyTo = try Mailbox(parsing: "\"Firm, Ltd.\" <help@firm.example>")
    draft.subject = "您好"
    draft.text = "您好，您的账单已经到了。"
    draft.html = "<p>Hello =)</p> "
    draft.listUnsubscribe = "https://links.firm.example/unsubscribe/m12.abc"
    draft.isAutomatic = false
    draft.language = "zh-Hans"
    draft.attachments = [MailAttachment(name: "账单.pdf", type: "application/pdf", bytes: Array("%PDF".utf8))]
    #expect(
      written(draft) == """
        Date: Sat, 31 Jan 2026 09:30:00 +0000
        From: =?UTF-8?B?5a6i5oi35pyN5Yqh?= <news@firm.example>
        Reply-To: "Firm, Ltd." <help@firm.example>
        To: a@b.example
        Subject: =?UTF-8?B?5oKo5aW9?=
        Message-ID: <m12.1.abc@mail.firm.example>
        List-Unsubscribe: <https://links.firm.example/unsubscribe/m12.abc>
        List-Unsubscribe-Post: List-Unsubscribe=One-Click
        MIME-Version: 1.0
        Content-Language: zh-Hans
        Content-Type: multipart/mixed; boundary="=_mB"
        Content-Transfer-Encoding: 7bit

        --=_mB
        Content-Type: multipart/alternative; boundary="=_aB"
        Content-Transfer-Encoding: 7bit

        --=_aB
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: base64

        5oKo5aW977yM5oKo55qE6LSm5Y2V5bey57uP5Yiw5LqG44CCDQo=

        --=_aB
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        <p>Hello =3D)</p>=20

        --=_aB--

        --=_mB
        Content-Type: application/pdf
        Content-Transfer-Encoding: base64
        Content-Disposition: attachment; filename*=UTF-8''%E8%B4%A6%E5%8D%95.pdf

        JVBERg==

        --=_mB--

        """)
  }

  @Test(
    "a text is encoded where it has to be, in the shorter way, and arrives with the lines that it had",
    arguments: [
      ("a", "7bit", "a\n"), ("", "7bit", "\n"), ("a\rb\nc\r\nd\n\re", "7bit", "a\nb\nc\nd\n\ne\n"),
      ("a\n", "7bit", "a\n"),
      ("a\n\n", "7bit", "a\n\n"), (".\n..a", "7bit", ".\n..a\n"), ("a\tb", "7bit", "a\tb\n"),
      ("a ", "quoted-printable", "a=20\n"), ("a\t\nb", "quoted-printable", "a=09\nb\n"),
      ("From a", "quoted-printable", "=46rom a\n"),
      ("a From b", "7bit", "a From b\n"), ("--=_x", "quoted-printable", "--=3D_x\n"),
      ("café.\n.a", "quoted-printable", "caf=C3=A9.\n=2Ea\n"),
      ("a\u{1}b", "quoted-printable", "a=01b\n"), ("您好", "base64", "5oKo5aW9DQo=\n"),
      (String(repeating: "a", count: 998), "7bit", String(repeating: "a", count: 998) + "\n"),
      (
        String(repeating: "a", count: 999), "quoted-printable",
        String(repeating: String(repeating: "a", count: 75) + "=\n", count: 13) + String(repeating: "a", count: 24)
          + "\n"
      ),
      (
        "=" + String(repeating: "a", count: 72) + "é", "quoted-printable",
        "=3D" + String(repeating: "a", count: 72) + "=\n=C3=A9\n"
      ),
      (
        "é" + String(repeating: "a", count: 70), "quoted-printable", "=C3=A9" + String(repeating: "a", count: 70) + "\n"
      ),
      (
        "é" + String(repeating: "a", count: 71), "quoted-printable",
        "=C3=A9" + String(repeating: "a", count: 69) + "=\naa\n"
      ),
    ])
  func encodings(text: String, encoding: String, body: String) throws {
    var draft = try draft()
    draft.text = text
    let parts = written(draft).split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
    #expect(parts[0].hasSuffix("Content-Transfer-Encoding: \(encoding)"))
    #expect(parts[1] == body)
  }

  @Test(
    "a subject is what it was",
    arguments: [
      ("", ""), ("a b", " a b"), ("=?UTF-8?B?YQ==?=", " =?UTF-8?B?PT9VVEYtOD9CP1lRPT0/PQ==?="),
      (" a", " =?UTF-8?Q?_a?="),
      ("a ", " =?UTF-8?Q?a_?="), ("a  b", " =?UTF-8?Q?a__b?="), ("café", " =?UTF-8?B?Y2Fmw6k=?="),
      ("=?", " =?UTF-8?B?PT8=?="), ("un café", " =?UTF-8?Q?un_caf=C3=A9?="),
      ("100 % 您好", " =?UTF-8?B?MTAwICUg5oKo5aW9?="),
      (String(repeating: "a", count: 61), " =?UTF-8?Q?\(String(repeating: "a", count: 55))?=\n =?UTF-8?Q?aaaaaa?="),
      (
        String(repeating: "长", count: 21),
        " =?UTF-8?B?\(String(repeating: "6ZW/", count: 13))?=\n =?UTF-8?B?\(String(repeating: "6ZW/", count: 8))?="
      ),
      (
        String(repeating: "abcdefghi ", count: 8) + "x",
        String(repeating: " abcdefghi", count: 6) + "\n" + String(repeating: " abcdefghi", count: 2) + " x"
      ),
    ])
  func subjects(subject: String, line: String) throws {
    var draft = try draft()
    draft.subject = subject
    #expect(written(draft).contains("\nSubject:\(line)\nMessage-ID:"), "\(written(draft))")
  }

  @Test("what would be another header, another part or another mail is refused")
  func refused() throws {
    let cases: [(String, String, (inout MailDraft) -> Void)] = [
      ("subject", "not-a-header", { $0.subject = "a\r\nBcc: b@c.example" }),
      ("subject", "not-a-header", { $0.subject = "a\nb" }),
      ("subject", "not-a-header", { $0.subject = "a\u{0}" }),
      ("subject", "not-a-header", { $0.subject = "a\u{202E}b" }),
      ("subject", "too-long", { $0.subject = String(repeating: "a", count: 2001) }),
      ("text", "nul-character", { $0.text = "a\0" }),
      ("html", "nul-character", { $0.html = "a\0" }), ("id", "not-a-header", { $0.id = "a" }),
      ("id", "not-a-header", { $0.id = "a@b>\r\nBcc: c" }), ("id", "not-a-header", { $0.id = "a@b@c" }),
      ("id", "not-a-header", { $0.id = "@b" }),
      ("id", "not-a-header", { $0.id = String(repeating: "a", count: 250) + "@b" }),
      ("listUnsubscribe", "not-a-header", { $0.listUnsubscribe = "http://a.example/" }),
      ("listUnsubscribe", "not-a-header", { $0.listUnsubscribe = "https://a.example/>\r\nBcc: c" }),
      ("listUnsubscribe", "not-a-header", { $0.listUnsubscribe = "https://a.example/a,<b>" }),
      (
        "listUnsubscribe", "not-a-header",
        { $0.listUnsubscribe = "https://a.example/" + String(repeating: "a", count: 900) }
      ),
      ("language", "not-a-language", { $0.language = "" }),
      ("language", "not-a-language", { $0.language = "zh\r\nBcc: c" }),
      ("attachments.name", "not-a-header", { $0.attachments = [MailAttachment(name: "", type: "a/b", bytes: [])] }),
      ("attachments.name", "not-a-header", { $0.attachments = [MailAttachment(name: "../a", type: "a/b", bytes: [])] }),
      (
        "attachments.name", "not-a-header", { $0.attachments = [MailAttachment(name: "a\r\n", type: "a/b", bytes: [])] }
      ),
      ("attachments.type", "not-a-header", { $0.attachments = [MailAttachment(name: "a", type: "a", bytes: [])] }),
      (
        "attachments.type", "not-a-header",
        { $0.attachments = [MailAttachment(name: "a", type: "a/b; c=d", bytes: [])] }
      ),
      (
        "attachments.type", "not-a-header",
        { $0.attachments = [MailAttachment(name: "a", type: "a/b\r\nc", bytes: [])] }
      ),
    ]
    for (path, reason, change) in cases {
      var draft = try draft()
      change(&draft)
      #expect { try draft.bytes() } throws: { ($0 as? Refusal)?.reason == reason && ($0 as? Refusal)?.path == path }
    }
  }

  @Test(
    "moments of all years",
    arguments: [
      ("0001-01-01T00:00:00Z", "Mon, 1 Jan 0001 00:00:00"), ("1970-01-01T00:00:00Z", "Thu, 1 Jan 1970 00:00:00"),
      ("2024-02-29T23:59:59.999999Z", "Thu, 29 Feb 2024 23:59:59"),
      ("2026-11-22T12:00:00+08:00", "Sun, 22 Nov 2026 04:00:00"),
      ("9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59"),
    ])
  func dates(moment: String, date: String) throws {
    var draft = try draft()
    draft.date = try #require(Timestamp(rfc3339: moment.utf8))
    #expect(written(draft).hasPrefix("Date: \(date) +0000\n"))
  }

  private func draft() throws -> MailDraft {
    MailDraft(
      from: try Mailbox(parsing: "Firm <news@firm.example>"), to: try Mailbox(parsing: "a@b.example"),
      subject: "Statement of January", text: "Hello.", date: Timestamp(rfc3339: "2026-01-31T09:30:00Z".utf8)!,
      id: "m12.1.abc@mail.firm.example")
  }

  /// With LF for CR LF, and B for the part of a boundary that is the id's hash.
  private func written(_ draft: MailDraft) -> String {
    let text = String(decoding: try! draft.bytes(), as: UTF8.self)
    return text.replacing("\r\n", with: "\n").replacing(/(=_[am])[A-Za-z0-9_-]{16}/) { "\($0.1)B" }
  }
}
