internal import Values

/// A moment on a command line: RFC 3339 with a zone, or how long ago: `90s`, `30m`, `12h`, `7d`.
enum Moments {
  static func since(_ text: String?, now: Timestamp, option: String) throws(Failure) -> Timestamp? {
    guard let text else { return nil }
    if let moment = Timestamp(rfc3339: Array(text.utf8)) { return moment }
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...1_000_000).contains(count)
    else {
      throw .usage("\(option) is \(shown(text)), but must be as 30m, 12h or 7d, or as 2026-01-31T09:30:00+08:00.")
    }
    return now.adding(seconds: -count * unit)
  }
}
