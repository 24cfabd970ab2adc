internal import Digest
internal import Values

/// How gateways want to be told the time.
enum TimeForm: String, CaseIterable {
  /// Seconds since 1970.
  case unix = "time.unix"
  case milliseconds = "time.milliseconds"
  /// `2026-01-31T09:30:00Z`.
  case rfc3339 = "time.rfc3339"
  /// `2026-01-31`, of UTC.
  case date = "time.date"
  /// `20260131`, of UTC.
  case day = "time.day"
  /// `20260131T093000Z`.
  case compact = "time.compact"
  /// `20260131093000`, of UTC.
  case digits = "time.digits"
  /// `20260131173000`, of China (UTC+8, no summer time).
  case beijing = "time.digits.beijing"
  /// `Sat, 31 Jan 2026 09:30:00 GMT` (RFC 9110, 5.6.7).
  case http = "time.http"

  func write(_ moment: Timestamp) -> [UInt8] {
    let local = self == .beijing ? moment.adding(seconds: 8 * 3600) : moment
    // 2026-01-31T09:30:00.000000Z
    let text = Array(local.rfc3339.utf8)
    let digits = text[0..<4] + text[5..<7] + text[8..<10]
    let clock = text[11..<13] + text[14..<16] + text[17..<19]
    switch self {
    case .unix: return Array(String(moment.microseconds.floored(1_000_000)).utf8)
    case .milliseconds: return Array(String(moment.microseconds.floored(1000)).utf8)
    case .rfc3339: return text[0..<19] + [UInt8(ascii: "Z")]
    case .date: return Array(text[0..<10])
    case .day: return Array(digits)
    case .compact: return digits + [UInt8(ascii: "T")] + clock + [UInt8(ascii: "Z")]
    case .digits, .beijing: return Array(digits + clock)
    case .http: return HTTPDate.write(moment)
    }
  }
}

/// Something that no other request has, made from the order's reference, so that building a request stays pure.
enum NonceForm: String, CaseIterable {
  /// 32 hexadecimal digits.
  case hex = "nonce"
  /// In the shape of a UUID (RFC 9562, version 8: of our own making).
  case uuid = "nonce.uuid"
  /// Nine digits, the first no zero.
  case digits = "nonce.digits"

  func write(_ reference: String) -> [UInt8] {
    var hash = HashAlgorithm.sha256.hash(of: Array("millrace gateway nonce\n\(reference)".utf8))
    switch self {
    case .hex: return Escaping.hex(Array(hash[..<16]))
    case .uuid:
      hash[6] = hash[6] & 0x0F | 0x80
      hash[8] = hash[8] & 0x3F | 0x80
      let digits = Escaping.hex(Array(hash[..<16]))
      let groups = [digits[..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20...]]
      return Array(groups.joined(separator: [UInt8(ascii: "-")]))
    case .digits:
      let number = hash[..<4].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return Array(String(100_000_000 + number % 900_000_000).utf8)
    }
  }
}

/// Dates of HTTP (RFC 9110, 5.6.7): the preferred form alone; the two obsolete ones are no date here.
enum HTTPDate {
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  static func write(_ moment: Timestamp) -> [UInt8] {
    let text = Array(moment.rfc3339.utf8)
    let day = moment.microseconds.floored(86_400_000_000)
    let weekday = weekdays[Int(((day % 7) + 7) % 7)]
    let month = months[Int(text[5] - 48) * 10 + Int(text[6] - 48) - 1]
    let date = [UInt8]("\(weekday), ".utf8) + text[8..<10] + [UInt8](" \(month) ".utf8) + text[0..<4]
    return date + [UInt8(ascii: " ")] + text[11..<19] + [UInt8](" GMT".utf8)
  }

  static func read(_ text: String) -> Timestamp? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[0].utf8.count == 4, words[1].utf8.count == 2, words[3].utf8.count == 4,
      words[5] == "GMT", let month = months.firstIndex(of: String(words[2]))
    else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp(rfc3339: "\(words[3])-\(number)-\(words[1])T\(words[4])Z".utf8)
  }
}

extension Int64 {
  /// The whole times that `unit` goes into this, down also below zero.
  fileprivate func floored(_ unit: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: unit)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
