"""keep-customers beside allocate-leads, killed at every step of a batch's life and of its sweep's: every customer is as the
highest version has them, and every lead that is a customer is converted once, whichever came first."""

import re

import people
from side_by_side import scenarios
from test_killed_workers import BATCH
from world import until

LANE = ["lane.assigned", *(f"batch.{step}" for step in BATCH)]
SWEEP = ["sweep.claimed", "sweep.written", "sweep.committed"]


def publish(world, crowd, count):
    registrations, profiles = crowd.take(count)
    # In turns, so that either side comes first for somebody.
    for place in range(0, max(len(registrations), len(profiles)), 50):
        world.publish(profiles[place : place + 50], topic="customer.profile")
        world.publish(registrations[place : place + 50])


def killed_lane(ground, step):
    with ground.world() as world:
        crowd = people.People(step)
        world.start()
        # Twice as many profiles come of it, and three starts without progress apply each by itself.
        publish(world, crowd, 150)
        for at in (1, 1, 1) if step == "lane.assigned" else (1, 3):
            killed = world.struck(
                f"{step}:kill", at=at, name="keep-customers", meanwhile=lambda: publish(world, crowd, 60))
            assert killed.wait() == -9
        finish(world)


def killed_allocation(ground, step):
    """The other side is killed, with keep-customers at work beside it."""
    with ground.world() as world:
        crowd = people.People(f"lead-{step}")
        world.start("keep-customers")
        publish(world, crowd, 300)
        killed = world.struck(f"{step}:kill", at=2, meanwhile=lambda: publish(world, crowd, 150))
        assert killed.wait() == -9
        world.start()
        finish(world, started=True)


def killed_sweep(ground, step):
    with ground.world() as world:
        publish(world, people.People(step), 200)
        world.start("keep-customers").until_ready()
        world.until_applied(worker="keep-customers", topic="customer.profile")
        world.programs[-1].kill()
        with world.connect() as connection:
            connection.execute("insert into branch (id, code, name, level) values (99, 'nowhere', 'Now here', 'city')")
        killed = world.struck(f"{step}:kill", at=1, name="keep-customers")
        assert killed.wait() == -9
        with world.connect() as connection:
            connection.execute("insert into person (code, branch_id, name) select 'nobody', 2, 'Somebody'")
        world.start("keep-customers")
        until(
            lambda: not world.ask(
                "select exists (select from customer where unknown_branch = 'nowhere' or unknown_manager = 'nobody')"),
            "every branch and manager to be resolved",
        )  # fmt: skip
        world.start()
        finish(world, started=True)


def two_lanes_each(ground, _):
    with ground.world() as world:
        crowd = people.People("lanes")
        world.start(LANES=2)
        world.start("keep-customers", LANES=2)
        world.start("keep-customers")
        publish(world, crowd, 1500)
        finish(world, started=True)


def finish(world, started=False):
    if not started:
        world.start("keep-customers")
    world.start("relay-events")
    world.until_applied()
    world.until_applied(worker="keep-customers", topic="customer.profile")
    # Whoever is converted makes room for somebody who waits.
    world.until_nobody_placeable()
    world.until_published()
    assert world.ask("select count(*) from lead where state = 'converted'") > 20, "hardly anybody was converted"
    world.judged()


def wrong_key(ground, _):
    """Another key would find nobody, and a short one is none. Neither shows anybody's number."""
    with ground.world() as world:
        crowd = people.People("key")
        short = world.start("keep-customers", IDENTITY_KEY="short")
        assert short.wait() != 0
        assert "IDENTITY_KEY" in str(short.log())
        publish(world, crowd, 50)
        right = world.start("keep-customers")
        world.until_applied(worker="keep-customers", topic="customer.profile")
        right.kill()
        publish(world, crowd, 50)
        wrong = world.start("keep-customers", IDENTITY_KEY="another key, and long enough for one")
        sentence = wrong.until_not_ready("IDENTITY_KEY is not the key")
        wrong.kill()
        for words in set(re.findall(r"millrace (lanes resume \S+ \S+)", sentence)):
            resumed = world.command(*words.split())
            assert resumed.returncode == 0, resumed.stderr
        told = str([program.log() for program in world.programs]) + str(world.ask("select array_agg(c::text) from customer c"))
        assert not any(people.id_number(crowd.first + number) in told for number in range(1, 101))
        world.start()
        finish(world)


@scenarios(killed_lane, LANE)
def test_keep_customers_killed_at_a_step_keeps_every_promise(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(killed_allocation, ["batch.loaded", "batch.written", "batch.advanced", "batch.committed"])
def test_allocation_killed_beside_it_keeps_every_promise(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(killed_sweep, SWEEP)
def test_its_sweep_killed_at_a_step_resolves_everybody_once(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(two_lanes_each, ["lanes"])
def test_several_lanes_of_both_miss_nobody(side_by_side, scenario):
    side_by_side(scenario)


@scenarios(wrong_key, ["key"])
def test_a_key_that_is_not_the_firms_is_named(side_by_side, scenario):
    side_by_side(scenario)
