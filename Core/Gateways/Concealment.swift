/// Makes what a gateway says fit for logs, tables and people's eyes: gateways like to say back what they were told.
///
/// Left out: secrets and what steps made of them, in every way that a request writes them; numbers of seven digits and more,
/// which may be phones; the message's text and its variables; control characters.
struct Concealment {
  private let hidden: [[UInt8]]
  /// In small letters.
  private let names: Set<[UInt8]>

  /// In characters.
  static let longest = 300
  /// Bytes of a text that are looked at. What the cut may have left of a hidden value is cut off with it.
  private static let reach = 4096

  /// - Parameter names: left out where they stand as a word of their own, in whatever case; those of two letters and less hide nobody.
  init(secrets: [[UInt8]], personal: [[UInt8]] = [], names: [[UInt8]] = []) {
    self.names = Set(names.filter { $0.count >= 3 }.map { $0.map(\.small) })
    // A word of three letters hides nobody and stands in any sentence.
    let all = secrets.filter { !$0.isEmpty } + personal.filter { $0.count >= 4 }
    let encoded = all.map { Escaping.percentEncoded($0) }
    let written =
      all + encoded + encoded.map { $0.map { ($0 | 0x20).isLetter ? $0 | 0x20 : $0 } }
      + all.flatMap { [Escaping.json.escape($0), Escaping.xml.escape($0)] }
    // Longest first, so that no rest of one is left beside another.
    hidden = Set(written).sorted { $0.count > $1.count }
  }

  func hides(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return hidden.contains { bytes.replacing($0) != bytes }
  }

  func callAsFunction(_ text: String) -> String {
    var bytes = Array(text.utf8.prefix(Concealment.reach))
    let isCut = text.utf8.count > bytes.count
    for value in hidden { bytes = bytes.replacing(value) }
    for name in names.sorted(by: { $0.count > $1.count }) { bytes = bytes.replacing(word: name) }
    if isCut { bytes.removeLast(min(bytes.count, hidden.first?.count ?? 0)) }
    var out = String.UnicodeScalarView()
    var digits: [Unicode.Scalar] = []
    func settle() {
      if digits.count >= 7 { out.append("…") } else { out.append(contentsOf: digits) }
      digits = []
    }
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if scalar.properties.numericType == .decimal {
        digits.append(scalar)
        continue
      }
      settle()
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate: out.append(" ")
      default: out.append(scalar)
      }
    }
    settle()
    return String(String(out).prefix(Concealment.longest))
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }

  /// A letter of ASCII in lower case; anything else as it is.
  fileprivate var small: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }

  fileprivate var isOfWord: Bool { small.isLetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

extension [UInt8] {
  /// With `…` for each time that the name stands in it with no letter and no digit beside it.
  fileprivate func replacing(word: [UInt8]) -> [UInt8] {
    guard count >= word.count else { return self }
    let small = map(\.small)
    var out: [UInt8] = []
    var at = 0
    while at < count {
      let end = at + word.count
      if end <= count, small[at] == word[0], small[at..<end].elementsEqual(word),
        at == 0 || !self[at - 1].isOfWord, end == count || !self[end].isOfWord
      {
        out += "…".utf8
        at = end
      } else {
        out.append(self[at])
        at += 1
      }
    }
    return out
  }

  /// With `…` for each time that it holds the value.
  fileprivate func replacing(_ value: [UInt8]) -> [UInt8] {
    guard count >= value.count else { return self }
    var out: [UInt8] = []
    var at = 0
    while at < count {
      if self[at] == value[0], self[at...].starts(with: value) {
        out += "…".utf8
        at += value.count
      } else {
        out.append(self[at])
        at += 1
      }
    }
    return out
  }
}
