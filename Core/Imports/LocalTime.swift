internal import Glibc
package import Tables
package import Values

/// Reads times as telephone systems write them: seconds since 1970, or the local time of a zone.
///
/// The zone is the process's own while it lives: for a command, which has one.
package struct LocalTime: Sendable {
  /// - Parameter zone: a name of the IANA time zone database; nil is UTC.
  package init(zone: String?) throws(TableError) {
    let name = zone ?? "UTC"
    let isName = name.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 > 0x20 } && !name.hasPrefix("/")
    guard isName, name == "UTC" || access("/usr/share/zoneinfo/\(name)", R_OK) == 0 else {
      throw .option("--time-zone is \(shown(name)), which is no name of this machine's time zone database.")
    }
    setenv("TZ", name, 1)
    tzset()
  }

  /// `1366720340`, `1366720340.25`, `2013-04-23 12:32:20` or with a fraction.
  package func read(_ text: String) -> Timestamp? {
    let parts = text.split(separator: ".", maxSplits: 1)
    guard let whole = parts.first else { return nil }
    var micro: Int64 = 0
    if parts.count == 2 {
      let digits = parts[1].prefix(6)
      guard !digits.isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(digits) else {
        return nil
      }
      micro = value
      for _ in digits.count..<6 { micro *= 10 }
    }
    if let seconds = Int64(whole) {
      guard (0...4_102_444_800).contains(seconds) else { return nil }
      return Timestamp(microseconds: seconds * 1_000_000 + micro)
    }
    return local(whole).map { Timestamp(microseconds: $0 * 1_000_000 + micro) }
  }

  /// Seconds east of UTC.
  package func offset(at moment: Timestamp) -> Int {
    var seconds = time_t(moment.microseconds / 1_000_000)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return parts.tm_gmtoff
  }

  private func local(_ text: Substring) -> Int64? {
    let fields = text.split(whereSeparator: { $0 == "-" || $0 == " " || $0 == ":" || $0 == "T" }).map { Int32($0) }
    guard text.utf8.count == 19, fields.count == 6, let year = fields[0], let month = fields[1], let day = fields[2],
      let hour = fields[3], let minute = fields[4], let second = fields[5], (1970...2100).contains(year),
      (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
      (0...60).contains(second)
    else { return nil }
    var parts = tm()
    (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
    (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
    parts.tm_isdst = -1
    let seconds = mktime(&parts)
    // The thirty-first of a shorter month would be the first of the next.
    return seconds == -1 || parts.tm_mday != day ? nil : Int64(seconds)
  }
}
