"""What `millrace leads explain --json` prints is enough to make each choice again: by another program, from the print alone."""

import json
from collections import Counter
from fractions import Fraction

import firm

# Facts that a print gives as they are; those that follow from its numbers are worked out here.
GIVEN = {"inactive", "on-leave", "no-weight", "calendar-ended", "holiday", "off-hours", "cooling-off"}
UNIT = 55_440_000


def obstacle(person):
    if person["outcome"] in GIVEN:
        return person["outcome"]
    for count, bound, name in (
        ("openLeads", "capacity", "full"), ("givenToday", "dailyCap", "daily-cap"),
        ("givenThisWeek", "weeklyCap", "weekly-cap"),
    ):  # fmt: skip
        if person[bound] is not None and person[count] >= person[bound]:
            return name
    return None


def chosen(part):
    """Whose lead it is, by the decision page, from the print."""
    free = [person for person in part["people"] if obstacle(person) is None]
    if part["method"] == "round-robin":
        weights = sum(person["weight"] for person in free)
        now = sum(person["weight"] * person["starts"] for person in free)
        free = [person for person in free if person["starts"] * weights <= now]

    def order(person):
        ends = person["starts"] + UNIT // person["weight"]
        load = Fraction(person["openLeads"] + 1, person["weight"]) if part["method"] == "least-loaded" else 0
        return load, ends

    # People are printed in the order of their numbers: the first of equals wins.
    return min(free, key=order)["person"] if free else None


def matching(part):
    """The rule that is printed as matching is the only one and the last; each before it has a fact against it."""
    *passed, last = part["rules"]
    assert all(rule["outcome"] not in ("matches", "") for rule in passed)
    return last["rule"] if last["outcome"] == "matches" else None


def check(part, seen):
    assert part["confirmed"], part
    if part["basis"] is None and part["rule"] is not None:
        assert matching(part) == part["rule"], part
        seen["by rule"] += 1
    if part["basis"] == "importer":
        (keeper,) = [person for person in part["people"] if person["person"] == part["owner"]]
        assert keeper["outcome"] == "keeps" and part["recomputed"] == part["owner"]
        seen["kept"] += 1
    elif part["people"] is not None and part["reason"] != "behind-held":
        for person in part["people"]:
            excluded = person["outcome"] not in ("chosen", "later", "ahead")
            assert excluded == (obstacle(person) is not None), (person, part)
            if excluded:
                assert person["outcome"] == obstacle(person)
                seen[person["outcome"]] += 1
        assert chosen(part) == part["owner"] == part["recomputed"], part
        seen[part["method"]] += part["owner"] is not None
        seen["held"] += part["owner"] is None
        seen["caught up"] += any(person["starts"] < -UNIT for person in part["people"])
    seen[part["what"]] += 1
    seen[part["basis"]] += 1


def test_every_choice_can_be_made_again_from_the_print_alone(ground):
    with ground.world() as world:
        leads = firm.Leads("explained", spoilt=0)
        world.publish(leads.take(700))
        world.start()
        world.until_applied()
        with world.connect() as connection:
            connection.execute(
                "update person set leave_until = now() - interval '1 hour' where code in ('BJ-away') and leave_from < now()")
        world.publish(leads.take(300))
        world.until_applied()
        world.give_room(20)
        world.until_nobody_placeable()
        world.programs[-1].kill()
        with world.connect() as connection:
            lead_ids = [row[0] for row in connection.execute(
                "select id from (select id, row_number() over (partition by state, branch_id, held_reason order by id desc) n "
                "from lead) l where n <= 3 union select l.id from lead l join lead_history h on h.lead_id = l.id "
                "where h.basis in ('importer', 'institution') and l.id % 7 = 0 "
                "union select min(lead_id) from lead_history where basis is not null group by basis order by 1").fetchall()]  # fmt: skip
        seen = Counter()
        for lead in lead_ids:
            said = world.command("leads", "explain", str(lead), "--json")
            assert said.returncode == 0, said.stdout + said.stderr
            for part in json.loads(said.stdout):
                check(part, seen)
        for what in ("round-robin", "least-loaded", "kept", "held", "by rule", "waiting", "converted", "institution",
                     "importer-branch", "on-leave", "full", "calendar-ended", "daily-cap"):  # fmt: skip
            assert seen[what], f"no lead shows {what}: {seen}"
        world.start("relay-events")
        world.until_published()
        world.judged()
