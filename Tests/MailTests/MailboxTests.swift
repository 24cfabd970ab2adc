import Mail
import Seeding
import Testing
import Values

@Suite struct MailboxTests {
  @Test(
    "what people write as an address",
    arguments: [
      ("news@firm.example", nil, "news@firm.example"),
      (" <news@firm.example> ", nil, "news@firm.example"),
      ("Firm 客户服务 <news@firm.example>", "Firm 客户服务", "news@firm.example"),
      ("\"Firm, Ltd.\" <news@firm.example>", "Firm, Ltd.", "news@firm.example"),
      ("\"a \\\"b\\\" \\\\\"<n@x.example>", "a \"b\" \\", "n@x.example"),
      ("\"\" <n@x.example>", nil, "n@x.example"),
      ("Zhang (VIP) <n@x.example>", "Zhang (VIP)", "n@x.example"),
      ("Bounces+M12.1.abc@Mail.Firm.EXAMPLE", nil, "Bounces+M12.1.abc@mail.firm.example"),
      ("!#$%&'*+-/=?^_`{|}~@x.example", nil, "!#$%&'*+-/=?^_`{|}~@x.example"),
      ("a@localhost", nil, "a@localhost"),
      ("a@xn--fiqs8s.example", nil, "a@xn--fiqs8s.example"),
      ("客服 <a＠例子。中国>", "客服", "a@xn--fsqu00a.xn--fiqs8s"),
      ("a@ＱＱ.com", nil, "a@qq.com"),
      ("a@BÜCHER.example", nil, "a@xn--bcher-kva.example"),
      ("a@faß.example", nil, "a@xn--fa-hia.example"),
    ] as [(String, String?, String)])
  func taken(text: String, name: String?, address: String) throws {
    let mailbox = try Mailbox(parsing: text)
    #expect(mailbox.name == name && mailbox.address == address)
    #expect(mailbox.domain == address.split(separator: "@").last!)
    #expect(try Mailbox(name: name, address: address) == mailbox)
  }

  @Test(
    "what is no address",
    arguments: [
      "", "@", "a", "a@", "@b.example", "a b@c.example", "a@b c.example", "a@b..example", "a@.example", "a@b.example.",
      ".a@b.example",
      "a.@b.example", "a..b@c.example", "a@b@c.example", "\"a\"@b.example", "a@[192.0.2.1]", "a@192.0.2.1",
      "a@-b.example",
      "a@b-.example", "a@b_c.example", "您@b.example", "a@b.example\r\nBcc: c@d.example", "a@b.example,c@d.example",
      "a@e\u{301}.example", "a@\u{202E}b.example", "a@b\u{0}.example", "a@😀.example", "<a@b.example", "a@b.example>",
      "n <a@b.example> x", "n, m <a@b.example>", "\"n <a@b.example>", "\"n\" m <a@b.example>", "\"n\\\" <a@b.example>",
      "n <m> <a@b.example>", "a@\(String(repeating: "b", count: 64)).example",
      "\(String(repeating: "a", count: 65))@b.example",
      "a@\(Array(repeating: "bbbbbbbbb", count: 26).joined(separator: "."))",
      "a@\(String(repeating: "您", count: 60)).example",
      "a@\(String(repeating: "您", count: 100_000))",
    ])
  func refused(text: String) {
    #expect { try Mailbox(parsing: text) } throws: { ($0 as? Refusal)?.reason == "not-an-address" }
  }

  @Test(
    "a name is one line without controls",
    arguments: ["a\r\nb", "a\nb", "a\rb", "a\u{0}b", "a\u{2028}b", "a\u{202E}b", "a\tb"])
  func names(name: String) {
    #expect { try Mailbox(name: name, address: "a@b.example") } throws: { ($0 as? Refusal)?.reason == "not-a-header" }
    #expect(throws: Refusal.self) { try Mailbox(parsing: "\"\(name)\" <a@b.example>") }
  }

  @Test("a name has an end")
  func longNames() throws {
    let longest = String(repeating: "a", count: 250)
    #expect(try Mailbox(name: longest, address: "a@b.example").name == longest)
    #expect(throws: Refusal.self) { try Mailbox(name: longest + "a", address: "a@b.example") }
    #expect(try Mailbox(name: " \u{3000}", address: "a@b.example").name == nil)
  }

  /// RFC 3492, 7.1, those that a domain may hold; their capitals are small here.
  @Test(
    "domains of every script are those of RFC 3492's own samples",
    arguments: [
      ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"), ("他們爲什麽不說中文", "ihqwctvzc91f659drss3x8bo0yb"),
      ("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b"),
      ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
      ("なぜみんな日本語を話してくれないのか", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"),
      ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
      ("安室奈美恵-with-super-monkeys", "-with-super-monkeys-pc58ag80a8qai00g7n9n"),
      ("hello-another-way-それぞれの場所", "hello-another-way--fc4qua05auwb3674vfr0b"), ("ひとつ屋根の下2", "2-u9tlzr9756bt3uc0v"),
      ("majiでkoiする5秒前", "majikoi5-783gue6qz075azm5e"), ("パフィーdeルンバ", "de-jg4avhby1noc0d"),
      ("そのスピードで", "d9juau41awczczp"),
    ])
  func punycode(label: String, encoded: String) throws {
    #expect(try Mailbox(address: "a@\(label).example").address == "a@xn--\(encoded).example")
  }

  @Test("any text is an address that SMTP takes, or none")
  func anything() {
    var random = Seeded(2)
    var taken = 0
    for round in 0..<10_000 {
      let text = (random.oneIn(4) ? "" : "a@b") + random.text(pieces: 3)
      do throws(Refusal) {
        let mailbox = try Mailbox(parsing: random.oneIn(2) ? "n <\(text)>" : text)
        taken += 1
        #expect(
          mailbox.address.utf8.allSatisfy { (0x21...0x7E).contains($0) } && mailbox.address.utf8.count <= 254,
          "round \(round)")
        #expect(try! Mailbox(parsing: mailbox.address).address == mailbox.address, "round \(round)")
      } catch {
        #expect(["not-an-address", "not-a-header"].contains(error.reason))
      }
    }
    #expect(taken > 500)
  }
}
