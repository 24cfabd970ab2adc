"""Hundreds of faults at random, over lanes, sweeps and relays at once. Only with --long; a seed names its storm."""

import random

import firm
import pytest
from side_by_side import scenarios
from test_killed_relay import STEPS
from test_killed_workers import BATCH, SWEEP
from world import until

pytestmark = pytest.mark.long
FAULTS = 25


def storm(ground, seed):
    chance = random.Random(seed)
    with ground.world(settings={"LANES": 2, "BATCH_EVENTS": chance.choice([7, 50, 400])}) as world:
        world.watch_positions()
        leads = firm.Leads(f"storm {seed}")
        running = {"allocate-leads": [], "relay-events": []}

        def start(name):
            steps = [f"batch.{step}" for step in BATCH] + SWEEP if name == "allocate-leads" else [f"relay.{s}" for s in STEPS]
            fail = f"{chance.choice(steps)}:{chance.choice(['kill', 'kill', 'stop'])}:{chance.randint(1, 30)}"
            running[name].append(world.start(name, fail=fail, RELAY_LEASE="1s"))

        def struck():
            return [program for program in running["allocate-leads"] + running["relay-events"] if program.strikes]

        for fault in range(FAULTS):
            for name, programs in running.items():
                while len(programs) < 2:
                    start(name)
            world.publish(leads.take(chance.randint(1, 400)))
            if fault % 5 == 4:
                world.give_room(chance.randint(1, 20))
            # A point that is not reached within a while is no fault of this round: somebody is killed as they stand.
            try:
                until(struck, "a strike", 5)
            except AssertionError:
                chance.choice(running["allocate-leads"] + running["relay-events"]).kill()
            for programs in running.values():
                for program in list(programs):
                    if program.strikes or not program.is_alive:
                        programs.remove(program)
                        if program.is_alive and chance.random() < 0.5:
                            program.kill()
        for program in running["allocate-leads"] + running["relay-events"]:
            program.kill()
        for program in world.programs:
            # Those that were frozen wake up among their heirs.
            if program.is_alive:
                program.thaw()
        world.start()
        world.start("relay-events")
        world.until_applied(180)
        world.give_room()
        world.until_nobody_placeable()
        world.until_published(120)
        # An innocent event may have been the one that three starts ended on.
        world.judged()


@scenarios(storm, range(12))
@pytest.mark.timeout(1800)
def test_a_storm_repeats_and_loses_nothing(side_by_side, scenario):
    side_by_side(scenario)
