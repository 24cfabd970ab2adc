/// A country or territory with phone numbers of its own.
public struct PhoneCountry: Hashable, Sendable {
  let region: NumberingRegion

  init(region: NumberingRegion) { self.region = region }

  /// - Parameter code: ISO 3166-1 alpha-2, in either case; nil for what libphonenumber has no numbering plan of.
  public init?(_ code: some StringProtocol) {
    var letters = 0
    var count = 0
    for byte in code.utf8 {
      let letter = Int(byte & 0xDF) - 65
      guard (0..<26).contains(letter), byte & 0x40 != 0, count < 2 else { return nil }
      letters = letters * 26 + letter
      count += 1
    }
    guard count == 2 else { return nil }
    let index = Section.regionsByLetters.byte(letters)
    guard index != 0xFF else { return nil }
    region = NumberingRegion(index: index)
  }

  /// ISO 3166-1 alpha-2; `001`, the world, for calling codes that belong to no country.
  public var code: String { String(decoding: region.name, as: UTF8.self) }

  public var callingCode: Int { region.callingCode }
}

extension PhoneCountry: CustomStringConvertible {
  public var description: String { code }
}
