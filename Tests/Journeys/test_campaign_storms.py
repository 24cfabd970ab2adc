"""A campaign of 100,000 while launchers and senders are killed at random, and it is paused and resumed. Only with --long."""

import random
import time

import pytest
from campaign import adds_up, launch, people, standing, state, step
from gateway import Gateway
from ledger import SEND, know, outreach
from side_by_side import scenarios
from test_killed_workers import BATCH, SWEEP
from world import until

pytestmark = pytest.mark.long
PEOPLE = 100_000
FAULTS = 20
# Longer than the gateway's longest call, and ten seconds that a claim holds.
SETTINGS = {"LOST_AFTER": "40s"}
POINTS = {
    "launch-campaigns": [f"batch.{step}" for step in BATCH] + [f"{step}@expand-campaigns" for step in SWEEP],
    "send-sms": [f"batch.{step}" for step in BATCH] + SEND,
}


def find_out(world, gateway):
    """Somebody asks the gateway's operator what became of those of whom nobody knows."""
    taken = [int(arrival.to) for arrival in list(gateway.taken)]
    with world.connect() as connection:
        for verdict in ("delivered", "failed"):
            connection.execute(
                """select resolve_uncertain(array_agg(id), array_agg(attempt), %s, 'asked')
                   from message where state = 'uncertain' and (phone = any(%s)) = (%s = 'delivered') having count(*) > 0""",
                [verdict, taken, verdict])  # fmt: skip


def storm(ground, seed):
    chance = random.Random(seed)
    with Gateway() as gateway, outreach(ground, settings=SETTINGS.items()) as world:
        know(world, gateway, concurrency=50, limits={"connect": "5s", "total": "20s"})
        people(world, PEOPLE)
        launch(world)
        world.start("relay-events")
        running, rests = {name: [] for name in POINTS}, []

        def start(name):
            point, at = chance.choice(POINTS[name]), chance.randint(1, 30)
            running[name].append(world.start(name, fail=f"{point}:kill:{at}" if chance.random() < 0.7 else None))

        def everybody():
            return [program for programs in running.values() for program in programs]

        for fault in range(FAULTS):
            for name, programs in running.items():
                programs[:] = [program for program in programs if program.is_alive]
                while len(programs) < 2:
                    start(name)
            # A point that is not reached within a while is no fault of this round: somebody is killed as they stand.
            try:
                until(lambda: any(not program.is_alive for program in everybody()), "somebody to die", 4)
            except AssertionError:
                chance.choice(everybody()).kill()
            if fault % 5 == 3 and state(world) in ("scheduled", "running"):
                paused = step(world, "paused", "to look at it")
                until(lambda: time.time() * 1000 > paused + 4000, "a while of rest", 10)
                rests.append((paused, step(world, "resumed")))
        for program in everybody():
            program.kill()
        for name in (*POINTS, *POINTS):
            world.start(name)

        def settled():
            # Not before all were tried: to ask for a hundred thousand all the time keeps the gateway from its work.
            if world.ask("""select not exists (select from campaign_recipient where is_open and state = 'queued')
                              and exists (select from message where state = 'uncertain')"""):
                find_out(world, gateway)
            return world.ask("select settled_at is not null from campaign")

        until(settled, lambda: f"the campaign to be settled; it is {state(world)}, its recipients {standing(world)}", 1500)
        late = [arrival.began - paused for arrival in gateway.arrivals for paused, resumed in rests
                if paused + 2000 < arrival.began < resumed]  # fmt: skip
        assert rests and not late, f"{len(late)} calls were begun up to {max(late)} ms after a pause"
        counted = standing(world)
        assert state(world) == "finished" and sum(counted.values()) == PEOPLE, counted
        # Whom the gateway does not have has failed: a sender died before the call, and nobody knew better until they had asked.
        assert counted["accepted"] + counted["delivered"] == len(gateway.taken), counted
        assert counted["failed"] == PEOPLE - len(gateway.taken), counted
        adds_up(world, PEOPLE, gateway)


@scenarios(storm, range(1))
@pytest.mark.timeout(3600)
def test_a_campaign_in_a_storm_reaches_everybody_once(side_by_side, scenario):
    side_by_side(scenario)
