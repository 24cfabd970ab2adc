"""Calls by some of the leads: what becomes of them, who calls back, and the record of all that was done."""

import time

from demo.screen import bold, say, step, table, tell

CALLERS = 300

WANTED = f"""
  select '+' || l.phone as phone, p.code as owner from lead l join person p on p.id = l.owner_id
  where l.state = 'owned' and l.phone is not null order by l.id limit {CALLERS}
"""

# What the log has still to take, and what has still to be done about calls.
STANDING = """
  select (select coalesce(sum(next_offset), 0) from position where worker = 'track-calls') as events,
    (select count(*) from call where outcome is not null) as calls,
    (select coalesce(sum(entries - greatest(taken, 0)), 0) from service_due) as unrecorded,
    (select coalesce(max(number), 0) from service_log) as recorded,
    (select count(*) from call_back where state = 'waiting') as missed,
    (select coalesce(sum(events), 0) from outbox) as unpublished
"""

OUTCOMES = "select outcome, count(*) as calls from call where outcome is not null group by 1 order by 2 desc, 1"

# One that rang in vain before somebody took it.
TELLING = """
  select id as call from call where outcome = 'answered'
  order by facts !~ E'\\tm\\t', array_length(string_to_array(facts, E'\\n'), 1) desc, id limit 1
"""

ENTRIES = "select what, count(*) as entries from service_log group by 1 order by 2 desc, 1"


def write_callers(database, path):
    """A line each for the telephone system's file. How many there are."""
    callers = database.rows(WANTED)
    path.write_text("".join(f"{row['phone']} {row['owner']}\n" for row in callers))
    return len(callers)


def show(programs, database, follow, folder, name):
    """Whether as many calls are concluded as were made, and the log is whole."""
    step("Some of them call")
    tell(
        "The telephone system's queue_log of an hour, with two broken lines. track-calls makes calls of it: how long each waited "
        "and talked, whose it was. Whoever was missed is called back by the person who has the lead. No lead's clock is moved: they "
        "were given away only now, after these calls."
    )
    made = write_callers(database, folder / "callers.txt")
    programs.run(f"ops/example/calls --until {int(time.time())} {name}/callers.txt > {name}/queue_log")
    programs.run(f"millrace calls import {name}/queue_log --execute || true")
    programs.start("keep-service-log")
    follow(
        programs, database,
        lambda now: now["calls"] >= made and not now["missed"] and not now["unrecorded"] and not now["unpublished"],
        lambda now: f"{now['calls']:,} of {made:,} calls concluded, {now['recorded']:,} entries of the service log",
        STANDING,
    )  # fmt: skip
    outcomes = database.rows(OUTCOMES)
    found = sum(row["calls"] for row in outcomes)
    table(["CALLS", "NUMBER"], [[row["outcome"], row["calls"]] for row in outcomes], right={1})
    say(bold(f"{made} made, {found} accounted for." if made == found else f"IT DOES NOT ADD UP: {made} calls made, {found} found."))
    programs.run("millrace calls report --since 2h")
    if telling := database.rows(TELLING):
        programs.run(f"millrace calls show {telling[0]['call']}")
    programs.run("millrace reminders list --kind call-back --limit 5")
    step("The record of all that was done")
    tell("Every action on a lead or customer is an entry of the service log, in one chain: who, whom, when, by what right.")
    table(["WHAT", "ENTRIES"], [[row["what"], f"{row['entries']:,}"] for row in database.rows(ENTRIES)], right={1})
    programs.run("millrace service-log verify --sources")
    programs.run("millrace calls verify")
    return made == found
