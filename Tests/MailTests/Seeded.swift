import Seeding

extension Seeded {
  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
  mutating func oneIn(_ chances: Int) -> Bool { below(chances) == 0 }

  mutating func bytes(_ most: Int) -> [UInt8] {
    (0..<below(most + 1)).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  /// What mail has been broken with before, in any order.
  mutating func text(pieces most: Int) -> String {
    (0..<below(most + 1)).map { _ in Seeded.pieces.randomElement(using: &self)! }.joined()
  }

  private static let pieces = [
    "a", "Z", "0", " ", "  ", "\t", "\r", "\n", "\r\n", "\n.", "\r\n.\r\n", ".", "..", "\nFrom ", "From ", "\n--=_",
    "--", "=_", "=",
    "=\n", "=?", "?=", "=?UTF-8?Q?a?=", "=?UTF-8?B?", "_", "?", "\"", "\\", "'", "<", ">", ",", ";", ":", "@", "(", ")",
    "[", "]",
    "%", "*", "/", "&amp;", "<p>", "</p>", "您好", "客户服务", "，", "。", "　", "مرحبا", "é", "e\u{301}", "ß", "😀", "👨‍👩‍👧", "🇨🇳",
    "\u{A0}", "\u{200B}", "\u{FEFF}", "\u{FFFD}", "\u{10FFFF}", "\u{0}", "\u{1}", "\u{B}", "\u{C}", "\u{1B}", "\u{7F}",
    "\u{85}",
    "\u{2028}", "\u{202E}", "Subject: x", "\r\nBcc: x@y.example\r\n\r\n", " \r\n", "\t\n", "word ",
    "statement of account ",
    String(repeating: "x", count: 75), String(repeating: "y", count: 1000), String(repeating: "长", count: 40),
    String(repeating: "z ", count: 500),
  ]
}
