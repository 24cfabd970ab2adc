internal import Values

extension Timestamp {
  /// As in a mail's head, in UTC: `Sun, 22 Nov 2026 12:00:00 +0000` (RFC 5322, 3.3).
  var mailDate: String {
    let digits = Array(rfc3339.utf8)
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + Int($1 - 0x30) } }
    // 1 January of the year 1 was a Monday.
    let first = Timestamp.writable.lowerBound
    let days = (max(self, first).microseconds - first.microseconds) / 86_400_000_000
    let time = String(decoding: digits[11..<19], as: UTF8.self)
    return "\(weekdays[Int(days % 7)]), \(number(8..<10)) \(months[number(5..<7) - 1]) "
      + "\(String(decoding: digits[0..<4], as: UTF8.self)) \(time) +0000"
  }

  /// Reads RFC 5322, 3.3: the weekday and the seconds may be missing, comments stand at the end. A zone that is no number is UTC's.
  init?(mailDate text: some StringProtocol) {
    var words = text.prefix(100).split(separator: " ")[...]
    if words.first?.hasSuffix(",") ?? false { words = words.dropFirst() }
    guard words.count >= 4, let day = Int(words.removeFirst()), (1...31).contains(day) else { return nil }
    let name = words.removeFirst().lowercased()
    guard let month = months.firstIndex(where: { $0.lowercased() == name }) else { return nil }
    let (year, time) = (words.removeFirst(), words.removeFirst())
    let parts = time.utf8.count == 5 ? "\(time):00" : String(time)
    var zone = "Z"
    if let word = words.first, word.utf8.count == 5, "+-".contains(word.first!) {
      zone = "\(word.prefix(3)):\(word.suffix(2))"
    }
    self.init(rfc3339: "\(year)-\(padded(month + 1))-\(padded(day))T\(parts)\(zone)".utf8)
  }
}

private func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }

private let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
private let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
