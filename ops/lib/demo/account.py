"""Where every published lead is, by the database: the numbers that have to add up."""

from demo.screen import bold, say, table, tell
from provinces import PROVINCES

STANDING = """
  select (select coalesce(sum(next_offset), 0) from position where worker = 'allocate-leads') as read,
    (select coalesce(sum(next_offset), 0) from position where worker = 'keep-customers') as profiles,
    count(*) filter (where state = 'owned') as allocated, count(*) filter (where state = 'held') as held,
    count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'converted') as converted,
    (select count(*) from lead_duplicate) as duplicates,
    (select count(*) from dead_letter where worker = 'allocate-leads') as dead_letters,
    (select coalesce(sum(events), 0) from outbox) as unpublished
  from lead
"""
PARTS = ("allocated", "held", "waiting", "converted", "duplicates", "dead_letters")

# From the clock reading of the first batch to the last batch's, or its position's, whichever is later.
SECONDS = """
  select greatest(0.001, extract(epoch from (select max(moved_at) from position where worker = 'allocate-leads')
    - least((select min(at) from lead_history), (select min(at) from lead_duplicate),
      (select min(dead_at) from dead_letter)))) as seconds
"""

BRANCHES = """
  select b.code, b.level, b.name, p.people, p.at_work, l.owned, l.waiting, l.held, l.reason
  from branch b
  cross join lateral (
    select count(*) as people, count(*) filter (where excluded is null) as at_work
    from people_at(array[b.id], clock_timestamp()) where branch_id = b.id) p
  cross join lateral (
    select count(*) filter (where state = 'owned') as owned, count(*) filter (where state = 'waiting') as waiting,
      count(*) filter (where state = 'held') as held,
      string_agg(distinct held_reason, ', ') filter (where held_reason <> 'behind-held') as reason
    from lead where branch_id = b.id) l
  order by b.id
"""

WITHOUT_BRANCH = """
  select case when held_reason = 'keys-disagree' then 'two people' when region like 'CN%' then split_part(region, '/', 1)
    when region is not null then 'abroad' end as region, held_reason as reason, count(*) as held
  from lead where branch_id is null and state = 'held' group by 1, 2 order by 1 desc, 2
"""

WAYS = """
  select case
    when what = 'waiting' then 'to be passed down, step by step'
    when what = 'converted' and version > 1 then 'became a customer after the lead was given: ' || reason
    when what = 'converted' then 'a customer already, by ' || reason
    when what = 'held' then 'nobody can take it yet'
    when basis = 'importer' then 'kept by the importer'
    when basis = 'importer-branch' then 'kept by the branch of the importer'
    when basis = 'institution' then 'to the partner branch of the institution'
    when basis is null and what = 'allocated' then 'by the rules' else coalesce(basis, what) end as way,
    count(*) as leads
  from lead_history group by 1
  union all
  select 'with a phone that suggests a customer', count(*) from lead where suggested_customers is not null
    and coalesce(held_reason, '') <> 'keys-disagree'
  order by 2 desc, 1
"""

# One that shows much on little space: registered twice, by a rule far up, in a small branch where somebody is away.
TELLING = """
  select h.lead_id as lead
  from lead_history h join allocation_snapshot s on s.id = h.snapshot_id
  where h.owner_id is not null and h.rule_position is not null
  order by not exists (select from lead_duplicate d where d.lead_id = h.lead_id), s.excluded is null,
    h.rule_position + cardinality(s.people), h.lead_id
  limit 1
"""

# Somebody who became a customer only after the lead was given, in a small branch.
CONVERTED = """
  select c.lead_id as lead
  from lead_history c join lead_history h on h.lead_id = c.lead_id and h.version = 1
    join allocation_snapshot s on s.id = h.snapshot_id
  where c.what = 'converted' and c.version > 1
  order by coalesce(h.rule_position, 0) + cardinality(s.people), c.lead_id limit 1
"""

NAMES = {f"CN-{code}": f"{chinese} {english}" for code, english, chinese, _, _ in PROVINCES}
NAMES |= {
    f"CN-{code}-{english.upper()}": f"{chinese} {english}"
    for code, _, _, _, cities in PROVINCES
    for english, chinese, _ in cities
}
NAMES |= {"HQ": "总部 head office", "HQ-PB": "私人银行 private banking", "CN": "中国 China, somewhere"}


def standing(now, published):
    """How far it is, on one line."""
    if now["read"] == 0:
        return "waiting for the broker, which takes some seconds to admit a reader"
    parts = (f"{now[name]:,} {name.replace('_', ' ')}" for name in PARTS)
    return f"{100 * now['read'] // published} %: {', '.join(parts)}"


def show_branches(database):
    titles = ["BRANCH", "NAME", "AT WORK", "OWNED", "WAITING", "HELD", "WHY HELD"]
    rows = [
        [
            row["code"],
            ("  " if row["level"] == "city" else "") + NAMES.get(row["code"], row["name"]),
            f"{row['at_work']}/{row['people']}",
            row["owned"],
            row["waiting"] or "-",
            row["held"] or "-",
            row["reason"] or "",
        ]
        for row in database.rows(BRANCHES)
    ]
    for row in database.rows(WITHOUT_BRANCH):
        place = NAMES.get(row["region"], row["region"] or "no valid number")
        rows.append(["-", place, "-", "-", "-", row["held"], row["reason"]])
    table(titles, rows, right={2, 3, 4, 5})


def show_ways(database):
    """The same lead may stand in several lines: each decision about it is one."""
    table(["HOW", "LEADS"], [[row["way"], f"{row['leads']:,}"] for row in database.rows(WAYS)], right={1})


def adds_up(published, database):
    """Shows the sum; false when it is not what was published."""
    standing = database.rows(STANDING)[0]
    parts = [(name, standing[name]) for name in PARTS]
    found = sum(count for _, count in parts)
    width = len(f"{max(found, published):,}")
    say(f"{published:>{width},}  published")
    for name, count in parts:
        say(f"{count:>{width},}  {name.replace('_', ' ')}")
    say("-" * width)
    say(f"{found:>{width},}  accounted for")
    if found == published:
        say(bold("It adds up: every lead is somewhere."))
        return True
    say(bold(f"IT DOES NOT ADD UP: {published:,} published, {found:,} found."))
    return False


def show_rate(published, database):
    seconds = database.rows(SECONDS)[0]["seconds"]
    tell(
        f"{published:,} events in {seconds:.2f} s by the database's own clock, from the first batch to the last "
        f"commit: {published / seconds:,.0f} a second, in one lane, with everything on this machine."
    )
