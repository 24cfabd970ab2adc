internal import Postgres

/// `birthday = today + 3 days`: days of the year that move with the calendar.
extension FilterParser {
  /// Days from today, as in `today`, `today + 3 days` and `today - 1 day`; nil where no such thing stands there.
  mutating func today() throws(FilterError) -> FilterValue? {
    guard case .word(let word) = current.kind, word.lowercased() == "today" else { return nil }
    at += 1
    guard case .word(let sign) = current.kind, sign == "+" || sign == "-" else { return .today(0) }
    at += 1
    guard case .word(let number) = current.kind, let days = Int32(number), (0...60).contains(days) else {
      throw expected("a number of days up to 60")
    }
    at += 1
    guard case .word(let unit) = current.kind, ["day", "days"].contains(unit.lowercased()) else {
      throw expected("`days`")
    }
    at += 1
    return .today(sign == "-" ? -days : days)
  }
}

/// Days of birth as numbers of month and day, one of which is asked for by the calendar.
struct BirthdaySpan {
  private let value: FilterValue
  private let today: Today

  init(_ value: FilterValue, _ today: Today) { (self.value, self.today) = (value, today) }

  /// Whoever was born on the 29th of February has their birthday on the 28th where there is no 29th: that day has two numbers. Each is
  /// worked out once a statement, not once a person.
  private func append(_ first: Bool, to sql: inout Composition) {
    switch value {
    case .number(let number): sql.append { $0.small(number) }
    case .today(let days):
      sql.append(first ? "(select to_char(" : "(select last_birthday_on(")
      today.append(to: &sql)
      sql.append(" + ")
      sql.append { $0.small(days) }
      sql.append(first ? "::int, 'MMDD')::int)" : "::int))")
    default: preconditionFailure("the parser takes days of the year alone")
    }
  }

  func appendFirst(to sql: inout Composition) { append(true, to: &sql) }
  func appendLast(to sql: inout Composition) { append(false, to: &sql) }

  static func append(_ column: StaticString, _ test: FilterTest, _ today: Today, to sql: inout Composition) {
    func span(_ value: FilterValue) -> BirthdaySpan { BirthdaySpan(value, today) }
    func appendWithin(_ value: FilterValue, to sql: inout Composition) {
      sql.append(column)
      sql.append(" between ")
      span(value).appendFirst(to: &sql)
      sql.append(" and ")
      span(value).appendLast(to: &sql)
    }
    switch test {
    case .compare(.notEqual, let value):
      sql.append("not (")
      appendWithin(value, to: &sql)
      sql.append(")")
    case .compare(let comparison, let value):
      sql.append(column)
      sql.append(comparison.sql)
      // Whole days are before, on or after a day.
      let isFirst = comparison == .less || comparison == .atLeast
      if isFirst { span(value).appendFirst(to: &sql) } else { span(value).appendLast(to: &sql) }
    case .between(let first, let last):
      sql.append("case when ")
      span(first).appendFirst(to: &sql)
      sql.append(" <= ")
      span(last).appendLast(to: &sql)
      for (number, sign) in [" then " as StaticString, " else "].enumerated() {
        sql.append(sign)
        sql.append(column)
        sql.append(" >= ")
        span(first).appendFirst(to: &sql)
        // Over the end of the year.
        sql.append(number == 0 ? " and " : " or ")
        sql.append(column)
        sql.append(" <= ")
        span(last).appendLast(to: &sql)
      }
      sql.append(" end")
    case .among(let values):
      for (number, value) in values.enumerated() {
        if number > 0 { sql.append(" or ") }
        appendWithin(value, to: &sql)
      }
    case .under, .known, .unknown: preconditionFailure("nothing lies under a day")
    }
  }
}

extension FilterTest {
  /// Whether it hangs on what day it is.
  var asksForToday: Bool {
    func isToday(_ value: FilterValue) -> Bool { if case .today = value { true } else { false } }
    return switch self {
    case .compare(_, let value): isToday(value)
    case .among(let values): values.contains(where: isToday)
    case .between(let first, let last): isToday(first) || isToday(last)
    case .under, .known, .unknown: false
    }
  }
}
