import Glibc
import Testing
import Values

@testable import HTTP

/// Mails by SMTP: what is said, what its answers come to, and what is proof.
@Suite struct MailTests {
  static let text = "Subject: x\r\n\r\nhello\r\n.dot\r\n..\r\n"

  private func mail(_ server: MailServer, to: String = "li@example.com", _ text: String = text) -> MailRequest {
    MailRequest(
      server: .init(url: server.url, encryption: .none, hello: "us.example"), from: "bounce@firm.example", to: to,
      message: Array(text.utf8))
  }

  @Test("a mail is told in two turns where the server allows, its dots doubled, and its answer is whole")
  func whole() throws {
    let server = try MailServer()
    defer { server.stop() }
    let transfers = Transfers()
    let answer = try #require(try transfers.send(mail(server))?.accepted)
    #expect(answer == MailAnswer(code: 250, enhanced: "2.0.0", text: "Ok: queued as 4F1"))
    #expect(
      server.said.map(\.text) == [
        "EHLO us.example", "MAIL FROM:<bounce@firm.example> SIZE=\(Self.text.utf8.count)", "RCPT TO:<li@example.com>",
        "DATA", "Subject: x\r\n\r\nhello\r\n..dot\r\n...\r\n.\r\n",
      ])
    #expect(transfers.connections == 1)
  }

  @Test("without pipelining each command waits for the answer to the one before", arguments: [false, true])
  func oneByOne(pipelining: Bool) throws {
    let latch = Latch()
    let server = try MailServer(offers: pipelining ? ["PIPELINING"] : []) {
      $0.verb == "MAIL" ? [.wait(latch), .send("250 ok\r\n")] : nil
    }
    defer { server.stop() }
    let transfers = Transfers()
    transfers.begin(mail(server), as: 5, within: HTTPLimits(), notAfter: .never)
    try transfers.run { server.said.last?.verb == "MAIL" }
    latch.open()
    let ends = try transfers.allMails()
    #expect(ends.map(\.number) == [5])
    #expect(ends[0].end.accepted?.code == 250)
    #expect(server.said.map(\.verb).dropLast() == ["EHLO", "MAIL", "RCPT", "DATA"])
    #expect(server.said[1].text == "MAIL FROM:<bounce@firm.example>")
  }

  @Test("one session carries one mail after the other, those after a refusal too", arguments: [false, true])
  func reuse(pipelining: Bool) throws {
    let server = try MailServer(offers: pipelining ? ["PIPELINING"] : []) { said in
      said.text == "RCPT TO:<nobody@example.com>"
        ? [.send("550-5.1.1 <nobody@example.com>:\r\n550 5.1.1 User unknown\r\n")] : nil
    }
    defer { server.stop() }
    let transfers = Transfers()
    #expect(try transfers.send(mail(server))?.accepted != nil)
    for _ in 0..<3 {
      let end = try #require(try transfers.send(mail(server, to: "nobody@example.com")))
      guard case .refused(let answer, at: .recipient) = end else { throw Unexpected(end) }
      #expect(answer == MailAnswer(code: 550, enhanced: "5.1.1", text: "<nobody@example.com>: User unknown"))
      #expect(try transfers.send(mail(server))?.accepted != nil)
    }
    #expect(server.connections == 1)
    #expect(server.contents.count { $0.hasPrefix("Subject") } == 4)
    #expect(server.said.count { $0.verb == "RSET" } == 3)
  }

  @Test("each refusal is told with its step, and whether it may be taken later", arguments: [false, true])
  func refusals(pipelining: Bool) throws {
    for (verb, step, code) in [
      ("MAIL", "sender", 552), ("RCPT", "recipient", 450), ("DATA", "data", 451), ("content", "content", 554),
      ("content", "content", 452), ("RCPT", "recipient", 421), ("MAIL", "sender", 421),
    ] {
      let server = try MailServer(offers: pipelining ? ["PIPELINING"] : []) { said in
        (said.isContent ? "content" : said.verb) == verb ? [.send("\(code) no\r\n")] : nil
      }
      defer { server.stop() }
      let transfers = Transfers()
      let end = try transfers.send(mail(server))
      #expect(end?.refused == "\(step) \(code)", "\(verb) \(code): \(end as Any)")
      if case .refused(let answer, _) = end { #expect(answer.isTemporary == (code < 500)) }
      #expect(server.contents.filter { $0.count > 5 }.count == (verb == "content" ? 1 : 0))
    }
  }

  @Test("greeting and login refusals, and servers that are not there, are proof")
  func session() throws {
    let full = try MailServer(greeting: "554 5.3.2 go away\r\n")
    defer { full.stop() }
    #expect(try Transfers().send(mail(full))?.refused == "session 554")
    let plain = try MailServer()
    defer { plain.stop() }
    var request = mail(plain)
    request.server.encryption = .required
    #expect(try Transfers().send(request)?.proof == .untrusted)
    #expect(plain.said.map(\.verb).contains("MAIL") == false)
    let gone = try MailServer(greeting: "")
    let url = gone.url
    gone.stop()
    request.server.url = url
    #expect(try Transfers().send(request)?.proof == .unconnected)
  }

  @Test(
    "a server that goes before it has the content is proof; one that has it and goes is doubt",
    arguments: [false, true])
  func gone(byReset: Bool) throws {
    for (verb, isProof) in [("EHLO", true), ("MAIL", true), ("RCPT", true), ("DATA", true), ("content", false)] {
      let server = try MailServer { (($0.isContent ? "content" : $0.verb) == verb) ? [byReset ? .reset : .close] : nil }
      defer { server.stop() }
      let end = try Transfers().send(mail(server))
      #expect((end?.proof != nil) == isProof && (end?.doubt != nil) == !isProof, "\(verb): \(end as Any)")
      #expect(server.connections == 1)
      #expect(server.said.count { $0.verb == "MAIL" } <= 1)
    }
  }

  @Test(
    "a session that ended while it rested costs nothing: the mail goes over another, once",
    arguments: ["closed", "421", "stray", "late stray", "421 at MAIL", "closed at MAIL"])
  func endedAtRest(how: String) throws {
    let latch = Latch()
    let server = try MailServer { said in
      guard said.connection == 0 else { return nil }
      if said.isContent, how == "closed" { return [.send("250 ok\r\n"), .close] }
      if said.isContent, how == "421" { return [.send("250 ok\r\n421 4.4.2 too long idle\r\n"), .close] }
      if said.isContent, how == "stray" { return [.send("250 ok\r\n250 and more\r\n")] }
      if said.isContent, how == "late stray" {
        return [.send("250 ok\r\n"), .wait(latch), .send("250 and more\r\n"), .close]
      }
      guard said.text.contains("second"), how.hasSuffix("MAIL") else { return nil }
      return how == "421 at MAIL" ? [.send("421 4.7.0 enough\r\n"), .close] : [.close]
    }
    defer { server.stop() }
    let transfers = Transfers()
    #expect(try transfers.send(mail(server))?.accepted != nil)
    latch.open()
    if ["closed", "421", "late stray"].contains(how) { #expect(server.awaitEnded(1)) }
    var second = mail(server)
    second.from = "second@firm.example"
    #expect(try transfers.send(second)?.accepted != nil)
    #expect(server.connections == 2)
    #expect(server.contents.count == 2)
  }

  @Test("the time is up: proof as long as no content was sent, then doubt")
  func timedOut() throws {
    for verb in ["EHLO", "RCPT", "DATA", "content"] {
      let server = try MailServer { (($0.isContent ? "content" : $0.verb) == verb) ? [.untilClosed] : nil }
      defer { server.stop() }
      try patiently { time in
        let end = try Transfers().send(mail(server), within: HTTPLimits(connect: .seconds(60), total: time))
        guard server.said.contains(where: { ($0.isContent ? "content" : $0.verb) == verb }) else { return false }
        #expect(verb == "content" ? end?.doubt == .timedOut : end?.proof == .timedOut, "\(verb): \(end as Any)")
        return true
      }
    }
  }

  @Test("too late: not told at all, and no content where it became too late on the way")
  func late() throws {
    let latch = Latch()
    let server = try MailServer { said in said.text.contains("slow") ? [.wait(latch), .send("250 ok\r\n")] : nil }
    defer { server.stop() }
    let transfers = Transfers()
    #expect(try transfers.send(mail(server), notAfter: .zero)?.proof == .late)
    #expect(server.said.map(\.verb) == ["EHLO"])
    var slow = mail(server)
    slow.from = "slow@firm.example"
    try patiently { time in
      let until = BootClock.now + time
      transfers.begin(slow, as: 2, within: HTTPLimits(total: .seconds(60)), notAfter: until)
      try transfers.run { server.said.last?.verb == "MAIL" || transfers.inFlight == 0 }
      let isUnderWay = transfers.inFlight > 0
      while BootClock.now <= until {}
      latch.open()
      #expect(try transfers.allMails().first?.end.proof == .late)
      return isUnderWay
    }
    #expect(server.contents.isEmpty)
    #expect(try transfers.send(mail(server))?.accepted != nil)
    #expect(server.contents.count == 1)
  }

  @Test("a mail larger than all buffers on the way arrives whole")
  func large() throws {
    let line = String(repeating: "x", count: 900) + "\r\n"
    let text = "Subject: x\r\n\r\n" + String(repeating: line, count: 6000)
    let latch = Latch()
    let server = try MailServer { $0.verb == "DATA" ? [.send("354 go on\r\n"), .wait(latch)] : nil }
    defer { server.stop() }
    let transfers = Transfers()
    transfers.begin(mail(server, text), as: 1, within: HTTPLimits(total: .seconds(60)), notAfter: .never)
    try transfers.run { server.said.last?.verb == "DATA" }
    // It goes on until everything on the way is full, since nobody reads.
    for _ in 0..<20 {
      transfers.wait(atMost: .milliseconds(1))
      transfers.perform()
    }
    latch.open()
    #expect(try transfers.allMails().first?.end.accepted != nil)
    let isWhole = server.contents == [text + ".\r\n"]
    #expect(isWhole)
  }

  @Test("an approval before the end of a mail approves nothing")
  func hasty() throws {
    let eager = try MailServer { $0.verb == "DATA" ? [.send("354 go on\r\n250 have it\r\n"), .untilClosed] : nil }
    defer { eager.stop() }
    #expect(try Transfers().send(mail(eager))?.proof == .garbled)

    // More than the kernel keeps for a reader who does not read.
    let room = try #require(fopen("/proc/sys/net/ipv4/tcp_wmem", "r"))
    var most = 0
    withUnsafeMutablePointer(to: &most) { _ = withVaList([$0, $0, $0]) { vfscanf(room, "%ld %ld %ld", $0) } }
    fclose(room)
    let text = String(repeating: String(repeating: "x", count: 900) + "\r\n", count: (most + 2_000_000) / 900)
    let latch = Latch()
    let hasty = try MailServer {
      $0.verb == "DATA" ? [.send("354 go on\r\n"), .wait(latch), .send("250 have it\r\n"), .untilClosed] : nil
    }
    defer { hasty.stop() }
    let transfers = Transfers()
    transfers.begin(mail(hasty, text), as: 1, within: HTTPLimits(total: .seconds(60)), notAfter: .never)
    try transfers.run { hasty.said.last?.verb == "DATA" }
    for _ in 0..<20 {
      transfers.wait(atMost: .milliseconds(1))
      transfers.perform()
    }
    latch.open()
    #expect(try transfers.allMails().first?.end.doubt == .garbled)
  }

  @Test("a server that wants the content of a mail whose recipient it refused gets none")
  func lonelyDot() throws {
    let server = try MailServer { $0.verb == "RCPT" ? [.send("550 5.1.1 no\r\n")] : nil }
    defer { server.stop() }
    #expect(try Transfers().send(mail(server))?.refused == "recipient 550")
    #expect(server.contents == ["\r\n.\r\n"])
  }

  @Test("many at once, each with its own answer, on as many sessions as were in flight")
  func many() throws {
    let server = try MailServer { said in
      said.isContent ? [.send("250 \(said.text.split(separator: "\r\n")[0])\r\n")] : nil
    }
    defer { server.stop() }
    let transfers = Transfers()
    var answers: [Int64: String?] = [:]
    var next: Int64 = 0
    while answers.count < 1000 {
      while transfers.inFlight < 20, next < 1000 {
        transfers.begin(
          mail(server, "Number: \(next)\r\n\r\n"), as: next, within: HTTPLimits(total: .seconds(60)), notAfter: .never)
        next += 1
      }
      transfers.wait(atMost: .seconds(60))
      transfers.perform()
      for (number, end) in transfers.takeEndedMails() { answers[number] = end.accepted?.text }
    }
    #expect(answers.allSatisfy { $0.value == "Number: \($0.key)" })
    #expect(server.connections <= 20)
    #expect(server.contents.count == 1000)
  }

  @Test("cancelled: proof before its content was sent, doubt after; sessions take leave at the end")
  func cancelled() throws {
    let server = try MailServer { said in
      said.isContent && said.text.contains("held") || said.text.contains("early") ? [.untilClosed] : nil
    }
    defer { server.stop() }
    do {
      let transfers = Transfers()
      transfers.begin(mail(server, "held: x\r\n"), as: 1, within: HTTPLimits(), notAfter: .never)
      transfers.begin(mail(server, to: "early@example.com"), as: 2, within: HTTPLimits(), notAfter: .never)
      transfers.begin(mail(server, "sound: x\r\n"), as: 3, within: HTTPLimits(), notAfter: .never)
      try transfers.run {
        server.contents.count == 2 && server.said.contains { $0.text.contains("early") } && transfers.inFlight == 2
      }
      transfers.cancelAll()
      let ends = Dictionary(uniqueKeysWithValues: transfers.takeEndedMails().map { ($0.number, $0.end) })
      #expect(ends[1]?.doubt == .cancelled && ends[2]?.proof == .cancelled && ends[3]?.accepted != nil)
      #expect(transfers.inFlight == 0 && transfers.connections == 1)
    }
    #expect(server.awaitEnded(3))
    #expect(server.said.count { $0.verb == "QUIT" } == 1)
  }
}

struct Unexpected: Error {
  let what: String
  init(_ what: some Any) { self.what = "\(what)" }
}
