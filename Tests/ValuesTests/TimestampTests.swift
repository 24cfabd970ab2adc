import Seeding
import Testing

@testable import Values

private func microseconds(_ text: String) -> Int64? { Timestamp(rfc3339: text.utf8)?.microseconds }

@Suite struct TimestampTests {
  @Test(
    "RFC 3339 is read to the microsecond",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1), ("1969-12-31T23:59:59.999999Z", -1),
      ("2000-01-01T00:00:00Z", 946_684_800_000_000), ("2026-01-31T09:30:00+08:00", 1_769_823_000_000_000),
      ("2026-01-31T01:30:00Z", 1_769_823_000_000_000), ("2026-01-31t01:30:00z", 1_769_823_000_000_000),
      ("2026-01-31 01:30:00Z", 1_769_823_000_000_000), ("2026-01-30T20:00:00-05:30", 1_769_823_000_000_000),
      ("2026-01-31T01:30:00-00:00", 1_769_823_000_000_000), ("2026-01-31T01:30:00.5Z", 1_769_823_000_500_000),
      ("2026-01-31T01:30:00.123456789Z", 1_769_823_000_123_456),
      ("2026-01-31T01:30:00.000000999Z", 1_769_823_000_000_000),
      ("1972-06-30T23:59:60Z", 78_796_800_000_000), ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
      ("2000-02-29T12:00:00Z", 951_825_600_000_000), ("1900-02-28T24:00:00Z", nil),
      ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ] as [(String, Int64?)])
  func reads(text: String, expected: Int64?) {
    #expect(microseconds(text) == expected)
  }

  @Test(
    "what is not RFC 3339 with a zone is not read",
    arguments: [
      "", "2026", "2026-01-31", "2026-01-31T09:30", "2026-01-31T09:30:00", "2026-01-31T09:30Z", "2026-1-31T09:30:00Z",
      "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
      "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
      "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z", "2026-01-31T09:30:61Z", "2026-01-31T09:30:00.Z",
      "2026-01-31T09:30:00,5Z", "2026-01-31T09:30:00.0000000001Z", "2026-01-31T09:30:00+0800", "2026-01-31T09:30:00+08",
      "2026-01-31T09:30:00+24:00", "2026-01-31T09:30:00+08:60", "2026-01-31T09:30:00ZZ", "2026-01-31T09:30:00Z ",
      " 2026-01-31T09:30:00Z", "2026-01-31T09:30:00 Z", "2026-01-31_09:30:00Z", "+2026-01-31T09:30:00Z",
      "12026-01-31T09:30:00Z", "0000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "２０２６-01-31T09:30:00Z", "infinity",
      "1769823000",
    ])
  func refuses(text: String) {
    #expect(microseconds(text) == nil)
  }

  @Test("a zone does not carry a time out of the years 1 to 9999")
  func zonesAtTheEdges() {
    #expect(microseconds("0001-01-01T00:00:00+00:01") == nil)
    #expect(microseconds("0001-01-01T08:00:00+08:00") == Timestamp.writable.lowerBound.microseconds)
    #expect(microseconds("9999-12-31T23:59:59-00:01") == nil)
    #expect(microseconds("9999-12-31T23:59:60Z") == nil)
    #expect(microseconds("9999-12-31T23:59:59.999999999Z") == Timestamp.writable.upperBound.microseconds)
  }

  @Test("every day of 400 years, and of the first and last years, is written and read back as counted")
  func everyDay() {
    var day = Timestamp.writable.lowerBound
    var expected = (year: 1, month: 1, day: 1)
    func isLeap(_ year: Int) -> Bool {
      year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }
    func padded(_ number: Int, _ width: Int) -> String {
      String(repeating: "0", count: width - String(number).count) + String(number)
    }
    while expected.year < 10_000 {
      if expected.year < 5 || (1900..<2301).contains(expected.year) || expected.year > 9995 {
        let text =
          "\(padded(expected.year, 4))-\(padded(expected.month, 2))-\(padded(expected.day, 2))T00:00:00.000000Z"
        if day.rfc3339 != text || microseconds(text) != day.microseconds {
          Issue.record("\(text) is written \(day.rfc3339)")
          return
        }
      }
      let length = [31, isLeap(expected.year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][expected.month - 1]
      expected.day += 1
      if expected.day > length { (expected.day, expected.month) = (1, expected.month + 1) }
      if expected.month > 12 { (expected.month, expected.year) = (1, expected.year + 1) }
      day = day.adding(seconds: 86_400)
    }
    #expect(day > Timestamp.writable.upperBound)
  }

  @Test("random moments are written in 27 bytes and read back the same")
  func roundTrip() {
    var random = Seeded()
    let range = Timestamp.writable.lowerBound.microseconds...Timestamp.writable.upperBound.microseconds
    for _ in 0..<10_000 {
      let moment = Timestamp(microseconds: .random(in: range, using: &random))
      let text = moment.rfc3339
      #expect(text.utf8.count == 27)
      #expect(microseconds(text) == moment.microseconds)
    }
  }

  @Test(
    "a moment that RFC 3339 cannot write is written as the nearest that it can",
    arguments: [
      (Int64.min, "0001-01-01T00:00:00.000000Z"), (-62_135_596_800_000_001, "0001-01-01T00:00:00.000000Z"),
      (253_402_300_800_000_000, "9999-12-31T23:59:59.999999Z"), (Int64.max, "9999-12-31T23:59:59.999999Z"),
    ])
  func outside(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
  }

  @Test("any record time that a producer may set can be held", arguments: [Int64.min, -1, 0, 1, 1 << 60, Int64.max])
  func recordTimes(milliseconds: Int64) {
    let moment = Timestamp(milliseconds: milliseconds)
    #expect(Timestamp.writable.contains(moment))
    if milliseconds.magnitude < 2 { #expect(moment.microseconds == milliseconds * 1000) }
  }

  @Test("differences and sums are in seconds")
  func arithmetic() throws {
    let start = try #require(Timestamp(rfc3339: "2026-02-28T23:59:59.5Z".utf8))
    #expect(start.adding(seconds: 1).rfc3339 == "2026-03-01T00:00:00.500000Z")
    #expect(start.adding(seconds: -1).seconds(since: start) == -1)
    #expect(Timestamp(microseconds: 1_500_000).seconds(since: Timestamp(microseconds: 0)) == 1.5)
  }
}
