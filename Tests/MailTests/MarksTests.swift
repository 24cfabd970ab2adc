import Mail
import Seeding
import Testing

@Suite struct MarksTests {
  private let marks = MessageMarks(secret: Array("one".utf8))

  /// What other programs come to: base32(HMAC-SHA-256(secret, "bounce" NUL "m12.1"), 10 bytes).
  @Test("a mark is small letters and digits, the same every time, and another under another secret or for another mail")
  func made() {
    let mark = marks.bounce("m12.1")
    #expect(mark == "m12.1.i7jgups6zxvhg7it")
    #expect(MessageMarks(secret: Array("two".utf8)).bounce("m12.1") != mark)
    #expect(marks.bounce("m12.2").suffix(16) != mark.suffix(16))
    #expect(marks.link(.open, message: 12) == "open/m12.jyyel6rzojmuisjk")
  }

  @Test("a bounce's mark is read back in any case, under every secret that is believed, and in no other spelling")
  func bounces() {
    let mark = marks.bounce("m12.1")
    #expect(marks.reference(ofBounce: mark) == "m12.1")
    #expect(marks.reference(ofBounce: mark.uppercased()) == "m12.1")
    let later = MessageMarks(secret: Array("two".utf8), former: [Array("one".utf8)])
    #expect(later.reference(ofBounce: mark) == "m12.1")
    #expect(MessageMarks(secret: Array("two".utf8)).reference(ofBounce: mark) == nil)
    for place in mark.indices {
      let changed = mark.replacingCharacters(at: place, with: mark[place] == "a" ? "b" : "a")
      #expect(marks.reference(ofBounce: changed) == nil, "\(changed)")
    }
    for text in ["", ".", "m12.1", "m12.1.", ".i7jgups6zxvhg7it", mark + "a", "m12.1.m12.1.", mark.dropLast(1) + "é"] {
      #expect(marks.reference(ofBounce: text) == nil, "\(text)")
    }
    // What is right for one use is not for another.
    #expect(marks.reference(ofBounce: marks.link(.open, message: 12).dropFirst(5)) == nil)
  }

  @Test("a link is read back as it was made, and not with a single character changed")
  func links() {
    let url = "https://firm.example/a?b=c&d=%E6%82%A8#e"
    for (kind, url) in [(MailLink.Kind.unsubscribe, nil), (.open, nil), (.click, url)] {
      let path = marks.link(kind, message: 5501, url: url)
      let link = marks.link(reading: path)
      #expect(link?.kind == kind && link?.message == 5501 && link?.url == url)
      for place in path.indices {
        let changed = path.replacingCharacters(at: place, with: path[place] == "A" ? "B" : "A")
        #expect(marks.link(reading: changed) == nil, "\(changed)")
      }
      for changed in [path + "/", "/" + path, path + "=", path + "A", path.uppercased(), String(path.dropLast())] {
        #expect(marks.link(reading: changed) == nil, "\(changed)")
      }
      #expect(MessageMarks(secret: Array("two".utf8)).link(reading: path) == nil)
    }
    // A message that is another's number in another spelling, and marks of one kind under another.
    let mark = marks.link(.open, message: 12).dropFirst("open/m12.".count)
    for path in [
      "open/m012.\(mark)", "open/m+12.\(mark)", "open/12.\(mark)", "unsubscribe/m12.\(mark)", "open/m-12.\(mark)",
    ] {
      #expect(marks.link(reading: path) == nil, "\(path)")
    }
  }

  @Test(
    "a click leads to the web, in ASCII, and to nothing that ends a header",
    arguments: [
      ("https://firm.example", true), ("http://firm.example/a", true), ("HTTPS://firm.example/", true),
      ("https://", false),
      ("https:///a", false), ("https:firm.example", false), ("javascript:alert(1)", false),
      ("mailto:a@b.example", false),
      ("//firm.example", false), ("/a", false), ("", false), ("https://firm.example/a\r\nSet-Cookie: a", false),
      ("https://firm.example/ a", false), ("https://firm.example/您", false), ("https://firm.example/\u{0}", false),
      ("https://firm.example/" + String(repeating: "a", count: 1979), true),
      ("https://firm.example/" + String(repeating: "a", count: 1980), false),
    ])
  func fit(url: String, isFit: Bool) {
    #expect(MailLink.isFit(url) == isFit)
    guard isFit else { return }
    #expect(marks.link(reading: marks.link(.click, message: 1, url: url))?.url == url)
  }

  @Test("any text is no mark of ours")
  func anything() {
    var random = Seeded(1)
    let real = [
      marks.bounce("m12.1"), marks.link(.click, message: 1, url: "https://a.example"), marks.link(.open, message: 1),
    ]
    for _ in 0..<5000 {
      var bytes = Array(real.randomElement(using: &random)!.utf8)
      for _ in 0...random.below(3) {
        let place = random.below(bytes.count)
        if random.oneIn(3) {
          bytes[place] = UInt8.random(in: 0...255, using: &random)
        } else {
          bytes[place...] = random.bytes(30)[...]
        }
        if bytes.isEmpty { bytes = [46] }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard !real.contains(text), text.lowercased() != real[0] else { continue }
      #expect(marks.reference(ofBounce: text) == nil && marks.link(reading: text) == nil, "\(text)")
    }
  }
}

extension String {
  func replacingCharacters(at place: Index, with character: Character) -> String {
    String(self[..<place]) + String(character) + String(self[index(after: place)...])
  }
}
