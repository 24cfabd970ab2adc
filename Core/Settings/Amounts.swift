/// Durations as people write them: a whole number and `ms`, `s`, `m`, `h` or `d` (a day is 86,400 s).
enum TimeLength {
  /// A thousand years; keeps every sum of settings far from overflow.
  static let longest = Duration.seconds(365_000 * 86_400)

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  static func parse(_ text: String) -> Duration? {
    guard let (count, name) = split(text), let unit = units.first(where: { $0.name == name }) else { return nil }
    let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
    guard !overflow, milliseconds <= longest.components.seconds * 1000 else { return nil }
    return .milliseconds(milliseconds)
  }

  /// The largest unit that divides it; parts of a millisecond are not shown.
  static func show(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    guard milliseconds != 0, let unit = units.first(where: { milliseconds % $0.milliseconds == 0 }) else { return "0s" }
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}

/// Sizes in bytes: decimal (`kB`, `MB`, `GB`) and binary units (`KiB`, `MiB`, `GiB`), in any letter case.
enum ByteSize {
  private static let units: [(name: String, bytes: Int64)] = [
    ("GiB", 1 << 30), ("GB", 1_000_000_000), ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("kB", 1000),
    ("B", 1), ("", 1),
  ]

  static func parse(_ text: String) -> Int? {
    guard let (count, name) = split(text),
      let unit = units.first(where: { $0.name.lowercased() == name.lowercased() })
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
    return overflow ? nil : Int(bytes)
  }

  static func show(_ bytes: Int) -> String {
    guard bytes != 0, let unit = units.first(where: { Int64(bytes) % $0.bytes == 0 }) else { return "0B" }
    return "\(Int64(bytes) / unit.bytes)\(unit.name)"
  }
}

/// A leading whole number and what follows it. No sign, no fraction, no space.
private func split(_ text: String) -> (Int64, Substring)? {
  let digits = text.prefix { $0.isASCII && $0.isWholeNumber }
  guard let count = Int64(digits) else { return nil }
  return (count, text[digits.endIndex...])
}
