"""A lead's whole life with the executables as shipped: contacts, ends of protection, the pool, and kills meanwhile."""

import contextlib
import json
import random
import threading

import firm
from side_by_side import scenarios
from world import TOPICS, until

LIFE_TOPICS = [name for name in ("lead.activity", "call.events", "reminder.raised") if name not in TOPICS]
SWEEP = ["sweep.claimed", "sweep.written", "sweep.committed"]
BATCH = ["batch.loaded", "batch.decided", "batch.written", "batch.advanced", "batch.committed"]


def contact(lead, person, number, *, at=None, **data):
    value = json.dumps({"leadId": lead, "by": person, **data}).encode()
    more = {"ce_time": at} if at else {}
    return firm.Message(
        str(lead).encode(), value, firm.cloud_event("/journey/app", f"c-{number}", type="lead.contacted", **more)
    )


@contextlib.contextmanager
def lively(ground, hear="60s", **choices):
    """A world with the topics of a lead's life, in which no day's end is waited for."""
    settings = {"DAY_END_GRACE": "0s", "HEAR_WITHIN": hear}
    with ground.world(settings=settings.items(), **choices) as world:
        world.make_topics(12, LIFE_TOPICS)
        yield world


def allocated(world, count=400, seed="life"):
    leads = firm.Leads(seed, spoilt=0)
    world.publish(leads.take(count))
    world.start()
    world.until_applied()
    return leads


def end_protection(world, where="true"):
    """The leads' time is up now, as if they had been given a week before. Whose time was up already keeps that moment:
    moved on again and again, it would never lie before what has been heard, and nothing would be taken back."""
    with world.connect() as connection:
        connection.execute(
            f"""
            update lead set protected_since = now() - interval '8 days', protected_until = now(),
              check_at = null
            where id in (
              select id from lead where state = 'owned' and (protected_until <= now()) is not true and {where}
              order by id for update)
            """
        )


def owned_and_due(world):
    return world.ask("select count(*) from lead where state = 'owned' and protected_until < now()")


def moved(world):
    """Customers that followed a transfer."""
    return world.ask("select count(*) from customer_move where outcome = 'moved'")


def finish(world):
    world.start("reclaim-leads")
    world.start("relay-events")
    world.until_applied()
    until_heard(world)
    until(lambda: owned_and_due(world) == 0, lambda: f"{owned_and_due(world)} due leads to be taken back")
    until(lambda: not world.ask("select count(*) from command where settled_at is null"), "every command to be settled")
    until(lambda: not world.ask("select count(*) from customer_move where settled_at is null"), "customers to be moved")
    # Last: whatever was waited for before says something.
    world.until_published()
    world.judged()


def until_heard(world):
    """The activity topic was applied to its end."""
    # The relay's markers lie behind the last record.
    ends = {record.partition: record.offset + 1 for record in world.records("lead.activity")}

    def stands():
        with world.connect() as connection:
            rows = connection.execute("select partition, next_offset from position where topic = 'lead.activity'")
            return dict(rows.fetchall())

    until(
        lambda: all(stands().get(partition, 0) >= end for partition, end in ends.items()),
        "lead.activity to be applied to its end",
    )


def test_contact_keeps_and_silence_loses(ground):
    with lively(ground) as world:
        allocated(world)
        with world.connect() as connection:
            owners = connection.execute(
                """select l.id, p.code from lead l join person p on p.id = l.owner_id
                   where l.state = 'owned' order by l.id"""
            ).fetchall()
        kept, lost = owners[::2], owners[1::2]
        end_protection(world)
        # Contacts that happened in time lie unread in the topic when the worker starts: they are heard before
        # anything is taken back, although everything is due at once.
        with world.connect() as connection:
            in_time = connection.execute(
                "select to_char(now() at time zone 'UTC' - interval '1 hour', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
            ).fetchone()[0]
        world.publish(
            [contact(lead, person, f"{lead}", at=in_time) for lead, person in kept]
            + [contact(lead, "nobody", f"n{lead}", at=in_time) for lead, _ in lost[:5]]
            + [contact(lead, person, f"m{lead}", at=in_time, automatic=True) for lead, person in lost[5:10]],
            "lead.activity",
        )
        finish(world)
        with world.connect() as connection:
            states = dict(connection.execute("select id, state from lead").fetchall())
        assert all(states[lead] == "owned" for lead, _ in kept)
        assert all(states[lead] == "pooled" for lead, _ in lost)
        restored = world.ask("select count(*) from lead_history where what = 'restored'")
        assert restored == 0, "nothing was taken back first"
        assert world.ask("select count(*) from dead_letter where reason = 'unknown-person'") == 5


def test_a_topic_that_cannot_be_read_holds_reclaim_up_within_its_bound(ground):
    with lively(ground, hear="12s") as world:
        allocated(world, 100)
        reclaim = world.start("reclaim-leads").until_ready()
        end_protection(world, "id % 2 = 0")
        until(lambda: owned_and_due(world) == 0, "an idle topic to hold nothing up")
        world.freeze_broker()
        end_protection(world)
        due = owned_and_due(world)
        assert due > 0
        reclaim.until_logged("goes on without having heard")
        until(lambda: owned_and_due(world) == 0, "reclaim to go on after its bound")
        world.thaw_broker()


def fight(ground, step, name="reclaim-leads"):
    """Two workers, a claimer, an allocator and transfers over the same leads; one of the workers is killed again and
    again."""
    with lively(ground) as world:
        chance = random.Random(step)
        leads = allocated(world, 600, step)
        with world.connect() as connection:
            connection.execute("update person set login = session_user, manager = true where code = 'HQ-1'")
            connection.execute("update pool_policy set cool_off_days = 0")
        world.start("relay-events")
        world.start("reclaim-leads")
        world.start("keep-customers")
        over = threading.Event()
        trouble = []

        def meddling():
            try:
                meddle()
            except Exception as error:  # noqa: BLE001: told by the test itself
                trouble.append(error)

        def meddle():
            number = 0
            while not over.is_set():
                number += 1
                with world.connect() as connection:
                    connection.execute("set lock_timeout = '10s'")
                    pooled = connection.execute("select id from lead where state = 'pooled' limit 10").fetchall()
                    for lead in pooled:
                        connection.execute("select claim_lead(%s)", lead)
                    people = [row[0] for row in connection.execute("select code from person where active")]
                    owned = connection.execute(
                        """select l.id, p.code from lead l join person p on p.id = l.owner_id
                           order by random() limit 20"""
                    ).fetchall()
                    for lead, _ in owned[:5]:
                        connection.execute("select assign_lead(%s, %s)", [lead, chance.choice(people)])
                    giver, taker = chance.sample(people, 2)
                    connection.execute(
                        "select * from transfer_leads(%s, %s, true)", [giver, chance.choice([taker, None])]
                    )
                world.publish(
                    [contact(lead, person, f"{step}-{number}-{lead}") for lead, person in owned], "lead.activity"
                )
                world.publish(leads.take(20))
                end_protection(world, f"id % 7 = {number % 7}")
                over.wait(0.3)

        thread = threading.Thread(target=meddling)
        thread.start()
        try:
            for at in (1, 2, 2):
                world.struck(f"{step}:kill", at=at, name=name)
            # However soon the kills are over, there was something to fight about.
            until(lambda: moved(world) > 0 or trouble, "a transfer to move a customer")
        except AssertionError as error:
            if trouble:
                raise AssertionError(f"the meddler stopped: {trouble}") from error
            raise
        finally:
            over.set()
            thread.join()
        assert not trouble, trouble
        finish(world)
        deadlocks = world.ask("select deadlocks from pg_stat_database where datname = current_database()")
        assert deadlocks == 0, f"{deadlocks} deadlocks"
        assert world.ask("select count(*) from lead_history where what in ('claimed', 'reclaimed', 'transferred')") > 0


@scenarios(fight, SWEEP + BATCH)
def test_many_fight_over_leads_while_one_is_killed(side_by_side, scenario):
    side_by_side(scenario)
