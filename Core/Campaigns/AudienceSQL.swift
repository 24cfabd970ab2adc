internal import Postgres

/// The SQL of an audience, layer by layer; each names the rows of the one below `x`.
///
/// `offset '0'` keeps a layer a layer: what is worked out in it is worked out once. Written as a number, it would also keep processes
/// beside the session from working on it: that it limits nothing is seen too late.
struct AudienceSQL {
  enum Restriction {
    /// All of the audience, and those who are excluded from it.
    case none
    /// So many of the audience with numbers above the first and not above the second.
    case after(Int64, through: Int64, limit: Int)
    /// Those who have the same address as somebody of the page, and a lower number.
    case rivals
    /// Those of these whom filter and exclusion have in the audience by now, for a campaign that others have had before.
    case joining([Int64], campaign: Int64)
    /// These, whatever filter and exclusion say of them now.
    case people([Int64])

    var isOfAll: Bool { if case .none = self { true } else { false } }
  }

  let audience: Audience
  /// Which channels are looked at, by their places.
  let places: Range<Int>
  var sql = Composition()

  var definition: CampaignDefinition { audience.definition }
  var isOfLeads: Bool { definition.audience == .leads }

  // MARK: Who they are

  /// Looked up person by person.
  private static let firstPhone: StaticString = """
     left join lateral (
      select k.phone, k.region from customer_phone k
      where k.customer_id = c.id and (k.kind = 'mobile' or k.kind is null)
      order by k.place limit 1) p on true
    """
  /// The same without a limit, which would keep other processes from helping and phones from being read in one go.
  private static let firstPhoneOfAll: StaticString = """
     left join customer_phone p on p.customer_id = c.id and (p.kind = 'mobile' or p.kind is null)
      and not exists (
        select from customer_phone k where k.customer_id = p.customer_id and (k.kind = 'mobile' or k.kind is null)
          and (k.place, k.phone) < (p.place, p.phone))
    """

  /// People as they are stored, with the addresses that they have.
  mutating func appendPeople(_ restriction: Restriction) {
    if isOfLeads {
      sql.append(
        """
        select c.id as subject, null::bigint as customer, null::text as code, c.name, null::text as number, c.level, c.language, c.branch_id,
          c.owner_id as manager_id, c.value_amount as amount, c.value_currency as currency, c.product, c.source, c.phone, c.region,
          null::text as email, 0 as consented, 0 as refused, null::int as rating,\u{20}
        """)
      appendTold()
      appendExcluded(restriction)
      sql.append(" as excluded from lead c where c.state <> 'erased' and ")
    } else {
      sql.append(
        """
        select c.id as subject, c.id as customer, c.code, c.name, c.number, c.level, c.language,
          coalesce(c.branch_id, h.branch_id) as branch_id, c.manager_id, c.assets_amount as amount,
          c.assets_currency as currency, null::text as product, null::text as source, p.phone, nullif(p.region, '') as region,
          lower(c.email) as email, c.consented, c.refused,\u{20}
        """)
      sql.append(FilterSQL.rating)
      sql.append(" as rating, ")
      appendTold()
      appendExcluded(restriction)
      sql.append(
        """
         as excluded
        from customer c
        left join person h on h.id = c.manager_id
        """)
      sql.append(restriction.isOfAll ? AudienceSQL.firstPhoneOfAll : AudienceSQL.firstPhone)
      sql.append(" where c.status <> 'removed' and ")
    }
    appendScope()
    switch restriction {
    case .people(let subjects):
      sql.append(" and c.id = any(")
      sql.append { $0.integers(subjects) { $0 } }
      sql.append(")")
    case .joining(let subjects, _):
      appendFilter(filterSQL)
      appendNotExcluded(filterSQL)
      sql.append(" and c.id = any(")
      sql.append { $0.integers(subjects) { $0 } }
      sql.append(")")
    case .none: appendFilter(filterSQL)
    case .after(let number, let last, let limit):
      var filter = filterSQL
      filter.after = number
      appendFilter(filter)
      appendNotExcluded(filter)
      sql.append(" and c.id > ")
      sql.append { $0.integer(number) }
      sql.append(" and c.id <= ")
      sql.append { $0.integer(last) }
      sql.append(" order by c.id limit ")
      sql.append { $0.integer(Int64(limit)) }
    case .rivals:
      appendFilter(filterSQL)
      appendNotExcluded(filterSQL)
      sql.append(
        """
         and c.id in (
          select k.customer_id from page g join customer_phone k on k.phone = g.told_phone and k.customer_id < g.subject
          union
          select m.id from page g join customer m on lower(m.email) = g.told_email and m.id < g.subject)
        """)
    }
  }

  /// What the list says of them whose columns templates can be told.
  private mutating func appendTold() {
    guard let list = audience.columns else { return sql.append("null::text[] as told, ") }
    sql.append("(select m.told from audience_member m where m.list_id = ")
    sql.append { $0.integer(list.number) }
    sql.append(isOfLeads ? " and m.of_leads" : " and not m.of_leads")
    sql.append(" and m.subject = c.id) as told, ")
  }

  private mutating func appendScope() {
    guard let branches = audience.scope.branches else { return sql.append("true") }
    sql.append(filterSQL.branch)
    sql.append(" = any(")
    sql.append { $0.integers(branches) { $0 } }
    sql.append(")")
  }

  /// The filter, and what goes without saying: those who are customers still, and leads that have not become customers.
  private mutating func appendFilter(_ filterSQL: FilterSQL) {
    if !isOfLeads, !definition.filter.asks(.status) { sql.append(" and c.status = 'active'") }
    if isOfLeads, !definition.filter.asks(.state) { sql.append(" and c.state <> 'converted'") }
    sql.append(" and ")
    filterSQL.append(definition.filter.condition, to: &sql)
  }

  private mutating func appendNotExcluded(_ filterSQL: FilterSQL) {
    guard let exclusion = definition.exclusion else { return }
    sql.append(" and ")
    filterSQL.append(exclusion.condition, to: &sql)
    sql.append(" is not true")
  }

  private mutating func appendExcluded(_ restriction: Restriction) {
    guard case .none = restriction, let exclusion = definition.exclusion else { return sql.append("false") }
    filterSQL.append(exclusion.condition, to: &sql)
    sql.append(" is true")
  }

  private var filterSQL: FilterSQL {
    FilterSQL(
      kind: definition.audience, timeZone: audience.scope.timeZone, lists: audience.names.lists,
      day: audience.occasion?.day)
  }
}
