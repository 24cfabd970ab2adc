/// Bytes in letters (RFC 4648).
public enum Base64 {
  /// Section 4, padded.
  public static func encoded(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    append(bytes, to: &out)
    return out
  }

  public static func append(_ bytes: some Collection<UInt8>, to out: inout [UInt8]) {
    out.reserveCapacity(out.count + length(of: bytes.count))
    append(bytes, letters, to: &out)
    for _ in 0..<(3 - bytes.count % 3) % 3 { out.append(UInt8(ascii: "=")) }
  }

  /// Of so many bytes, with their padding.
  public static func length(of count: Int) -> Int { (count + 2) / 3 * 4 }

  /// Section 5, without padding: fit for an address.
  public static func urlEncoded(_ bytes: some Collection<UInt8>) -> String {
    var out: [UInt8] = []
    append(bytes, urlLetters, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private static func append(_ bytes: some Collection<UInt8>, _ letters: [UInt8], to out: inout [UInt8]) {
    var word: UInt32 = 0
    var bits: UInt32 = 0
    for byte in bytes {
      word = (word << 8 | UInt32(byte)) & 0xFFFF
      bits += 8
      while bits >= 6 {
        bits -= 6
        out.append(letters[Int(word >> bits & 63)])
      }
    }
    if bits > 0 { out.append(letters[Int(word << (6 - bits) & 63)]) }
  }

  /// What `urlEncoded` made, and nothing else: two spellings of one thing would be two things.
  public static func decoded(url text: some Collection<UInt8>) -> [UInt8]? {
    var decoder = Base64Decoder()
    for letter in text {
      switch letter {
      case UInt8(ascii: "-"): _ = decoder.take(UInt8(ascii: "+"))
      case UInt8(ascii: "_"): _ = decoder.take(UInt8(ascii: "/"))
      case UInt8(ascii: "+"), UInt8(ascii: "/"): return nil
      default: guard decoder.take(letter) else { return nil }
      }
    }
    return decoder.isWhole ? decoder.bytes : nil
  }

  private static let letters = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let urlLetters = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}

/// Takes letters of RFC 4648, 4, one by one.
public struct Base64Decoder {
  public private(set) var bytes: [UInt8] = []
  private var word: UInt32 = 0
  private var bits: UInt32 = 0

  public init() {}

  /// Whether it is one of the letters; what is none changes nothing.
  public mutating func take(_ letter: UInt8) -> Bool {
    guard let value = Base64Decoder.value(of: letter) else { return false }
    word = (word << 6 | UInt32(value)) & 0xFFFF
    bits += 6
    if bits >= 8 {
      bits -= 8
      bytes.append(UInt8(truncatingIfNeeded: word >> bits))
    }
    return true
  }

  /// What is left over is less than a letter, and nought.
  var isWhole: Bool { bits < 6 && word & (1 << bits - 1) == 0 }

  private static func value(of letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
