internal import Postgres

/// A value that stands for a span of what a column holds: a day for its moments, an age for days of birth.
protocol FilterSpan {
  func append(_ side: FilterSide, to sql: inout Composition)
}

/// Where the column lies to a span.
enum FilterSide {
  case before, notBefore, notAfter, after
}

/// A day by a clock, or a moment so long ago.
struct MomentSpan: FilterSpan {
  private let column: StaticString
  private let value: FilterValue
  private let timeZone: String

  init(_ column: StaticString, _ value: FilterValue, _ timeZone: String) {
    (self.column, self.value, self.timeZone) = (column, value, timeZone)
  }

  func append(_ side: FilterSide, to sql: inout Composition) {
    sql.append(column)
    switch side {
    case .before, .notAfter: sql.append(" < ")
    case .notBefore, .after: sql.append(" >= ")
    }
    let isEnd = side == .notAfter || side == .after
    switch value {
    case .ago(let months, let seconds):
      sql.append("now() - make_interval(months => ")
      sql.append { $0.small(months) }
      sql.append(") - ")
      sql.append { $0.integer(seconds) }
      sql.append(" * interval '1 second'")
      if isEnd { sql.append(" + interval '1 microsecond'") }
    case .day(let day):
      sql.append("((")
      sql.append { $0.text(day) }
      sql.append(isEnd ? "::date + 1)::timestamp at time zone " : "::date)::timestamp at time zone ")
      sql.append { $0.text(timeZone) }
      sql.append(")")
    case .text, .number, .money, .today: preconditionFailure("the parser takes days and times alone")
    }
  }
}

/// The days of birth of those who are so old today. The older, the earlier they were born.
struct AgeSpan: FilterSpan {
  private let years: Int32
  private let today: Today

  init(_ value: FilterValue, _ today: Today) {
    guard case .number(let years) = value else { preconditionFailure("the parser takes numbers alone") }
    (self.years, self.today) = (years, today)
  }

  func append(_ side: FilterSide, to sql: inout Composition) {
    sql.append("c.birthday")
    let isYounger = side == .before || side == .notAfter
    sql.append(isYounger ? " > " : " <= ")
    sql.append("(")
    today.append(to: &sql)
    sql.append(" - make_interval(years => ")
    let years = side == .notAfter || side == .after ? self.years + 1 : self.years
    sql.append { $0.small(years) }
    sql.append("))::date")
  }
}
