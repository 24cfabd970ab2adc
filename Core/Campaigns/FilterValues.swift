internal import PhoneNumbers
internal import Values

extension FilterField.Values {
  /// The value that begins with `text`, and how many words it has; nil where there is none of this type.
  func value(_ text: String, _ next: String?, _ third: String?) -> (FilterValue, words: Int)? {
    switch self {
    case .text, .tag, .branch, .person, .list: return (.text(text), 1)
    case .word(let words): return words.contains(text) ? (.text(text), 1) : nil
    case .region: return RegionPath(text) == nil ? nil : (.text(text), 1)
    case .rating: return FilterField.Values.ratings.firstIndex(of: text).map { (.number(Int32($0 + 1)), 1) }
    case .years: return Int32(digits: text, 0...150).map { (.number($0), 1) }
    case .dayOfYear: return FilterField.Values.dayOfYear(text).map { (.number($0), 1) }
    case .money: return next.flatMap { Money(text, $0) }.map { (.money($0), 2) }
    case .moment:
      if third?.lowercased() == "ago", let ago = next.flatMap({ FilterField.Values.ago(text, $0) }) { return (ago, 3) }
      guard text.utf8.count == 10, Timestamp(rfc3339: "\(text)T00:00:00Z".utf8) != nil else { return nil }
      return (.day(text), 1)
    }
  }

  static let ratings = ["C1", "C2", "C3", "C4", "C5"]

  private static func dayOfYear(_ text: String) -> Int32? {
    // A leap year has all days.
    guard text.utf8.count == 5, Timestamp(rfc3339: "2000-\(text)T00:00:00Z".utf8) != nil else { return nil }
    return Int32(digits: text.filter { $0 != "-" }, 101...1231)
  }

  private static func ago(_ text: String, _ unit: String) -> FilterValue? {
    guard let count = Int32(digits: text, 0...10_000) else { return nil }
    switch unit {
    case "hour", "hours": return .ago(months: 0, seconds: Int64(count) * 3_600)
    case "day", "days": return .ago(months: 0, seconds: Int64(count) * 86_400)
    case "week", "weeks": return .ago(months: 0, seconds: Int64(count) * 604_800)
    case "month", "months": return .ago(months: count, seconds: 0)
    case "year", "years": return count <= 200 ? .ago(months: count * 12, seconds: 0) : nil
    default: return nil
    }
  }
}

extension Int32 {
  /// Digits and nothing else: no sign.
  fileprivate init?(digits text: String, _ range: ClosedRange<Int32>) {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int32(text),
      range.contains(number)
    else { return nil }
    self = number
  }
}
