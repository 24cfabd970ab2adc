/// From text to digits. Most numbers are plain: digits, spaces, hyphens, brackets, dots, slashes, a plus sign in
/// front. Everything else takes the long way (`LongText`), which agrees with this one where both apply.
enum PhoneText {
  /// In characters. What is longer is refused unread.
  static let longest = 250

  static func read(
    _ text: UnsafeRawBufferPointer, in region: NumberingRegion?
  ) throws(PhoneNumber.Refusal) -> PhoneReading {
    let capacity = 3 * Interpretation.room
    let result: Result<PhoneReading, PhoneNumber.Refusal> = withUnsafeTemporaryAllocation(
      of: UInt8.self, capacity: capacity
    ) { room in
      guard let digits = room.baseAddress else { return .failure(.notANumber) }
      do throws(PhoneNumber.Refusal) {
        if text.count <= longest, let plain = plain(text, into: digits) {
          return .success(
            try Interpretation.read(
              international: plain.international, Digits(start: digits, count: plain.count), in: region,
              spare: digits + Interpretation.room))
        }
        return .success(try LongText.read(text, in: region, digits: digits))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// The digits of a plain text; nil if it is not plain.
  @inline(__always)
  private static func plain(
    _ text: UnsafeRawBufferPointer, into digits: UnsafeMutablePointer<UInt8>
  ) -> (international: Bool, count: Int)? {
    var position = 0
    var international = false
    // What stands before the first plus or digit does not matter.
    while position < text.count, isPunctuation(text[position]) { position += 1 }
    while position < text.count, text[position] == UInt8(ascii: "+") {
      international = true
      position += 1
    }
    var count = 0
    while position < text.count {
      let byte = text[position]
      let digit = byte &- 48
      if digit < 10 {
        digits[count] = digit
        count += 1
      } else if !isPunctuation(byte) {
        return nil
      }
      position += 1
    }
    return count >= 3 ? (international, count) : nil
  }

  @inline(__always)
  private static func isPunctuation(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "."),
      UInt8(ascii: "/"), UInt8(ascii: "["), UInt8(ascii: "]"):
      true
    default: false
    }
  }
}
