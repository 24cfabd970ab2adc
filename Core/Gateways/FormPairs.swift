/// Names and values of a query or a form, decoded, in their order (URL Standard, application/x-www-form-urlencoded): any
/// bytes are some pairs.
struct FormPairs {
  private(set) var all: [(name: [UInt8], value: [UInt8])] = []

  /// More pairs than this are not looked at: nobody sends them in good faith.
  static let most = 1000

  init(_ text: some Collection<UInt8>) {
    for pair in text.split(separator: UInt8(ascii: "&")) {
      guard all.count < FormPairs.most else { return }
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      all.append((FormPairs.decoded(parts[0]), parts.count == 2 ? FormPairs.decoded(parts[1]) : []))
    }
  }

  /// The first of this name.
  func value(_ name: String) -> [UInt8]? { all.first { $0.name.elementsEqual(name.utf8) }?.value }

  /// A percent sign that no two hexadecimal digits follow stands for itself.
  static func decoded(_ text: some Collection<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var rest = Array(text)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2, let high = hexValue(rest[rest.startIndex]),
        let low = hexValue(rest[rest.startIndex + 1])
      {
        out.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else {
        out.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return out
  }

  static func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
