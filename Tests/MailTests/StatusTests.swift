import HTTP
import Mail
import Testing

@Suite struct StatusTests {
  @Test(
    "what servers say, and what it means",
    arguments: [
      // A mailbox that is not there, as Postfix, Exchange, Gmail and those without enhanced codes say it.
      ("550 5.1.1", .recipient, .recipientGone), ("550 5.1.10", .recipient, .recipientGone),
      ("550 -", .recipient, .recipient),
      ("550 5.2.1", .recipient, .recipientGone), ("553 5.1.3", .recipient, .recipientGone),
      ("550 5.1.2", .content, .recipientGone),
      ("550 5.1.6", .data, .recipientGone), ("556 -", .recipient, .recipientGone),
      ("556 5.1.10", .recipient, .recipientGone),
      // This recipient, not now.
      ("552 5.2.2", .recipient, .recipient), ("552 -", .recipient, .recipient), ("550 5.7.1", .recipient, .recipient),
      ("554 5.7.1", .recipient, .recipient), ("554 -", .recipient, .recipient), ("550 5.4.1", .recipient, .recipient),
      ("550 5.5.0", .recipient, .recipient), ("551 -", .recipient, .recipient), ("550 5.1.0", .recipient, .recipient),
      ("550 5.0.0", .recipient, .recipient), ("550 5.4.4", .content, .recipient),
      // This mail.
      ("552 5.3.4", .sender, .message), ("552 5.3.4", .content, .message), ("552 -", .content, .message),
      ("554 -", .data, .message),
      ("554 5.6.0", .content, .message), ("550 5.7.1", .content, .message), ("550 -", .content, .message),
      ("550 5.2.3", .content, .message),
      ("554 5.0.0", .content, .message),
      // The way.
      ("554 -", .session, .gateway), ("535 5.7.8", .session, .gateway), ("530 5.7.0", .sender, .gateway),
      ("530 -", .recipient, .gateway),
      ("550 5.1.8", .recipient, .gateway), ("550 5.1.7", .sender, .gateway), ("550 5.1.1", .sender, .gateway),
      ("550 5.1.1", .session, .gateway), ("553 -", .sender, .gateway), ("550 5.7.26", .content, .gateway),
      ("550 5.7.25", .recipient, .gateway), ("503 5.5.1", .recipient, .gateway), ("502 -", .data, .gateway),
      ("521 -", .recipient, .gateway),
      ("550 5.3.0", .content, .gateway), ("550 5.7.1", .sender, .gateway), ("250 -", .content, .gateway),
      ("354 -", .recipient, .gateway),
      // This mail, not now: greylisting, a full mailbox.
      ("450 4.7.1", .recipient, .later), ("451 -", .recipient, .later), ("452 4.2.2", .recipient, .later),
      ("450 4.2.1", .recipient, .later),
      ("451 4.7.1", .content, .later), ("451 -", .data, .later), ("452 4.5.3", .recipient, .later),
      // Any mail, not now.
      ("421 -", .session, .busy), ("421 4.7.0", .recipient, .busy), ("421 4.7.28", .content, .busy),
      ("450 4.7.1", .sender, .busy),
      ("451 -", .session, .busy), ("452 4.3.1", .recipient, .busy), ("451 4.3.2", .content, .busy),
      ("451 4.4.5", .content, .busy),
      ("454 4.7.0", .session, .busy),
    ] as [(String, MailStep, MailStatus.Meaning)])
  func meaning(answer: String, step: MailStep, meaning: MailStatus.Meaning) {
    let words = answer.split(separator: " ")
    let enhanced = words[1] == "-" ? nil : String(words[1])
    #expect(MailStatus.meaning(code: Int(words[0])!, enhanced: enhanced, at: step) == meaning)
    #expect(MailStatus.meaning(MailAnswer(code: Int(words[0])!, enhanced: enhanced), at: step) == meaning)
  }

  @Test("an address is given up for six statuses and no other")
  func gone() {
    var gone: [String] = []
    for status in 0...9 {
      for subject in 0...9 {
        for detail in 0...30 where MailStatus.isGone("\(status).\(subject).\(detail)") {
          gone.append("\(status).\(subject).\(detail)")
        }
      }
    }
    #expect(gone == ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
    for text in [
      "", "5", "5.1", "5.1.1.1", "5.1.1 ", " 5.1.1", "5..1", "5.1.-1", "5.1.0001", "５.1.1", "550", "5.1.1\n",
    ] {
      #expect(!MailStatus.isGone(text), "\(text)")
    }
  }

  @Test("no code, status and step is without a meaning, and only what nobody takes back gives an address up")
  func all() {
    for code in -1...700 {
      for step in MailStep.allCases {
        for enhanced in [nil, "", "4.2.2", "5.1.1", "5.7.1", "x", "5.999.999"] {
          let meaning = MailStatus.meaning(code: code, enhanced: enhanced, at: step)
          #expect(meaning != .recipientGone || (500...599).contains(code) && step != .session && step != .sender)
          #expect((meaning == .later || meaning == .busy) == (400...499).contains(code))
        }
      }
    }
  }
}
