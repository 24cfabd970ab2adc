/// How a value is written where it must not become anything but a value.
enum Escaping: Sendable {
  case percent, json, xml

  func escape(_ value: [UInt8]) -> [UInt8] {
    switch self {
    case .percent: Escaping.percentEncoded(value)
    case .json: Escaping.jsonEscaped(value)
    case .xml: Escaping.xmlEscaped(value)
    }
  }

  /// RFC 3986, 2.3: all but the unreserved characters is encoded. Readers of forms take it as well.
  static func percentEncoded(_ value: [UInt8]) -> [UInt8] {
    guard !value.allSatisfy(isUnreserved) else { return value }
    var out: [UInt8] = []
    out.reserveCapacity(value.count * 3)
    for byte in value {
      if isUnreserved(byte) {
        out.append(byte)
      } else {
        out.append(UInt8(ascii: "%"))
        out.append(upperHex[Int(byte >> 4)])
        out.append(upperHex[Int(byte & 15)])
      }
    }
    return out
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// Between quotation marks (RFC 8259, 7).
  private static func jsonEscaped(_ value: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(value.count + 8)
    for byte in value {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: out += [UInt8]("\\u00".utf8) + [lowerHex[Int(byte >> 4)], lowerHex[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
    return out
  }

  /// In text and in quoted attributes (XML 1.0, 2.4). What XML has no way to write is left out.
  private static func xmlEscaped(_ value: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(value.count + 16)
    for byte in value {
      switch byte {
      case UInt8(ascii: "&"): out += "&amp;".utf8
      case UInt8(ascii: "<"): out += "&lt;".utf8
      case UInt8(ascii: ">"): out += "&gt;".utf8
      case UInt8(ascii: "\""): out += "&quot;".utf8
      case UInt8(ascii: "'"): out += "&apos;".utf8
      case 0x09, 0x0A, 0x0D: out += "&#\(byte);".utf8
      case 0..<0x20: break
      default: out.append(byte)
      }
    }
    return out
  }

  static func hex(_ bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { [lowerHex[Int($0 >> 4)], lowerHex[Int($0 & 15)]] }
  }

  private static let upperHex = [UInt8]("0123456789ABCDEF".utf8)
  private static let lowerHex = [UInt8]("0123456789abcdef".utf8)
}
