internal import Postgres

/// What becomes of people who can be reached.
extension AudienceSQL {
  /// - Parameters:
  ///   - source: appends a query of what `appendReachable` makes, or a table of it.
  ///   - duplicate: whether somebody before them has the same address: a condition on `x`.
  mutating func appendJudged(
    _ source: (inout AudienceSQL) -> Void, _ duplicate: (inout AudienceSQL) -> Void
  ) {
    sql.append("select x.*, ")
    sql.append(AudienceSQL.outcome)
    sql.append(" as outcome from (select x.*, ")
    duplicate(&self)
    sql.append(" as is_duplicate from (")
    appendSpoken(source)
    sql.append(") x offset '0') x")
  }

  /// How many of everybody are alike. Before anybody is compared with anybody else, those whose address is nobody else's are counted
  /// together, so that few are left to be compared.
  mutating func appendCounted() {
    sql.append("select ")
    sql.append(AudienceSQL.outcome)
    sql.append(
      """
      , x.variant, x.place, x.branch_id, x.region, x.tongue, x.missing, sum(x.people)::bigint, min(x.first), max(x.last)
      from (
        select x.*, x.told is not null and row_number() over (partition by x.told_phone, x.told_email order by x.told) > 1
          as is_duplicate
        from (
          select x.place, x.obstacle, x.variant, x.branch_id, x.region, x.tongue, x.missing, x.held_out,
            case when x.is_shared then x.told_phone end as told_phone, case when x.is_shared then x.told_email end as told_email,
            case when x.is_shared then x.subject end as told, count(*) as people, min(x.subject) as first, max(x.subject) as last
          from (select x.*,\u{20}
      """)
    // A lead's phone is nobody else's.
    sql.append(
      isOfLeads
        ? "false"
        : "case when x.told_phone is not null then x.phone_shared else x.told_email is not null and x.email_shared end")
    sql.append(" as is_shared from (")
    appendSpoken { $0.appendReachable(.none) }
    sql.append(
      ") x offset '0') x group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) x offset '0') x group by 1, 2, 3, 4, 5, 6, 7")
  }

  /// The first that holds.
  private static let outcome: StaticString = """
    case when x.place is null then x.obstacle when x.is_duplicate then 'duplicate-address'
      when x.tongue is null then 'unknown-language' when cardinality(x.missing) > 0 then 'missing-variable'
      when x.held_out then 'held-out' else 'send' end
    """

  /// In which language people are written to, and what their template lacks.
  private mutating func appendSpoken(_ source: (inout AudienceSQL) -> Void) {
    sql.append("select x.*, ")
    appendMissing()
    sql.append(" as missing from (select x.*, ")
    appendTongue()
    sql.append(" as tongue from (")
    source(&self)
    sql.append(" offset '0') x offset '0') x")
  }

  /// The language of their template; of those without a channel their own.
  private mutating func appendTongue() {
    sql.append("case when x.place is null then x.language")
    let needs = audience.needs.filter { places.contains($0.place) }
    for (use, languages) in Dictionary(grouping: needs, by: Use.init).sorted(by: { $0.key < $1.key }) {
      appendWhen(use)
      sql.append(" then ")
      TemplateLanguages(languages.map(\.language), wanted: nil).append(to: &sql)
    }
    sql.append(" end")
  }

  /// The variables of their template that they lack, in its order.
  private mutating func appendMissing() {
    sql.append("case when x.place is null or x.tongue is null then '{}'::text[]")
    for need in audience.needs where places.contains(need.place) {
      let known = definition.variables(of: need.variant)
      let variables = need.variables.filter { known[$0] == nil }
      guard !variables.isEmpty else { continue }
      appendWhen(Use(need))
      sql.append(" and x.tongue = ")
      sql.append { $0.text(need.language) }
      sql.append(" then array_remove(array[")
      for (number, variable) in variables.enumerated() {
        if number > 0 { sql.append(", ") }
        let name = sql.place { $0.text(variable) }
        let column = audience.columns?.columns.firstIndex(of: variable)
        let fact = PersonalFact(rawValue: variable)
        if column != nil || fact != nil {
          sql.append("case when ")
          if let column {
            sql.append("coalesce(x.told[")
            sql.append { $0.small(Int32(column + 1)) }
            sql.append("], '') !~ '[^[:space:]]'")
          }
          if column != nil, fact != nil { sql.append(" and ") }
          if let fact {
            sql.append("(")
            sql.append(fact.isMissing)
            sql.append(")")
          }
          sql.append(" then ")
          sql.append(name)
          sql.append(" end")
        } else {
          sql.append(name)
        }
      }
      sql.append("], null)")
    }
    sql.append(" else '{}'::text[] end")
  }

  private mutating func appendWhen(_ use: Use) {
    sql.append(" when x.place = ")
    sql.append { $0.small(Int32(use.place)) }
    sql.append(" and x.variant = ")
    sql.append { $0.small(Int32(use.variant)) }
  }

  /// A template's place in the definition.
  private struct Use: Hashable, Comparable {
    let place: Int
    let variant: Int

    init(_ need: TemplateNeed) { (place, variant) = (need.place, need.variant) }

    static func < (a: Use, b: Use) -> Bool { (a.place, a.variant) < (b.place, b.variant) }
  }
}
