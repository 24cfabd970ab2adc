import Seeding
import Testing

@testable import ShortMessages

/// Figures worked out by hand from 3GPP TS 23.038, 6.2.1, and TS 23.040, 9.2.3.24.1.
@Suite struct ShortMessageTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let what: String
    let text: String
    let encoding: ShortMessage.Encoding
    let units: Int
    let parts: Int
    let left: Int
    var testDescription: String { what }

    init(_ what: String, _ text: String, _ encoding: ShortMessage.Encoding, _ units: Int, _ parts: Int, _ left: Int) {
      (self.what, self.text, self.encoding, self.units, self.parts, self.left) =
        (what, text, encoding, units, parts, left)
    }
  }

  static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  static let cases: [Case] = [
    Case("nothing", "", .gsm7, 0, 1, 160),
    Case("a full part", repeated("a", 160), .gsm7, 160, 1, 0),
    Case("one more makes two parts of 153", repeated("a", 161), .gsm7, 161, 2, 145),
    Case("two full parts", repeated("a", 306), .gsm7, 306, 2, 0),
    Case("three parts", repeated("a", 307), .gsm7, 307, 3, 152),
    Case("Greek capitals and accents of the alphabet", "ΔΦΓΛΩΠΨΣΘΞ èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà", .gsm7, 34, 1, 126),
    Case("a price in euros costs one more", "€5", .gsm7, 3, 1, 157),
    Case("80 of the extension fill a part", repeated("€", 80), .gsm7, 160, 1, 0),
    Case("81 leave a septet free in the first of two", repeated("€", 81), .gsm7, 162, 2, 153 - 10),
    Case("an escape is not cut from its character", repeated("a", 152) + "[" + repeated("b", 10), .gsm7, 164, 2, 141),
    Case("every character of the extension", "\u{0C}^{}\\[~]|€", .gsm7, 20, 1, 140),
    Case("line ends", "a\r\nb", .gsm7, 4, 1, 156),
    Case("a small c with cedilla is not in the table", "ç", .ucs2, 1, 1, 69),
    Case("a grave accent is not", "`", .ucs2, 1, 1, 69),
    Case("a tab is not", "a\tb", .ucs2, 3, 1, 67),
    Case("an escape by itself is no character", "\u{1B}e", .ucs2, 2, 1, 68),
    Case("a letter with its accent apart", "e\u{301}", .ucs2, 2, 1, 68),
    Case("Chinese, a full part", repeated("中", 70), .ucs2, 70, 1, 0),
    Case("Chinese, one more makes two parts of 67", repeated("中", 71), .ucs2, 71, 2, 63),
    Case("Chinese, two full parts", repeated("中", 134), .ucs2, 134, 2, 0),
    Case("an emoji is two units", "😀", .ucs2, 2, 1, 68),
    Case("35 emoji fill a part", repeated("😀", 35), .ucs2, 70, 1, 0),
    Case("36 leave a unit free in the first of two", repeated("😀", 36), .ucs2, 72, 2, 67 - 6),
    Case("a pair is not cut", repeated("中", 66) + "😀" + repeated("文", 3), .ucs2, 71, 2, 62),
    Case("one Chinese character in a long English text", repeated("a", 69) + "中", .ucs2, 70, 1, 0),
    Case("an English text made dear by a curly quote", repeated("a", 160) + "’", .ucs2, 161, 3, 40),
  ]

  @Test("encoding, units and parts are the standard's", arguments: cases)
  func counted(_ wanted: Case) throws {
    let message = try #require(ShortMessage(wanted.text))
    #expect(message.encoding == wanted.encoding)
    #expect(message.units == wanted.units)
    #expect(message.parts.count == wanted.parts)
    #expect(message.left == wanted.left)
    #expect((message.foreign != nil) == (wanted.encoding == .ucs2))
  }

  @Test("the alphabet has 127 characters besides the escape, and the extension ten others")
  func alphabet() {
    #expect(GSMAlphabet.table.count == 128 && Set(GSMAlphabet.table).count == 128)
    // Some codes of the standard's table, so that no row is shifted.
    for (code, scalar) in [
      (0x00, "@"), (0x09, "Ç"), (0x0A, "\n"), (0x0D, "\r"), (0x10, "Δ"), (0x1A, "Ξ"), (0x1C, "Æ"), (0x1F, "É"),
      (0x20, " "), (0x24, "¤"), (0x40, "¡"), (0x41, "A"), (0x5B, "Ä"), (0x5F, "§"), (0x60, "¿"), (0x61, "a"),
      (0x7B, "ä"), (0x7F, "à"),
    ] as [(Int, Unicode.Scalar)] {
      #expect(GSMAlphabet.table[code] == scalar)
    }
    let extended = GSMAlphabet.extensionTable.map(\.scalar)
    #expect(Set(extended).count == 10 && Set(extended).isDisjoint(with: GSMAlphabet.table))
    for scalar in GSMAlphabet.table where scalar != "\u{FFFF}" { #expect(GSMAlphabet.septets(scalar) == 1) }
    for scalar in extended { #expect(GSMAlphabet.septets(scalar) == 2) }
    let all = (0..<0x11_0000).compactMap { Unicode.Scalar($0 as Int) }
    #expect(all.count { GSMAlphabet.septets($0) != nil } == 137)
  }

  @Test("a signature stands in front and is counted")
  func signature() throws {
    let message = try #require(ShortMessage("Your code is 1234", signature: "华证券"))
    #expect(message.parts == ["【华证券】Your code is 1234"] && message.encoding == .ucs2 && message.units == 22)
    #expect(ShortMessage("a", signature: nil)?.parts == ["a"])
  }

  @Test("what needs more than 255 parts is none")
  func tooLong() {
    #expect(ShortMessage(Self.repeated("a", 255 * 153))?.parts.count == 255)
    #expect(ShortMessage(Self.repeated("a", 255 * 153 + 1)) == nil)
    #expect(ShortMessage(Self.repeated("中", 255 * 67))?.parts.count == 255)
    // 33 pairs a part, one unit of each part free.
    #expect(ShortMessage(Self.repeated("😀", 255 * 33))?.parts.count == 255)
    #expect(ShortMessage(Self.repeated("😀", 255 * 33 + 1)) == nil)
    #expect(ShortMessage(Self.repeated("€", 255 * 76))?.parts.count == 255)
    #expect(ShortMessage(Self.repeated("€", 255 * 76 + 1)) == nil)
  }

  @Test("parts joined are the text, none is over-full, each but the last has no room for what comes next")
  func anything() throws {
    var random = Seeded()
    let gsm = GSMAlphabet.table.filter { $0 != "\u{FFFF}" } + GSMAlphabet.extensionTable.map(\.scalar)
    let foreign: [Unicode.Scalar] = ["中", "文", "😀", "𝟗", "\u{301}", "’", "\t", "\u{1B}", "\u{200D}", "\0"]
    for round in 0..<2000 {
      let pool = Bool.random(using: &random) ? gsm : gsm + foreign
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...700, using: &random) { text.append(pool.randomElement(using: &random)!) }
      let message = try #require(ShortMessage(String(text)))
      func units(_ text: some Sequence<Unicode.Scalar>) -> Int {
        text.reduce(0) { $0 + (message.encoding == .gsm7 ? GSMAlphabet.septets($1) ?? 999 : UTF16.width($1)) }
      }
      let label: Comment = "seed \(Seeded.seed), round \(round)"
      #expect(message.parts.flatMap(\.unicodeScalars) == Array(text), label)
      #expect(units(text) == message.units, label)
      let room = message.parts.count == 1 ? message.encoding.alone : message.encoding.joined
      for (part, next) in zip(message.parts, message.parts.dropFirst()) {
        let used = units(part.unicodeScalars)
        #expect(used <= room && used + units(next.unicodeScalars.prefix(1)) > room, label)
      }
      #expect(units(message.parts.last!.unicodeScalars) + message.left == room, label)
    }
  }
}
