import Contract
import Postgres
import Values

/// A row of a lead's history, or of `service_action`, as the log is to have it.
final class Action: Sendable {
  let at: Timestamp
  /// The day of its organisation that it happened on; of one that says it happens later, today.
  let day: String
  let what: String
  let subjectKind: String
  let subject: String
  let version: Int32?
  let by: Int64?
  let login: String?
  let worker: String?
  let authority: String
  let outcome: String?
  let branch: Int64?
  let owner: Int64?
  let formerOwner: Int64?
  let detail: String?
  let source: String?
  let event: String?
  /// Its number in `service_action`.
  let action: Int64?

  private init(_ row: Row) {
    at = row.timestamp(4)
    day = row.text(5)
    what = row.text(6)
    subjectKind = row.text(7)
    subject = row.text(8)
    version = row.optionalInteger(9).map { Int32($0) }
    by = row.optionalInteger(10)
    login = row.optionalText(11)
    worker = row.optionalText(12)
    authority = row.text(13)
    outcome = row.optionalText(14)
    branch = row.optionalInteger(15)
    owner = row.optionalInteger(16)
    formerOwner = row.optionalInteger(17)
    detail = row.optionalText(18)
    source = row.optionalText(19)
    event = row.optionalText(20)
    action = row.optionalInteger(21)
  }

  /// The oldest that are due, in the order in which they were written.
  static func due(_ limit: Int, _ transaction: Transaction) throws(PostgresError) -> [RecordActions.Item] {
    try transaction.rows(
      """
      with clock as materialized (
        select clock_timestamp() as now, (select min(id) from branch where parent_id is null) as root),
      due as materialized (
        select id, entries, taken, lead_ids, lead_versions, actions from (
          select *, sum(entries - taken) over (order by id) - (entries - taken) as before
          from (select * from service_due order by id limit $1) oldest) counted
        where before < $1)
      select d.id, (d.taken + u.n)::int, d.entries,
        t.what is not null and not exists (
          select from set_aside s where s.sweep = 'record-actions' and s.item = format('%s/%s', d.id, d.taken + u.n)),
        t.at,
        to_char(organisation_day(coalesce(b.time_zone, 'UTC'), coalesce(b.day_end, '24:00'), least(t.at, c.now)),
          'YYYY-MM-DD'),
        t.what, t.subject_kind, t.subject, h.version, t.by_id, a.login, t.worker, t.authority,
        coalesce(h.reason, a.outcome), t.branch_id, h.owner_id, h.former_owner_id, coalesce(h.note, a.detail),
        coalesce(h.source, a.source), coalesce(h.event_id, a.event_id), a.id
      from clock c cross join due d
      cross join lateral unnest(d.lead_ids[d.taken + 1:], d.lead_versions[d.taken + 1:], d.actions[d.taken + 1:])
        with ordinality u (lead_id, version, action, n)
      left join lead_history h on h.lead_id = u.lead_id and h.version = u.version
      left join service_action a on a.id = u.action
      cross join lateral (select coalesce(h.at, a.at) as at, coalesce(h.what, a.what) as what,
        coalesce(a.subject_kind, 'lead') as subject_kind, coalesce(h.lead_id::text, a.subject) as subject,
        coalesce(h.by_id, a.by_id) as by_id, coalesce(h.worker, a.worker) as worker,
        coalesce(h.branch_id, a.branch_id) as branch_id,
        coalesce(a.authority, case
          when h.by_id is not null and h.source = '/millrace/people' then 'own-login'
          when h.by_id is not null and h.what = 'contacted' then 'reported'
          when h.by_id is not null then 'signed'
          when h.basis is not null then h.basis
          when h.rule_position is not null then 'rule ' || h.ruleset || '/' || h.rule_position
          when h.worker = 'keep-organisation' then 'hand-over'
          when h.what = 'converted' then 'customer'
          else 'policy' end) as authority) t
      left join branch b on b.id = coalesce(t.branch_id, c.root)
      order by d.id, u.n limit $1
      """
    ) { $0.integer(Int64(limit)) }.map { row in
      RecordActions.Item(
        due: row.integer(0), taken: Int32(row.small(1)), isLast: row.integer(1) == row.integer(2),
        action: row.boolean(3) ? Action(row) : nil)
    }
  }
}
