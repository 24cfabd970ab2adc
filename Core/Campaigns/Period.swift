extension Duration {
  /// Reads `P30D`, `PT24H`, `P1DT12H30M` or `P2W`: whole numbers of at most six digits. A day is 86,400 s; months and years, which
  /// have no length, are not read.
  ///
  /// Source: ISO 8601-1:2019, 5.5.2.
  init?(iso8601 text: String) {
    var rest = text.utf8[...]
    guard rest.popFirst() == UInt8(ascii: "P") else { return nil }
    var units = Duration.dayUnits
    var seconds: Int64 = 0
    var isTime = false
    var isEmpty = true
    while let first = rest.first {
      if first == UInt8(ascii: "T"), !isTime {
        isTime = true
        isEmpty = true
        units = Duration.timeUnits
        rest.removeFirst()
        continue
      }
      let digits = rest.prefix { (48...57).contains($0) }
      rest = rest[digits.endIndex...]
      guard (1...6).contains(digits.count), let name = rest.popFirst(),
        let place = units.firstIndex(where: { $0.name == Character(Unicode.Scalar(name)) })
      else { return nil }
      seconds += digits.reduce(0) { $0 * 10 + Int64($1 - 48) } * units[place].seconds
      units.removeFirst(place + 1)
      isEmpty = false
    }
    guard !isEmpty else { return nil }
    self = .seconds(seconds)
  }

  private static var dayUnits: [(name: Character, seconds: Int64)] { [("W", 604_800), ("D", 86_400)] }
  private static var timeUnits: [(name: Character, seconds: Int64)] { [("H", 3_600), ("M", 60), ("S", 1)] }
}
