/// A domain as mail servers write it (RFC 5321, 2.3.5): letters, digits and hyphens, in small letters. What is in another script
/// becomes A-labels (RFC 5891, 4, 5).
///
/// Mapped beforehand as far as people's keyboards make it necessary: capitals, full width, the full stops of U+3002 and its like
/// (RFC 5895, 2). What would have to be put together first, as with accents that stand alone, is refused, and not guessed.
struct DomainName: Sendable, Hashable {
  let text: String

  init?(_ written: some StringProtocol) {
    // Nothing as long becomes a domain, and Punycode takes time by the square.
    guard (1...253).contains(written.utf8.count) || written.unicodeScalars.count <= 253 else { return nil }
    var labels: [String] = []
    for label in DomainName.mapped(written).split(separator: ".", omittingEmptySubsequences: false) {
      guard let label = DomainName.label(Array(label)) else { return nil }
      labels.append(label)
    }
    text = labels.joined(separator: ".")
    // A domain of digits alone is an IP address, which stands in brackets.
    guard text.utf8.count <= 253, let last = labels.last, !last.utf8.allSatisfy(\.isDigit) else { return nil }
  }

  private static func mapped(_ text: some StringProtocol) -> [Unicode.Scalar] {
    text.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
      switch scalar.value {
      case 0x3002, 0xFF0E, 0xFF61: ["."]
      case 0xFF01...0xFF5E:
        Array(Unicode.Scalar(UInt8(scalar.value - 0xFEE0)).properties.lowercaseMapping.unicodeScalars)
      default: Array(scalar.properties.lowercaseMapping.unicodeScalars)
      }
    }
  }

  private static func label(_ scalars: [Unicode.Scalar]) -> String? {
    guard let first = scalars.first, first != "-", scalars.last != "-", scalars.allSatisfy(isPart),
      first.properties.generalCategory != .nonspacingMark
    else { return nil }
    var label = String(String.UnicodeScalarView(scalars))
    if !scalars.allSatisfy(\.isASCII) {
      label = "xn--" + Punycode.encoded(scalars)
    }
    return label.utf8.count <= 63 ? label : nil
  }

  private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return UInt8(scalar.value).isLetter || UInt8(scalar.value).isDigit || scalar == "-" }
    switch scalar.properties.generalCategory {
    case .lowercaseLetter, .otherLetter, .modifierLetter, .decimalNumber, .spacingMark: return true
    // Accents and vowels that stand behind their letter; those of Latin, Greek and Cyrillic are one with it in a domain.
    case .nonspacingMark: return !(0x0300...0x036F).contains(scalar.value)
    default: return false
    }
  }
}

/// RFC 3492: text of any script in letters and digits.
enum Punycode {
  /// The basic characters, a hyphen, and where among them the others go. Of a thousand characters at most: its numbers stay below
  /// 2^32 (6.4).
  static func encoded(_ scalars: [Unicode.Scalar]) -> String {
    precondition(scalars.count <= 1000, "too long to be a label")
    var out = scalars.filter(\.isASCII).map { UInt8($0.value) }
    var handled = out.count
    let basic = out.count
    if basic > 0 { out.append(UInt8(ascii: "-")) }
    var next: UInt32 = 128
    var delta: UInt32 = 0
    var bias: UInt32 = 72
    while handled < scalars.count {
      let least = scalars.lazy.map(\.value).filter { $0 >= next }.min()!
      delta += (least - next) * UInt32(handled + 1)
      next = least
      for scalar in scalars {
        if scalar.value < next { delta += 1 }
        guard scalar.value == next else { continue }
        append(delta, bias, to: &out)
        bias = adapted(delta, handled + 1, isFirst: handled == basic)
        delta = 0
        handled += 1
      }
      delta += 1
      next += 1
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// A number of digits whose weights the bias chooses (3.3).
  private static func append(_ number: UInt32, _ bias: UInt32, to out: inout [UInt8]) {
    var rest = number
    var k: UInt32 = 36
    while true {
      let threshold = k <= bias ? 1 : min(k - bias, 26)
      guard rest >= threshold else { return out.append(digits[Int(rest)]) }
      out.append(digits[Int(threshold + (rest - threshold) % (36 - threshold))])
      rest = (rest - threshold) / (36 - threshold)
      k += 36
    }
  }

  /// 6.1.
  private static func adapted(_ delta: UInt32, _ count: Int, isFirst: Bool) -> UInt32 {
    var delta = isFirst ? delta / 700 : delta / 2
    delta += delta / UInt32(count)
    var k: UInt32 = 0
    while delta > 455 {
      delta /= 35
      k += 36
    }
    return k + 36 * delta / (delta + 38)
  }

  private static let digits = [UInt8]("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
}
