internal import Postgres
internal import Values

/// Makes SQL of a filter: for customers as `c` with their phone as `p` and their manager as `h`, for leads as `c`. Every test is true,
/// false or, of what is not known, NULL.
struct FilterSQL {
  let kind: CampaignDefinition.Kind
  /// Whose clock tells what day it is: a zone of the tz database.
  let timeZone: String
  /// Numbers of the lists that it names.
  var lists: [String: CampaignNames.List] = [:]
  /// Nobody with this number or a lower one is asked for: a page of a long list does not begin at its beginning.
  var after: Int64?
  /// What day it is, where it is not the clock that tells it: `2027-05-01`.
  var day: String?

  private var today: Today { Today(timeZone: timeZone, day: day) }

  func append(_ condition: FilterCondition, to sql: inout Composition) {
    switch condition {
    case .all(let conditions): append(conditions, " and ", to: &sql)
    case .any(let conditions): append(conditions, " or ", to: &sql)
    case .not(let condition):
      sql.append("(")
      append(condition, to: &sql)
      sql.append(" is not true)")
    case .test(let field, let test):
      sql.append("(")
      append(field, test, to: &sql)
      sql.append(")")
    }
  }

  private func append(_ conditions: [FilterCondition], _ between: StaticString, to sql: inout Composition) {
    sql.append("(")
    for (number, condition) in conditions.enumerated() {
      if number > 0 { sql.append(between) }
      append(condition, to: &sql)
    }
    sql.append(")")
  }

  private func append(_ field: FilterField, _ test: FilterTest, to sql: inout Composition) {
    if field == .list { return appendList(test, to: &sql) }
    let column = column(field)
    switch (field.values, test) {
    case (.tag, .known): sql.append("cardinality(c.tags) > 0")
    case (.tag, .unknown): sql.append("cardinality(c.tags) = 0")
    case (_, .known):
      sql.append(column)
      sql.append(" is not null")
    case (_, .unknown):
      sql.append(column)
      sql.append(" is null")
    case (.tag, _):
      if case .compare = test { sql.append("not ") }
      sql.append("c.tags && ")
      sql.append { $0.texts(test.texts) { $0 } }
    case (.text, _), (.word, _), (.region, _): appendText(column, test, to: &sql)
    case (.branch, _): appendBranch(column, test, to: &sql)
    case (.person, _):
      appendNamed(column, test, "select b.id from person b where b.code = any(", to: &sql)
    case (.dayOfYear, _) where test.asksForToday: BirthdaySpan.append(column, test, today, to: &sql)
    case (.rating, _), (.dayOfYear, _): appendNumber(column, test, to: &sql)
    case (.years, _): appendRanges(test, to: &sql) { AgeSpan($0, today) }
    case (.moment, _): appendRanges(test, to: &sql) { MomentSpan(column, $0, timeZone) }
    case (.money, _): appendMoney(column, currency(field), test, to: &sql)
    case (.list, _): preconditionFailure("a list is no column")
    }
  }

  private func column(_ field: FilterField) -> StaticString {
    switch field {
    case .age: "c.birthday"
    case .birthday: "(extract(month from c.birthday) * 100 + extract(day from c.birthday))::int"
    case .assets: "c.assets_amount"
    case .value: "c.value_amount"
    case .branch: branch
    case .manager: "c.manager_id"
    case .owner: "c.owner_id"
    case .changed: "c.changed_at"
    case .contacted: "c.contacted_at"
    case .registered: "c.registered_at"
    case .language: "c.language"
    case .level: "c.level"
    case .list: "c.id"
    case .number: "c.number"
    case .product: "c.product"
    case .source: "c.source"
    case .state: "c.state"
    case .status: "c.status"
    case .tag: "c.tags"
    case .region: kind == .leads ? "c.region" : "nullif(p.region, '')"
    case .risk: FilterSQL.rating
    }
  }

  /// Of a customer of whom no branch is told, their manager's.
  var branch: StaticString { kind == .leads ? "c.branch_id" : "coalesce(c.branch_id, h.branch_id)" }

  /// The rank of a customer's rating; NULL for the firm's own words.
  static let rating: StaticString = "array_position(array['C1', 'C2', 'C3', 'C4', 'C5'], c.risk_rating)"

  private func currency(_ field: FilterField) -> StaticString {
    field == .value ? "c.value_currency" : "c.assets_currency"
  }

  // MARK: Types

  private func appendList(_ test: FilterTest, to sql: inout Composition) {
    let numbers = test.texts.map { name in
      guard let list = lists[name] else { preconditionFailure("whoever asks has looked whether there is the list") }
      return list.number
    }
    if case .compare = test { sql.append("not ") }
    sql.append("exists (select from audience_member m where m.list_id = ")
    // One list alone is what the planner knows most of.
    if numbers.count == 1 {
      sql.append { $0.integer(numbers[0]) }
    } else {
      sql.append("any(")
      sql.append { $0.integers(numbers) { $0 } }
      sql.append(")")
    }
    sql.append(kind == .leads ? " and m.of_leads" : " and not m.of_leads")
    if let after {
      sql.append(" and m.subject > ")
      sql.append { $0.integer(after) }
    }
    sql.append(" and m.subject = c.id)")
  }

  private func appendText(_ column: StaticString, _ test: FilterTest, to sql: inout Composition) {
    sql.append(column)
    switch test {
    case .under(let region):
      sql.append(" = ")
      sql.append { $0.text(region) }
      for mark in ["-", "/"] {
        sql.append(" or starts_with(")
        sql.append(column)
        sql.append(", ")
        sql.append { $0.text(region + mark) }
        sql.append(")")
      }
    case .compare:
      sql.append(" <> all(")
      sql.append { $0.texts(test.texts) { $0 } }
      sql.append(")")
    default:
      sql.append(" = any(")
      sql.append { $0.texts(test.texts) { $0 } }
      sql.append(")")
    }
  }

  private func appendBranch(_ column: StaticString, _ test: FilterTest, to sql: inout Composition) {
    guard case .under(let code) = test else {
      return appendNamed(column, test, "select b.id from branch b where b.code = any(", to: &sql)
    }
    sql.append(column)
    sql.append(" = any(array(with recursive below as (select b.id from branch b where b.code = ")
    sql.append { $0.text(code) }
    sql.append(" union select b.id from branch b join below o on b.parent_id = o.id) select id from below))")
  }

  private func appendNamed(
    _ column: StaticString, _ test: FilterTest, _ codes: StaticString, to sql: inout Composition
  ) {
    sql.append(column)
    // Where nobody has the code, all are not it; but not those who have none.
    if case .compare = test {
      sql.append(" is not null and ")
      sql.append(column)
      sql.append(" <> all(array(")
    } else {
      sql.append(" = any(array(")
    }
    sql.append(codes)
    sql.append { $0.texts(test.texts) { $0 } }
    sql.append(")))")
  }

  private func appendNumber(_ column: StaticString, _ test: FilterTest, to sql: inout Composition) {
    sql.append(column)
    switch test {
    case .compare(let comparison, .number(let number)):
      sql.append(comparison.sql)
      sql.append { $0.small(number) }
    case .between(.number(let first), .number(let last)):
      sql.append(" >= ")
      sql.append { $0.small(first) }
      // Over the end of the year.
      sql.append(first > last ? " or " : " and ")
      sql.append(column)
      sql.append(" <= ")
      sql.append { $0.small(last) }
    default:
      sql.append(" = any(")
      sql.append { $0.smalls(test.numbers) { $0 } }
      sql.append(")")
    }
  }

  private func appendMoney(
    _ amount: StaticString, _ currency: StaticString, _ test: FilterTest, to sql: inout Composition
  ) {
    func append(_ comparison: StaticString, _ value: FilterValue) {
      guard case .money(let money) = value else { preconditionFailure("the parser takes money alone") }
      sql.append(currency)
      sql.append(" = ")
      sql.append { $0.text(money.currency) }
      sql.append(" and ")
      sql.append(amount)
      sql.append(comparison)
      sql.append { $0.integer(money.tenThousandths) }
      sql.append(" * 0.0001")
    }
    switch test {
    case .compare(let comparison, let value): append(comparison.sql, value)
    case .between(let first, let last):
      append(" >= ", first)
      sql.append(" and ")
      append(" <= ", last)
    default:
      for (number, value) in test.values.enumerated() {
        if number > 0 { sql.append(" or ") }
        append(" = ", value)
      }
    }
  }

  /// Of values that are spans of what the column holds, as a day is of moments.
  private func appendRanges(_ test: FilterTest, to sql: inout Composition, _ span: (FilterValue) -> some FilterSpan) {
    switch test {
    case .compare(.notEqual, let value):
      span(value).append(.before, to: &sql)
      sql.append(" or ")
      span(value).append(.after, to: &sql)
    case .compare(.less, let value): span(value).append(.before, to: &sql)
    case .compare(.atMost, let value): span(value).append(.notAfter, to: &sql)
    case .compare(.more, let value): span(value).append(.after, to: &sql)
    case .compare(.atLeast, let value): span(value).append(.notBefore, to: &sql)
    case .between(let first, let last):
      span(first).append(.notBefore, to: &sql)
      sql.append(" and ")
      span(last).append(.notAfter, to: &sql)
    default:
      for (number, value) in test.values.enumerated() {
        sql.append(number > 0 ? " or " : "")
        span(value).append(.notBefore, to: &sql)
        sql.append(" and ")
        span(value).append(.notAfter, to: &sql)
      }
    }
  }
}

extension FilterComparison {
  var sql: StaticString {
    switch self {
    case .notEqual: " <> "
    case .less: " < "
    case .atMost: " <= "
    case .more: " > "
    case .atLeast: " >= "
    }
  }
}

extension FilterTest {
  /// In their order.
  fileprivate var values: [FilterValue] {
    switch self {
    case .compare(_, let value): [value]
    case .among(let values): values
    case .between(let first, let last): [first, last]
    case .under, .known, .unknown: []
    }
  }

  fileprivate var texts: [String] {
    values.map {
      guard case .text(let text) = $0 else { preconditionFailure("the parser takes texts alone") }
      return text
    }
  }

  fileprivate var numbers: [Int32] {
    values.map {
      guard case .number(let number) = $0 else { preconditionFailure("the parser takes numbers alone") }
      return number
    }
  }
}
