"""The service log with the executables as shipped: kills at every step, days that end, the proof made again."""

import contextlib
import json

import firm
import judge
from service_log import Export
from side_by_side import scenarios
from world import until

WORKER = "keep-service-log"


@contextlib.contextmanager
def logging(ground, **choices):
    with ground.world(**choices) as world:
        world.make_topics(12, ["service.recorded"])
        yield world


def allocated(world, count=300, seed="log"):
    leads = firm.Leads(seed, spoilt=0)
    world.publish(leads.take(count))
    world.start()
    world.until_applied()
    return leads


def until_recorded(world):
    until(lambda: not world.ask("select exists (select from service_due)"), "all that is due to be recorded")


def end_days(world):
    """It is after the end of every organisation's day from now on; answers how many there are."""
    with world.connect() as connection:
        connection.execute(
            """update branch
               set day_end = greatest((now() at time zone time_zone - interval '1 second')::time, '00:00:01')"""
        )
        return connection.execute("select count(*) from branch").fetchone()[0]


def until_closed(world, count):
    """Each organisation has closed the day that was."""
    closed = "select count(distinct organisation) from service_day where entries > 0 or day >= now()::date - 1"
    until(lambda: world.ask(closed) >= count, lambda: f"{count} organisations to close a day; {world.ask(closed)} have")


def proven(world):
    """Fails unless the chain is what it says it is, by the command and by a program that shares nothing with it."""
    verified = world.command("service-log", "verify", "--sources", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    with world.connect() as connection:
        days = [str(day) for (day,) in connection.execute("select distinct day from service_log").fetchall()]
    entries = 0
    for day in days:
        export = world.command("service-log", "export", "--day", day)
        assert export.returncode == 0, export.stderr
        parts = Export(export.stdout)
        faults = list(parts.faults())
        assert not faults, faults[:5]
        entries += len(parts.entries)
    assert entries == world.ask("select count(*) from service_log") > 0


def killed(ground, step):
    """The log is killed at the step while leads are allocated and days end, and once more when it has begun again;
    but a day that it closed is closed."""
    with logging(ground) as world:
        leads = allocated(world)
        world.start("relay-events")
        for _ in range(1 if step == "sweep.committed@close-service-days" else 2):
            world.struck(f"{step}:kill", at=None, name=WORKER, meanwhile=lambda: more(world, leads))
        world.start(WORKER)
        until_recorded(world)
        until_closed(world, world.ask("select count(*) from branch"))
        world.until_published()
        proven(world)
        world.judged()


def more(world, leads):
    world.publish(leads.take(50))
    end_days(world)
    world.until_applied()


STEPS = [f"sweep.{step}@{sweep}" for step in ("claimed", "written", "committed")
         for sweep in ("record-actions", "close-service-days")]  # fmt: skip


@scenarios(killed, STEPS)
def test_a_killed_log_records_everything_once(side_by_side, scenario):
    side_by_side(scenario)


def test_two_logs_are_one(ground):
    with logging(ground) as world:
        allocated(world)
        world.start("relay-events")
        for _ in range(2):
            world.start(WORKER)
        until_recorded(world)
        closed = end_days(world)
        until_closed(world, closed)
        world.until_published()
        proven(world)
        world.judged()


def test_what_was_changed_or_left_out_is_noticed(ground):
    with logging(ground) as world:
        with world.connect() as connection:
            connection.execute("alter table lead_history disable trigger service_log")
        leads = allocated(world, 60)
        with world.connect() as connection:
            connection.execute("alter table lead_history enable trigger service_log")
        world.publish(leads.take(60))
        world.until_applied()
        world.start("relay-events")
        world.start(WORKER)
        until_recorded(world)
        until_closed(world, end_days(world))
        world.until_published()
        verified = world.command("service-log", "verify", "--sources")
        assert verified.returncode == 1 and "is not in the log" in verified.stdout
        assert "recorded" in judge.broken(world.verdicts())
        day = world.ask("select min(day)::text from service_log")
        text = world.command("service-log", "export", "--day", day).stdout
        assert not list(Export(text).faults())
        lines = text.splitlines()
        entry = next(number for number, line in enumerate(lines) if json.loads(line)["kind"] == "entry")
        for broken in ([*lines[:entry], *lines[entry + 1 :]], [*lines, lines[entry]],
                       [line.replace('"allocated"', '"claimed"').replace('"held"', '"claimed"') for line in lines],
                       [line.replace('"entries":', '"entries":1') for line in lines]):  # fmt: skip
            assert list(Export("\n".join(broken)).faults())
        with world.connect() as connection:
            connection.execute("update service_log set outcome = 'other' where number = 3")
            connection.execute("delete from service_log where number = 4")
        told = {"service-told"}
        assert told <= set(judge.broken(world.verdicts()))
        changed = world.command("service-log", "verify").stdout
        assert "entry 3 was changed" in changed and "entry 4 is gone" in changed


def test_an_erased_person_is_gone_and_the_log_is_provable(ground):
    with logging(ground) as world:
        allocated(world, 100)
        world.start("relay-events")
        world.start(WORKER)
        until_recorded(world)
        lead = world.ask("select id from lead where state = 'owned' order by id limit 1")
        preview = world.command("privacy", "erase", "--lead", str(lead), "--because", "request 1")
        assert preview.returncode == 0 and world.ask("select state from lead where id = %s", lead) == "owned"
        erased = world.command("privacy", "erase", "--lead", str(lead), "--because", "request 1", "--execute")
        assert erased.returncode == 0, erased.stderr
        until_recorded(world)
        until_closed(world, end_days(world))
        world.until_published()
        proven(world)
        explained = world.command("leads", "explain", str(lead))
        assert explained.returncode == 0, explained.stderr
        # Where it came from is gone, so nobody can tell any more that its event took effect; so are its facts.
        world.judged(without=["once", "true"])
