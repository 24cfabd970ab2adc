"""Whether contenders decided the same and wrote the same rows.

Ids and times differ from run to run, and so does the order in which a lane meets the partitions. All else has to be
equal: every lead with what was decided about it, every duplicate, every refused event; and because whose turn it is
depends only on how often it was somebody's, each person's leads and credit follow from the branch's number of leads.
"""

import collections

import orjson
from confluent_kafka import Consumer, TopicPartition

LEADS = """
    select h.event_id::bigint, l.phone, l.phone_text, l.region, l.name, l.source, l.product,
      l.registered_at at time zone 'UTC', l.state, b.code, h.what,
      case when l.held_reason in ('vacant', 'nobody-available', 'behind-held') then 'waits' else l.held_reason end,
      h.reason = l.held_reason, h.owner_id is not distinct from l.owner_id,
      h.branch_id is not distinct from l.branch_id,
      p.branch_id is not distinct from case when l.state = 'owned' then l.branch_id end, h.ruleset, h.rule_position,
      h.version, l.version, h.source, (l.protected_until at time zone b.time_zone) - (l.protected_since at time zone
      b.time_zone)::date, s.branch_id is not distinct from h.branch_id, h.choice is null
    from lead l join lead_history h on h.lead_id = l.id left join branch b on b.id = l.branch_id
      left join person p on p.id = l.owner_id left join allocation_snapshot s on s.id = h.snapshot_id
"""

DUPLICATES = """
    select d.event_id::bigint, l.phone, d.source, d.product, d.event_source, d.registered_at at time zone 'UTC'
    from lead_duplicate d join lead l on l.id = d.lead_id
"""

LETTERS = "select distinct event_id::bigint, topic, value, source from dead_letter"


TURNS = """
    select b.code, p.code, p.weight, n.open_leads, n.credit, n.allocated,
      p.active and p.weight > 0 and not (coalesce(p.leave_from <= now(), p.leave_until is not null)
        and coalesce(p.leave_until > now(), true)),
      coalesce(owned.leads, 0)
    from person p join person_load n on n.person_id = p.id join branch b on b.id = p.branch_id
      left join (select owner_id, count(*) as leads from lead group by 1) owned on owned.owner_id = p.id
    order by p.id
"""

HELD = """
    select b.code, l.held, count(d.id), count(*) filter (where d.held_reason = 'behind-held')
    from branch b join branch_load l on l.branch_id = b.id left join lead d on d.branch_id = b.id and d.state = 'held'
    group by 1, 2
"""

OWNERS = """
    select l.id, l.version, l.region, b.code, p.code, l.held_reason
    from lead l left join branch b on b.id = l.branch_id left join person p on p.id = l.owner_id
"""


class Outcome:
    """What a run left in its database."""

    def __init__(self, connection):
        self.leads = keyed(connection, LEADS)
        self.duplicates = keyed(connection, DUPLICATES)
        self.letters = keyed(connection, LETTERS)
        self.seen = connection.execute("select count(*) from seen_event").fetchone()[0]
        self.check_turns(connection)
        self.check_held(connection)

    @staticmethod
    def check_turns(connection):
        teams = collections.defaultdict(list)
        for branch, *person in connection.execute(TURNS).fetchall():
            teams[branch].append(person)
        for branch, people in teams.items():
            expected = turns([weight if takes else 0 for _, weight, _, _, _, takes, _ in people],
                             sum(person[6] for person in people))  # fmt: skip
            for (code, _, open_leads, credit, allocated, _, leads), (count, owed) in zip(people, expected, strict=True):
                if not (open_leads == allocated == leads == count and credit == owed):
                    raise SystemExit(
                        f"bench allocate: {code} of {branch} has {leads} leads, counts {open_leads} and {allocated} "
                        f"and credit {credit}; in turn it would be {count} leads and credit {owed}")  # fmt: skip

    @staticmethod
    def check_held(connection):
        for branch, counted, held, behind in connection.execute(HELD).fetchall():
            if counted != held or held and behind != held - 1:
                raise SystemExit(
                    f"bench allocate: {branch} counts {counted} held leads, has {held}, {behind} behind others")

    def compare(self, other, name, below):
        """`other` was given the events below this number."""
        for what in ("leads", "duplicates", "letters"):
            ours = {key: row for key, row in getattr(self, what).items() if key < below}
            theirs = getattr(other, what)
            different = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
            if different:
                shown = "".join(
                    f"\n  event {key}:\n    {ours.get(key)}\n    {theirs.get(key)}" for key in sorted(different)[:3])
                raise SystemExit(f"bench allocate: {name} has {len(different)} other {what} of {len(ours)}:{shown}")


def keyed(connection, statement):
    rows = connection.execute(statement).fetchall()
    found = {row[0]: row[1:] for row in rows}
    if len(found) != len(rows):
        raise SystemExit(f"bench allocate: events were applied more than once ({len(rows)} rows, {len(found)} events)")
    return found


def turns(weights, choices):
    """(leads, credit) of each after so many choices, by the rule itself."""
    total = sum(weights)
    if not total:
        return [(0, 0)] * len(weights)
    counts, credits = [choices // total * weight for weight in weights], [0] * len(weights)
    for _ in range(choices % total):
        credits = [credit + weight for credit, weight in zip(credits, weights)]
        takers = (place for place in range(len(weights)) if weights[place])
        winner = max(takers, key=lambda place: (credits[place], -place))
        credits[winner] -= total
        counts[winner] += 1
    return list(zip(counts, credits))


def check_answers(connection, bootstrap, topic, partitions):
    """Every lead's owner was told once, and as the row says. Answers how many events there were."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-check", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, place, 0) for place in range(partitions)])
    told, ended = {}, 0
    while ended < partitions:
        for message in consumer.consume(10_000, 5):
            if message.error() is not None:
                ended += 1
                continue
            said = orjson.loads(message.value())
            here = (said["version"], said.get("region"), said.get("branch"), said.get("owner"), said.get("reason"))
            if told.setdefault(said["leadId"], here) != here:
                raise SystemExit(f"bench allocate: lead {said['leadId']} was told as {told[said['leadId']]} and {here}")
    consumer.close()
    rows = {row[0]: row[1:] for row in connection.execute(OWNERS).fetchall()}
    if rows != told:
        wrong = [lead for lead in rows.keys() | told.keys() if rows.get(lead) != told.get(lead)]
        shown = [(rows.get(lead), told.get(lead)) for lead in wrong[:3]]
        raise SystemExit(f"bench allocate: {len(rows)} leads, {len(told)} told, {len(wrong)} not as they are: {shown}")
    return len(told)
