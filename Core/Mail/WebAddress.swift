/// An address as markup has it, made one that may stand in a header: character references decoded, what is beyond ASCII encoded, as
/// browsers do (WHATWG URL, 4.4). Nil where that is not certain, or it leads elsewhere than to the web: it stays as it is then.
enum WebAddress {
  static func read(_ attribute: ArraySlice<UInt8>) -> String? {
    guard attribute.count <= 4 * MailLink.longestURL, let text = decoded(attribute) else { return nil }
    var bare = text.filter { ![0x09, 0x0A, 0x0D].contains($0) }.drop { $0 <= 0x20 }
    while let last = bare.last, last <= 0x20 { bare.removeLast() }
    guard let colon = bare.firstIndex(of: UInt8(ascii: ":")), bare[(colon + 1)...].starts(with: "//".utf8),
      !bare.contains(UInt8(ascii: "\\"))
    else { return nil }
    let rest = bare[(colon + 3)...]
    let authority = rest.prefix { !"/?#".utf8.contains($0) }
    guard let host = ascii(authority: authority) else { return nil }
    let url = String(decoding: bare[..<colon], as: UTF8.self) + "://" + host + encoded(rest[authority.endIndex...])
    return MailLink.isFit(url) ? url : nil
  }

  /// A host in another script becomes A-labels; who has a name and password in an address does not mean a link.
  private static func ascii(authority: ArraySlice<UInt8>) -> String? {
    if authority.allSatisfy(\.isVisible) { return String(decoding: authority, as: UTF8.self) }
    guard !authority.contains(UInt8(ascii: "@")), let text = String(validating: authority, as: UTF8.self) else {
      return nil
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = DomainName(parts[0]) else { return nil }
    return ([host.text] + parts.dropFirst().map(String.init)).joined(separator: ":")
  }

  private static func encoded(_ rest: ArraySlice<UInt8>) -> String {
    var out: [UInt8] = []
    for byte in rest {
      if byte.isVisible, !"\"<>".utf8.contains(byte) {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  // MARK: Character references

  /// WHATWG HTML, 13.2.5.72, of the names only those that are written in addresses; nil where there is another.
  private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "&") else {
        out.append(byte)
        continue
      }
      if rest.first == UInt8(ascii: "#") {
        guard let scalar = takeNumber(&rest) else { return nil }
        out += UTF8.encode(scalar)!
        continue
      }
      let name = rest.prefix { $0.isLetter || $0.isDigit }
      let behind = rest.dropFirst(name.count).first
      // `&b=c` without more ado is a sign and a name.
      if name.isEmpty || behind == UInt8(ascii: "=") {
        out.append(byte)
        continue
      }
      guard let character = names[String(decoding: name, as: UTF8.self)] else { return nil }
      out.append(character)
      rest = rest.dropFirst(name.count + (behind == UInt8(ascii: ";") ? 1 : 0))
    }
    return out
  }

  private static let names: [String: UInt8] = [
    "amp": UInt8(ascii: "&"), "AMP": UInt8(ascii: "&"), "lt": UInt8(ascii: "<"), "gt": UInt8(ascii: ">"),
    "quot": UInt8(ascii: "\""), "apos": UInt8(ascii: "'"),
  ]

  /// Behind the ampersand. What browsers read as something else than its number is not read here.
  private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
    rest = rest.dropFirst()
    let isHexadecimal = rest.first.map { $0.lowered == UInt8(ascii: "x") } ?? false
    if isHexadecimal { rest = rest.dropFirst() }
    let digits = rest.prefix { isHexadecimal ? $0.hexValue != nil : $0.isDigit }
    guard (1...8).contains(digits.count) else { return nil }
    let number = digits.reduce(UInt64(0)) { $0 * (isHexadecimal ? 16 : 10) + UInt64($1.hexValue!) }
    rest = rest.dropFirst(digits.count)
    if rest.first == UInt8(ascii: ";") { rest = rest.dropFirst() }
    guard number != 0, !(0x80...0x9F).contains(number) else { return nil }
    return UInt32(exactly: number).flatMap(Unicode.Scalar.init)
  }
}
