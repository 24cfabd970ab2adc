internal import Postgres

/// Whom a campaign that comes again leaves alone for a while.
extension AudienceSQL {
  /// A branch of a `case` on `x`: an occasion of the same plan has written to them or had them called not long ago, and not in vain.
  mutating func appendIsTooSoon(_ restriction: Restriction) {
    // Who is asked for by number has had this one.
    if case .people = restriction { return }
    guard let occasion = audience.occasion, case .every(let recurrence) = definition.course,
      let again = recurrence.again
    else { return }
    sql.append(
      """
       when exists (select from occasion_memory o
        join campaign_recipient r on r.campaign_id = o.campaign_id and r.subject = o.subject
        where o.subject = x.subject and (r.is_open or r.state in ('accepted', 'delivered', 'uncertain')
            or r.state = 'done' and r.reason <> 'unreachable') and o.plan_id =\u{20}
      """)
    sql.append { $0.integer(occasion.plan) }
    sql.append(" and o.at > ")
    sql.append { $0.timestamp(occasion.at.adding(seconds: -again.components.seconds)) }
    sql.append(") then 'too-soon'")
  }
}
