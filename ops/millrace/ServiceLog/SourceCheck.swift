internal import Postgres

extension ChainCheck {
  /// Compares the log with what it was recorded from, a page at a time.
  mutating func compareSources(_ session: Connection) throws(PostgresError) {
    var last: (lead: Int64, version: Int64) = (0, 0)
    while true {
      let rows = try session.rows(
        """
        with page as materialized (
          select lead_id, version, at, what, reason from lead_history where (lead_id, version) > ($1, $2::int)
          order by lead_id, version limit 20000),
        due as materialized (
          select u.lead_id, u.version from service_due d
          cross join lateral unnest(d.lead_ids[d.taken + 1:], d.lead_versions[d.taken + 1:]) u (lead_id, version))
        select p.lead_id, p.version, case
            when l.number is not null and (l.at, l.what, l.outcome) is not distinct from (p.at, p.what, p.reason) then null
            when l.number is not null then format('version %s of lead %s is not what entry %s says', p.version, p.lead_id, l.number)
            when exists (select from due d where d.lead_id = p.lead_id and d.version = p.version) then null
            when exists (select from privacy_erasure e where p.lead_id = any(e.leads)) then null
            else format('version %s of lead %s is not in the log', p.version, p.lead_id) end
        from page p left join service_log l on l.subject = p.lead_id::text and l.subject_kind = 'lead' and l.version = p.version
        order by p.lead_id, p.version
        """
      ) {
        $0.integer(last.lead)
        $0.integer(last.version)
      }
      guard let end = rows.last else { break }
      for row in rows { if let sentence = row.optionalText(2) { fault(sentence) } }
      last = (end.integer(0), end.integer(1))
    }
    let twice = try session.rows(
      """
      select format('version %s of lead %s is in the log %s times', version, subject, count(*)) from service_log
      where version is not null group by subject, version having count(*) > 1 limit 100
      """)
    for row in twice { fault(row.text(0)) }
    let missing = try session.rows(
      """
      select format('action %s is not in the log', a.id) from service_action a
      where not exists (select from service_log l where l.action = a.id and l.subject = a.subject and l.subject_kind = a.subject_kind)
        and not exists (select from service_due d where a.id = any(d.actions))
      order by a.id limit 100
      """)
    for row in missing { fault(row.text(0)) }
  }
}
