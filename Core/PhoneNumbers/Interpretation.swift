/// From digits to calling code and national number: libphonenumber's `parse` behind its handling of text.
enum Interpretation {
  typealias Refusal = PhoneNumber.Refusal

  /// Room for a number after two transforms: the longest text, and six digits at most that each adds.
  static let room = 250 + 2 * 6

  /// - Parameters:
  ///   - international: whether the text began with a plus sign.
  ///   - digits: at least two of them.
  ///   - region: the region that national forms are of.
  ///   - spare: room for twice `room` digits.
  @inline(__always)
  static func read(
    international: Bool, _ digits: Digits, in region: NumberingRegion?, spare: UnsafeMutablePointer<UInt8>
  ) throws(Refusal) -> PhoneReading {
    guard international || region != nil else { throw .unknownCountry }
    var found = try callingCode(international: international, digits, in: region, spare: spare)
    if case .unknown = found {
      // A plus sign before what is no calling code: perhaps a national form, or an international prefix, after all.
      guard international else { throw .unknownCountry }
      found = try callingCode(international: false, digits, in: region, spare: spare)
      guard case .code = found else { throw .unknownCountry }
    }
    let numbering: NumberingRegion
    var national = digits
    let plan: NumberingPlan
    switch found {
    case .code(let known, let rest):
      plan = known
      numbering = known.mainRegion
      national = rest
    case .none, .unknown:
      guard let region else { throw .unknownCountry }
      numbering = region
      plan = region.plan
    }
    guard national.count >= 2 else { throw .tooShort }
    let stripped = withoutNationalPrefix(national, in: numbering, spare: spare)
    switch numbering.possibility(ofLength: stripped.count) {
    case .possible, .tooLong: national = stripped
    case .tooShort, .localOnly, .impossibleLength: break
    }
    guard national.count >= 2 else { throw .tooShort }
    guard national.count <= 17 else { throw .tooLong }
    return PhoneReading(plan: plan, national: national)
  }

  private enum CallingCode {
    case code(NumberingPlan, rest: Digits)
    /// None was written.
    case none
    /// One should be there and is not.
    case unknown
  }

  @inline(__always)
  private static func callingCode(
    international: Bool, _ digits: Digits, in region: NumberingRegion?, spare: UnsafeMutablePointer<UInt8>
  ) throws(Refusal) -> CallingCode {
    var abroad: Digits?
    if international {
      abroad = digits
    } else if let region, let prefix = PrefixMatch.find(root: region.internationalPrefixRoot, digits) {
      let rest = digits.dropping(prefix.end)
      // No calling code begins with 0.
      if rest.first != 0 { abroad = rest }
    }
    if let abroad {
      guard abroad.count > 2 else { throw .tooShort }
      guard let plan = NumberingPlan.leading(abroad) else { return .unknown }
      return .code(plan, rest: abroad.dropping(plan.callingCodeLength))
    }
    guard let region else { return .none }
    // The region's own calling code, written without plus or prefix.
    guard let plan = NumberingPlan.leading(digits), plan == region.plan else { return .none }
    let rest = withoutNationalPrefix(digits.dropping(plan.callingCodeLength), in: region, spare: spare)
    if (!region.admits(digits) && region.admits(rest)) || region.possibility(ofLength: digits.count) == .tooLong {
      return .code(plan, rest: rest)
    }
    return .none
  }

  /// The number without national prefix and carrier code, or transformed as the region's rule says; as it was where
  /// that would turn a viable number into one that is not.
  @inline(__always)
  private static func withoutNationalPrefix(
    _ digits: Digits, in region: NumberingRegion, spare: UnsafeMutablePointer<UInt8>
  ) -> Digits {
    guard digits.count > 0, let prefix = PrefixMatch.find(root: region.nationalPrefixRoot, digits) else {
      return digits
    }
    var stripped = digits.dropping(prefix.end)
    if region.transforms, let group = prefix.group {
      stripped = transformed(digits, keeping: group, from: prefix.end, in: region, spare: spare)
    }
    return region.admits(digits) && !region.admits(stripped) ? digits : stripped
  }

  private static func transformed(
    _ digits: Digits, keeping group: Range<Int>, from end: Int, in region: NumberingRegion,
    spare: UnsafeMutablePointer<UInt8>
  ) -> Digits {
    // What the first transform of a number wrote, the second one reads: it writes to the other half.
    let start = digits.baseAddress == UnsafePointer(spare) ? spare + room : spare
    var count = 0
    func add(_ digit: UInt8) {
      start[count] = digit
      count += 1
    }
    for digit in region.transformDigits { add(digit - 48) }
    for position in group { add(digits[position]) }
    for position in end..<digits.count { add(digits[position]) }
    return Digits(start: start, count: count)
  }
}
