/// A calling code and a national number: what libphonenumber's `parse` comes to. It may be too long for any country;
/// `PhoneNumber` is what is kept.
package struct PhoneReading: Hashable, Sendable {
  var planIndex: UInt8
  /// Digits of the national number, leading zeros counted: 2 to 17.
  var length: UInt8
  var national: UInt64

  var plan: NumberingPlan { NumberingPlan(index: planIndex) }

  init(plan: NumberingPlan, national digits: Digits) {
    planIndex = plan.index
    length = UInt8(digits.count)
    national = digits.reduce(0) { $0 * 10 + UInt64($1) }
  }

  /// Reads text as people and systems write numbers.
  package init(
    of text: UnsafeRawBufferPointer, in country: PhoneCountry?
  ) throws(PhoneNumber.Refusal) {
    self = try PhoneText.read(text, in: country?.region)
  }

  package init(of text: ArraySlice<UInt8>, in country: PhoneCountry?) throws(PhoneNumber.Refusal) {
    let result: Result<PhoneReading, PhoneNumber.Refusal> = text.withUnsafeBytes { bytes in
      do throws(PhoneNumber.Refusal) {
        return .success(try PhoneReading(of: bytes, in: country))
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  package var possibility: PhoneNumber.Possibility { plan.mainRegion.possibility(ofLength: Int(length)) }

  package var e164: String {
    let zeros = String(repeating: "0", count: Int(length) - (national == 0 ? 1 : String(national).utf8.count))
    return "+\(plan.callingCode)\(zeros)\(national)"
  }

  /// Calls `body` with the national number's digits.
  @inline(__always)
  func withDigits<Result>(_ body: (Digits) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = national
      var position = Int(length)
      while position > 0 {
        position -= 1
        let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
        digits[position] = UInt8(truncatingIfNeeded: digit)
        rest = quotient
      }
      return body(Digits(start: digits.baseAddress, count: Int(length)))
    }
  }

  /// Calling code and national number in one integer; nil above 63 bits, which no possible number reaches.
  var digits: Int64? {
    var scale: UInt64 = 1
    for _ in 0..<length { scale *= 10 }
    let (high, overflow) = UInt64(plan.callingCode).multipliedReportingOverflow(by: scale)
    guard !overflow else { return nil }
    let (sum, carry) = high.addingReportingOverflow(national)
    return carry ? nil : Int64(exactly: sum)
  }

  /// The inverse of `digits`.
  init?(digits: Int64) {
    guard digits > 0 else { return nil }
    var rest = UInt64(digits)
    var count = 0
    var scale: UInt64 = 1
    while scale <= rest / 10 {
      scale *= 10
      count += 1
    }
    var code = 0
    for used in 1...3 {
      guard count >= used else { return nil }
      code = code * 10 + Int(rest / scale)
      rest %= scale
      let index = Section.callingCodes.byte(code)
      if index != 0xFF {
        let length = count + 1 - used
        guard (2...17).contains(length) else { return nil }
        self.planIndex = index
        self.length = UInt8(length)
        self.national = rest
        return
      }
      scale /= 10
    }
    return nil
  }
}
