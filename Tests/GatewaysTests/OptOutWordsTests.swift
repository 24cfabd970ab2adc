import Gateways
import Seeding
import Testing
import Values

@Suite struct OptOutWordsTests {
  @Test(
    "who sends one of the words leaves, however it is written",
    arguments: [
      "STOP", "stop", "Stop", "  stop\r\n", "stop.", "\"STOP\"", "STOP!!!", "ＳＴＯＰ", "ｓｔｏｐ　", "退订", "退订。", "【退订】",
      "　退订　", "“退订”", "T", "t", "Ｔ", "ｔｄ", "TD", "td!", "N", "n", "「N」", "\u{FEFF}stop\u{200B}", "s\u{200D}top",
      "stop 😡",
      "Unsubscribe", "optout", "END", "quit", "cancel", "revoke", "stopall", "（退订）", "退\u{200B}订", "-T-", "\u{0}stop",
    ])
  func leaves(message: String) throws {
    #expect(try OptOutWords().matches(message))
  }

  @Test(
    "a word within a message is no word to leave by",
    arguments: [
      "", " ", "。", "please stop", "stop it", "don't stop", "不退订", "退订吗", "退 订", "TT", "TD退订", "NO", "1", "stopp",
      "s t o p",
      "END of month?", "t.d", "tn", "订退", "退訂", String(repeating: "!", count: 2000) + "stop",
    ])
  func stays(message: String) throws {
    #expect(try !OptOutWords().matches(message))
  }

  @Test("the words are a setting: others, several to a word, or none")
  func settings() throws {
    let words = try OptOutWords(["退訂", " Stop  All ", "ＮＯ", "0"])
    #expect(words.matches("退訂") && words.matches("STOP　ALL.") && words.matches("no") && words.matches("０"))
    #expect(!words.matches("STOP") && !words.matches("STOPALL") && !words.matches("退订"))
    let none = try OptOutWords([])
    #expect(!none.matches("STOP") && !none.matches(""))
    #expect(throws: Refusal("empty", at: "[1]", "a word has a letter or a digit, and other words are separate ones")) {
      try OptOutWords(["T", " 。 "])
    }
  }

  @Test("any message is looked at without a trap")
  func anything() throws {
    let words = try OptOutWords()
    var random = Seeded()
    for round in 0..<5000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let message = String(decoding: bytes, as: UTF8.self)
      if words.matches(message) {
        #expect(
          message.unicodeScalars.count { $0.properties.isAlphabetic } <= 11, "seed \(Seeded.seed), round \(round)")
      }
    }
  }
}
