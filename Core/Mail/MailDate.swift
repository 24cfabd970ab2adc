internal import Values

extension Timestamp {
  /// As in a mail's head, in UTC: `Sun, 22 Nov 2026 12:00:00 +0000` (RFC 5322, 3.3).
  var mailDate: String {
    let digits = Array(rfc3339.utf8)
    func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + Int($1 - 0x30) } }
    // 1 January of the year 1 was a Monday.
    let days =
      (max(self, Timestamp.writable.lowerBound).microseconds - Timestamp.writable.lowerBound.microseconds)
      / 86_400_000_000
    let time = String(decoding: digits[11..<19], as: UTF8.self)
    return "\(MailDate.weekdays[Int(days % 7)]), \(number(8..<10)) \(MailDate.months[number(5..<7) - 1]) "
      + "\(String(decoding: digits[0..<4], as: UTF8.self)) \(time) +0000"
  }
}

enum MailDate {
  static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
