import Seeding
import Testing

@testable import HTTP

/// What is refused before it is said, how replies are read, and that no server's words lead astray.
@Suite struct MailWordsTests {
  private func mail(
    url: String = "smtp://127.0.0.1:1", from: String = "a@b", to: String = "c@d", _ message: String = "x\r\n",
    encryption: MailRequest.Encryption = .none, user: String? = nil, password: String? = nil, hello: String? = nil
  ) -> MailRequest {
    MailRequest(
      server: .init(url: url, encryption: encryption, user: user, password: password, hello: hello), from: from, to: to,
      message: Array(message.utf8))
  }

  @Test("nothing gets out that would become another command, recipient or mail")
  func faults() throws {
    let server = try MailServer()
    defer { server.stop() }
    let odd = ["\r", "\n", "\0", "\r\nRCPT TO:<x@y>", " ", "<", ">", "\t", "é"]
    var mails = odd.flatMap {
      [mail(from: "a\($0)@b"), mail(to: "c\($0)@d"), mail(url: "smtp://h\($0)"), mail(hello: "h\($0)")]
    }
    mails += ["", "a", "@b", "a@", String(repeating: "a", count: 254) + "@b"].map { mail(to: $0) }
    mails += ["a", "@"].map { mail(from: $0) }
    mails += ["", "\n", "x\n", "x\ry\r\n", "x\n.\r\n", "x\r", "x\r\r\n", "x\0\r\n", "x\r\n\n.\r\n"].map { mail($0) }
    mails += [mail(String(repeating: "x", count: 999) + "\r\n"), mail(String(repeating: "x", count: 999))]
    mails += ["http://h", "h", "smtp://", "smtp://u:p@h", "smtp://h/path", "smtp://h?x", "SMTP://h"].map {
      mail(url: $0)
    }
    mails += [
      mail(user: "u", password: "p"), mail(encryption: .whenOffered, user: "u", password: "p"),
      mail(encryption: .required, user: "u"), mail(encryption: .required, password: "p"),
      mail(encryption: .required, user: "u\n", password: "p"),
    ]
    let transfers = Transfers()
    for mail in mails { #expect(try transfers.send(mail)?.proof == .malformed, "\(mail)") }
    let sound = [
      mail(from: ""), mail("x"), mail(String(repeating: "x", count: 998) + "\r\n"), mail("\r\n"),
      mail(url: "smtp://[::1]:25"), mail(encryption: .required, user: "u", password: "p"),
      mail(url: "smtps://h", user: "u", password: "p"), mail(to: "\"a\"+tag=x'/@d.example"),
    ]
    for mail in sound { #expect(mail.fault == nil, "\(mail)") }
  }

  @Test("dots at a line's start are doubled, and nothing else is changed")
  func dots() {
    func content(_ text: String) -> String { String(decoding: Array(text.utf8).asMailContent, as: UTF8.self) }
    #expect(content("x\r\n") == "x\r\n.\r\n")
    #expect(content("x") == "x\r\n.\r\n")
    #expect(content(".\r\n") == "..\r\n.\r\n")
    #expect(content(".") == "..\r\n.\r\n")
    #expect(content("a.\r\n..\r\n\r\n.b") == "a.\r\n...\r\n\r\n..b\r\n.\r\n")
  }

  @Test("replies of one line and of several, in any pieces")
  func replies() {
    let text = "250 ok\r\n550-5.1.1 a\r\n550 5.1.1 b\r\n354\r\n250-\r\n250 x\n452 4.2.2.1 no\r\n550 4.1.1 no\r\n"
    let right = [
      MailAnswer(code: 250, text: "ok"), MailAnswer(code: 550, enhanced: "5.1.1", text: "a b"), MailAnswer(code: 354),
      MailAnswer(code: 250, text: "x"), MailAnswer(code: 452, text: "4.2.2.1 no"),
      MailAnswer(code: 550, text: "4.1.1 no"),
    ]
    for size in 1...text.utf8.count {
      var reader = SMTPReplies()
      var read: [MailAnswer] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        reader.receive(rest.prefix(size))
        rest = rest.dropFirst(size)
        while case .reply(let reply) = reader.next() { read.append(reply) }
      }
      #expect(read == right)
      #expect(!reader.isInTheMiddle)
    }
    for garbage in ["\r\n", "25\r\n", "abc\r\n", "199 x\r\n", "600 x\r\n", "250x\r\n", "-25 x\r\n", "2500 x\r\n"] {
      var reader = SMTPReplies()
      reader.receive(Array(garbage.utf8))
      #expect(reader.next() == .garbled, "\(garbage)")
    }
  }

  @Test("bytes beyond ASCII are announced where the server takes them, and not sent where it does not")
  func eightBit() throws {
    let old = try MailServer(offers: [])
    defer { old.stop() }
    var request = mail(url: old.url, "Subject: é\r\n")
    #expect(try Transfers().send(request)?.proof == .malformed)
    #expect(!old.said.contains { $0.verb == "MAIL" })
    let new = try MailServer(offers: ["8BITMIME"])
    defer { new.stop() }
    request.server.url = new.url
    #expect(try Transfers().send(request)?.accepted != nil)
    #expect(new.said[1].text == "MAIL FROM:<a@b> BODY=8BITMIME")
  }

  @Test("whatever a server says, a mail ends, never as accepted without its content taken, and never twice")
  func fuzz() throws {
    var chance = Seeded()
    let words = [
      "250 ok\r\n", "250-more\r\n", "354 go\r\n", "421 bye\r\n", "550 5.1.1 no\r\n", "452 later\r\n", "220 x\r\n",
      "999 x\r\n", "\r\n",
      "\0\r\n", "250\n", "250 ok\r\n250 ok\r\n", "334 x\r\n", "x", String(repeating: "250-x\r\n", count: 500), "",
    ]
    for round in 0..<150 {
      let script = (0..<6).map { _ in words.randomElement(using: &chance)! }
      let ends = (0..<6).map { _ in Int.random(in: 0..<4, using: &chance) == 0 }
      let pipelining = Bool.random(using: &chance)
      let server = try MailServer(offers: pipelining ? ["PIPELINING"] : []) { said in
        let step = ["MAIL", "RCPT", "DATA"].firstIndex(of: said.verb) ?? (said.isContent ? 3 : 5)
        guard step < 5 else { return nil }
        return [.send(script[step])] + (ends[step] || script[step].isEmpty ? [.close] : [])
      }
      let limits = HTTPLimits(connect: .milliseconds(500), total: .milliseconds(50), largestAnswer: 1000)
      let end = try #require(try Transfers().send(mail(url: server.url), within: limits))
      server.stop()
      let taken = server.contents.count { $0.contains("x\r\n") }
      #expect(taken <= 1, "\(round)")
      if end.accepted != nil { #expect(taken == 1, "\(round): \(script) \(server.said)") }
      if end.proof != nil { #expect(taken == 0, "\(round): \(script)") }
    }
  }
}
