import Mail
import Seeding
import Testing
import Values

/// What is written, against a reader that nobody here wrote: Python's `email`.
@Suite struct AgreementTests {
  @Test("two thousand drafts of anything are read by Python's email as they were meant, without a defect")
  func agreement() throws {
    var random = Seeded(3)
    var input: [UInt8] = []
    var attachments = 0
    let count = 2000
    for round in 0..<count {
      let draft = Self.draft(&random, round)
      let bytes = try draft.bytes()
      Self.check(bytes, "round \(round)")
      #expect(try draft.bytes() == bytes)
      attachments += draft.attachments.count
      var fields: [[UInt8]] = [
        bytes, Array((draft.from.name ?? "").utf8), Array(draft.from.address.utf8), Array((draft.to.name ?? "").utf8),
        Array(draft.to.address.utf8), Array(draft.subject.utf8), Array(draft.id.utf8), Array(draft.date.rfc3339.utf8),
        Array((draft.listUnsubscribe ?? "").utf8), Array((draft.language ?? "").utf8), draft.isAutomatic ? [1] : [],
        Array(draft.text.utf8), draft.html == nil ? [] : [1], Array((draft.html ?? "").utf8),
      ]
      for attachment in draft.attachments {
        fields += [Array(attachment.name.utf8), Array(attachment.type.utf8), attachment.bytes]
      }
      input += fields.map(Base64.encoded).joined(separator: [UInt8(ascii: " ")])
      input.append(UInt8(ascii: "\n"))
    }
    let answer = try python(Self.judge, reading: input)
    #expect(answer == "\(count) agree\n", "\(answer.prefix(4000))")
    #expect(attachments > 100)
  }

  /// RFC 5322, 2.1.1; RFC 2045, 6.7 and 6.8; and nothing that a server could take for the end of a line.
  private static func check(_ bytes: [UInt8], _ label: Comment) {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    #expect(lines.removeLast().isEmpty, label)
    var (isEncoded, isHead) = (false, true)
    for line in lines {
      #expect(line.last == 0x0D && !line.dropLast().contains(0x0D) && line.allSatisfy { $0 < 0x80 && $0 != 0 }, label)
      let text = String(decoding: line.dropLast(), as: UTF8.self)
      if text.hasPrefix("Content-Transfer-Encoding: ") { isEncoded = !text.hasSuffix("7bit") }
      if text.hasPrefix("--=_") { isEncoded = false }
      isHead = isHead && !text.isEmpty
      #expect(text.utf8.count <= (isEncoded || isHead && text.contains("=?UTF-8?") ? 76 : 998), label)
    }
  }

  private static func draft(_ random: inout Seeded, _ round: Int) -> MailDraft {
    func line(_ random: inout Seeded, _ pieces: Int, _ most: Int) -> String {
      let text = random.text(pieces: pieces).unicodeScalars.filter {
        $0.properties.generalCategory != .control && ![0x2028, 0x202E].contains($0.value)
      }
      var out = ""
      for scalar in text where out.utf8.count + 4 <= most { out.unicodeScalars.append(scalar) }
      return out
    }
    func text(_ random: inout Seeded) -> String {
      random.text(pieces: random.oneIn(8) ? 100 : 12).replacing("\0", with: "")
    }
    let addresses = [
      "a@b.example", "o'neil+x@客服.example",
      "\(String(repeating: "l", count: 64))@\(String(repeating: "d", count: 63)).example",
    ]
    func mailbox(_ random: inout Seeded) -> Mailbox {
      try! Mailbox(
        name: random.oneIn(4) ? nil : line(&random, 6, 250), address: addresses.randomElement(using: &random)!)
    }
    return MailDraft(
      from: mailbox(&random), to: mailbox(&random), subject: line(&random, 20, 2000), text: text(&random),
      html: random.oneIn(2) ? text(&random) : nil,
      date: Timestamp(microseconds: Int64.random(in: 0..<4_000_000_000_000_000, using: &random)),
      id: "m\(round).\(random.below(9)).abc@mail.firm.example",
      listUnsubscribe: random.oneIn(2) ? "https://links.firm.example/unsubscribe/m\(round)" : nil,
      isAutomatic: random.oneIn(2), language: random.oneIn(2) ? "zh-Hans" : nil,
      attachments: (0..<(random.oneIn(5) ? 1 + random.below(2) : 0)).map { _ in
        let name = line(&random, 8, 200).filter { !"/\\".contains($0) }
        return MailAttachment(name: "a" + name, type: "application/pdf", bytes: random.bytes(300))
      })
  }

  private static let judge = #"""
    import base64, datetime, email, email.header, email.policy, email.utils, re, sys

    def lines(text):
        text = re.sub("\r\n|\r|\n", "\r\n", text)
        return text if text.endswith("\r\n") else text + "\r\n"

    def person(mail, name):
        # The newer reader keeps the blank between two encoded-words of a name (until Python 3.13), so the older reads names.
        [address] = mail[name].addresses
        phrase, spec = email.utils.parseaddr(re.sub("\r?\n", "", email.message_from_bytes(raw)[name]))
        same("address", spec, address.addr_spec)
        return str(email.header.make_header(email.header.decode_header(phrase))), spec

    agreed = 0
    for number, line in enumerate(sys.stdin.buffer.read().split(b"\n")[:-1]):
        raw, *fields = [base64.b64decode(field) for field in line.split(b" ")]
        from_name, from_address, to_name, to_address, subject, name, date, url, language, automatic, text, marked, html = [
            field.decode() for field in fields[:13]]
        files = [fields[at:at + 3] for at in range(13, len(fields), 3)]
        mail = email.message_from_bytes(raw, policy=email.policy.default)

        def same(what, found, wanted):
            if found != wanted:
                print(f"draft {number}, {what}: {found!r:.500} is not {wanted!r:.500}")
                print(raw.decode()[:3000])
                sys.exit(0)

        for part in mail.walk():
            same("defects", list(part.defects), [])
            for header, value in part.items():
                same(f"defects of {header}", list(value.defects), [])
        same("from", person(mail, "From"), (from_name, from_address))
        same("to", person(mail, "To"), (to_name, to_address))
        same("subject", str(mail["Subject"]), subject)
        same("id", str(mail["Message-ID"]), f"<{name}>")
        same("date", mail["Date"].datetime, datetime.datetime.fromisoformat(date[:19] + "+00:00"))
        same("list", mail["List-Unsubscribe"], f"<{url}>" if url else None)
        same("one click", mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click" if url else None)
        same("language", mail["Content-Language"], language or None)
        same("automatic", mail["Auto-Submitted"], "auto-generated" if automatic else None)
        same("headers", len(mail.keys()), len(set(mail.keys())))
        same("text", mail.get_body(("plain",)).get_content(), lines(text))
        body = mail.get_body(("html",))
        same("html", body and body.get_content(), lines(html) if marked else None)
        found = [(part.get_filename(), part.get_content_type(), part.get_content()) for part in mail.iter_attachments()]
        # Its reader of file names takes blanks around them away.
        same("files", found, [(name.decode().strip(), kind.decode(), bytes) for name, kind, bytes in files])
        same("parts", sum(not part.is_multipart() for part in mail.walk()), 1 + bool(marked) + len(files))
        agreed += 1
    print(agreed, "agree")
    """#
}
