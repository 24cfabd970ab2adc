public import Digest

/// What a source signed an event with: HMAC-SHA-256 (RFC 2104) over id, time and data as they lay on the wire, with a line
/// feed after each of the first two.
public struct Signature: Sendable {
  private let code: [UInt8]
  private let message: [UInt8]

  /// - Parameter hex: 64 digits; anything else is nobody's signature.
  public init(
    hex: some Sequence<UInt8>, id: some Sequence<UInt8>, time: some Sequence<UInt8>, data: some Sequence<UInt8>
  ) {
    var code: [UInt8] = []
    var high: UInt8?
    for digit in hex {
      guard let value = Signature.value(of: digit) else {
        code = []
        break
      }
      if let first = high {
        code.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    self.code = code
    message = Array(id) + [0x0A] + Array(time) + [0x0A] + Array(data)
  }

  /// Compared in constant time.
  public func isMade(with key: KeyedHash) -> Bool {
    message.withUnsafeBytes { key.isCode(code, of: $0) }
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
