/// Where a number is from, as far as it tells: of a number that moved with its owner, where it was issued.
public struct PhonePlace: Hashable, Sendable {
  private let reading: PhoneReading
  private let region: UInt8
  /// What kind of number it is.
  public let kind: PhoneKind
  private let path: UInt16
  private let englishText: Text
  private let chineseText: Text
  /// Every zone that the number may be in; empty where none is known.
  public let timeZones: PhoneTimeZones

  /// Nil where the calling code belongs to several countries and the number is in no range of any.
  public var country: PhoneCountry? {
    region == 0xFF ? nil : PhoneCountry(region: NumberingRegion(index: region))
  }

  /// The innermost region known; nil where the country is not.
  public var regionPath: RegionPath? { path == 0xFFFF ? nil : RegionPath(index: path) }

  /// ISO 3166-2, for provinces of China and states of the United States.
  public var subdivision: String? { regionPath?.ancestry.first(where: \.isSubdivision)?.name }

  /// In English, without the province.
  public var city: String? {
    guard let path = regionPath, !path.isCountry, !path.isSubdivision else { return nil }
    return path.name
  }

  /// The place's description in English, or the country's name where that is all that is known.
  public var english: String? { englishText.string }

  /// The same in Chinese.
  public var chinese: String? { chineseText.string }

  /// The company that the number's range was given to, in English; mobiles and pagers only.
  public var carrier: String? { carrierName(chinese: false)?.string }

  package init(of reading: PhoneReading) {
    let plan = reading.plan
    self.reading = reading
    (region, kind, path, englishText, chineseText, timeZones) = reading.withDigits { digits in
      let outcome = 4 * Int(NumberAutomaton.output(root: plan.numberRoot, digits))
      // A calling code of one country needs no pattern to tell it.
      let only = plan.mainRegion
      let matched = Section.outcomes.byte(outcome)
      let region = matched == 0xFF && plan.hasOneRegion ? only.index : matched
      let country: UInt16 = region == 0xFF ? 0xFFFF : NumberingRegion(index: region).path
      guard let kind = PhoneKind(rawValue: Section.outcomes.byte(outcome + 1)), kind != .unknown else {
        return (region, PhoneKind.unknown, country, Text.none, Text.none, PhoneTimeZones.none)
      }
      let named = Section.outcomes.byte(outcome + 2)
      var english = named == 0xFF ? Text.none : NumberingRegion(index: named).english
      var chinese = named == 0xFF ? Text.none : NumberingRegion(index: named).chinese
      guard kind.isGeographical(in: plan) else {
        return (region, kind, country, english, chinese, PhoneTimeZones(index: plan.timeZones))
      }
      let own = PlaceRecord.of(plan, digits)
      var record = own
      if plan.mobileToken != 0, digits.first == plan.mobileToken {
        record = PlaceRecord.withoutMobileToken(plan, digits) ?? own
      }
      if record.english != .none { english = record.english }
      if record.chinese != .none { chinese = record.chinese }
      return (
        region, kind, record.path(inRegion: region, country: country), english, chinese,
        PhoneTimeZones(index: own.timeZones)
      )
    }
  }

  private func carrierName(chinese: Bool) -> Text? {
    guard [.mobile, .fixedLineOrMobile, .pager].contains(kind) else { return nil }
    return reading.withDigits { digits in
      PrefixTable.record(
        from: reading.plan.carrierEntry, digits, headers: .carrierHeaders, entries: .carrierEntries)
    }.map { Text(index: Section.carrierRecords.short(4 * $0 + (chinese ? 2 : 0))) }
  }

  /// The carrier's name in Chinese.
  public var carrierInChinese: String? { carrierName(chinese: true)?.string }
}

/// What the longest prefix of a number says.
private struct PlaceRecord {
  var index: Int?

  private func field(_ position: Int) -> UInt16 {
    index.map { Section.placeRecords.short(8 * $0 + 2 * position) } ?? 0xFFFF
  }

  var english: Text { Text(index: field(0)) }
  var chinese: Text { Text(index: field(1)) }
  var timeZones: UInt16 { field(2) }

  static func of(_ plan: NumberingPlan, _ digits: Digits) -> PlaceRecord {
    PlaceRecord(
      index: PrefixTable.record(from: plan.placeEntry, digits, headers: .placeHeaders, entries: .placeEntries))
  }

  /// The library looks up an Argentine mobile number by what it is as a number of its own without the 9; nil where it
  /// is none.
  static func withoutMobileToken(_ plan: NumberingPlan, _ digits: Digits) -> PlaceRecord? {
    guard digits.count > 2 else { return nil }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 2 * Interpretation.room) { spare in
      guard let spare = spare.baseAddress else { return nil }
      do throws(PhoneNumber.Refusal) {
        let reading = try Interpretation.read(
          international: false, digits.dropping(1), in: plan.mainRegion, spare: spare)
        return reading.withDigits { PlaceRecord.of(reading.plan, $0) }
      } catch {
        return nil
      }
    }
  }

  /// One description can be of two countries (a sea or a border between them), each with its own path.
  func path(inRegion region: UInt8, country: UInt16) -> UInt16 {
    guard let index, country != 0xFFFF else { return country }
    let usual = field(3)
    if usual != 0xFFFF, RegionPath(index: country).contains(RegionPath(index: usual)) { return usual }
    for offset in stride(from: 0, to: Section.pathExceptions.size, by: 6)
    where Section.pathExceptions.short(offset) == index && Section.pathExceptions.short(offset + 2) == region {
      return Section.pathExceptions.short(offset + 4)
    }
    return country
  }
}
