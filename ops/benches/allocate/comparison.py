"""Whether contenders decided the same and wrote the same rows.

Ids and times differ from run to run, and so does the order in which a lane meets the partitions. All else has to be
equal: every lead with what was decided about it, every duplicate, every refused event; and because whose turn it is
depends only on how often it was somebody's, each person's leads and turn follow from the branch's number of leads.
"""

import collections
import fractions
import heapq

import orjson
from confluent_kafka import Consumer, TopicPartition

from .standing import FIRST_LEAD

UNIT = 55_440_000

LEADS = f"""
    select h.event_id::bigint, l.phone, l.phone_text, l.region, l.name, l.source, l.product, l.language, l.value_amount,
      l.value_currency, l.identity::text, l.customer_number, l.customer_id, l.suggested_customers, l.importer_id,
      l.registered_at at time zone 'UTC', l.state, b.code, h.what,
      case when l.held_reason in ('vacant', 'nobody-available', 'off-hours', 'behind-held') then 'waits'
        else l.held_reason end,
      case when l.state <> 'held' then h.reason end, l.state <> 'held' or h.reason = l.held_reason,
      case when l.state = 'converted' or h.basis = 'importer' then l.owner_id end,
      h.owner_id is not distinct from l.owner_id, h.branch_id is not distinct from l.branch_id,
      p.branch_id is not distinct from case when l.state in ('owned', 'converted') then l.branch_id end,
      h.basis, h.note, h.ruleset, h.rule_position, h.version, l.version, h.source,
      case when l.state = 'owned' then (l.protected_until at time zone b.time_zone)
        - (l.protected_since at time zone b.time_zone)::date end,
      case when l.state = 'owned' then (l.check_at at time zone b.time_zone)
        - (l.protected_since at time zone b.time_zone)::date end,
      l.held_ruleset, l.held_step_policy, extract(epoch from l.step_due_at - h.at)::int,
      extract(epoch from l.step_remind_at - h.at)::int, l.converted_at is not distinct from
        case when l.state = 'converted' then h.at end, s.branch_id is not distinct from
        case when h.choice is not null then h.branch_id end, h.choice is null, h.snapshot_id is null
    from lead l join lead_history h on h.lead_id = l.id left join branch b on b.id = l.branch_id
      left join person p on p.id = l.owner_id left join allocation_snapshot s on s.id = h.snapshot_id
    where l.id >= {FIRST_LEAD}
"""

KINDS = f"""
    select concat_ws(' ', h.what, h.basis,
      case h.what when 'held' then l.held_reason when 'converted' then h.reason end,
      case when l.suggested_customers is not null then 'suggested' end), count(*)
    from lead l join lead_history h on h.lead_id = l.id where l.id >= {FIRST_LEAD} group by 1 order by 2 desc
"""

DUPLICATES = """
    select d.event_id::bigint, l.phone, d.source, d.product, d.event_source, d.registered_at at time zone 'UTC'
    from lead_duplicate d join lead l on l.id = d.lead_id
"""

LETTERS = "select distinct event_id::bigint, topic, value, source from dead_letter"


BRANCHES = "select b.code, b.method, l.turn from branch b join branch_load l on l.branch_id = b.id"

# Leads that somebody brought are nobody's turn; converted ones are no longer anybody's.
PEOPLE = f"""
    select b.code, p.code, p.weight, n.open_leads, n.turn, n.allocated, n.given_today, a.excluded is null,
      coalesce(owned.chosen, 0), coalesce(owned.kept, 0)
    from person p join person_load n on n.person_id = p.id join branch b on b.id = p.branch_id
      join people_at((select array_agg(id) from branch), now()) a on a.person_id = p.id
      left join (
        select l.owner_id, count(*) filter (where h.basis is distinct from 'importer') as chosen,
          count(*) filter (where h.basis = 'importer') as kept
        from lead l join lead_history h on h.lead_id = l.id
        where l.id >= {FIRST_LEAD} and l.state = 'owned' group by 1) owned on owned.owner_id = p.id
    order by p.id
"""

HELD = """
    select b.code, l.held, count(d.id), count(*) filter (where d.held_reason = 'behind-held')
    from branch b join branch_load l on l.branch_id = b.id left join lead d on d.branch_id = b.id and d.state = 'held'
    group by 1, 2
"""

OWNERS = f"""
    select l.id, l.version, l.region, b.code, p.code, h.reason, c.code
    from lead l join lead_history h on h.lead_id = l.id and h.version = l.version
      left join branch b on b.id = l.branch_id left join person p on p.id = l.owner_id
      left join customer c on c.id = l.customer_id
    where l.id >= {FIRST_LEAD}
"""


class Outcome:
    """What a run left in its database."""

    def __init__(self, connection, loads):
        """`loads` are the open leads that people had before."""
        self.leads = keyed(connection, LEADS)
        self.kinds = dict(connection.execute(KINDS).fetchall())
        self.duplicates = keyed(connection, DUPLICATES)
        self.letters = keyed(connection, LETTERS)
        self.seen = connection.execute("select count(*) from seen_event").fetchone()[0]
        self.check_turns(connection, loads)
        self.check_held(connection)

    @staticmethod
    def check_turns(connection, loads):
        teams = collections.defaultdict(list)
        for branch, *person in connection.execute(PEOPLE).fetchall():
            teams[branch].append(person)
        for branch, method, turn in connection.execute(BRANCHES).fetchall():
            people = teams[branch]
            free = [person for person in people if person[6]]
            chosen, kept = sum(person[7] for person in people), sum(person[8] for person in people)
            weights = [person[1] for person in free]
            if method == "least-loaded":
                # Between equals turns decide, which depend on where batches ended.
                counts = [person[7] for person in free]
                if not is_level(weights, [loads[person[0]] for person in free], counts):
                    raise SystemExit(f"bench allocate: somebody of {branch} has more leads than the least loaded")
            else:
                counts = turns(weights, chosen)
                ends = [count * (UNIT // weight) for count, weight in zip(counts, weights)]
                if free and chosen + kept:
                    now = sum(weight * end for weight, end in zip(weights, ends)) // sum(weights)
                    if turn != now or any(person[3] != end for person, end in zip(free, ends)):
                        raise SystemExit(f"bench allocate: the turns of {branch} do not follow from its leads")
            expected = dict(zip((person[0] for person in free), counts))
            for code, _, open_leads, _, allocated, today, _, chosen, kept in people:
                right, new = expected.get(code, 0), open_leads - loads[code]
                if not (chosen == right and allocated == today == new == chosen + kept):
                    raise SystemExit(
                        f"bench allocate: {code} of {branch} has {chosen} leads by turns and {kept} of their own, "
                        f"counts {new}, {allocated} and {today}; {right} turns would be right")

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
    """How often it was whose turn after so many choices, by the rule itself."""
    counts, total = [0] * len(weights), sum(weights)
    strides = [UNIT // weight for weight in weights]
    ahead, ready, weighted = [(0, place) for place in range(len(weights))], [], 0
    for _ in range(choices):
        while ahead and ahead[0][0] * total <= weighted:
            begin, place = heapq.heappop(ahead)
            heapq.heappush(ready, (begin + strides[place], place))
        end, place = heapq.heappop(ready)
        heapq.heappush(ahead, (end, place))
        weighted += weights[place] * strides[place]
        counts[place] += 1
    return counts


def is_level(weights, loads, counts):
    """Whether nobody was given a lead that somebody else had less for their weight with."""
    least = min(((load + count + 1, weight) for weight, load, count in zip(weights, loads, counts)), default=None,
                key=lambda each: fractions.Fraction(*each))  # fmt: skip
    return all((load + count) * least[1] <= least[0] * weight
               for weight, load, count in zip(weights, loads, counts) if count)  # fmt: skip


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
            here = (said["version"], said.get("region"), said.get("branch"), said.get("owner"),
                    said.get("reason") or said.get("by"), said.get("customer"))  # fmt: skip
            if told.setdefault(said["leadId"], here) != here:
                raise SystemExit(f"bench allocate: lead {said['leadId']} was told as {told[said['leadId']]} and {here}")
    consumer.close()
    rows = {row[0]: row[1:] for row in connection.execute(OWNERS).fetchall()}
    if rows != told:
        wrong = [lead for lead in rows.keys() | told.keys() if rows.get(lead) != told.get(lead)]
        shown = [(rows.get(lead), told.get(lead)) for lead in wrong[:3]]
        raise SystemExit(f"bench allocate: {len(rows)} leads, {len(told)} told, {len(wrong)} not as they are: {shown}")
    return len(told)
