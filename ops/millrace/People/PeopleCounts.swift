internal import Postgres
internal import Values

/// What a branch or a person has of leads. Counters and small indexes tell it: no statement here goes through all leads.
struct PeopleCounts {
  let branch: String
  /// nil: the branch as a whole.
  let person: String?
  let name: String
  /// nil for a person: only branches have these.
  let held: Int64?
  let waiting: Int64?
  let pooled: Int64?
  let owned: Int64
  let allocated: Int64
  let converted: Int64

  /// Branches by code, each followed by its people.
  /// - Parameter branch: with all below it; nil for all there are.
  static func read(
    under branch: String?, _ span: PeopleReport.Span, _ session: Connection
  ) throws(PostgresError) -> [PeopleCounts] {
    let rows: Rows
    if span.isAll {
      rows = try session.rows(everything) { $0.text(branch) }
    } else {
      rows = try session.rows(within) {
        $0.text(branch)
        $0.timestamp(span.from)
        $0.timestamp(span.until)
      }
    }
    return rows.map {
      PeopleCounts(
        branch: $0.text(0), person: $0.optionalText(1), name: $0.text(2), held: $0.optionalInteger(3),
        waiting: $0.optionalInteger(4), pooled: $0.optionalInteger(5), owned: $0.integer(6),
        allocated: $0.integer(7), converted: $0.integer(8))
    }
  }

  /// Since ever: what people were given is counted where it is given.
  static let everything: Statement = """
    with recursive wanted as (
      select id from branch where case when $1::text is null then true else code = $1 end
      union
      select b.id from wanted w join branch b on b.parent_id = w.id where $1 is not null),
    waiting as (select branch_id, count(*) as n from lead where state = 'waiting' group by 1),
    pooled as (select branch_id, count(*) as n from lead where state = 'pooled' group by 1),
    converted as materialized (
      select branch_id, owner_id, count(*) as n from lead where state = 'converted' group by 1, 2),
    people as (
      select p.branch_id, p.code, p.name, l.open_leads, l.allocated,
        coalesce((select sum(n) from converted c where c.owner_id = p.id), 0)::bigint as converted
      from wanted w join person p on p.branch_id = w.id join person_load l on l.person_id = p.id)
    select b.code, null::text as person, b.name, l.held, coalesce(w.n, 0), coalesce(o.n, 0),
      coalesce(p.owned, 0)::bigint, coalesce(p.allocated, 0)::bigint, coalesce(c.n, 0)::bigint
    from wanted join branch b on b.id = wanted.id join branch_load l on l.branch_id = b.id
    left join waiting w on w.branch_id = b.id left join pooled o on o.branch_id = b.id
    left join (select branch_id, sum(open_leads) as owned, sum(allocated) as allocated from people group by 1) p
      on p.branch_id = b.id
    left join (select branch_id, sum(n) as n from converted group by 1) c on c.branch_id = b.id
    union all
    select b.code, p.code, p.name, null, null, null, p.open_leads, p.allocated, p.converted
    from people p join branch b on b.id = p.branch_id
    order by 1, 2 nulls first
    """

  /// In a time: from the part of the history that lies in it.
  static let within: Statement = """
    with recursive wanted as (
      select id from branch where case when $1::text is null then true else code = $1 end
      union
      select b.id from wanted w join branch b on b.parent_id = w.id where $1 is not null),
    waiting as (select branch_id, count(*) as n from lead where state = 'waiting' group by 1),
    pooled as (select branch_id, count(*) as n from lead where state = 'pooled' group by 1),
    given as materialized (
      select branch_id, owner_id, count(*) filter (where what = 'allocated') as allocated,
        count(*) filter (where what = 'converted') as converted
      from lead_history
      where at >= coalesce($2, '-infinity'::timestamptz) and at < coalesce($3, 'infinity'::timestamptz)
        and what in ('allocated', 'converted')
      group by 1, 2),
    people as (
      select p.branch_id, p.code, p.name, l.open_leads, coalesce(sum(g.allocated), 0)::bigint as allocated,
        coalesce(sum(g.converted), 0)::bigint as converted
      from wanted w join person p on p.branch_id = w.id join person_load l on l.person_id = p.id
        left join given g on g.owner_id = p.id
      group by p.id, l.person_id)
    select b.code, null::text as person, b.name, l.held, coalesce(w.n, 0), coalesce(o.n, 0),
      coalesce(p.owned, 0)::bigint, coalesce(g.allocated, 0)::bigint, coalesce(g.converted, 0)::bigint
    from wanted join branch b on b.id = wanted.id join branch_load l on l.branch_id = b.id
    left join waiting w on w.branch_id = b.id left join pooled o on o.branch_id = b.id
    left join (select branch_id, sum(open_leads) as owned from people group by 1) p on p.branch_id = b.id
    left join (select branch_id, sum(allocated) as allocated, sum(converted) as converted from given group by 1) g
      on g.branch_id = b.id
    union all
    select b.code, p.code, p.name, null, null, null, p.open_leads, p.allocated, p.converted
    from people p join branch b on b.id = p.branch_id
    order by 1, 2 nulls first
    """
}
