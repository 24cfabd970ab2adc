/// A moment, in microseconds since 1970-01-01T00:00:00Z: the resolution of PostgreSQL's `timestamptz`.
public struct Timestamp: Hashable, Comparable, Sendable {
  public let microseconds: Int64

  /// What RFC 3339 can write: the years 1 to 9999 of UTC. PostgreSQL holds more, `infinity` among it.
  public static let writable =
    Timestamp(microseconds: -62_135_596_800_000_000)...Timestamp(microseconds: 253_402_300_799_999_999)

  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// From Kafka's record time, which is in milliseconds and any number that its producer chose: taken to the nearest
  /// of `writable`.
  public init(milliseconds: Int64) {
    let (product, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
    self = Timestamp(microseconds: overflow ? (milliseconds < 0 ? .min : .max) : product).nearestWritable
  }

  var nearestWritable: Timestamp { min(max(self, Self.writable.lowerBound), Self.writable.upperBound) }

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

  public func seconds(since earlier: Timestamp) -> Double {
    Double(microseconds &- earlier.microseconds) / 1_000_000
  }

  public func adding(seconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds &+ seconds &* 1_000_000) }
}

// MARK: RFC 3339

extension Timestamp {
  /// Reads RFC 3339 with a zone, years 1 to 9999 both there and in UTC, up to nanoseconds (cut to microseconds).
  /// A leap second (`:60`) is taken as the first moment of the next minute, as PostgreSQL does.
  public init?(rfc3339 text: some Sequence<UInt8>) {
    var reader = DigitReader(text)
    guard let year = reader.number(4), year >= 1, reader.take("-"),
      let month = reader.number(2), (1...12).contains(month), reader.take("-"),
      let day = reader.number(2), day >= 1, day <= Self.days(in: month, of: year),
      reader.take("T") || reader.take("t") || reader.take(" "),
      let hour = reader.number(2), hour <= 23, reader.take(":"),
      let minute = reader.number(2), minute <= 59, reader.take(":"),
      let second = reader.number(2), second <= 60
    else { return nil }
    var micro = 0
    if reader.take(".") {
      guard let fraction = reader.fraction() else { return nil }
      micro = fraction
    }
    var offset = 0
    if !reader.take("Z") && !reader.take("z") {
      let west = reader.take("-")
      guard west || reader.take("+"), let hours = reader.number(2), hours <= 23, reader.take(":"),
        let minutes = reader.number(2), minutes <= 59
      else { return nil }
      offset = (hours * 60 + minutes) * (west ? -60 : 60)
    }
    guard reader.isAtEnd else { return nil }
    let days = Self.daysSinceEpoch(year: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    self.init(microseconds: Int64(seconds) * 1_000_000 + Int64(micro))
    guard Self.writable.contains(self) else { return nil }
  }

  /// As RFC 3339 in UTC with microseconds, `2026-01-31T09:30:00.000000Z`: always 27 bytes. What is not `writable` is
  /// written as the nearest that is.
  public var rfc3339: String {
    let moment = nearestWritable.microseconds - Self.writable.lowerBound.microseconds
    let rest = Int(moment % 86_400_000_000)
    let date = Self.civil(fromDays: Int(moment / 86_400_000_000) - 719_162)
    return String(unsafeUninitializedCapacity: 27) { text in
      _ = text.initialize(fromContentsOf: "0000-00-00T00:00:00.000000Z".utf8)
      text.put(date.year, endingAt: 4)
      text.put(date.month, endingAt: 7)
      text.put(date.day, endingAt: 10)
      text.put(rest / 3_600_000_000, endingAt: 13)
      text.put(rest / 60_000_000 % 60, endingAt: 16)
      text.put(rest / 1_000_000 % 60, endingAt: 19)
      text.put(rest % 1_000_000, endingAt: 26)
      return 27
    }
  }

  private static func days(in month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days from 1970-01-01 in the proleptic Gregorian calendar (years counted from March, so that leap days come last).
  private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let m = (month + 9) % 12
    return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719_468
  }

  private static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let m = (5 * dayOfYear + 2) / 153
    let month = m < 10 ? m + 3 : m - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1)
  }
}

private struct DigitReader<Bytes: Sequence<UInt8>> {
  private var bytes: Bytes.Iterator
  private var next: UInt8?

  init(_ text: Bytes) {
    bytes = text.makeIterator()
    next = bytes.next()
  }

  var isAtEnd: Bool { next == nil }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let byte = next, UInt32(byte) == character.value else { return false }
    next = bytes.next()
    return true
  }

  mutating func digit() -> Int? {
    guard let byte = next, byte >= 0x30, byte <= 0x39 else { return nil }
    next = bytes.next()
    return Int(byte &- 0x30)
  }

  mutating func number(_ digits: Int) -> Int? {
    var value = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// The digits after the point, in microseconds: one to nine of them.
  mutating func fraction() -> Int? {
    var value = 0
    var count = 0
    while let digit = digit() {
      count += 1
      if count <= 6 { value = value * 10 + digit }
      if count > 9 { return nil }
    }
    guard count > 0 else { return nil }
    for _ in 0..<max(0, 6 - count) { value *= 10 }
    return value
  }
}

extension UnsafeMutableBufferPointer<UInt8> {
  fileprivate func put(_ number: Int, endingAt end: Int) {
    var rest = number
    var at = end
    while rest > 0 {
      at -= 1
      self[at] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
      rest /= 10
    }
  }
}
