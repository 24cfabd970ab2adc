/// A calling code's plan: what is known once the code is.
struct NumberingPlan: Hashable {
  var index: UInt8

  private var offset: Int { 20 * Int(index) }

  var callingCode: Int { Int(Section.plans.short(offset)) }
  /// The region that stands for all those that share the code.
  var mainRegion: NumberingRegion { NumberingRegion(index: Section.plans.byte(offset + 2)) }
  var mobilesAreGeographical: Bool { Section.plans.byte(offset + 3) & 1 != 0 }
  /// Whether a number's country is known by its calling code alone.
  var hasOneRegion: Bool { Section.plans.byte(offset + 3) & 2 != 0 }
  /// The digit that marks a mobile number before its area code, in Argentina; 0 elsewhere.
  var mobileToken: UInt8 { Section.plans.byte(offset + 3) >> 4 }
  var numberRoot: UInt16 { Section.plans.short(offset + 4) }
  var timeZones: UInt16 { Section.plans.short(offset + 6) }
  var placeEntry: UInt32 { Section.plans.word(offset + 8) }
  var carrierEntry: UInt32 { Section.plans.word(offset + 12) }
  var callingCodeLength: Int { Int(Section.plans.word(offset + 16)) }

  /// The plan whose calling code `digits` start with. No code begins another.
  @inline(__always)
  static func leading(_ digits: Digits) -> NumberingPlan? {
    guard let first = digits.first, first != 0 else { return nil }
    var code = 0
    for length in 0..<min(3, digits.count) {
      code = code * 10 + Int(digits[length])
      let index = Section.callingCodes.byte(code)
      if index != 0xFF { return NumberingPlan(index: index) }
    }
    return nil
  }
}

/// A region with a numbering plan of its own: a country, a territory, or one of the world-wide calling codes.
struct NumberingRegion: Hashable {
  var index: UInt8

  private var offset: Int { 36 * Int(index) }

  var name: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: Section.regions.start + offset, count: nameLength) }
  private var nameLength: Int { Section.regions.byte(offset + 2) == 0 ? 2 : 3 }
  var plan: NumberingPlan { NumberingPlan(index: Section.regions.byte(offset + 3)) }
  var generalRoot: UInt16 { Section.regions.short(offset + 4) }
  var internationalPrefixRoot: UInt16 { Section.regions.short(offset + 6) }
  var nationalPrefixRoot: UInt16 { Section.regions.short(offset + 8) }
  var path: UInt16 { Section.regions.short(offset + 10) }
  private var possibleLengths: UInt32 { Section.regions.word(offset + 12) }
  private var localLengths: UInt32 { Section.regions.word(offset + 16) }
  var english: Text { Text(index: Section.regions.short(offset + 20)) }
  var chinese: Text { Text(index: Section.regions.short(offset + 22)) }
  var callingCode: Int { Int(Section.regions.short(offset + 24)) }
  var transforms: Bool { Section.regions.byte(offset + 26) != 0 }
  /// ASCII digits that a transform puts before the captured group.
  var transformDigits: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: Section.regions.start + offset + 28, count: Int(Section.regions.byte(offset + 27)))
  }

  /// `_test_number_length` for no particular type.
  @inline(__always)
  func possibility(ofLength length: Int) -> PhoneNumber.Possibility {
    let bit: UInt32 = length < 32 ? 1 << UInt32(length) : 0
    if localLengths & bit != 0 { return .localOnly }
    if possibleLengths & bit != 0 { return .possible }
    if length < possibleLengths.trailingZeroBitCount { return .tooShort }
    if length > 31 - possibleLengths.leadingZeroBitCount { return .tooLong }
    return .impossibleLength
  }

  /// Whether the region's general pattern matches all of `digits`, whatever its length.
  @inline(__always)
  func admits(_ digits: Digits) -> Bool {
    NumberAutomaton.output(root: generalRoot, digits) != 0
  }
}
