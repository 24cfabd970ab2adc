internal import JSON
internal import Values

/// Fields that several topics have in common.
extension JSONObject {
  /// ISO 3166-1 alpha-2.
  func optionalCountry(_ name: StaticString) throws(Refusal) -> String? {
    guard let country = try optionalText(name, 2...2) else { return nil }
    guard country.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
      throw Refusal("not-a-country", at: path(name), "two capital letters of ISO 3166-1 were expected, as in CN")
    }
    return country
  }

  /// BCP 47, without extensions: a language, then up to three parts of two to eight letters or digits.
  func optionalLanguage(_ name: StaticString) throws(Refusal) -> String? {
    guard let language = try optionalText(name, 0...100) else { return nil }
    let parts = language.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count <= 4, (2...3).contains(parts[0].count), parts[0].allSatisfy(\.isLetter),
      parts.dropFirst().allSatisfy({ (2...8).contains($0.count) && $0.allSatisfy { $0.isLetter || $0.isDigit } })
    else { throw Refusal("not-a-language", at: path(name), "BCP 47 was expected, as in zh or zh-Hant-HK") }
    return language
  }

  /// What an ID number's document is.
  func optionalIDType(_ name: StaticString) throws(Refusal) -> String? {
    guard let type = try optionalText(name, 0...100) else { return nil }
    guard CustomerProfile.idTypes.contains(type) else {
      let known = CustomerProfile.idTypes.joined(separator: ", ")
      throw Refusal("unknown-word", at: path(name), "one of these was expected: \(known)")
    }
    return type
  }

  func day(_ name: StaticString) throws(Refusal) -> String {
    guard let day = try optionalDay(name) else { throw Refusal("missing", at: path(name), "the field is required") }
    return day
  }

  /// A day as RFC 3339 writes it, without time and zone.
  func optionalDay(_ name: StaticString) throws(Refusal) -> String? {
    guard let day = try optionalText(name, 0...100) else { return nil }
    guard day.utf8.count == 10, Timestamp(rfc3339: "\(day)T00:00:00Z".utf8) != nil else {
      throw Refusal("not-a-day", at: path(name), "a day was expected, as in 1990-12-31")
    }
    return day
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (65...90).contains(self & ~0x20) }
  fileprivate var isDigit: Bool { (48...57).contains(self) }
}
