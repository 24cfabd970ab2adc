"""relay-events killed and frozen at every step of a run's life, while a lane fills the outbox."""

import firm
from side_by_side import scenarios
from world import until

STEPS = ["elected", "claimed", "run-durable", "sending", "sent", "acknowledged", "deleting", "deleted"]
PASSES = {"elected": (1, 1, 1), "sending": (1, 40, 250)}
FROZEN_AT = {"elected": 1, "sending": 40}
SMALL_RUNS = {"RUN_EVENTS": 200}


def killed_relay(ground, step):
    with ground.world() as world:
        leads = firm.Leads(step)
        world.publish(leads.take(1000))
        world.start()
        for at in PASSES.get(step, (1, 3)):
            killed = world.struck(
                f"relay.{step}:kill", at=at, name="relay-events", meanwhile=lambda: world.publish(leads.take(300)), **SMALL_RUNS
            )  # fmt: skip
            assert killed.wait() == -9
        finish(world)


def killed_while_scheduling(ground, step):
    """Due events move to the outbox once, whenever the relay dies."""
    with ground.world() as world:
        for number in range(3):
            schedule(world, 50, f"round {number}")
            killed = world.struck(f"relay.{step}:kill", at=1, name="relay-events")
            assert killed.wait() == -9
        schedule(world, 50, "the last round")
        world.start("relay-events")
        until(
            lambda: not world.ask("select exists (select from scheduled_event where due_at < now())"),
            "every due event to be moved",
        )
        world.until_published()
        assert world.ask("select count(*) from scheduled_event") == 4, "what is not yet due must stay"
        evidence = world.evidence()
        sent = [record.value for record in evidence.once("reminder.raised")]
        assert len(sent) == len(set(sent)) == 200
        world.judged()


def schedule(world, count, name):
    """So many due ones and one that is not."""
    with world.connect() as connection:
        connection.execute(
            """
            insert into scheduled_event (key, generation, due_at, topic, source, type, event_key, payload)
            select %(name)s || n, 1, case when n = 0 then now() + interval '1 day' else now() end, 'reminder.raised',
              '/millrace/journey', 'reminder.raised', n::text, convert_to(format('{"reminder":"%%s %%s"}', %(name)s::text, n), 'UTF8')
            from generate_series(0, %(count)s) n
            """,
            {"name": name, "count": count},
        )


def frozen_relay(ground, step):
    """A stand-by goes on as soon as the lease is over; the frozen one, woken, publishes nothing more."""
    with ground.world() as world:
        leads = firm.Leads(step)
        world.publish(leads.take(1000))
        world.start().until_ready()
        frozen = world.struck(f"relay.{step}:stop", at=FROZEN_AT.get(step, 2), name="relay-events", **SMALL_RUNS)
        # How fast the machine is does not count: nothing but this lease keeps the stand-by waiting.
        lease = world.ask("select extract(epoch from expires_at - clock_timestamp()) from relay")
        assert lease <= 3, f"its lease lasts {lease:.1f} s more"
        standing_by = world.start("relay-events", **SMALL_RUNS)
        standing_by.until_logged("is the active relay")
        world.until_published()
        world.until_applied()
        world.until_published()
        before = {topic: len(records) for topic, records in world.evidence().records.items()}
        frozen.thaw()
        frozen.until_logged("is no longer the active relay", "steps down")
        frozen.until_ready()
        after = world.evidence()
        assert {topic: len(records) for topic, records in after.records.items()} == before
        world.publish(leads.take(300))
        standing_by.kill()
        finish(world, relay=False)


def finish(world, relay=True):
    if relay:
        world.start("relay-events")
    world.until_applied()
    world.give_room()
    world.until_nobody_placeable()
    world.until_published()
    world.judged()


@scenarios(killed_relay, STEPS)
def test_a_relay_killed_at_a_step_repeats_and_loses_nothing(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(killed_while_scheduling, ["scheduled"])
def test_a_relay_killed_while_it_moves_due_events(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(frozen_relay, STEPS)
def test_a_relay_frozen_at_a_step_is_replaced_after_its_lease_and_publishes_nothing_more(side_by_side, scenario):
    side_by_side(scenario)
