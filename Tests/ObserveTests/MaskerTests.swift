import Seeding
import Testing

@testable import Observe

@Suite struct MaskerTests {
  @Test(
    "phone numbers lose all but their last two digits",
    arguments: [
      ("call 13912345678 now", "call *********78 now"),
      ("+86 139 1234 5678", "+** *** **** **78"),
      ("(0755) 8888-1234", "(****) ****-**34"),
      ("tel:+1-202-555-0143;ext=5", "tel:+*-***-***-**43;ext=5"),
      ("phone13912345678x", "phone*********78x"),
      ("电话１３９１２３４５６７８", "电话*********７８"),
      ("139\u{A0}1234\u{2011}5678", "***\u{A0}****\u{2011}**78"),
      ("030/1234567", "***/*****67"),
      ("1234567", "*****67"),
      ("key=(8613912345678)", "key=(***********78)"),
      ("٠١٢٣٤٥٦٧", "******٦٧"),
      ("6222021234567890123", "*****************23"),
    ])
  func phones(text: String, masked: String) { #expect(Masker.mask(text) == masked) }

  @Test(
    "mainland identity numbers are masked, check digit X included",
    arguments: [
      ("id 11010519491231002X!", "id ****************2X!"), ("11010519491231002x", "****************2x"),
      ("110105194912310021", "****************21"), ("110105491231002", "*************02"),
      ("110105 19491231 002X", "****** ******** **2X"),
    ])
  func identities(text: String, masked: String) { #expect(Masker.mask(text) == masked) }

  @Test(
    "e-mail addresses lose what stands before the @",
    arguments: [
      ("to zhang.san+x@example.com.", "to ***@example.com."), ("a@b.cn,c@d.cn", "***@b.cn,***@d.cn"),
      ("13912345678@qq.com", "***@qq.com"), ("张三@例子.公司", "***@例子.公司"), ("root@localhost", "***@localhost"),
      ("x＠example.com", "***＠example.com"), ("postgres://u:secret@db/x", "postgres://u:***@db/x"),
      ("@home", "@home"), ("a @ b", "a @ b"), ("@@@", "@@@"), ("lead.registered[3]@12", "lead.registered[3]@12"),
    ])
  func addresses(text: String, masked: String) { #expect(Masker.mask(text) == masked) }

  @Test(
    "what operators need stays readable",
    arguments: [
      "2026-11-21T19:44:03.123Z", "at 2026-11-21 19:44:03.123456+08:00 it", "2026-11-21T19:44:03+0800", "2026/11/21",
      "2026-11-21", "12345678-1234-1234-1234-123456789012", "id 0190f3a1-7c3e-7cc1-9a42-1234567890ab,",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "10.120.200.100:19092", "192.168.100.200",
      "SQLSTATE 23505 in 123456", "3 of 12, 500 ms", "3 2026-11-21T19:44:03Z 4", "租约 42 已过期", "",
      "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ])
  func readable(text: String) { #expect(Masker.mask(text) == text) }

  @Test(
    "what only resembles a timestamp, UUID, address or digest is a number",
    arguments: [
      ("1391-12-345678", "****-**-****78"), ("2026-11-21-13912345678", "****-**-**-*********78"),
      ("2026-13-21", "****-**-21"), ("192.168.100.200.300", "***.***.***.***.*00"),
      ("300.168.100.200", "***.***.***.*00"),
      ("2026-11-21 13912345678", "2026-11-21 *********78"), ("1234567890123456", "**************56"),
      ("12345678-1234-1234-1234-1234567890123", "********-****-****-****-***********23"),
    ])
  func lookalikes(text: String, masked: String) { #expect(Masker.mask(text) == masked) }

  @Test("no text with a number of seven to eighteen digits in it keeps more than two of them")
  func property() {
    var chance = Seeded()
    let around = ["", " ", "call ", "tel:", "电话", "(", "\"", "y", ", ", "\n", "+", "🙂"]
    for _ in 0..<2000 {
      let count = Int.random(in: 7...18, using: &chance)
      // Digits from 3 up cannot be a year, so that no date hides among them.
      let number = (0..<count).map { _ in
        "\(Int.random(in: 3...9, using: &chance))" + (Int.random(in: 0...3, using: &chance) == 0 ? "-" : "")
      }.joined()
      let text = around.randomElement(using: &chance)! + number + around.randomElement(using: &chance)!
      let masked = Masker.mask(text)
      #expect(masked.filter(\.isWholeNumber).count == 2, "\(text) became \(masked)")
      #expect(masked.unicodeScalars.count == text.unicodeScalars.count)
    }
  }

  @Test("random texts are masked without a trap, and a masked text stays as it is")
  func fuzz() {
    var chance = Seeded()
    let alphabet = Array("0123456789abcdefABCDEFX-./: T+Z@_,()９８＠é李\n\u{A0}🙂".unicodeScalars)
    for _ in 0..<5000 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...60, using: &chance) { text.append(alphabet.randomElement(using: &chance)!) }
      let masked = Masker.mask(String(text))
      #expect(Masker.mask(masked) == masked, "\(String(text).debugDescription) became \(masked.debugDescription)")
    }
  }

  @Test("a long text takes time in proportion to its length")
  func linear() {
    func time(_ count: Int) -> Duration {
      let text = String(repeating: "a@a1-2026-1", count: count) + String(repeating: "a", count: count * 10)
      return cost { _ = Masker.mask(text) }
    }
    _ = time(100)
    let small = (0..<5).map { _ in time(1000) }.min()!
    let large = (0..<5).map { _ in time(10_000) }.min()!
    #expect(large < small * 40)
  }
}
