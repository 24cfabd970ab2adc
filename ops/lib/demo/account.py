"""Where every published lead is, by the database: the numbers that have to add up."""

from demo.screen import bold, say, table, tell
from provinces import PROVINCES

STANDING = """
  select (select coalesce(sum(next_offset), 0) from position where worker = 'allocate-leads') as read,
    (select count(*) from lead where state = 'owned') as allocated,
    (select count(*) from lead where state = 'held') as held,
    (select count(*) from lead_duplicate) as duplicates,
    (select count(*) from dead_letter where worker = 'allocate-leads') as dead_letters,
    (select coalesce(sum(events), 0) from outbox) as unpublished
"""

# From the clock reading of the first batch to the last batch's, or its position's, whichever is later.
SECONDS = """
  select greatest(0.001, extract(epoch from (select max(moved_at) from position where worker = 'allocate-leads')
    - least((select min(at) from lead_history), (select min(at) from lead_duplicate),
      (select min(dead_at) from dead_letter)))) as seconds
"""

BRANCHES = """
  select b.code, b.level, b.name, p.people, p.at_work, l.owned, l.held, l.reason
  from branch b
  cross join lateral (
    select count(*) as people, count(*) filter (where active and weight > 0 and not (
      coalesce(leave_from <= clock_timestamp(), leave_until is not null)
      and coalesce(leave_until > clock_timestamp(), true))) as at_work
    from person where branch_id = b.id) p
  cross join lateral (
    select count(*) filter (where state = 'owned') as owned, count(*) filter (where state = 'held') as held,
      string_agg(distinct held_reason, ', ') filter (where held_reason <> 'behind-held') as reason
    from lead where branch_id = b.id) l
  order by b.id
"""

WITHOUT_BRANCH = """
  select case when region like 'CN%' then split_part(region, '/', 1) when region is not null then 'abroad' end
    as region, held_reason as reason, count(*) as held
  from lead where branch_id is null group by 1, 2 order by 1 desc, 2
"""

# One that shows much on little space: registered twice, by a rule far up, in a small branch where somebody is away.
TELLING = """
  select h.lead_id as lead
  from lead_history h join allocation_snapshot s on s.id = h.snapshot_id
  where h.owner_id is not null
  order by not exists (select from lead_duplicate d where d.lead_id = h.lead_id),
    s.excluded = array_fill(''::text, array[cardinality(s.excluded)]), h.rule_position + cardinality(s.people), h.lead_id
  limit 1
"""

NAMES = {f"CN-{code}": f"{chinese} {english}" for code, english, chinese, _, _ in PROVINCES}
NAMES |= {
    f"CN-{code}-{english.upper()}": f"{chinese} {english}"
    for code, _, _, _, cities in PROVINCES
    for english, chinese, _ in cities
}
NAMES |= {"HQ": "总部 head office", "CN": "中国 China, somewhere"}


def standing(now, published):
    """How far it is, on one line."""
    if now["read"] == 0:
        return "waiting for the broker, which takes some seconds to admit a reader"
    line = f"{100 * now['read'] // published} %: {now['allocated']:,} allocated, {now['held']:,} held"
    return f"{line}, {now['duplicates']:,} duplicates, {now['dead_letters']:,} dead letters"


def show_branches(database):
    titles = ["BRANCH", "NAME", "AT WORK", "OWNED", "HELD", "WHY HELD"]
    rows = [
        [
            row["code"],
            ("  " if row["level"] == "city" else "") + NAMES.get(row["code"], row["name"]),
            f"{row['at_work']}/{row['people']}",
            row["owned"],
            row["held"] or "-",
            row["reason"] or "",
        ]
        for row in database.rows(BRANCHES)
    ]
    for row in database.rows(WITHOUT_BRANCH):
        place = NAMES.get(row["region"], row["region"] or "no valid number")
        rows.append(["-", place, "-", "-", row["held"], row["reason"]])
    table(titles, rows, right={2, 3, 4})


def adds_up(published, database):
    """Shows the sum; false when it is not what was published."""
    standing = database.rows(STANDING)[0]
    parts = [(name, standing[name]) for name in ("allocated", "held", "duplicates", "dead_letters")]
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
