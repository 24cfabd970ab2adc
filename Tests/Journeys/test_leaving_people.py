"""People leave and branches merge while leads are given away: nobody who is gone gets one, and nothing of theirs is lost."""

import json

import firm
import promises
from side_by_side import scenarios
from world import PATIENCE, until

KILLED = ["none", "batch.written", "batch.committed", "sweep.claimed", "sweep.written", "sweep.committed"]
WORKER = "keep-organisation"

# Whoever was chosen after the moment at which they left, by the clock that both are stamped with under the branch's lock.
CHOSEN_AFTERWARDS = """
select count(*) from hand_over h join lead_history l on l.owner_id = h.person_id and l.what = 'allocated' and l.at > h.at
where h.cause = 'left'
"""

WRONG = """
select 'open leads of ' || p.code from person p join person_load l on l.person_id = p.id
where l.open_leads <> (select count(*) from lead where state = 'owned' and owner_id = p.id)
union all
select 'held leads of ' || b.code from branch b join branch_load l on l.branch_id = b.id
where l.held <> (select count(*) from lead where state = 'held' and branch_id = b.id)
union all
select 'history of lead ' || l.id from lead l left join lead_history h on h.lead_id = l.id
group by l.id having count(*) <> l.version or max(h.version) <> l.version
union all
select 'lead ' || l.id || ' stays with ' || p.code from lead l join person p on p.id = l.owner_id
where l.state = 'owned' and not p.active
union all
select 'lead ' || l.id || ' stays in ' || b.code from lead l join branch b on b.id = l.branch_id
where l.state in ('owned', 'held') and b.merged_into_id is not null
union all
select 'customer ' || c.code || ' stays with ' || p.code from customer c join person p on p.id = c.manager_id where not p.active
union all
select 'reminder ' || r.key || ' stays with ' || p.code from reminder r join person p on p.id = r.assignee_id
where r.state = 'open' and not p.active
"""

CUSTOMERS = """
insert into customer (id, code, version, data, status, manager_id, changed_at)
select 900000 + n, 'LEFT-' || n, 1, gen_random_uuid(), 'active', (select id from person where code = 'SZ-1'), now()
from generate_series(1, 1200) n
"""


class Changes:
    """Events for organisation.changed, each with an id of its own."""

    def __init__(self):
        self.number = 0

    def of(self, kind, key, **data):
        self.number += 1
        what = {kind.split(".")[0]: key, **data}
        headers = firm.cloud_event("/journey/hr", f"hr-{self.number}", type=kind)
        return firm.Message(key.encode(), json.dumps(what).encode(), headers)


def leaving(ground, step):
    with ground.world() as world:
        with world.connect() as connection:
            connection.execute(CUSTOMERS)
        leads, changes = firm.Leads(step), Changes()
        told = [
            changes.of("person.left", "BJ-1"),
            changes.of("person.left", "SZ-1", successor="SZ-2"),
            changes.of("person.left", "BJ-2", successor="LATE"),
            changes.of("branch.merged", "SH", into="BJ"),
            changes.of("person.left", "BJ-3"),
            changes.of("person.joined", "LATE", name="Late", branch="BJ"),
        ]
        world.start()
        world.start("relay-events")
        world.start("keep-customers")
        world.publish(leads.take(1200))
        world.until_applied()
        for _ in range(0 if step == "none" else 2):
            # Each is told just before the program starts that dies of it, so that there is something to do.
            killed = world.struck(f"{step}:kill", at=1, name=WORKER, meanwhile=lambda: more(world, leads, told))
            assert killed.wait() == -9
        world.start(WORKER)
        while told:
            more(world, leads, told)
        until(
            lambda: at_rest(world, changes.number),
            lambda: f"everything to be handed over; {rows(world, 'select person_id, cause, phase from hand_over')}",
            2 * PATIENCE,
        )
        # What was handed back goes on to others, as long as there are any.
        world.until_nobody_placeable()
        world.until_published()
        assert world.ask("select count(*) from hand_over where cause = 'left' and leads > 0") == 4
        assert world.ask("select count(distinct p.code) from person p join customer c on c.manager_id = p.id and c.code ~ '^LEFT'") == 1
        assert world.ask(CHOSEN_AFTERWARDS) == 0
        assert rows(world, WRONG) == []
        evidence = world.evidence()
        for check in (promises.emitted.announced_once, promises.emitted.in_order):
            assert list(check(evidence)) == []


def more(world, leads, told):
    world.publish(leads.take(200))
    if told:
        world.publish([told.pop(0)], topic="organisation.changed")
    world.publish(leads.take(200))


def at_rest(world, changes):
    return (
        world.applied(WORKER) == changes
        and world.applied() == world.published["lead.registered"]
        and not world.ask("select exists (select from hand_over where phase not in ('done', 'cancelled'))")
        and not world.ask("select exists (select from organisation_pending)")
        and rows(world, WRONG) == []
    )


def rows(world, query):
    with world.connect() as connection:
        return connection.execute(query).fetchall()


@scenarios(leaving, KILLED)
def test_who_leaves_gets_nothing_more_and_leaves_nothing_behind(side_by_side, scenario):
    side_by_side(scenario)
